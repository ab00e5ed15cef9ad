"""Silence approves only whom a customer could have spoken for. He reads of a
request when its turn is committed, which may be long after it began."""

import time

import pytest

from cluster.pair import Plain, wait_active
from harness.rig import device_path
from harness.shape import now, when
from harness.until import until

SAME_TURN = 1.0  # s: loop_turns.c


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names)
    yield rig
    rig.stop()


def begin(rig, timeout):
    for bridge in rig.bridges.values():
        bridge.settings["onboarding"].update(
            on_timeout="approve", decision_timeout=timeout)
        bridge.write_config()
    rig.start()
    return device_path("asked")


def deadline(request):
    return when(request.json()["expires_at"])


def test_a_turn_that_is_committed_after_the_deadline(rig, ca):
    path = begin(rig, "1s")
    device = rig.device(path)
    with rig.bridge.stopped():
        rig.pending(path, ca.leaf().pem)
        request = rig.shown(path)
        rig.bridge.wait_stopped()
        until(lambda: now() > deadline(request), "its deadline has passed")
    result = rig.result(path).json()
    assert result["outcome"] == "expired"
    assert result["request_id"] == request.json()["request_id"]
    assert device.wait(device.command_topic)[0].json()["status"] == "rejected"


def test_a_deadline_that_passes_while_nobody_is_active(rig, ca):
    path = begin(rig, "3s")
    rig.standby("alpha")
    device = rig.device(path)
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    asked = time.monotonic()
    until(lambda: time.monotonic() > asked + SAME_TURN + 1,
          "the bridge has said since that it is active")
    rig.bridge.kill9()
    wait_active(rig.bridges["alpha"])
    assert now() > deadline(request)
    assert rig.result(path).json()["outcome"] == "onboarded"
    assert device.wait(device.command_topic)[0].json()["status"] == "approved"
