"""The forms of a command: raw, on other topics, over other protocol
versions."""

import base64

import pytest

from harness.rig import device_path


@pytest.fixture(scope="module")
def raw(make_rig):
    return make_rig({"mqtt": {"command_format": "raw"}})


RAW = {
    "object": ({"payload": {"a": [1, None]}}, b'{"a": [1, null]}',
               "application/json"),
    "string": ({"payload": "text"}, b'"text"', "application/json"),
    "bytes": ({"payload_base64": base64.b64encode(b"\0\xff\r\n").decode(),
               "content_type": "application/x-thing"}, b"\0\xff\r\n",
              "application/x-thing"),
    "own_type": ({"payload": 1, "content_type": "text/x-one"}, b"1",
                 "text/x-one"),
    "none": ({}, b"", None),
}


@pytest.mark.parametrize("name", RAW)
def test_raw(raw, ca, name):
    given, expected, content_type = RAW[name]
    device, request, command, _ = raw.onboard(ca.leaf(), **given)
    squeezed = command.payload
    if content_type == "application/json":
        squeezed = squeezed.replace(b" ", b"")
        expected = expected.replace(b" ", b"")
    assert squeezed == expected
    request_id = request.json()["request_id"]
    assert command.user == {"request_id": request_id, "status": "approved"}
    assert command.correlation == request_id.encode()
    assert command.content_type == content_type


def test_raw_omnicore(raw, ca):
    """The customer's string itself is sent, not its JSON text."""
    device = raw.device()
    raw.pending(device.path, ca.leaf().pem)
    request = raw.request(device.path).json()
    raw.decision({
        "request_id": request["request_id"],
        "isApprove": True,
        "customOnboardData": "line\nä \"q\"",
    })
    command = device.wait(device.command_topic)[0]
    assert command.payload == "line\nä \"q\"".encode()


def test_raw_rejection_is_an_envelope(raw, ca):
    """DESIGN 11: a rejection is the same envelope with another status."""
    device = raw.device()
    raw.pending(device.path, ca.leaf().pem)
    request = raw.request(device.path)
    raw.decide(request, "reject", reason="no", message="not ours")
    told = device.wait(device.command_topic)[0]
    assert told.user["status"] == "rejected"
    assert told.content_type == "application/json"
    assert told.json() == {
        "type": "provisioning", "request_id": request.json()["request_id"],
        "status": "rejected", "device_path": device.path, "reason": "no",
        "message": "not ours"}


TEMPLATES = {
    "/devices/{device}/commands": "/devices/{d}/commands",
    "/{registry}/{device}/commands": "/{r}/{d}/commands",
    "to/{subscription}/{registry}/{device}/do": "to/{s}/{r}/{d}/do",
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_command_topic(rig_with, ca, template):
    rig = rig_with({"mqtt": {"command_topic": template}})
    path = device_path("tpl", registry="reg-9", subscription="sub.1")
    topic = TEMPLATES[template].format(
        s="sub.1", r="reg-9", d=path.rsplit("/", 1)[1]
    )
    device = rig.listen(topic, f"{path}/commands")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path))
    assert device.wait(topic)[0].json()["device_path"] == path
    rig.result(path)
    assert len(device.messages) == 1


def test_paths_that_share_a_topic(rig_with, ca):
    """The first device keeps the topic; the request of the later one ends in
    conflict."""
    rig = rig_with({"mqtt": {"command_topic": "/devices/{device}/commands"}})
    first = device_path("same", registry="one")
    second = first.replace("registries/one", "registries/two")
    device = rig.listen(f"/devices/{first.rsplit('/', 1)[1]}/commands")
    rig.pending(first, ca.leaf().pem)
    rig.decide(rig.request(first), payload="for the first")
    rig.result(first)
    rig.pending(second, ca.leaf("rsa2048").pem)
    rig.reader.wait(
        key=second, match=lambda r: r.topic in
        (rig.topics["requests"], rig.topics["results"]))
    for request in rig.reader.find(rig.topics["requests"], second):
        rig.decide(request, payload="for the second")
    result = rig.result(second)
    assert result.json()["outcome"] == "conflict"
    approved = device.wait(match=lambda m: m.json()["status"] == "approved")
    assert [m.json().get("payload") for m in approved] == ["for the first"]


def test_mqtt_3(rig_with, ca):
    rig = rig_with({"mqtt": {"version": "3.1.1"}})
    _, request, command, result = rig.onboard(ca.leaf(), payload={"x": 1})
    assert command.json()["request_id"] == request.json()["request_id"]
    assert result.json()["outcome"] == "onboarded"


def test_device_on_mqtt_3(rig, ca):
    device = rig.device(version=3)
    rig.pending(device.path, ca.leaf().pem)
    rig.decide(rig.request(device.path), payload=[True])
    assert device.wait(device.command_topic)[0].json()["payload"] == [True]


def test_many_devices_each_its_own(rig_with, ca):
    """Two hundred at once: each gets its own answer, once."""
    rig = rig_with()
    paths = [device_path("many") for _ in range(200)]
    listener = rig.listen("subscriptions/#")
    pem = ca.leaf().pem
    rig.publisher.publish_all(rig.pending_topic, [
        {"device_path": path, "certificate": pem} for path in paths
    ])
    requests = rig.reader.wait(rig.topics["requests"], count=200)
    for number, request in enumerate(requests):
        rig.decide(request, payload={"for": request.key, "n": number})
    rig.reader.wait(rig.topics["results"], count=200)
    commands = listener.wait(count=200)
    assert len(commands) == 200
    assert {c.topic for c in commands} == {f"{p}/commands" for p in paths}
    for command in commands:
        body = command.json()
        assert command.topic == f"{body['device_path']}/commands"
        assert body["payload"]["for"] == body["device_path"]
