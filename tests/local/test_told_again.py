"""Events that are replayed from the journal after a kill are judged by the
time they arrived: the customer may have been asked, and may have answered, in
time."""

import datetime
import time

import pytest

from harness.rig import device_path
from harness.shape import now, stamp
from harness.until import until

COUNT = 8
TIMEOUT = 6  # s, decision_timeout; by then all are asked


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
    requests = until(lambda: asked(rig, paths), "all are asked")
    rig.bridge.kill9()  # before the store has them
    for request in requests:
        rig.decide(request)
    # The bridge stays down until every deadline has passed.
    over = time.monotonic() + TIMEOUT + 1
    until(lambda: time.monotonic() > over, "the deadline")
    rig.bridge.start()
    for path in paths:
        assert rig.result(path).json()["outcome"] == "onboarded"
    for device in devices:
        assert device.wait(device.command_topic)[0]


def test_a_bound_that_is_lower_since_the_kill(rig_with, ca):
    """Those who were asked have answered, whatever max_requests is now."""
    rig = rig_with({"onboarding": {"decision_timeout": "1h"}})
    paths = [device_path() for _ in range(COUNT)]
    devices = [rig.device(path) for path in paths]
    for path in paths:
        rig.pending(path, ca.leaf().pem)
    requests = until(lambda: asked(rig, paths), "all are asked")
    rig.bridge.kill9()  # before the store has them
    rig.bridge.settings["store"]["max_requests"] = 1
    rig.bridge.write_config()
    for request in requests:
        rig.decide(request)
    rig.bridge.start()
    for path in paths:
        assert rig.result(path).json()["outcome"] == "onboarded"
    for device in devices:
        assert device.wait(device.command_topic)[0]


def in_journal(rig, path):
    for file in rig.folder.glob("*.intake-*"):
        try:
            if path.encode() in file.read_bytes():
                return True
        except FileNotFoundError:
            continue  # released since it was listed
    return False


def test_what_was_held_back_was_never_asked(rig_with, ca):
    """By max_requests, before the kill and after it: its time is over."""
    rig = rig_with({"onboarding": {"decision_timeout": "1h"},
                    "store": {"max_requests": 1}})
    first, held = device_path(), device_path()
    device = rig.device(first)
    rig.pending(first, ca.leaf().pem)
    request = rig.request(first)
    rig.bridge.stop()  # from here on the store knows that there is no room
    rig.bridge.start()
    at = now() + datetime.timedelta(seconds=1)
    rig.pending(held, ca.leaf().pem, expires_at=stamp(at))
    until(lambda: in_journal(rig, held), "the journal has it")
    rig.bridge.kill9()
    until(lambda: now() > at, "its time passes")
    rig.bridge.start()
    rig.decide(request)
    device.wait(device.command_topic)
    assert rig.result(held).json()["outcome"] == "expired"
    assert not rig.reader.find(rig.topics["requests"], held)
