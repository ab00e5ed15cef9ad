"""The session of the intake is the group's, and the broker does not tell what it is
subscribed to: what one bridge has subscribed, the next one takes back, on a disk that
has never seen it. And that one says so if the session is gone."""

import pytest

from cluster.pair import wait_active
from harness.rig import device_path

BOTH = ["ask/a", "ask/b"]


def configure(bridge, topics):
    bridge.settings["mqtt"]["pending_topic"] = topics
    bridge.write_config()


def begin(rig, first, second):
    for name, topics in (("zulu", first), ("alpha", second)):
        configure(rig.bridges[name], topics)
    rig.mosquitto.start()
    rig.bridge.start()
    wait_active(rig.bridge)
    rig.look()
    rig.standby("alpha")
    return rig.bridges["zulu"], rig.bridges["alpha"]


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_the_next_one_takes_back_what_it_does_not_want(idle, end):
    zulu, alpha = begin(idle, BOTH, BOTH[:1])
    getattr(zulu, end)()
    wait_active(alpha)
    alpha.wait_log("event=mqtt_unsubscribed topic=ask/b")


def test_and_hears_what_it_does(idle, ca):
    zulu, alpha = begin(idle, BOTH[:1], BOTH)
    zulu.stop()
    wait_active(alpha)
    path = device_path("filters")
    idle.pending_topic = "ask/b"
    idle.pending(path, ca.leaf().pem)
    idle.request(path)
    assert "event=mqtt_unsubscribed" not in alpha.log()


def test_the_next_one_misses_the_session(idle):
    """The broker keeps its sessions in memory, and was down while no bridge was
    connected. A session that is there is not a lost one."""
    lost = "event=mqtt_session_lost connection=in "
    zulu, alpha = begin(idle, BOTH[:1], BOTH[:1])
    zulu.stop()
    wait_active(alpha)
    assert lost not in zulu.log() + alpha.log()
    alpha.stop()
    idle.mosquitto.restart()
    zulu.start()
    zulu.wait_log(lost)
    wait_active(zulu)
