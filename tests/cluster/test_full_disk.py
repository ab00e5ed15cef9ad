"""The active one's disk is full for a moment: SQLite takes everything back that it
has not committed, turns with it that Kafka has. They are not forgotten."""

import pytest

from cluster.moved import rows
from cluster.pair import Plain, wait_active
from fault.preload import Control
from harness.rig import device_path
from harness.until import until


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names)
    rig.disk = Control(tmp_path)
    rig.bridge.env.update(rig.disk.env)
    yield rig.start()
    rig.stop()
    rig.disk.close()


def test_a_decision_is_taken_while_the_disk_is_full(rig, ca):
    bridge, path = rig.bridge, device_path("full")
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    rig.disk.disk_full()
    rig.decide(request)
    bridge.wait_log("event=copy_not_written")
    rig.disk.disk_well()
    device = rig.device(path)
    device.wait(device.command_topic)
    assert rig.result(path).json()["outcome"] == "onboarded"


@pytest.mark.parametrize("when", ["before it is written", "afterwards"])
def test_the_disk_is_full_when_it_becomes_active(rig, ca, when):
    """It writes that it is active, and waits until the one before is silent. Its
    store has taken back what was not committed, so it cannot serve; nor is it to
    end."""
    heir, disk = rig.bridges["alpha"], Control(rig.folder, "heir")
    heir.env.update(disk.env)
    rig.standby("alpha")
    if when != "afterwards":
        disk.disk_full()
    rig.bridge.kill9()
    if when == "afterwards":
        until(lambda: b"alpha" in rows(rig.kafka.brokers,
                                       rig.names["state"])["active"],
              "it says that it is active", 30, 0.02)
        disk.disk_full()
    # Before it is written, the standby may notice it first.
    heir.wait_log('event=fenced .*error="the (disk is full|copy cannot)'
                  + ("" if when == "afterwards" else "|event=disk_full "))
    disk.disk_well()
    wait_active(heir)
    rig.bridge = heir
    path = device_path("after")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path))
    device = rig.device(path)
    device.wait(device.command_topic)
    assert rig.result(path).json()["outcome"] == "onboarded"
    disk.close()
