"""Silence approves only whom a customer could have spoken for. He reads of a
request when its turn is committed, which may be long after it began."""

import time

from cluster.pair import wait_active
from harness.rig import device_path
from harness.shape import now, when
from harness.until import until

IDLE = 1.0  # s, after which a turn says that its bridge is active


def begin(rig, timeout):
    for bridge in rig.bridges.values():
        bridge.settings["onboarding"].update(
            on_timeout="approve", decision_timeout=timeout)
        bridge.write_config()
    rig.start()
    return device_path("asked")


def deadline(request):
    return when(request.json()["expires_at"])


def has_ended(rig, device, request, outcome, status):
    result = rig.result(device.path).json()
    assert result["outcome"] == outcome
    assert result["request_id"] == request.json()["request_id"]
    told = device.wait(device.command_topic)[0].json()
    assert told["status"] == status


def test_a_turn_that_is_committed_after_the_deadline(idle, ca):
    path = begin(idle, "1s")
    device = idle.device(path)
    with idle.bridge.stopped():
        idle.pending(path, ca.leaf().pem)
        request = idle.shown(path)
        idle.bridge.wait_stopped()
        until(lambda: now() > deadline(request), "its deadline has passed")
    has_ended(idle, device, request, "expired", "rejected")


def test_a_deadline_that_passes_while_nobody_is_active(idle, ca):
    path = begin(idle, "3s")
    idle.standby("alpha")
    device = idle.device(path)
    idle.pending(path, ca.leaf().pem)
    request = idle.request(path)
    asked = time.monotonic()
    until(lambda: time.monotonic() > asked + IDLE + 1,
          "the bridge has said since that it is active")
    idle.bridge.kill9()
    wait_active(idle.bridges["alpha"])
    assert now() > deadline(request)
    has_ended(idle, device, request, "onboarded", "approved")


def test_the_last_turn_of_a_bridge_that_died(idle, ca):
    """Nobody knows how long it took, and so whether it was in time."""
    path = begin(idle, "1500ms")
    idle.standby("alpha")
    device = idle.device(path)
    idle.pending(path, ca.leaf().pem)
    request = idle.request(path)
    idle.bridge.kill9()
    wait_active(idle.bridges["alpha"])
    assert now() > deadline(request)
    has_ended(idle, device, request, "expired", "rejected")


def test_a_bridge_between_that_took_no_turn(idle, ca):
    """It has said that it is active, and that says nothing of the turn before."""
    path = begin(idle, "1500ms")
    alpha = idle.standby("alpha")
    device = idle.device(path)
    with alpha.stopped("any"):
        idle.pending(path, ca.leaf().pem)
        request = idle.request(path)
        idle.bridge.kill9()
        alpha.wait_stopped()
        alpha.let_one_go()  # which says that it is active
        alpha.wait_stopped()
        alpha.kill9()
    wait_active(idle.bridge.start())
    assert now() > deadline(request)
    has_ended(idle, device, request, "expired", "rejected")
