"""ztp-device against the gate: each of its exit statuses."""

import json
import os
import subprocess

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness.certs import Ca
from harness.gate import Gate, path_of
from harness.where import binary

DIRECT, CUSTOM = "acme/direct", "acme/custom"


@pytest.fixture(params=["hold", "refuse"])
def gate(request, tmp_path, ca):
    gate = Gate(tmp_path / "gate", ca.server(),
                {"pending_mode": request.param, "retry_after": 1}).start()
    gate.mode = request.param
    with gate.operator() as operator:
        for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
            operator.registry(registry, ca, onboarding=mode, audience="acme")
    yield gate
    gate.stop()


def start(gate, path, leaf, *more, wait=30):
    return subprocess.Popen(
        [binary("ztp-device"), "--url", f"mqtts://localhost:{gate.tls_port}",
         "--ca", gate.server["cafile"], "--cert", leaf.path, "--key",
         leaf.key_path, "--id", path, "--audience", "acme", "--wait",
         str(wait), *map(str, more)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ends(child, status):
    out, _ = child.communicate(timeout=60)
    assert child.returncode == status, out
    return out


def test_direct_and_afterwards(gate, ca):
    leaf, path = ca.issue("rsa2048"), path_of(DIRECT)
    assert "approved" in ends(start(gate, path, leaf), 0)
    ends(start(gate, path, leaf), 0)  # its certificate again: the same device
    ends(start(gate, path, leaf, "--unused"), 0)
    with gate.operator() as operator:
        operator.do("blockDevice", device_path=path)
    ends(start(gate, path, leaf, "--unused"), 5)


def test_custom_approved(gate, ca, tmp_path):
    leaf, path = ca.issue(), path_of(CUSTOM)
    answer = tmp_path / "answer"
    with gate.operator() as operator:
        child = start(gate, path, leaf, "--out", answer)
        event = operator.pending(path)
        if gate.mode == "hold":
            operator.wait_on("ztp/v1/subscribed", device_path=path)
        operator.do("createDevice", device_path=path, request_id="r1",
                    fingerprint_sha256=leaf.fingerprint)
        operator.wait_on("ztp/v1/subscribed", device_path=path, state="device")
        operator.subscribed(f"{path}/events/provisioning")
        envelope = {"type": "provisioning", "request_id": "r1",
                    "status": "approved", "device_path": path,
                    "payload": {"wifi": "plant"}}
        operator.publish(f"{path}/commands", json.dumps(envelope))
        ends(child, 0)
        assert "plant" in answer.read_text()
        assert event["request_id"]
        operator.wait_on(f"{path}/events/provisioning", request_id="r1",
                         status="applied")


@pytest.fixture
def device(gate, ca):
    """An onboarded device that has a command waiting, and who hears it."""
    leaf, path = ca.issue(), path_of(DIRECT)
    ends(start(gate, path, leaf), 0)
    with gate.operator() as operator:
        operator.subscribed(f"{path}/events/provisioning")

        def told(*more, expect=0):
            child = start(gate, path, leaf, *more)
            operator.wait_on("ztp/v1/subscribed", device_path=path)
            operator.publish(f"{path}/commands", json.dumps(
                {"request_id": "r1", "status": "approved"}))
            ends(child, expect)
            return operator.on(f"{path}/events/provisioning")

        yield told


def test_a_device_that_does_not_answer(device):
    assert device("--no-ack") == []


def test_an_answer_that_cannot_be_kept(device, tmp_path):
    """In a pipe that nobody reads, which is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    said = device("--out", tmp_path / "pipe", expect=1)
    assert said[0]["status"] == "failed"
    assert "nobody reads it" in said[0]["message"]


def test_a_payload_that_has_been_erased(gate, ca, tmp_path):
    """It is told to a device that comes again. What was saved before stays; who
    has nothing says so, and not that it has applied it."""
    leaf, path, kept = ca.issue(), path_of(CUSTOM), tmp_path / "kept"
    with gate.operator() as operator:

        def told(child, request_id, status, answer, **envelope):
            operator.publish(f"{path}/commands", json.dumps(
                {"request_id": request_id, "status": "approved", **envelope}))
            said = ends(child, status)
            operator.wait_on(f"{path}/events/provisioning",
                             request_id=request_id, status=answer)
            assert ("has been erased" in said) == (answer == "failed")

        child = start(gate, path, leaf, "--out", kept)
        operator.pending(path)
        operator.do("createDevice", device_path=path, request_id="r1",
                    fingerprint_sha256=leaf.fingerprint)
        operator.subscribed(f"{path}/events/provisioning")
        operator.wait_on("ztp/v1/subscribed", device_path=path, state="device")
        told(child, "r1", 0, "applied", payload="wifi")
        text = kept.read_text()
        assert "wifi" in text
        for request_id, status, answer, options in (
                ("r1", 0, "applied", ["--out", kept]),
                ("r2", 1, "failed", ["--out", kept]),
                ("r3", 0, "failed", [])):
            told(start(gate, path, leaf, *options), request_id, status, answer,
                 payload_erased=True)
            assert kept.read_text() == text
        raw = '{"payload_erased":true}'  # a customer's own, sent as it is
        how = Properties(PacketTypes.PUBLISH)
        how.UserProperty = [("request_id", "r4"), ("status", "approved")]
        operator.client.publish(f"{path}/commands", raw, 1, properties=how)
        ends(start(gate, path, leaf, "--out", kept), 0)
        assert kept.read_text() == raw


def test_the_older_protocol(device):
    assert device("--mqtt", "3.1.1")[0]["status"] == "applied"


def test_custom_rejected_or_never_decided(gate, ca):
    leaf, path = ca.issue(), path_of(CUSTOM)
    with gate.operator() as operator:
        child = start(gate, path, leaf, wait=8)
        operator.pending(path)
        if gate.mode == "hold":
            operator.wait_on("ztp/v1/subscribed", device_path=path)
            operator.publish(f"{path}/commands", json.dumps(
                {"type": "provisioning", "request_id": "r", "status":
                 "rejected", "device_path": path, "reason": "no"}))
        operator.do("rejectDevice", device_path=path, retry_after_s=60,
                    fingerprint_sha256=leaf.fingerprint)
        ends(child, 3 if gate.mode == "hold" else 6)
    undecided = start(gate, path_of(CUSTOM), ca.issue(), wait=2)
    said = ends(undecided, 4 if gate.mode == "hold" else 6)
    assert ("no decision yet" in said) == (gate.mode == "hold")
    refused = start(gate, path_of(CUSTOM), ca.issue(), "--mqtt", "3.1.1",
                    wait=2)
    ends(refused, 4 if gate.mode == "hold" else 6)


def test_the_key_of_another_certificate(gate, ca):
    """The tool says so; the broker says only that it refuses, and why in its
    audit."""
    leaf, other, path = ca.issue(), ca.issue(), path_of(CUSTOM)
    with gate.operator() as operator:
        said = ends(start(gate, path, leaf, "--key", other.key_path, wait=1), 6)
        operator.audit("wrong_key", path)
    assert f"{other.key_path} is not the key of the certificate" in said
    assert "reason in the audit" in said
    assert "not the key" not in ends(start(gate, path, leaf, wait=1),
                                     4 if gate.mode == "hold" else 6)


def test_nobody_there(gate, ca):
    gate.stop()
    said = ends(start(gate, path_of(CUSTOM), ca.issue(), wait=1), 4)
    assert "Connection refused" in said
    gate.start()


def test_it_says_why_the_broker_is_not_trusted(gate, ca, tmp_path):
    """Once for every try, and which CA is missing in which file."""
    other = Ca(tmp_path / "other", "other-ca")
    url = f"mqtts://localhost:{gate.tls_port}"
    done = subprocess.run(
        [binary("ztp-device"), "--url", url, "--ca", other.cert, "--cert",
         ca.leaf().path, "--key", ca.leaf().key_path, "--id", path_of(DIRECT),
         "--wait", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert set(done.stderr.splitlines()) == {
        f"ztp-device: {url}: the broker's certificate is issued by "
        f'"CN=registry-ca", which is not in {other.cert}'}
