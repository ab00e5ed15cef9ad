"""The active one's lease: it takes events from the broker only while the last turn
that Kafka has committed began less than 2 s ago, and says so when it is over."""

from cluster.pages import get
from cluster.pair import wait_active
from harness.rig import device_path
from harness.until import holds_for, until

LEASE = 2.0  # s, from the begin of a turn (ztp/role.h)


def test_intake_ends_with_the_lease(plain, ca):
    zulu, broker = plain.bridges["zulu"], plain.mosquitto
    path = device_path("waits")
    with zulu.stopped("any"):
        zulu.wait_stopped()
        until(lambda: not broker.connected(zulu.client_id),
              "intake is disconnected", LEASE + 1)
        status, text = get(zulu, "/readyz")
        assert status == 503 and "group: kafka takes no turn" in text
        before = plain.acknowledged()
        plain.pending(path, ca.leaf().pem)
        holds_for(lambda: not broker.connected(zulu.client_id), LEASE,
                  "nothing comes while Kafka takes no turn")
        assert plain.acknowledged() == before
    plain.request(path)  # the broker has kept it
    wait_active(zulu)
    assert zulu.log().count("event=mqtt_lost connection=in") == 1
