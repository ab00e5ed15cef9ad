"""Bridge and gate, set up in other ways than the default: refuse mode, MQTT 3.1.1,
another command topic, the device's own answer; and all of it with the tools."""

import json

import pytest

from harness.approver import Approver
from harness.gate import path_of
from harness.handshake import CUSTOM, DIRECT, Handshake, ends, made, results


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture
def rig_with(tmp_path, real_kafka, ca, server):
    with made(tmp_path, real_kafka, ca, server) as make:
        yield make


def test_refuse_mode(rig_with, tmp_path):
    """A refused device comes back until it is let in."""
    rig = rig_with(options={"pending_mode": "refuse", "retry_after": 1})
    path, leaf = path_of(CUSTOM), rig.ca.issue()
    answer = tmp_path / "answer"
    child = rig.ztp_device(path, leaf, "--out", answer)
    request = rig.request(path)
    rig.decide(request, payload="in the end")
    ends(child, 0)
    assert json.loads(answer.read_text())["payload"] == "in the end"
    rig.ended(request, "onboarded")
    path = path_of(CUSTOM)
    child = rig.ztp_device(path, leaf, wait=5)
    request = rig.request(path)
    rig.decide(request, "reject")
    ends(child, 6)
    rig.ended(request, "rejected")


def test_mqtt_3_1_1(rig_with):
    rig = rig_with({"mqtt": {"version": "3.1.1"}})
    device, _ = rig.held(version=4)
    request = rig.request(device.path)
    rig.decide(request, payload="old")
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    device, _ = rig.held(version=4)
    request = rig.request(device.path)
    rig.decide(request, "reject")
    device.wait_status("rejected")
    device.wait_ended()
    rig.ended(request, "rejected")


def test_approved_on_timeout(rig_with):
    rig = rig_with({"onboarding": {"decision_timeout": "1s",
                                   "on_timeout": "approve"}})
    device, _ = rig.held()
    request = rig.request(device.path)
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    assert rig.operator.do("getDevice", device_path=device.path)["live"]


def test_another_command_topic(rig_with):
    template = "/{registry}/{device}/commands"
    rig = rig_with({"mqtt": {"command_topic": template}},
                   options={"command_topic": template})
    leaf, path = rig.ca.issue(), path_of(CUSTOM)
    topic = f"/custom/{path.rsplit('/', 1)[1]}/commands"
    device = rig.gate.first(path, leaf)
    rig.clients.append(device)
    device.subscribed(topic)
    request = rig.request(path)
    rig.decide(request, payload="there")
    told = device.wait_message(topic, lambda m: b"approved" in m.payload)
    assert json.loads(told[0].payload)["payload"] == "there"
    rig.ended(request, "onboarded")


def test_the_device_itself_acknowledges(rig_with):
    """The command is sent again each time the device comes back, until it
    answers."""
    rig = rig_with({"mqtt": {"delivery_ack": "device"}})
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.decide(request, payload="apply me")
    device.wait_status("approved")
    device.drop()  # before it could answer
    device = rig.unused(device.path, leaf)
    device.wait_status("approved")
    assert not results(rig, request)
    device.publish(f"{device.path}/events/provisioning", json.dumps(
        {"request_id": request.json()["request_id"], "status": "applied"}))
    rig.ended(request, "onboarded")


def test_devices_and_a_customer_on_a_real_kafka(tmp_path, real_kafka, ca,
                                                server):
    """No test code in between: ztp-device asks and ztp-approver decides."""
    rig = Handshake(tmp_path / "rig", real_kafka, ca, server).start()
    good, bad = ca.issue("rsa2048"), ca.issue("p384")
    (tmp_path / "good").write_text(f"{good.fingerprint}\n")
    (tmp_path / "payload.json").write_text('{"wifi":"plant"}')
    (tmp_path / "rules.yaml").write_text(
        "default: {action: reject, reason: not_ours}\n"
        "rules:\n- match: {fingerprints_file: good}\n"
        "  action: approve\n  payload_file: payload.json\n")
    rig.run(Approver(tmp_path, real_kafka.brokers, rig.topics, "--rules",
                     tmp_path / "rules.yaml"))
    paths = [path_of(CUSTOM), path_of(CUSTOM), path_of(DIRECT)]
    answer = tmp_path / "answer"
    approved = rig.ztp_device(paths[0], good, "--out", answer)
    rejected = rig.ztp_device(paths[1], bad)
    direct = rig.ztp_device(paths[2], bad)
    ends(approved, 0)
    assert json.loads(answer.read_text())["payload"] == {"wifi": "plant"}
    assert "not_ours" in ends(rejected, 3)
    ends(direct, 0)
    rig.ended(rig.request(paths[0]), "onboarded")
    rig.ended(rig.request(paths[1]), "rejected")
    ends(rig.ztp_device(paths[0], good, "--unused"), 0)
    assert not rig.reader.find(rig.topics["requests"], paths[2])
    rig.stop()
