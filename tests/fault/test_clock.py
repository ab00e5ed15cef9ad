"""A wrong wall clock: deadlines of a running bridge do not depend on it, and
at startup, time never goes back behind the newest time in the store."""

import datetime
import re

from harness.rig import device_path
from harness.shape import now, when
from harness.until import holds_for, until

HOUR = 3600 * 1000


def results(rig, path):
    rig.reader.poll()
    return rig.reader.find(rig.topics["results"], key=path)


def said_at(rig):
    """The newest time in the bridge's log, which it takes for the current
    time."""
    return when(re.findall(r"^ts=(\S+)", rig.bridge.log(), re.M)[-1])


def test_forward_expires_nothing(steered, ca):
    rig, control = steered(onboarding={"decision_timeout": "1h"})
    rig.start()
    device = rig.device()
    rig.pending(device.path, ca.leaf().base64)
    request = rig.request(device.path)
    control.set("clock_ms", 5 * HOUR)
    rig.onboard(ca.leaf())  # the loop has seen the new clock
    holds_for(lambda: not results(rig, device.path), 1.5, "does not expire")
    rig.decide(request)
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    assert said_at(rig) > now() + datetime.timedelta(hours=4)
    assert "level=error" not in rig.bridge.log()
    rig.stop()


def test_backward_holds_up_nothing(steered, ca):
    rig, control = steered(onboarding={"decision_timeout": "2s"})
    rig.start()
    path = device_path("clock")
    rig.pending(path, ca.leaf().base64)
    rig.request(path)
    control.set("clock_ms", -5 * HOUR)
    assert rig.result(path).json()["outcome"] == "expired"
    control.set("clock_ms", 0)
    rig.onboard(ca.leaf())
    rig.stop()


def test_start_with_a_clock_behind(steered, ca):
    """It warns, continues from the store's newest time, and still expires
    requests."""
    rig, control = steered(onboarding={"decision_timeout": "4s"})
    rig.start()
    rig.onboard(ca.leaf())
    path = device_path("clock")
    rig.pending(path, ca.leaf().base64)
    rig.request(path)
    rig.bridge.stop()
    assert "clock_went_back" not in rig.bridge.log()
    control.set("clock_ms", -HOUR // 60)
    rig.bridge.start()
    rig.bridge.wait_log("level=warn event=clock_went_back")
    result = rig.result(path)
    assert result.json()["outcome"] == "expired"
    rig.stop()


def test_start_after_the_deadline(steered, ca):
    """Requests that became due while the bridge was away expire after startup,
    but not before the decisions that arrived meanwhile have been read."""
    rig, control = steered(onboarding={"decision_timeout": "1h"})
    rig.start()
    silent, decided = device_path("clock"), device_path("clock")
    for path in (silent, decided):
        rig.pending(path, ca.leaf().base64)
    device = rig.device(decided)
    request = rig.request(decided)
    rig.request(silent)
    rig.bridge.stop()
    rig.decide(request)
    control.set("clock_ms", 2 * HOUR)
    rig.bridge.start()
    assert rig.result(silent).json()["outcome"] == "expired"
    assert rig.result(decided).json()["outcome"] == "onboarded"
    assert [m.json()["status"] for m in device.wait()] == ["approved"]
    rig.stop()


def test_back_and_forth_while_it_runs(steered, ca):
    rig, control = steered(onboarding={"decision_timeout": "1h"})
    rig.start()
    device = rig.device()
    rig.pending(device.path, ca.leaf().base64)
    request = rig.request(device.path)
    for hours in (3, 0, 400, -1, 0):
        control.set("clock_ms", hours * HOUR)
        holds_for(
            lambda: not results(rig, device.path), 0.3, "does not expire"
        )
    rig.decide(request)
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    rig.onboard(ca.leaf())
    until(rig.bridge.alive, "the bridge runs")
    rig.stop()
