"""Every outcome of ztp.results that needs no gate, seen from outside, on a
real Apache Kafka."""

import datetime

import pytest

from harness.results import outcome_of, outcomes, results
from harness.rig import Rig, device_path
from harness.shape import check_request, check_result, now, stamp


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    """Requests expire when their events say so."""
    rig = Rig(tmp_path_factory.mktemp("outcomes"), real_kafka, {
        "onboarding": {
            "delivery_timeout": "3s",
            "reject_cooldown": "500ms",
        },
    }).start()
    yield rig
    rig.stop()


def soon(seconds):
    return stamp(now() + datetime.timedelta(seconds=seconds))


def asked(rig, leaf, path=None, **more):
    """A request that waits for its decision; returns (device, record)."""
    device = rig.device(path)
    rig.pending(device.path, leaf.pem, **more)
    return device, rig.request(device.path)


def verdicts(rig, first, second):
    """The bodies of two decisions, contradictory or equivalent."""
    bodies = {
        "approve": {"decision": "approve", "payload": {"n": 1}},
        "again": {"decision": "approve", "payload": {"n": 1},
                  "reason": "other", "message": "words", "decided_by": "me"},
        "other": {"decision": "approve", "payload": {"n": 2}},
        "reject": {"decision": "reject", "reason": "no"},
        "refuse": {"decision": "reject", "reason": "nay", "message": "no"},
    }
    return bodies[first], bodies[second]


REPEATS = [
    ("approve", "again", "duplicate"),
    ("approve", "other", "already_decided"),
    ("approve", "reject", "already_decided"),
    ("reject", "approve", "already_decided"),
    ("reject", "refuse", "duplicate"),
]


@pytest.mark.parametrize("first,second,outcome", REPEATS)
def test_decided_twice(rig, ca, first, second, outcome):
    one, two = verdicts(rig, first, second)
    device, request = asked(rig, ca.leaf())
    rig.decide(request, **one)
    rig.result(device.path)
    at = rig.decide(request, **two)
    check_result(
        outcome_of(rig, request, outcome), outcome, device.path,
        request.json()["request_id"], (rig.topics["decisions"], *at),
    )
    device.exactly(1)


def test_decided_twice_across_a_restart(rig, ca):
    stories = []
    for first, second, outcome in REPEATS:
        one, two = verdicts(rig, first, second)
        device, request = asked(rig, ca.leaf())
        rig.decide(request, **one)
        rig.result(device.path)
        stories.append((device, request, two, outcome))
    rig.bridge.stop()
    places = [rig.decide(request, **two) for _, request, two, _ in stories]
    rig.bridge.start()
    for (device, request, _, outcome), at in zip(stories, places):
        check_result(
            outcome_of(rig, request, outcome), outcome, device.path,
            request.json()["request_id"], (rig.topics["decisions"], *at),
        )
        assert len(outcomes(rig, device.path)) == 2
        device.exactly(1)


@pytest.mark.parametrize("key", ["somebody", None])
def test_unknown_request(rig, key):
    """A result without a known path takes the decision's own key."""
    request_id = f"never-{key}-{now().timestamp()}"
    body = {"request_id": request_id, "decision": "approve",
            "device_path": device_path()}
    at = rig.decision(body, key=key)
    result = results(rig, request_id)[0]
    check_result(
        result, "unknown_request", None, request_id,
        (rig.topics["decisions"], *at),
    )
    if key:
        assert result.key == key


def test_mismatch(rig, ca):
    """Neither has an effect, and the request is still open after them."""
    device, request = asked(rig, ca.leaf())
    other = rig.device()
    request_id = request.json()["request_id"]
    one = rig.decide(request, device_path=other.path)
    two = rig.decide(request, fingerprint_sha256="0" * 64)
    said = results(rig, request_id, "mismatch", 2)
    places = set()
    for record in said:
        body = check_result(
            record, "mismatch", device.path, request_id,
            (rig.topics["decisions"],
             *[record.json()["decision"][k] for k in ("partition", "offset")]),
        )
        places.add((body["decision"]["partition"],
                    body["decision"]["offset"]))
    assert places == {one, two}
    rig.decide(request, fingerprint_sha256=ca.leaf().fingerprint)
    outcome_of(rig, request, "onboarded")
    device.exactly(1)
    assert other.messages == []


def test_expired(rig, ca):
    """Includes the result of a late decision, and the next attempt."""
    device, first = asked(rig, ca.leaf(), expires_at=soon(4))
    check_result(
        outcome_of(rig, first, "expired"), "expired", device.path,
        first.json()["request_id"],
    )
    at = rig.decide(first)
    check_result(
        outcome_of(rig, first, "expired", 2), "expired", device.path,
        first.json()["request_id"], (rig.topics["decisions"], *at),
    )
    rig.pending(device.path, ca.leaf().pem)
    second = rig.reader.wait(rig.topics["requests"], device.path, count=2)[1]
    check_request(
        second, device.path, ca.leaf(), rig.topics["decisions"], attempt=2
    )
    assert second.json()["request_id"] != first.json()["request_id"]
    rig.decide(second)
    outcome_of(rig, second, "onboarded")
    assert [m.json()["status"] for m in device.exactly(2)] == [
        "rejected", "approved",
    ]


def test_already_past(rig, ca):
    """The customer is never asked."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem, expires_at=soon(-1))
    result = rig.result(device.path)
    check_result(
        result, "expired", device.path, result.json()["request_id"]
    )
    assert not rig.reader.find(rig.topics["requests"], device.path)


def test_undeliverable(rig, ca):
    """The device never came. When it does come, it still gets its payload."""
    path = device_path("away")
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    at = rig.decide(request, payload="kept")
    check_result(
        outcome_of(rig, request, "undeliverable"), "undeliverable", path,
        request.json()["request_id"], (rig.topics["decisions"], *at),
    )
    device = rig.device(path)
    rig.pending(path, ca.leaf().pem)
    assert device.wait(device.command_topic)[0].json()["payload"] == "kept"
    check_result(
        outcome_of(rig, request, "onboarded"), "onboarded", path,
        request.json()["request_id"], (rig.topics["decisions"], *at),
    )
    assert len(rig.reader.find(rig.topics["requests"], path)) == 1


def test_contenders(rig, ca):
    """Nobody can displace another's request, and the first approval wins."""
    device, first = asked(rig, ca.leaf("p256"))
    rig.pending(device.path, ca.leaf("p384").pem)
    second = rig.reader.wait(rig.topics["requests"], device.path, count=2)[1]
    assert first.json()["contenders"] == 1
    assert second.json()["contenders"] == 2
    rig.decide(second, payload="second")
    outcome_of(rig, second, "onboarded")
    check_result(
        outcome_of(rig, first, "conflict"), "conflict", device.path,
        first.json()["request_id"],
    )
    at = rig.decide(first, payload="first")
    check_result(
        outcome_of(rig, first, "conflict", 2), "conflict", device.path,
        first.json()["request_id"], (rig.topics["decisions"], *at),
    )
    assert [m.json().get("payload") for m in device.exactly(1)] == ["second"]


def test_rejected_contender_leaves_the_other(rig, ca):
    device, first = asked(rig, ca.leaf("p256"))
    rig.pending(device.path, ca.leaf("p384").pem)
    second = rig.reader.wait(rig.topics["requests"], device.path, count=2)[1]
    rig.decide(first, "reject")
    outcome_of(rig, first, "rejected")
    rig.decide(second, payload="mine")
    outcome_of(rig, second, "onboarded")
    # Both share one command topic without a gate, so a rejection could be
    # taken for the other one's answer.
    assert [m.json()["status"] for m in device.exactly(1)] == ["approved"]


def test_device_exists(rig, ca):
    """The customer is never asked about another certificate for an onboarded
    path."""
    device, *_ = rig.onboard(ca.leaf("p256"))
    rig.pending(device.path, ca.leaf("p384").pem)
    record = rig.reader.wait(rig.topics["results"], device.path, count=2)[1]
    check_result(
        record, "conflict", device.path, record.json()["request_id"]
    )
    assert len(rig.reader.find(rig.topics["requests"], device.path)) == 1
    device.exactly(1)


def test_ninth_contender(rig, ca):
    path = device_path("crowd")
    for _ in range(8):
        rig.pending(path, ca.issue("p256").pem)
    asked_of = rig.reader.wait(rig.topics["requests"], path, count=8)
    assert [r.json()["contenders"] for r in asked_of] == list(range(1, 9))
    rig.pending(path, ca.issue("p256").pem)
    dead = rig.dead(lambda r: path.encode() in (r.value or b""))
    assert ("__connect.errors.stage", b"pending") in dead.headers
    assert len(rig.reader.find(rig.topics["requests"], path)) == 8


def test_shared_command_topic(tmp_path, real_kafka, ca):
    """The template lacks part of the path: the later request ends in
    conflict."""
    rig = Rig(tmp_path, real_kafka, {
        "mqtt": {"command_topic": "/devices/{device}/commands"},
    }).start()
    mine = device_path("twin", registry="one")
    theirs = mine.replace("registries/one", "registries/two")
    topic = f"/devices/{mine.rsplit('/', 1)[1]}/commands"
    device = rig.listen(topic)
    rig.pending(mine, ca.leaf("p256").pem)
    request = rig.request(mine)
    rig.pending(theirs, ca.leaf("p384").pem)
    lost = rig.result(theirs)
    check_result(lost, "conflict", theirs, lost.json()["request_id"])
    rig.decide(request, payload="mine")
    assert device.wait(topic)[0].json()["device_path"] == mine
    outcome_of(rig, request, "onboarded")
    rig.pending(theirs, ca.leaf("p384").pem)
    rig.reader.wait(rig.topics["results"], theirs, count=2)
    assert outcomes(rig, theirs) == ["conflict", "conflict"]
    assert not rig.reader.find(rig.topics["requests"], theirs)
    assert len(device.messages) == 1
    rig.stop()
