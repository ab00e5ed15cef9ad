"""What the broker has stored for a path, after a kill before it was saved."""

import pytest

from harness.gate import Gate, path_of

DIRECT = "acme/direct"


@pytest.fixture
def gate(tmp_path, ca):
    """Its broker saves when it ends, and at no other time."""
    gate = Gate(tmp_path / "gate", ca.server(),
                extra=["autosave_interval 86400"]).start()
    with gate.operator() as operator:
        operator.registry(DIRECT, ca, onboarding="direct")
    yield gate
    gate.stop()


def test_a_kill_brings_back_nobody_elses_queue(gate, ca):
    """The broker's file is older than the path's new device: what it has
    stored is for the former one. What it has stored for the new one since is
    kept, whatever ends it."""
    path, former, leaf = path_of(DIRECT), ca.issue(), ca.issue()
    with gate.operator() as operator:
        with gate.first(path, former, session=True) as device:
            device.subscribed(device.commands)
            device.wait_status("approved")
        operator.publish(f"{path}/commands", b'{"status":"secret"}')
    gate.restart()  # which saves
    with gate.operator() as operator:
        operator.do("deleteDevice", device_path=path)
        with gate.first(path, leaf, session=True) as device:
            device.subscribed(device.commands)
            device.wait_status("approved")
    gate.kill9()
    gate.start()
    with gate.operator() as operator:
        with gate.unused(path, leaf, session=True) as device:
            assert device.session_present
            device.subscribed(device.commands)
            operator.publish(device.commands, b'{"status":"last"}')
            device.wait_status("last")
            assert "secret" not in device.statuses()
        operator.publish(f"{path}/commands", b'{"status":"own"}')
        with gate.unused(path, leaf, session=True) as device:
            device.wait_status("own")
        operator.publish(f"{path}/commands", b'{"status":"saved"}')
    gate.restart()
    gate.kill9()
    gate.start()
    with gate.unused(path, leaf, session=True) as device:
        device.wait_status("saved")
