"""What one customer's devices leave at the gate does not keep the bridge from
another's; and candidates that the gate withdraws. With a real gate."""

import json

import pytest

from harness.gate import path_of
from harness.handshake import CUSTOM, Handshake
from harness.until import until

WITHDRAWN = "ztp/v1/withdrawn"


@pytest.fixture(scope="module")
def rig(tmp_path_factory, mock_kafka, ca):
    rig = Handshake(tmp_path_factory.mktemp("gate"), mock_kafka, ca,
                    ca.server(), options={"max_per_certificate": "100"})
    yield rig.start()
    rig.stop()


def onboard(rig):
    device, _ = rig.held()
    request = rig.request(device.path)
    rig.decide(request)
    device.wait_status("approved")
    rig.ended(request, "onboarded")


def test_metadata_of_many_devices(rig, ca):
    """66 approved devices that are away, with as much metadata as the gate
    keeps: after a restart the bridge asks about all of them."""
    leaf, paths = ca.issue(), [path_of(CUSTOM) for _ in range(66)]
    for path in paths:
        rig.gate.first(path, leaf).close()
    for path in paths:
        rig.decide(rig.request(path), metadata={"much": "x" * 16300})
    until(lambda: rig.bridge.log().count("to=registered") == 66,
          "all are registered")
    rig.bridge.restart()
    rig.wait_ready()
    onboard(rig)
    assert "gate_unreadable" not in rig.bridge.log()


@pytest.mark.parametrize("over", [0, 1, 1000])
def test_metadata_at_its_bound(rig, over):
    """The gate keeps 16 KiB; the device of one with more is made without."""
    before = rig.bridge.log().count("event=metadata_left_out")
    device, _ = rig.held()
    text = "x" * (16 * 1024 - len('{"k":""}') + over)
    rig.decide(rig.request(device.path), metadata={"k": text})
    device.wait_status("approved")
    kept = rig.operator.do("getDevice", device_path=device.path)
    assert kept.get("metadata") == (None if over else {"k": text})
    left_out = rig.bridge.log().count("event=metadata_left_out") - before
    assert left_out == (over > 0)


def audit(path):
    return {"at": "2026-01-02T03:04:05.678Z", "verdict": "refused",
            "code": "too_many", "device_path": path}


def audits(path):
    return [audit(path)]


def withdrawn(path):
    return {"request_id": "none", "device_path": path, "reason": "ca_removed"}


@pytest.mark.parametrize("topic, most, make, event", [
    ("ztp/v1/audits", 64 * 1024, audits, "audit_refused"),
    (WITHDRAWN, 8 * 1024, withdrawn, "withdrawal_refused")])
def test_what_the_gate_says_has_a_bound(rig, topic, most, make, event):
    path = path_of(CUSTOM)
    text = json.dumps(make(path))

    def refused():
        return rig.bridge.log().count(f"event={event}")

    before = refused()
    rig.operator.publish(topic, text.ljust(most))
    rig.operator.publish(topic, text.ljust(most + 1))
    rig.bridge.wait_log(f"event={event} .*{most + 1} bytes")
    assert refused() == before + 1
    for _ in range(4 * 1024 * 1024 // most):
        rig.operator.client.publish(topic, text.ljust(most + 1000), 1)
    onboard(rig)
    rig.bridge.wait_log(f"event={event} .*{most + 1000} bytes")
    if topic == "ztp/v1/audits":
        assert len(rig.reader.wait(rig.topics["audit"], path)) == 1


def test_an_array_has_a_bound(rig):
    """One record more than the gate puts into one."""
    path, other = path_of(CUSTOM), path_of(CUSTOM)
    rig.operator.publish("ztp/v1/audits", json.dumps(101 * [audit(path)]))
    rig.bridge.wait_log("event=audit_refused .*more than 100")
    rig.operator.publish("ztp/v1/audits", json.dumps({"0": audit(path)}))
    rig.bridge.wait_log("event=audit_refused .*not an array")
    rig.operator.publish("ztp/v1/audits", json.dumps(100 * [audit(other)]))
    found = rig.reader.wait(rig.topics["audit"], other, count=100)
    assert [record.json() for record in found] == 100 * [audit(other)]
    assert not rig.reader.find(rig.topics["audit"], path)


def test_withdrawn(rig):
    """Any operator may say so, as the gate does. The bridge acknowledges it,
    twice said or unknown, and the device may come again."""
    device, _ = rig.held()
    request = rig.request(device.path)
    request_id = request.json()["request_id"]
    said = {"request_id": request_id, "device_path": device.path,
            "reason": "ca_removed"}
    for _ in range(2):
        rig.operator.publish(WITHDRAWN, json.dumps(said))
    rig.operator.publish(WITHDRAWN, b"nonsense")
    result = rig.ended(request, "withdrawn")
    assert (result["code"], result["status"]) == (409, "ABORTED")
    assert result["message"].endswith("ca_removed")
    rig.bridge.wait_log("event=withdrawal_refused")
    at = rig.decide(request)
    late = rig.reader.wait(
        rig.topics["results"], device.path,
        lambda r: r.json().get("decision", {}).get("offset") == at[1])[0]
    assert late.json()["outcome"] == "withdrawn"
    onboard(rig)


@pytest.mark.parametrize("over", [0, 1, 1000])
def test_a_flood_of_subscribed(rig, over):
    """As many as the bridge takes in a turn, and more, of devices that do not
    exist: the one that does is served."""
    rig.bridge.pause()
    for n in range(1024 + over):
        said = rig.operator.client.publish("ztp/v1/subscribed", json.dumps({
            "device_path": path_of(CUSTOM), "fingerprint_sha256": f"{n:064x}",
            "state": "device", "connection": f"{n:016x}", "credential": "unused"}))
    until(said.is_published, "the last is published")
    rig.bridge.resume()
    onboard(rig)
