"""The life of a request beyond the main path: time, contenders, deadlines, and
devices that come back or never come."""

import datetime

import pytest

from harness.rig import device_path
from harness.shape import check_request, check_result, now, stamp, when
from harness.until import holds_for, until


HASTY = {
    "delivery_timeout": "2s",
    "renotify_interval": "200ms",
    "reject_cooldown": "1s",
}


@pytest.fixture(scope="module")
def hasty(make_rig):
    """A rig with short times, but for decisions."""
    return make_rig({"onboarding": HASTY})


@pytest.fixture(scope="module")
def expiring(make_rig):
    """And for decisions, which come too late or not at all."""
    return make_rig({"onboarding": {**HASTY, "decision_timeout": "2s"}})


def outcome(rig, request, name, count=1):
    request_id = request.json()["request_id"]
    return rig.reader.wait(
        rig.topics["results"],
        match=lambda r: r.json()["request_id"] == request_id
        and r.json()["outcome"] == name,
        count=count,
    )[-1]


def test_expires(expiring, ca):
    device = expiring.device()
    expiring.pending(device.path, ca.leaf().pem)
    request = expiring.request(device.path)
    body = request.json()
    check_result(
        outcome(expiring, request, "expired"), "expired", device.path,
        body["request_id"],
    )
    told = device.wait(device.command_topic)[0].json()
    assert (told["status"], told["reason"]) == ("rejected", "expired")
    result = outcome(expiring, request, "expired").json()
    assert when(result["at"]) >= when(body["expires_at"])


def test_decision_after_expiry(expiring, ca):
    device = expiring.device()
    expiring.pending(device.path, ca.leaf().pem)
    request = expiring.request(device.path)
    outcome(expiring, request, "expired")
    at = expiring.decide(request)
    again = outcome(expiring, request, "expired", count=2)
    check_result(
        again, "expired", device.path, request.json()["request_id"],
        (expiring.topics["decisions"], *at),
    )
    assert [m.json()["status"] for m in device.exactly(1)] == ["rejected"]


def test_next_attempt_after_expiry(expiring, ca):
    path = device_path()
    expiring.pending(path, ca.leaf().pem)
    first = expiring.request(path)
    outcome(expiring, first, "expired")
    expiring.pending(path, ca.leaf().pem)
    second = expiring.reader.wait(expiring.topics["requests"], path, count=2)[1]
    check_request(
        second, path, ca.leaf(), expiring.topics["decisions"], attempt=2
    )
    assert second.json()["request_id"] != first.json()["request_id"]


def knock(rig, path, leaf, count):
    """Publishes the event again and again until there are that many
    requests."""

    def look():
        rig.pending(path, leaf.pem)
        rig.reader.poll()
        found = rig.reader.find(rig.topics["requests"], path)
        return found if len(found) >= count else None

    return until(look, f"{count} requests for {path}", interval=0.1)


def test_next_attempt_after_cooldown(hasty, ca):
    path = device_path()
    hasty.pending(path, ca.leaf().pem)
    first = hasty.request(path)
    hasty.decide(first, "reject")
    ended = when(outcome(hasty, first, "rejected").json()["at"])
    second = knock(hasty, path, ca.leaf(), 2)[1]
    body = check_request(
        second, path, ca.leaf(), hasty.topics["decisions"], attempt=2
    )
    waited = (when(body["received_at"]) - ended).total_seconds()
    assert waited >= 0.99, "nothing is asked within the cool-down"


def test_event_that_is_already_past(rig, ca):
    """The customer is never asked, whatever on_timeout says."""
    path = device_path()
    past = stamp(now() - datetime.timedelta(minutes=1))
    rig.pending(path, ca.leaf().pem, expires_at=past)
    assert rig.result(path).json()["outcome"] == "expired"
    assert not rig.reader.find(rig.topics["requests"], path)


def test_too_far_away_is_cut(rig, ca):
    path = device_path()
    far = stamp(now() + datetime.timedelta(days=400))
    rig.pending(path, ca.leaf().pem, expires_at=far)
    body = rig.request(path).json()
    days = (when(body["expires_at"]) - when(body["received_at"])).days
    assert 89 <= days <= 90


def test_approve_on_timeout(rig_with, ca):
    rig = rig_with({"onboarding": {
        "decision_timeout": "3s", "on_timeout": "approve",
    }})
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    told = device.wait(device.command_topic)[0].json()
    assert told["status"] == "approved"
    assert "payload" not in told and "payload_base64" not in told
    check_result(
        rig.result(device.path), "onboarded", device.path,
        request.json()["request_id"],
    )


def test_undeliverable(hasty, ca):
    path = device_path("away")
    hasty.pending(path, ca.leaf().pem)
    request = hasty.request(path)
    at = hasty.decide(request)
    check_result(
        outcome(hasty, request, "undeliverable"), "undeliverable", path,
        request.json()["request_id"], (hasty.topics["decisions"], *at),
    )


def test_late_device_gets_it_once(rig, ca):
    path = device_path("late")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path), payload=7)

    def undelivered():
        rig.reader.poll()
        return not rig.reader.find(rig.topics["results"], path)

    holds_for(undelivered, 1.0, "nobody took it, so it is not delivered")
    device = rig.device(path)
    assert device.wait(device.command_topic)[0].json()["payload"] == 7
    assert rig.result(path).json()["outcome"] == "onboarded"
    rig.onboard(ca.leaf())
    assert len(device.messages) == 1


def test_same_device_is_merged(rig, ca):
    """A device that comes back within renotify_interval makes no new
    request."""
    path = device_path()
    for _ in range(5):
        rig.pending(path, ca.leaf().pem)
    rig.onboard(ca.leaf())
    assert len(rig.reader.find(rig.topics["requests"], path)) == 1


def test_announced_again(hasty, ca):
    """At most once per renotify_interval, with the same id and the same
    attempt."""
    path = device_path()
    hasty.pending(path, ca.leaf().pem)
    first = hasty.request(path)
    again = knock(hasty, path, ca.leaf(), 2)[1]
    for member in ("request_id", "attempt", "expires_at"):
        assert again.json()[member] == first.json()[member]
    assert again.header("ce_id") == first.header("ce_id")
    apart = when(again.header("ce_time")) - when(first.header("ce_time"))
    assert apart == datetime.timedelta() or apart.total_seconds() >= 0.19


def test_contenders(rig, ca):
    """Another certificate for the path is another request. The first approval
    wins, the others end in conflict."""
    device = rig.device()
    mine, theirs = ca.leaf("p256"), ca.leaf("p384")
    rig.pending(device.path, mine.pem)
    first = rig.request(device.path)
    rig.pending(device.path, theirs.pem)
    second = rig.reader.wait(rig.topics["requests"], device.path, count=2)[1]
    check_request(
        second, device.path, theirs, rig.topics["decisions"], contenders=2,
        attempt=second.json()["attempt"],
    )
    rig.decide(first, payload="mine")
    outcome(rig, first, "onboarded")
    outcome(rig, second, "conflict")
    at = rig.decide(second, payload="theirs")
    late = outcome(rig, second, "conflict", count=2)
    check_result(
        late, "conflict", device.path, second.json()["request_id"],
        (rig.topics["decisions"], *at),
    )
    approved = device.wait(match=lambda m: m.json()["status"] == "approved")
    assert [m.json()["payload"] for m in approved] == ["mine"]


def test_another_certificate_for_an_onboarded_device(rig, ca):
    device, *_ = rig.onboard(ca.leaf("p256"))
    rig.pending(device.path, ca.leaf("p384").pem)
    results = rig.reader.wait(rig.topics["results"], device.path, count=2)
    assert results[1].json()["outcome"] == "conflict"


def test_onboarded_device_comes_again(rig, ca):
    """The customer is not asked, and the retained approval is delivered
    again."""
    device, request, *_ = rig.onboard(ca.leaf(), payload="keep")
    rig.pending(device.path, ca.leaf().pem)
    again = device.wait(device.command_topic, count=2)[1].json()
    assert again["payload"] == "keep"
    assert again["request_id"] == request.json()["request_id"]
    assert len(rig.reader.find(rig.topics["requests"], device.path)) == 1


def test_ninth_contender(rig, ca):
    path = device_path("crowd")
    for _ in range(8):
        rig.pending(path, ca.issue("p256").pem)
    rig.reader.wait(rig.topics["requests"], path, count=8)
    rig.pending(path, ca.issue("p256").pem)
    dead = rig.dead(lambda r: path.encode() in (r.value or b""))
    assert ("__connect.errors.exception.class.name", b"too_many") in (
        dead.headers
    )


@pytest.fixture(scope="module")
def acked(make_rig):
    return make_rig({
        "mqtt": {"delivery_ack": "device"},
        "onboarding": {"delivery_timeout": "20s"},
    })


@pytest.mark.parametrize("status", ["applied", "failed"])
def test_device_answers(acked, ca, status):
    rig = acked
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.decide(request)
    command = device.wait(device.command_topic)[0].json()

    def unanswered():
        rig.reader.poll()
        return not rig.reader.find(rig.topics["results"], device.path)

    holds_for(unanswered, 0.5, "the broker's word is not the device's")
    stranger = device_path()
    answer = {"request_id": command["request_id"], "status": "applied"}
    device.publish(f"{stranger}/events/provisioning", answer)
    holds_for(unanswered, 0.3, "another device's word is not this one's")
    answer["status"] = status
    device.publish(f"{device.path}/events/provisioning", answer)
    expected = {"applied": "onboarded", "failed": "undeliverable"}[status]
    assert rig.result(device.path).json()["outcome"] == expected


def test_rejection_is_not_told(rig_with, ca):
    rig = rig_with({"onboarding": {"notify_rejected": False}})
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    rig.decide(rig.request(device.path), "reject")
    assert rig.result(device.path).json()["outcome"] == "rejected"
    rig.onboard(ca.leaf())
    assert device.messages == []
