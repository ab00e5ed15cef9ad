"""The hooks of examples/brokers. Devices that they let in become requests and
receive their decision. What they must refuse is refused for its own reason,
and the customer is not asked."""

import base64
import json
import re

import pytest

from harness.gate import NOT_AUTHORIZED, jwt
from harness.rig import device_path
from harness.schemas import valid_records, watching  # noqa: F401

from .hook_cases import CERTIFICATES, PROOFS, rs512
from .hooks import (  # noqa: F401
    BRIDGE,
    PAYLOAD,
    ends,
    held,
    other_ca,
    quiet,
    stage,
)

# --- what is to work


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
def test_onboarded(stage, ca, kind):
    leaf, path = ca.issue(kind), device_path()
    device = stage.ztp_device(path, leaf)
    request = stage.request(path)
    body = request.json()
    assert body["certificate"]["fingerprint_sha256"] == leaf.fingerprint
    assert re.fullmatch("[0-9a-f]{32}", body["request_id"])
    stage.decide(request, payload=PAYLOAD)
    told = [json.loads(line) for line in ends(device, 0).splitlines()]
    assert told[-1]["status"] == "approved"
    assert told[-1]["payload"] == PAYLOAD
    assert {t["request_id"] for t in told} == {body["request_id"]}
    assert stage.result(path).json()["outcome"] == "onboarded"


def test_rejected(stage, ca):
    leaf, path = ca.issue(), device_path()
    device = stage.ztp_device(path, leaf)
    stage.decide(stage.request(path), "reject", reason="not_ours")
    told = json.loads(ends(device, 3).splitlines()[-1])
    assert (told["status"], told["reason"]) == ("rejected", "not_ours")
    assert stage.result(path).json()["outcome"] == "rejected"


@pytest.mark.parametrize("form", ["joined", "spaces", "escaped", "base64"])
@pytest.mark.parametrize("version", [4, 5])
def test_forms_of_the_certificate(stage, ca, form, version):
    leaf = ca.leaf()
    device = stage.connect(device_path(), leaf.forms[form], jwt(leaf),
                           version=version)
    device.subscribed(device.commands)
    assert stage.request(device.path)


@pytest.mark.parametrize("changes", [
    {"issued": 540}, {"issued": -3600 - 540}, {"lifetime": 86400},
    {"audience": ["else", "acme"]}, {"nbf": 1}], ids=str)
def test_proofs_within_the_rules(stage, ca, changes):
    leaf = ca.leaf()
    assert stage.connect(device_path(), leaf.base64,
                         jwt(leaf, **changes)).accepted


def test_comes_again(stage, ca):
    """The same device before and after its decision makes one request, and its
    approval is delivered again."""
    leaf, path = ca.issue(), device_path()
    for _ in range(2):
        device = stage.connect(path, leaf.base64, jwt(leaf))
        device.subscribed(device.commands)
        request = stage.request(path)
        device.close()
    device = stage.ztp_device(path, leaf)
    stage.decide(request, payload=PAYLOAD)
    assert json.loads(ends(device, 0).splitlines()[-1])["payload"] == PAYLOAD
    again = stage.ztp_device(path, leaf)
    assert json.loads(ends(again, 0).splitlines()[-1])["payload"] == PAYLOAD
    assert stage.result(path).json()["outcome"] == "onboarded"
    stage.request(path)


# --- what is to be refused


@pytest.mark.parametrize("name", CERTIFICATES)
def test_certificate_refused(stage, ca, other_ca, name):
    make, why = CERTIFICATES[name]
    leaf = make(ca, other_ca)
    device = stage.connect(device_path(), leaf.base64, jwt(leaf))
    assert not device.accepted
    stage.refusal(device.path, why)
    quiet(stage, ca, device.path)


@pytest.mark.parametrize("name", PROOFS)
def test_proof_refused(stage, ca, name):
    leaf = ca.leaf()
    device = stage.connect(device_path(), leaf.base64, PROOFS[name](leaf, ca))
    assert not device.accepted
    assert device.connack in (NOT_AUTHORIZED[5], 0x86)
    stage.refusal(device.path, r"\W*[Jt]")  # "JWT: ...", "token ..."
    quiet(stage, ca, device.path)


def test_another_algorithm_refused(stage, ca):
    """The key determines the algorithm, not the proof."""
    leaf = ca.leaf("rsa2048")
    device = stage.connect(device_path(), leaf.base64, rs512(leaf))
    assert not device.accepted
    stage.refusal(device.path, r"\W*JWT")
    quiet(stage, ca, device.path)


@pytest.mark.parametrize("client_id", [
    "subscriptions/acme/registries/plant-7/devices/+",
    "subscriptions/acme/registries/plant-7/devices/#",
    "subscriptions/acme/registries/plant-7/devices/a/b",
    "subscriptions/acme/registries/plant-7/devices/..",
    "subscriptions/acme/registries/plant-7/devices/a\n",
    "subscriptions/acme/registries/plant-7/devices/" + "a" * 256,
    "subscriptions/acme/registries/plant-8/devices/pump-1",
    "pump-1", BRIDGE, ""], ids=str)
def test_client_id_refused(stage, ca, client_id):
    leaf = ca.leaf()
    device = stage.connect(client_id, leaf.base64, jwt(leaf))
    assert not device.accepted
    quiet(stage, ca, client_id)


@pytest.mark.parametrize("username", ["unused", "", "x" * 20000, BRIDGE])
def test_username_refused(stage, ca, username):
    device = stage.connect(device_path(), username, jwt(ca.leaf()))
    assert not device.accepted
    quiet(stage, ca, device.path)


def test_two_certificates_refused(stage, ca):
    leaf = ca.leaf()
    for text in (leaf.pem + ca.leaf("p384").pem,
                 base64.b64encode(leaf.der + b"\0").decode()):
        device = stage.connect(device_path(), text, jwt(leaf))
        assert not device.accepted


def test_another_certificate_for_a_path(stage, held, ca):
    """Refused while the first is connected, afterwards, and after a restart of
    the broker. The first certificate can come back."""
    device, leaf, _ = held
    other = ca.issue()
    for _ in range(2):
        second = stage.connect(device.path, other.base64, jwt(other))
        assert not second.accepted
        stage.refusal(device.path, "the path belongs to another certificate")
        stage.restart_broker()
    assert stage.connect(device.path, leaf.base64, jwt(leaf)).accepted
