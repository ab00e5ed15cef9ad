"""Somebody else's transaction is open in ztp.state. Nobody reads what is behind it, so
a standby's copy gets older, and it could not become active."""

import pytest

from cluster.pages import get, page
from cluster.pair import wait_active
from cluster.writer import producer
from harness.rig import device_path
from harness.until import holds_for, until


@pytest.fixture
def foreign(plain):
    made = producer(plain.kafka.brokers, f"foreign-{plain.names['group']}",
                    60000)
    made.init_transactions(30)
    made.begin_transaction()
    yield made
    made.abort_transaction()


def is_ready(bridge):
    return get(bridge, "/readyz")[0] == 200


def test_a_standby_is_not_ready(plain, ca, foreign):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    until(lambda: is_ready(alpha), "it is ready")
    leaf = ca.leaf()
    foreign.produce(plain.names["state"], b"open", key=b"open",
                    partition=0)
    foreign.flush(10)
    path = device_path("behind")
    plain.pending(path, leaf.pem)
    request = plain.request(path)
    until(lambda: "of the state is" in get(alpha, "/readyz")[1],
          lambda: f"it says that it is behind: {get(alpha, '/readyz')}")
    assert page(alpha, "/v1/group")["lag_records"] > 0
    assert is_ready(zulu)
    foreign.abort_transaction()
    foreign.begin_transaction()
    until(lambda: is_ready(alpha), "it is ready again")
    # Turns of the active one's own, which are open for a moment, are none.
    holds_for(lambda: is_ready(alpha), 3, "it is ready")
    zulu.kill9()
    wait_active(alpha)
    plain.decide(request, "reject")
    assert plain.result(path).json()["outcome"] == "rejected"
