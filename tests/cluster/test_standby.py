"""Two real bridges, a gate, a real Kafka: whichever is active, nothing is lost,
and nobody is told twice."""

import pytest

from cluster.pair import Pair
from harness.until import until

DEVICES = 5


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture
def rig(tmp_path, kafka, ca, server, names):
    rig = Pair(tmp_path, kafka, ca, server, names).start()
    rig.standby("alpha")
    yield rig
    rig.stop()


def knocks(rig):
    return [rig.knock() for _ in range(DEVICES)]


def decide_all(rig, asked):
    for _, request in asked:
        rig.decide(request)
    for device, request in asked:
        rig.told_once(device, request)


def test_a_zombie_says_nothing(rig):
    """Stopped for longer than its session while decisions come; then it wakes,
    stands by, and is active once more in the end."""
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    asked = knocks(rig)
    zulu.pause()
    for _, request in asked:
        rig.decide(request)
    rig.wait_active(alpha)
    zulu.resume()
    for device, request in asked:
        rig.told_once(device, request)
    zulu.wait_log("standing_by before=active")
    decide_all(rig, knocks(rig))
    alpha.stop()
    until(lambda: zulu.log().count("event=active ") == 2, "it is active again")
    rig.wait_active(zulu)
    decide_all(rig, knocks(rig))
