"""Input checks of decisions: each rule that refuses one. The request stays
open, the dead letter has the record unchanged, and the records after it are
processed at once."""

import base64
import json

import pytest

from harness.results import outcomes
from harness.rig import device_path
from harness.shape import check_result, connect_headers


def structured(**change):
    event = {
        "specversion": "1.0", "id": "1", "source": "/c", "type": "t",
        "datacontenttype": "application/json", "data": {}, **change,
    }
    return json.dumps(
        {key: value for key, value in event.items() if value is not None}
    )


STRUCTURED = [("content-type", b"application/cloudevents+json")]

# name -> (body -> value, code); body is a valid decision
REFUSED = {
    "empty": (lambda b: b"", "empty"),
    "null": (lambda b: None, "empty"),
    "text": (lambda b: b"approve it", "bad_json"),
    "cut": (lambda b: json.dumps(b)[:-1], "bad_json"),
    "trailing": (lambda b: json.dumps(b) + "{}", "bad_json"),
    "array": (lambda b: [b], None),
    "deep": (lambda b: {**b, "payload": nest(16)}, "too_deep"),
    "large": (lambda b: {**b, "pad": "x" * 256 * 1024}, "too_large"),
    "larger_than_a_dead_letter": (
        lambda b: {**b, "pad": "x" * 600 * 1024}, "too_large"),
    "duplicate_key": (
        lambda b: json.dumps(b)[:-1] + ',"decision":"reject"}',
        "duplicate_key"),
    "nul": (
        lambda b: json.dumps({**b, "x": "@"}).replace("@", "\0"),
        "nul_character"),
    "escaped_nul": (
        lambda b: json.dumps({**b, "x": "@"}).replace("@", "\\u0000"),
        "nul_character"),
    "escaped_nul_in_key": (
        lambda b: json.dumps({**b, "@": 1}).replace("@", "d\\u0000x"),
        "nul_character"),
    "utf8": (
        lambda b: json.dumps({**b, "x": "@"}).encode().replace(
            b"@", b"\xff"), "bad_utf8"),
    "id_type": (lambda b: {**b, "request_id": 5}, "wrong_type"),
    "path_type": (lambda b: {**b, "device_path": [1]}, "wrong_type"),
    "path_null": (lambda b: {**b, "device_path": None}, "missing_member"),
    "decision_type": (lambda b: {**b, "decision": True}, "wrong_type"),
    "decision_value": (lambda b: {**b, "decision": "maybe"}, "bad_value"),
    "decision_case": (lambda b: {**b, "decision": "Approve"}, "bad_value"),
    "fingerprint_type": (lambda b: {**b, "fingerprint_sha256": 1},
                         "wrong_type"),
    "fingerprint_short": (lambda b: {**b, "fingerprint_sha256": "ab"},
                          "bad_value"),
    "no_id": (lambda b: without(b, "request_id"), "missing_member"),
    "no_path": (lambda b: without(b, "device_path"), "missing_member"),
    "no_decision": (lambda b: without(b, "decision"), "missing_member"),
    "reason_type": (lambda b: {**b, "reason": 1}, "wrong_type"),
    "message_type": (lambda b: {**b, "message": {}}, "wrong_type"),
    "metadata_type": (lambda b: {**b, "metadata": []}, "wrong_type"),
    "both_payloads": (
        lambda b: {**b, "payload": 1, "payload_base64": "AA=="}, None),
    "bad_base64": (lambda b: {**b, "payload_base64": "A*=="}, "bad_base64"),
    "base64_type": (lambda b: {**b, "payload_base64": 1}, "wrong_type"),
    "payload_too_large": (lambda b: {**b, "payload": "x" * 65536},
                          "too_large"),
    "base64_too_large": (
        lambda b: {**b, "payload_base64":
                   base64.b64encode(b"x" * 65537).decode()}, "too_large"),
    "omnicore_type": (
        lambda b: {"request_id": b["request_id"], "isApprove": "yes"},
        "wrong_type"),
    "omnicore_data_type": (
        lambda b: {"request_id": b["request_id"], "isApprove": True,
                   "customOnboardData": {}}, "wrong_type"),
    "omnicore_no_id": (lambda b: {"isApprove": True}, "missing_member"),
}


def nest(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


def good(request):
    return {
        "request_id": request["request_id"],
        "device_path": request["device"]["path"],
        "decision": "approve",
    }


def as_bytes(value):
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return value.encode() if isinstance(value, str) else value


def ask(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    return device, rig.request(device.path)


def is_end(result):
    return result.json()["outcome"] != "invalid"


def check_still_open(rig, device, request):
    """The same request can still be decided as if nothing had happened."""
    at = rig.decide(request)
    command = device.wait(device.command_topic)[0]
    assert command.json()["status"] == "approved"
    check_result(
        rig.result(device.path, is_end), "onboarded", device.path,
        request.json()["request_id"], (rig.topics["decisions"], *at),
    )
    assert len(device.messages) == 1


def check_dead(rig, at, value, key, headers, code):
    partition, offset = at
    dead = rig.dead(
        lambda r: ("__connect.errors.offset", str(offset).encode())
        in r.headers
        and ("__connect.errors.partition", str(partition).encode())
        in r.headers
    )
    told = connect_headers(dead)
    assert told["topic"] == rig.topics["decisions"]
    assert told["stage"] == "decision"
    if code:
        assert told["exception.class.name"] == code
    assert dead.key == key
    for header in headers or []:
        assert header in dead.headers
    if value is not None and len(value) > 512 * 1024:
        assert not dead.value
        assert dead.header("ztp.size") == str(len(value))
        assert len(dead.header("ztp.sha256")) == 64
    else:
        assert (dead.value or b"") == (value or b"")


# They say which request they are for, so they have a result as well.
INVALID = {
    "decision_type", "decision_value", "decision_case", "fingerprint_type",
    "fingerprint_short", "no_decision", "reason_type", "message_type",
    "metadata_type", "both_payloads", "bad_base64", "base64_type",
    "payload_too_large", "base64_too_large", "large",
    "larger_than_a_dead_letter",
    # the record's key names the device
    "path_type", "path_null", "no_path", "omnicore_type", "omnicore_data_type",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(rig, ca, name):
    make, code = REFUSED[name]
    device, request = ask(rig, ca)
    value = as_bytes(make(good(request.json())))
    mine = [("x-mine", b"\x00\xff")]
    at = rig.decision(value, device.path, mine)
    check_dead(rig, at, value, device.path, mine, code)
    if name in INVALID:
        check_result(
            rig.result(device.path), "invalid", device.path,
            request.json()["request_id"], (rig.topics["decisions"], *at),
        )
    check_still_open(rig, device, request)
    assert len(outcomes(rig, device.path)) == 1 + (name in INVALID)


EVENTS = {
    "version": structured(specversion="0.3"),
    "no_version": structured(specversion=None),
    "no_data": structured(data=None),
    "no_id": structured(id=None),
    "no_source": structured(source=None),
    "no_type": structured(type=None),
    "data_type": structured(data="text"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_structured_event_refused(rig, ca, name):
    device, request = ask(rig, ca)
    event = json.loads(EVENTS[name])
    if event.get("data") == {}:
        event["data"] = good(request.json())
    value = as_bytes(event)
    at = rig.decision(value, device.path, STRUCTURED)
    check_dead(rig, at, value, device.path, STRUCTURED, None)
    if name not in ("no_data", "data_type"):
        check_result(
            rig.result(device.path), "invalid", device.path,
            request.json()["request_id"], (rig.topics["decisions"], *at),
        )
    check_still_open(rig, device, request)


def test_binary_event_of_another_version_refused(rig, ca):
    device, request = ask(rig, ca)
    headers = [
        ("ce_specversion", b"0.3"), ("ce_id", b"1"), ("ce_source", b"/c"),
        ("ce_type", b"t"),
    ]
    value = as_bytes(good(request.json()))
    at = rig.decision(value, None, headers)
    check_dead(rig, at, value, None, headers, "bad_cloudevent")
    check_result(
        rig.result(device.path), "invalid", device.path,
        request.json()["request_id"], (rig.topics["decisions"], *at),
    )
    check_still_open(rig, device, request)


MANY = [(f"x-{n}", b"1") for n in range(40)]


@pytest.mark.parametrize("headers", [
    [("content-type", b"application/json")],  # Python's cloudevents
    [("Content-Type", b"application/cloudevents+json")],
    [],
    [*MANY, *STRUCTURED],
], ids=["json", "capitals", "none", "behind_40"])
def test_structured_event_as_libraries_send_it(rig, ca, headers):
    device, request = ask(rig, ca)
    rig.decision(structured(data=good(request.json())), device.path, headers)
    device.wait(device.command_topic)
    of_request(rig, request, "onboarded")


def test_version_behind_40_headers_refused(rig, ca):
    """The dead letter says how many headers it does not have."""
    device, request = ask(rig, ca)
    value = as_bytes(good(request.json()))
    headers = [*MANY, ("large", b"x" * 70000), ("ce_specversion", b"0.3")]
    at = rig.decision(value, device.path, headers)
    check_dead(rig, at, value, device.path, MANY[:20], "bad_cloudevent")
    dead = rig.dead(lambda r: r.key == device.path)
    kept = [name for name, _ in dead.headers if name.startswith("x-")]
    assert dead.header("ztp.headers.left_out") == str(42 - len(kept))
    check_still_open(rig, device, request)


def test_unset_members_are_empty_strings(rig, ca):
    """As Go writes a struct without omitempty."""
    device, request = ask(rig, ca)
    rig.decide(request, fingerprint_sha256="", reason="", message="",
               decided_by="", payload_base64="", content_type="",
               metadata=None, payload={"a": 1})
    command = device.wait(device.command_topic)[0].json()
    assert command["payload"] == {"a": 1}
    of_request(rig, request, "onboarded")


def test_unknown_request(rig):
    path = device_path()
    body = {
        "request_id": f"never-{path[-8:]}", "device_path": path,
        "decision": "approve",
    }
    at = rig.decision(body, key="their own key")
    result = rig.reader.one(
        rig.topics["results"],
        match=lambda r: r.json()["request_id"] == body["request_id"],
    )
    assert result.json()["outcome"] == "unknown_request"
    assert result.key in (path, "their own key")
    check_result(
        result, "unknown_request", None, body["request_id"],
        (rig.topics["decisions"], *at),
    )


def of_request(rig, request, outcome):
    request_id = request.json()["request_id"]
    return rig.reader.one(
        rig.topics["results"],
        match=lambda r: r.json()["request_id"] == request_id
        and r.json()["outcome"] == outcome,
    )


MISMATCHES = {
    "other_device": lambda body: {**body, "device_path": device_path()},
    "fingerprint": lambda body: {**body, "fingerprint_sha256": "0" * 64},
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_mismatch(rig, ca, name):
    device, request = ask(rig, ca)
    body = MISMATCHES[name](good(request.json()))
    other = None
    if name == "other_device":
        other = rig.device(body["device_path"])
    at = rig.decision(body, device.path)
    check_result(
        of_request(rig, request, "mismatch"), "mismatch", None,
        body["request_id"], (rig.topics["decisions"], *at),
    )
    rig.decide(request)
    assert device.wait(device.command_topic)[0].json()["status"] == "approved"
    of_request(rig, request, "onboarded")
    assert not other or not other.messages


def test_right_fingerprint(rig, ca):
    device, request = ask(rig, ca)
    fingerprint = request.json()["certificate"]["fingerprint_sha256"]
    rig.decide(request, fingerprint_sha256=fingerprint)
    device.wait(device.command_topic)


def test_duplicate_and_contradiction(rig, ca):
    device, request = ask(rig, ca)
    rig.decide(request, payload={"a": 1}, decided_by="anna")
    of_request(rig, request, "onboarded")
    again = rig.decide(request, payload={"a": 1}, decided_by="bert")
    check_result(
        of_request(rig, request, "duplicate"), "duplicate", device.path,
        request.json()["request_id"], (rig.topics["decisions"], *again),
    )
    other = rig.decide(request, "reject")
    check_result(
        of_request(rig, request, "already_decided"), "already_decided",
        device.path, request.json()["request_id"],
        (rig.topics["decisions"], *other),
    )
    rig.onboard(ca.leaf())
    device.exactly(1)


def test_other_payload_is_another_decision(rig, ca):
    device, request = ask(rig, ca)
    rig.decide(request, payload={"a": 1})
    of_request(rig, request, "onboarded")
    rig.decide(request, payload={"a": 2})
    of_request(rig, request, "already_decided")
    device.exactly(1)


def test_contradiction_after_rejection(rig, ca):
    device, request = ask(rig, ca)
    rig.decide(request, "reject")
    of_request(rig, request, "rejected")
    rig.decide(request, "approve")
    of_request(rig, request, "already_decided")
    rig.decide(request, "reject", reason="again")
    of_request(rig, request, "duplicate")
    assert [m.json()["status"] for m in device.exactly(1)] == ["rejected"]


def test_result_ids_repeat_only_themselves(rig):
    """ce_id is derived from the request, the outcome and the decision's
    position."""
    rig.reader.poll()
    ids = [
        record.header("ce_id")
        for record in rig.reader.find(rig.topics["results"])
    ]
    assert ids and len(ids) == len(set(ids))


def test_unknown_members_are_ignored(rig, ca):
    device, request = ask(rig, ca)
    rig.decide(
        request, colour="blue", metadata={"k": "v"}, decided_by="anna",
        message="welcome", reason="ok",
    )
    device.wait(device.command_topic)
    of_request(rig, request, "onboarded")


def test_wrong_key_does_not_matter(rig, ca):
    device, request = ask(rig, ca)
    rig.decision(good(request.json()), key="whatever")
    device.wait(device.command_topic)


def test_largest_payload(rig, ca):
    device, request = ask(rig, ca)
    blob = bytes(range(256)) * 256
    rig.decide(request, payload_base64=base64.b64encode(blob).decode())
    command = device.wait(device.command_topic)[0].json()
    assert base64.b64decode(command["payload_base64"]) == blob
