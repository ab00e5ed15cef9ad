"""What a bridge has in its journal when it gets SIGTERM: its last turn takes it,
and the next one has nothing to wait for."""

import re

import pytest

from cluster.pair import Plain, wait_active
from harness.rig import device_path
from harness.until import until

DEVICES = 40


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names).start()
    rig.standby("alpha")
    yield rig
    rig.stop()


def test_the_last_turn_takes_the_journal(rig, ca):
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    leaf, paths = ca.leaf(), [device_path("left") for _ in range(DEVICES)]
    with zulu.stopped("any"):
        zulu.wait_stopped()
        for path in paths:
            rig.pending(path, leaf.pem)
        until(lambda: zulu.has_taken(*paths), "they are in its journal")
        zulu.child.terminate()
        zulu.wait_log("event=stopping")
    zulu.stop()
    wait_active(alpha)
    took = re.search(r"event=active .*took_ms=(\d+)", alpha.log())
    assert int(took.group(1)) < 1500, "it has waited for a lease"
    requests = [rig.request(path) for path in paths]
    devices = [rig.device(path) for path in paths]
    for request in requests:
        rig.decide(request)
    for device in devices:
        assert rig.result(device.path).json()["outcome"] == "onboarded"
        device.wait(device.command_topic)


def test_commands_without_an_answer_are_not_waited_for(rig, ca):
    """The device is away, so that its command is told again and again."""
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    path = device_path("away")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path))
    zulu.wait_log(f"event=decision_taken .*{path}")
    rig.mosquitto.pause()
    zulu.child.terminate()
    zulu.wait_exit(timeout=5)
    rig.mosquitto.resume()
    wait_active(alpha)
    device = rig.device(path)
    device.wait(device.command_topic)
    assert rig.result(path).json()["outcome"] == "onboarded"
