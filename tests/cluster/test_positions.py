"""What Kafka's group says of two bridges' positions: it is there for people's
tools, and nothing hangs on it."""

import pytest

from cluster.groups import forget, lag
from cluster.pair import Pair
from harness.until import until

DEVICES = 4


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture
def rig(tmp_path, kafka, ca, server, names):
    rig = Pair(tmp_path, kafka, ca, server, names).start()
    rig.standby("alpha")
    yield rig
    rig.stop()


def onboard(rig):
    for device, request in [rig.knock() for _ in range(DEVICES)]:
        rig.decide(request)
        rig.told_once(device, request)


def read(rig):
    """How many decisions the group has read, and how many it has not."""
    found = lag(rig.kafka, rig.names["group"])
    mine = [both for (topic, _), both in found.items()
            if topic == rig.topics["decisions"]]
    return sum(at for at, _ in mine), sum(behind for _, behind in mine)


def test_people_see_the_lag_of_the_decisions(rig):
    onboard(rig)
    until(lambda: read(rig) == (DEVICES, 0), lambda: f"read: {read(rig)}", 60)
    rig.bridges["zulu"].stop()
    rig.wait_active(rig.bridges["alpha"])
    onboard(rig)
    until(lambda: read(rig) == (2 * DEVICES, 0), lambda: f"read: {read(rig)}",
          60)
    at, behind = lag(rig.kafka, rig.names["group"])[rig.names["state"], 0]
    assert at > 2 * DEVICES and behind < at


def test_a_group_that_is_forgotten_changes_nothing(rig):
    """The rows say from where decisions are read: those that came meanwhile are
    taken, those before are not taken again."""
    onboard(rig)
    device, request = rig.knock()
    for bridge in rig.bridges.values():
        bridge.stop()
    rig.decide(request)
    forget(rig.kafka, rig.names["group"])
    rig.wait_active(rig.bridges["alpha"].start())
    rig.told_once(device, request)
    onboard(rig)
    until(lambda: results(rig) == 2 * DEVICES + 1,
          lambda: f"{results(rig)} results")


def results(rig):
    rig.reader.poll()
    return len(rig.reader.find(rig.topics["results"]))
