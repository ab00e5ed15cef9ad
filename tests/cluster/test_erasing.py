"""Payloads are erased from the stores of all bridges, and from their logs, also when
nothing else happens."""

import pytest

from harness.until import until

MARK = "what-nobody-keeps-7431"
SAID = {"secret": MARK * 50}


@pytest.fixture
def rig(idle):
    for bridge in idle.bridges.values():
        bridge.settings["onboarding"]["payload_retention"] = "1s"
        bridge.write_config()
    idle.start()
    idle.standby("alpha")
    return idle


def holders(rig):
    return sorted({bridge.name for bridge in rig.bridges.values()
                   for file in bridge.folder.glob("store.db*")
                   if MARK.encode() in file.read_bytes()})


def test_an_idle_pair_keeps_none(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    rig.decide(rig.request(device.path), payload=SAID)
    device.wait(device.command_topic)
    until(lambda: holders(rig) == ["alpha", "zulu"],
          lambda: f"{holders(rig)} have it", interval=0.02)
    until(lambda: not holders(rig), lambda: f"{holders(rig)} have it", 8)
