"""The active one's disk is full for a moment: SQLite takes everything back that it
has not committed, turns with it that Kafka has. They are not forgotten."""

import pytest

from cluster.pair import Plain
from fault.preload import Control
from harness.rig import device_path


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
