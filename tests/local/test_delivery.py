"""Delivery of commands to devices: back-off, rate, expiry, and what counts as
a delivery."""

import re
import time

import pytest

from harness.results import nothing_for, outcome_of, outcomes
from harness.rig import device_path
from harness.shape import now, when
from harness.until import until


@pytest.fixture(scope="module")
def rig(make_rig):
    return make_rig({
        "mqtt": {"retry_rate": 4},
        "onboarding": {"delivery_timeout": "1h"},
    })


def approved(rig, leaf, path=None, **more):
    """Approves a device that is not connected; returns its request."""
    path = path or device_path("away")
    rig.pending(path, leaf.pem)
    request = rig.request(path)
    rig.decide(request, **more)
    return request


def until_tried(rig, request, count):
    """The first tries, that many or more."""
    return until(lambda: len(tries(rig, request)) >= count
                 and tries(rig, request), f"{count} tries")


def tries(rig, request=None):
    """(time, number) of every PUBACK 0x10, from the log."""
    found = re.findall(
        r"^ts=(\S+) .*event=command_done request_id=(\S+) "
        r"reason_code=16 tries=(\d+)",
        rig.bridge.log(), re.MULTILINE,
    )
    return [
        (when(at), int(n)) for at, request_id, n in found
        if request is None or request_id == request.json()["request_id"]
    ]


def test_back_off(rig, ca):
    """Each wait is about twice as long as the one before."""
    request = approved(rig, ca.leaf())
    seen = until_tried(rig, request, 4)
    gaps = [
        (b[0] - a[0]).total_seconds() for a, b in zip(seen, seen[1:])
    ]
    assert [n for _, n in seen[:4]] == [1, 2, 3, 4]
    for n, gap in enumerate(gaps[:3]):
        assert 0.25 * 2 ** n * 0.74 <= gap, gaps
    assert gaps[2] < 4, gaps
    device = rig.device(request.key)
    device.wait(device.command_topic)
    outcome_of(rig, request, "onboarded")


def test_device_that_knocks_is_served_soon(rig, ca):
    """A new event from the device shortens a long back-off."""
    request = approved(rig, ca.leaf())
    seen = until_tried(rig, request, 6)
    device = rig.device(request.key)
    rig.pending(request.key, ca.leaf().pem)
    device.wait(device.command_topic)
    assert (now() - seen[5][0]).total_seconds() < 0.25 * 2 ** 5 * 0.74
    outcome_of(rig, request, "onboarded")
    assert len(device.messages) == 1


def test_retries_share_one_rate(rig, ca):
    """The rate holds however many devices are away, and new commands go
    first."""
    away = [approved(rig, ca.leaf()) for _ in range(20)]
    until(lambda: len({r.key for r in away}) == 20 and all(
        tries(rig, r) for r in away), "all were tried")
    before = len(tries(rig))
    seen = until(lambda: len(tries(rig)) >= before + 18 and tries(rig),
                 "some more tries")
    times = [at.timestamp() for at, _ in seen[before:]]

    def take(count):
        """Seconds for that many more, of each there is."""
        return [b - a for a, b in zip(times, times[count:])]

    # 4/s, and a burst of a fifth of a second; a busy machine can make many late,
    # and none sooner.
    assert min(take(16)) > 3.0 and min(take(6)) <= 3.0, times
    rig.onboard(ca.leaf())


def test_expiry_is_what_is_left(rig_with, ca):
    rig = rig_with({"onboarding": {"delivery_timeout": "60s"}})
    began = time.monotonic()
    request = approved(rig, ca.leaf())
    until_tried(rig, request, 4)
    device = rig.device(request.key)
    expiry = device.wait(device.command_topic)[0].expiry
    assert 60 - (time.monotonic() - began) <= expiry <= 59


def test_any_puback_counts_on_mqtt_3(rig_with, ca):
    rig = rig_with({"mqtt": {"version": "3.1.1"}})
    request = approved(rig, ca.leaf())
    outcome_of(rig, request, "onboarded")


def test_delivered_again_has_no_second_result(rig, ca):
    device, request, *_ = rig.onboard(ca.leaf(), payload="kept")
    done = (f"event=command_done request_id={request.json()['request_id']} "
            "reason_code=0")
    for n in range(2, 4):
        # What is on its way already is not sent a second time.
        until(lambda: rig.bridge.log().count(done) == n - 1,
              "the broker has acknowledged the last one")
        rig.pending(device.path, ca.leaf().pem)
        device.wait(device.command_topic, count=n)
    assert {m.payload for m in device.messages} == {
        device.messages[0].payload
    }
    rig.onboard(ca.leaf())
    assert outcomes(rig, device.path) == ["onboarded"]
    assert request.key == device.path


def test_late_subscriber_is_served_across_a_restart(rig_with, ca):
    rig = rig_with()
    request = approved(rig, ca.leaf(), payload="kept")
    until(lambda: tries(rig, request), "tried once")
    rig.bridge.restart()
    nothing_for(rig, request.key, 0.5, "nobody has taken it")
    device = rig.device(request.key)
    assert device.wait(device.command_topic)[0].json()["payload"] == "kept"
    outcome_of(rig, request, "onboarded")
    assert len(device.messages) == 1


def test_device_answers_late(rig_with, ca):
    """The device answers too late but has applied the payload: both are
    reported."""
    rig = rig_with({
        "mqtt": {"delivery_ack": "device"},
        "onboarding": {"delivery_timeout": "4s"},
    })
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.decide(request)
    device.wait(device.command_topic)
    outcome_of(rig, request, "undeliverable")
    answer = {"request_id": request.json()["request_id"], "status": "applied"}
    for _ in range(2):
        device.publish(f"{device.path}/events/provisioning", answer)
    outcome_of(rig, request, "onboarded")
    nothing_for(rig, device.path, 0.3, "an answer counts once")
    assert outcomes(rig, device.path) == ["undeliverable", "onboarded"]
