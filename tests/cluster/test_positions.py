"""What Kafka's group says of two bridges' positions: it is there for people's
tools, and nothing hangs on it."""

from cluster.groups import forget, lag
from harness.until import until

DEVICES = 4


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


def test_people_see_the_lag_of_the_decisions(gated):
    onboard(gated)
    until(lambda: read(gated) == (DEVICES, 0),
          lambda: f"read: {read(gated)}", 60)
    gated.bridges["zulu"].stop()
    gated.wait_active(gated.bridges["alpha"])
    onboard(gated)
    until(lambda: read(gated) == (2 * DEVICES, 0),
          lambda: f"read: {read(gated)}", 60)
    at, behind = lag(gated.kafka,
                     gated.names["group"])[gated.names["state"], 0]
    assert at > 2 * DEVICES and behind < at


def test_a_group_that_is_forgotten_changes_nothing(gated):
    """The rows say from where decisions are read: those that came meanwhile are
    taken, those before are not taken again."""
    onboard(gated)
    device, request = gated.knock()
    for bridge in gated.bridges.values():
        bridge.stop()
    gated.decide(request)
    forget(gated.kafka, gated.names["group"])
    gated.wait_active(gated.bridges["alpha"].start())
    gated.told_once(device, request)
    onboard(gated)
    until(lambda: results(gated) == 2 * DEVICES + 1,
          lambda: f"{results(gated)} results")


def results(rig):
    rig.reader.poll()
    return len(rig.reader.find(rig.topics["results"]))
