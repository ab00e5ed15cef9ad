"""A bridge whose clock is wrong becomes the active one. The deadlines of what it
finds are not its own, and are kept by Kafka's clock."""

import pytest

from cluster.pages import roles
from cluster.pair import Plain, wait_active
from fault.preload import Control
from harness.results import outcomes
from harness.rig import device_path
from harness.until import holds_for, until

HOUR = 3600 * 1000


@pytest.fixture
def pair(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names)
    control = Control(tmp_path)
    rig.bridges["alpha"].env = control.env
    yield rig, control
    rig.stop()
    control.close()


def begin(pair, off, **onboarding):
    """alpha's clock is off by so many ms."""
    rig, control = pair
    for bridge in rig.bridges.values():
        bridge.settings["onboarding"].update(onboarding)
        bridge.write_config()
    control.set("clock_ms", off)
    rig.start()
    return rig, rig.bridges["alpha"]


def take_over(rig):
    alpha = rig.standby("alpha")
    rig.bridges["zulu"].stop()
    wait_active(alpha)


def test_a_clock_ahead_expires_nothing(pair, ca):
    rig, alpha = begin(pair, 5 * HOUR, decision_timeout="1h")
    path = device_path("ahead")
    device = rig.device(path)
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    take_over(rig)
    alpha.wait_log("level=warn event=clock_differs")
    holds_for(lambda: not outcomes(rig, path), 1.5, "it does not expire")
    rig.decide(request)
    assert rig.result(path).json()["outcome"] == "onboarded"
    device.wait(device.command_topic)
    assert "event=clock_went_back" not in alpha.log()


def test_a_clock_behind_holds_up_nothing(pair, ca):
    rig, alpha = begin(pair, -5 * HOUR, decision_timeout="4s")
    path = device_path("behind")
    rig.pending(path, ca.leaf().pem)
    rig.request(path)
    take_over(rig)
    alpha.wait_log("level=warn event=clock_differs")
    assert rig.result(path).json()["outcome"] == "expired"
    assert "event=clock_went_back" not in alpha.log()


def test_a_clock_behind_takes_no_place(pair, ca):
    """Who comes stands by, though by its clock it was there first. And when it is
    active later, the others say so."""
    rig, alpha = begin(pair, -5 * HOUR)
    zulu = rig.bridges["zulu"]
    rig.standby("alpha")
    for bridge in (zulu, alpha):
        until(lambda b=bridge: roles(b) == {"zulu": "active",
                                            "alpha": "standby"},
              lambda b=bridge: f"zulu has stayed: {roles(b)}")
    assert "event=active" not in alpha.log()
    zulu.stop()
    wait_active(alpha)
    zulu.start()
    until(lambda: roles(zulu) == {"zulu": "standby", "alpha": "active"},
          lambda: f"alpha has stayed: {roles(zulu)}")


def test_a_minute_is_nobody_s_business(pair, ca):
    rig, alpha = begin(pair, 30 * 1000, decision_timeout="1h")
    take_over(rig)
    path = device_path("near")
    device = rig.device(path)
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path))
    device.wait(device.command_topic)
    assert "clock_differs" not in alpha.log()


def test_the_hold_of_a_bridge_that_has_left_goes_on(pair):
    """It began when zulu came back after it was killed, and is by Kafka's clock."""
    rig, alpha = begin(pair, 5 * HOUR)
    zulu = rig.bridges["zulu"]
    zulu.kill9()
    wait_active(zulu.start())
    take_over(rig)
    alpha.wait_log("level=warn event=clock_differs")
    path = device_path("unknown")
    rig.decision({"request_id": "unknown", "device_path": path,
                  "decision": "approve"}, key=path)
    alpha.wait_log("event=decision_held")
    holds_for(lambda: not outcomes(rig, path), 0.3, "it is held")
