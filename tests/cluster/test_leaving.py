"""What a bridge has in its journal when it gets SIGTERM: its last turn takes it,
and the next one has nothing to wait for."""

import re

from cluster.pair import wait_active
from harness.rig import device_path
from harness.until import until

DEVICES = 40


def test_the_last_turn_takes_the_journal(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    leaf, paths = ca.leaf(), [device_path("left") for _ in range(DEVICES)]
    with zulu.stopped("any"):
        zulu.wait_stopped()
        for path in paths:
            plain.pending(path, leaf.pem)
        until(lambda: zulu.has_taken(*paths), "they are in its journal")
        zulu.child.terminate()
        zulu.wait_log("event=stopping")
    zulu.stop()
    wait_active(alpha)
    took = re.search(r"event=active .*took_ms=(\d+)", alpha.log())
    assert int(took.group(1)) < 1500, "it has waited for a lease"
    requests = [plain.request(path) for path in paths]
    devices = [plain.device(path) for path in paths]
    for request in requests:
        plain.decide(request)
    for device in devices:
        assert plain.result(device.path).json()["outcome"] == "onboarded"
        device.wait(device.command_topic)


def test_commands_without_an_answer_are_not_waited_for(plain, ca):
    """The device is away, so that its command is told again and again."""
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    path = device_path("away")
    plain.pending(path, ca.leaf().pem)
    plain.decide(plain.request(path))
    zulu.wait_log(f"event=decision_taken .*{path}")
    plain.mosquitto.pause()
    zulu.child.terminate()
    zulu.wait_exit(timeout=5)
    plain.mosquitto.resume()
    wait_active(alpha)
    device = plain.device(path)
    device.wait(device.command_topic)
    assert plain.result(path).json()["outcome"] == "onboarded"
