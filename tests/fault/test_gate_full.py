"""The disk of the gate is full: it answers, and creates no device."""

import pytest

from harness.handshake import Handshake
from harness.until import until

from .preload import Control


@pytest.fixture
def rig(tmp_path, mock_kafka, ca):
    rig = Handshake(tmp_path, mock_kafka, ca, ca.server())
    rig.disk = Control(tmp_path / "disk")
    rig.gate.env = rig.disk.env
    # Mosquitto 2.0.11 ends when it cannot save its own file.
    rig.gate.extra = ["autosave_interval 0"]
    rig.gate.write_conf()
    yield rig.start()
    rig.stop()
    rig.disk.close()


def stays(rig, device):
    """Its session outlives the commits that failed, and it is onboarded in it."""
    until(lambda: rig.operator.ask("getDevice", device_path=device.path)["code"]
          == "OK", "the device is created")
    assert device.ended is None


def test_a_full_disk_is_not_well(rig):
    """Whoever looks at the bridge alone sees why nobody is onboarded."""
    held = [rig.held() for _ in range(3)]
    requests = [rig.request(device.path) for device, _ in held]
    rig.disk.disk_full()
    for request in requests[:2]:
        rig.decide(request)
    until(lambda: rig.ready()[0] == 503
          and "gate: it writes nothing: " in rig.ready()[1],
          lambda: f"it is not ready: {rig.ready()}")
    rig.bridge.wait_log("event=gate_writes_nothing")
    rig.decide(requests[2])
    rig.disk.disk_well()
    for (device, _), request in zip(held, requests):
        stays(rig, device)
        rig.ended(request, "onboarded")
    until(lambda: rig.ready()[0] == 200, "it is ready")
    rig.bridge.wait_log("event=gate_writes_again")


def test_one_device_is_no_news(rig):
    device, _ = rig.held()
    request = rig.request(device.path)
    rig.disk.disk_full()
    rig.decide(request)
    until(lambda: rig.bridge.log().count("event=gate_not_written") > 0,
          "it is told")
    assert rig.ready()[0] == 200
    rig.disk.disk_well()
    stays(rig, device)
    rig.ended(request, "onboarded")
    assert "gate_writes_nothing" not in rig.bridge.log()
