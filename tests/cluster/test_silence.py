"""A member of the group whom Kafka answers as one, and whom the leader of ztp.state,
or the coordinator of transactions, does not answer: it would keep its place, and
nobody would serve. Nor is one that stands by ready if the leader is silent."""

import math
import re

from cluster.pages import get, metric, page
from cluster.pair import SESSION, wait_active
from harness.rig import device_path
from harness.until import holds_for, until

GIVES_WAY = SESSION + 5  # s, at the latest


def serves(rig, ca):
    path = device_path("served")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path), "reject")
    assert rig.result(path).json()["outcome"] == "rejected"


def test_an_active_one_whose_turns_are_not_answered(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with zulu.stopped("any"):
        zulu.wait_stopped()
        wait_active(alpha, GIVES_WAY + SESSION + 5)
        serves(plain, ca)
    until(lambda: zulu.role() == "standing_by", "it stands by")
    until(lambda: get(zulu, "/readyz")[0] == 200, "it is ready to take over")
    holds_for(lambda: (zulu.role(), alpha.role()) == ("standing_by", "active"),
              SESSION, "they stay what they are")
    alpha.kill9()
    wait_active(zulu)
    serves(plain, ca)


def test_a_standby_that_does_not_hear_of_the_state(plain):
    """Nothing new comes, and the group's own broker answers: that is no copy to take
    over with."""
    alpha = plain.bridges["alpha"]
    until(lambda: get(alpha, "/readyz")[0] == 200, "it is ready")
    assert metric(alpha, "ztp_standby_lag_records") is not None
    with alpha.stopped("deaf"):
        until(lambda: re.match(
            r"group: the copy of the state is \d+ s behind\n",
            get(alpha, "/readyz")[1]),
            lambda: f"it says so: {get(alpha, '/readyz')}")
        assert get(alpha, "/readyz")[0] == 503
        assert page(alpha, "/v1/group")["lag_records"] is None
        assert math.isnan(metric(alpha, "ztp_standby_lag_records"))
    until(lambda: get(alpha, "/readyz")[0] == 200, "it is ready again")


def test_a_chosen_one_that_cannot_read_the_state(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with alpha.stopped("deaf"):
        zulu.kill9()
        until(lambda: "opening" in get(alpha, "/readyz")[1], "it is chosen")
        zulu.start()
        wait_active(zulu, GIVES_WAY + SESSION + 5)
        serves(plain, ca)
    assert alpha.role() == "standing_by"


def test_nobody_else_is_there(plain):
    """Then it stays: whoever leaves has to join again."""
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with alpha.stopped("deaf"):
        zulu.kill9()
        until(lambda: "opening" in get(alpha, "/readyz")[1], "it is chosen")
        holds_for(lambda: "opening" in get(alpha, "/readyz")[1],
                  GIVES_WAY + 2, "it keeps its place")
    wait_active(alpha)
