"""Events that are replayed from the journal after a kill are judged by the
time they arrived: the customer may have been asked, and may have answered, in
time."""

import time

import pytest

from harness.rig import device_path
from harness.until import until

COUNT = 8
TIMEOUT = 4  # s, decision_timeout


@pytest.fixture
def rig(rig_with):
    return rig_with({"onboarding": {"decision_timeout": f"{TIMEOUT}s"}})


def asked(rig, paths):
    """The first request of each path, or None while one is missing."""
    rig.reader.poll()
    found = [rig.reader.find(rig.topics["requests"], path) for path in paths]
    return [records[0] for records in found] if all(found) else None


def test_approved_in_time_and_started_late(rig, ca):
    paths = [device_path() for _ in range(COUNT)]
    devices = [rig.device(path) for path in paths]
    for path in paths:
        rig.pending(path, ca.leaf().pem)
    requests = until(lambda: asked(rig, paths), "all are asked", 10)
    rig.bridge.kill9()  # before the store has them
    for request in requests:
        rig.decide(request)
    # The bridge stays down until every deadline has passed.
    over = time.monotonic() + TIMEOUT + 1
    until(lambda: time.monotonic() > over, "the deadline", 2 * TIMEOUT)
    rig.bridge.start()
    for path in paths:
        assert rig.result(path).json()["outcome"] == "onboarded"
    for device in devices:
        assert device.wait(device.command_topic)[0]
