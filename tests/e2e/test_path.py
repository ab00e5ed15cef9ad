"""The whole path through a real Mosquitto and a real Kafka: a pending event
becomes a request, and the customer's decision becomes a command to the
device."""

import base64
import json

import pytest

from harness.shape import check_request, check_result

KINDS = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384"]
FORMS = ["pem", "joined", "spaces", "escaped", "base64"]


@pytest.fixture(scope="module")
def spy(rig):
    """A client that sees the commands to every device."""
    return rig.listen("subscriptions/#", "devices/#")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_certificate(rig, spy, ca, kind, form):
    leaf = ca.leaf(kind)
    device = rig.device()
    rig.pending(device.path, leaf.forms[form], attempt=1)
    request = rig.request(device.path)
    body = check_request(
        request, device.path, leaf, rig.topics["decisions"]
    )
    at = rig.decide(request, payload={"hello": kind})
    command = device.wait(device.command_topic)[0]
    assert command.json() == {
        "type": "provisioning",
        "request_id": body["request_id"],
        "status": "approved",
        "device_path": device.path,
        "payload": {"hello": kind},
    }
    check_result(
        rig.result(device.path),
        "onboarded",
        device.path,
        body["request_id"],
        (rig.topics["decisions"], *at),
    )
    told = spy.wait(match=lambda m: body["request_id"].encode() in m.payload)
    assert [m.topic for m in told] == [device.command_topic]
    assert len(device.messages) == 1


def test_properties_of_the_command(rig, ca):
    device, request, command, _ = rig.onboard(ca.leaf(), payload=[1])
    request_id = request.json()["request_id"]
    assert (command.qos, command.retain) == (1, False)
    assert command.content_type == "application/json"
    assert command.user == {"request_id": request_id, "status": "approved"}
    assert command.correlation == request_id.encode()
    assert 0 < command.expiry <= 24 * 3600
    assert command.topic == f"{device.path}/commands"


def approve_native(request, more):
    return {
        "request_id": request["request_id"],
        "device_path": request["device"]["path"],
        "fingerprint_sha256": request["certificate"]["fingerprint_sha256"],
        "decision": "approve",
        **more,
    }


PAYLOADS = {
    "json": ({"payload": {"wifi": {"ssid": "x"}}},
             {"payload": {"wifi": {"ssid": "x"}}}),
    "base64": ({"payload_base64": base64.b64encode(b"\0\1\2").decode(),
                "content_type": "application/cbor"},
               {"payload_base64": "AAEC", "content_type": "application/cbor"}),
    "none": ({}, {}),
}
MODES = ["plain", "binary", "structured"]


def as_mode(mode, body):
    """(value, headers) of a decision in one of the CloudEvents modes, or in
    none."""
    attributes = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "/customer",
        "type": "com.customer.decision",
    }
    if mode == "plain":
        return body, None
    if mode == "binary":
        headers = [(f"ce_{k}", v.encode()) for k, v in attributes.items()]
        return body, headers + [("content-type", b"application/json")]
    event = {**attributes, "datacontenttype": "application/json", "data": body}
    return event, [("content-type", b"application/cloudevents+json")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_approval(rig, ca, mode, payload):
    given, expected = PAYLOADS[payload]
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    value, headers = as_mode(mode, approve_native(request, given))
    rig.decision(value, device.path, headers)
    command = device.wait(device.command_topic)[0].json()
    assert command == {
        "type": "provisioning",
        "request_id": request["request_id"],
        "status": "approved",
        "device_path": device.path,
        **expected,
    }
    assert rig.result(device.path).json()["outcome"] == "onboarded"


@pytest.mark.parametrize("mode", MODES)
def test_omnicore_body(rig, ca, mode):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    body = {
        "request_id": request["request_id"],
        "isApprove": True,
        "customOnboardData": '{"a": "ä\\n"}',
    }
    value, headers = as_mode(mode, body)
    rig.decision(value, None, headers)
    command = device.wait(device.command_topic)[0].json()
    assert command["status"] == "approved"
    assert command["payload"] == '{"a": "ä\\n"}'
    assert rig.result(device.path).json()["outcome"] == "onboarded"


@pytest.mark.parametrize("mode", MODES)
def test_rejection(rig, ca, mode):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    body = {
        **approve_native(request, {}),
        "decision": "reject",
        "reason": "not_ours",
        "message": "This pump is not ours.",
    }
    value, headers = as_mode(mode, body)
    at = rig.decision(value, device.path, headers)
    told = device.wait(device.command_topic)[0]
    assert told.json() == {
        "type": "provisioning",
        "request_id": request["request_id"],
        "status": "rejected",
        "device_path": device.path,
        "reason": "not_ours",
        "message": "This pump is not ours.",
    }
    assert told.user["status"] == "rejected"
    check_result(
        rig.result(device.path),
        "rejected",
        device.path,
        request["request_id"],
        (rig.topics["decisions"], *at),
    )


def test_omnicore_rejection(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    rig.decision({"request_id": request["request_id"], "isApprove": False})
    assert device.wait(device.command_topic)[0].json()["status"] == "rejected"
    assert rig.result(device.path).json()["outcome"] == "rejected"


def test_numbers_and_order_are_kept(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    payload = (
        '{"z":9007199254740993,"a":123456789012345678901234567890,'
        '"m":1.10,"e":-0.0,"deep":[{"y":1,"x":2}]}'
    )
    text = json.dumps(approve_native(request, {}))[:-1]
    rig.decision(f'{text}, "payload": {payload}}}', device.path)
    command = device.wait(device.command_topic)[0].payload.decode()
    assert payload in command.replace(" ", "")
