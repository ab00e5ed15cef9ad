"""What the gate must refuse, each audited with its machine code."""

import base64
import json

import pytest

from harness.certs import Ca, openssl
from harness.gate import (Gate, NOT_AUTHORIZED, b64url, claims, hs256, jwt,
                          path_of, sign, token)

REGISTRY = "acme/plant"
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server()).start()
    with gate.operator() as operator:
        operator.registry(REGISTRY, ca, onboarding="direct", audience="acme")
    yield gate
    gate.stop()


@pytest.fixture
def operator(gate):
    with gate.operator() as operator:
        yield operator


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    return Ca(tmp_path_factory.mktemp("other"), "other-ca")


def refused(gate, operator, leaf, code, path=None, version=5, **options):
    path = path or path_of(REGISTRY)
    with gate.first(path, leaf, version=version, **options) as device:
        assert device.connack == NOT_AUTHORIZED[version], code
    record = operator.audit(code, path)
    assert record["verdict"] == "refused" and record["at"]
    assert record["remote_addr"] == "127.0.0.1"
    assert operator.code("getDevice", device_path=path) == "NOT_FOUND"
    text = json.dumps(record)
    assert "eyJ" not in text and leaf.base64[:40] not in text
    return record


# ---- certificates


def test_another_ca(gate, operator, other_ca):
    refused(gate, operator, other_ca.leaf(), "untrusted_issuer")
    refused(gate, operator, other_ca.leaf(), "untrusted_issuer", version=4)


def test_self_signed(gate, operator, ca, tmp_path):
    leaf = ca.issue()
    own = tmp_path / "self.pem"
    openssl("req", "-x509", "-key", leaf.key_path, "-subj", "/CN=unused-device",
            "-addext", "basicConstraints=CA:FALSE", "-days", "5", "-out", own)
    leaf = type(leaf)(own, leaf.key_path, leaf.kind)
    refused(gate, operator, leaf, "untrusted_issuer")


def test_expired_and_not_yet(gate, operator, ca):
    refused(gate, operator, ca.expired(), "expired_certificate")
    refused(gate, operator, ca.not_yet(), "certificate_not_yet_valid")


def test_a_ca_as_a_leaf(gate, operator, ca):
    refused(gate, operator, ca.ca_leaf(), "certificate_is_ca")


def test_weak_signature_and_key_usage(gate, operator, ca):
    refused(gate, operator, ca.sha1(), "weak_signature")
    leaf = ca.issue(extensions="extendedKeyUsage=serverAuth\n")
    refused(gate, operator, leaf, "bad_key_usage")
    for usage in "keyAgreement", "critical,nonRepudiation,keyEncipherment":
        leaf = ca.issue(extensions=f"keyUsage={usage}\n")
        refused(gate, operator, leaf, "bad_key_usage")


@pytest.mark.parametrize("spoil", [
    lambda leaf, ca: leaf.base64 + "AAAA",
    lambda leaf, ca: leaf.forms["joined"] + ca.leaf("rsa2048").forms["joined"],
    lambda leaf, ca: base64.b64encode(leaf.der + b"\0").decode(),
    lambda leaf, ca: leaf.base64[:-8],
    lambda leaf, ca: "A" * 60000,
    lambda leaf, ca: "nonsense",
])
def test_what_is_no_certificate(gate, operator, ca, spoil):
    leaf = ca.leaf()
    refused(gate, operator, leaf, "bad_certificate", username=spoil(leaf, ca))


def test_nul_in_the_common_name(gate, operator, ca):
    leaf = ca.issue(subject="/CN=unusedXdevice")
    der = leaf.der.replace(b"unusedXdevice", b"unused\0device")
    refused(gate, operator, leaf, "bad_certificate",
            username=base64.b64encode(der).decode())


# ---- proofs


def es(leaf, edit):
    """An ES256 token whose raw signature was edited."""
    return token({"alg": "ES256"}, claims(),
                 lambda data: edit(sign(leaf, data)))


def spki(leaf):
    return openssl("x509", "-in", leaf.path, "-noout", "-pubkey")


PROOFS = {
    "wrong key": lambda leaf, ca: jwt(ca.issue(leaf.kind)),
    "alg none": lambda leaf, ca: token({"alg": "none"}, claims(),
                                       lambda data: b""),
    "HS256 with the public key": lambda leaf, ca: hs256(leaf, spki(leaf)),
    "another algorithm than the key's": lambda leaf, ca: token(
        {"alg": "RS256"}, claims(), lambda data: sign(leaf, data)),
    "changed payload": lambda leaf, ca: swap_payload(jwt(leaf)),
    "padded base64url": lambda leaf, ca: jwt(leaf) + "=",
    "unused bits": lambda leaf, ca: loosen(jwt(leaf)),
    "DER signature": lambda leaf, ca: token(
        {"alg": "ES256"}, claims(), lambda data: openssl(
            "dgst", "-sha256", "-sign", leaf.key_path, data=data)),
    "r is zero": lambda leaf, ca: es(leaf, lambda s: bytes(32) + s[32:]),
    "s is zero": lambda leaf, ca: es(leaf, lambda s: s[:32] + bytes(32)),
    "s beyond the order": lambda leaf, ca: es(
        leaf, lambda s: s[:32] + ORDER_P256.to_bytes(32, "big")),
    "issued in the future": lambda leaf, ca: jwt(leaf, issued=3600),
    "lives longer than a day": lambda leaf, ca: jwt(leaf, lifetime=86401),
    "no exp": lambda leaf, ca: token(
        {"alg": "ES256"}, {"iat": claims()["iat"], "aud": "acme"},
        lambda data: sign(leaf, data)),
    "another device's": lambda leaf, ca: jwt(
        leaf, sub="subscriptions/acme/registries/plant/devices/other"),
    "two parts": lambda leaf, ca: jwt(leaf).rsplit(".", 1)[0],
    "nonsense": lambda leaf, ca: "nonsense",
}

# What is wrong with those that are JWTs at all; the others are bad_proof.
CODES = {
    "wrong key": "wrong_key",
    "HS256 with the public key": "wrong_algorithm",
    "another algorithm than the key's": "wrong_algorithm",
    "changed payload": "wrong_key",
    "r is zero": "wrong_key",
    "s is zero": "wrong_key",
    "s beyond the order": "wrong_key",
    "issued in the future": "clock_ahead",
    "lives longer than a day": "lifetime_too_long",
    "another device's": "wrong_subject",
}


def swap_payload(text):
    header, _, signature = text.split(".")
    return f"{header}.{b64url(json.dumps(claims(x=1)).encode())}.{signature}"


def loosen(text):
    """Sets the unused bits of the last character: the same bytes in another
    spelling."""
    alphabet = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                "0123456789-_")
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


@pytest.mark.parametrize("name", PROOFS)
def test_bad_proofs(gate, operator, ca, name):
    leaf = ca.leaf("p256")
    refused(gate, operator, leaf, CODES.get(name, "bad_proof"),
            password=PROOFS[name](leaf, ca))


def test_a_wrong_key_again(gate, operator, ca):
    """The gate remembers what has failed, and says the same of it."""
    leaf, path = ca.leaf("p256"), path_of(REGISTRY)
    password = jwt(ca.issue("p256"))
    for _ in range(2):
        with gate.first(path, leaf, password) as device:
            assert device.connack == NOT_AUTHORIZED[5]
    operator.audit("wrong_key", path, 2)


def test_expired_proof_and_wrong_audience(gate, operator, ca):
    leaf = ca.leaf()
    refused(gate, operator, leaf, "expired_proof",
            password=jwt(leaf, issued=-7200, lifetime=3600))
    for audience in ("other", None):
        refused(gate, operator, leaf, "wrong_audience",
                password=jwt(leaf, audience=audience))


def test_the_skew_lets_in(gate, ca):
    leaf = ca.issue()
    late = jwt(leaf, issued=-3600, lifetime=3300)
    with gate.first(path_of(REGISTRY), leaf, late) as device:
        assert device.accepted
        device.subscribed(device.commands)


def test_replay_of_another_devices_certificate(gate, operator, ca):
    victim, thief = ca.leaf("p256"), ca.issue("p256")
    refused(gate, operator, victim, "wrong_key", password=jwt(thief))


# ---- names


@pytest.mark.parametrize("client_id", [
    "subscriptions/acme/registries/plant/devices/",
    "subscriptions/acme/registries/plant/devices/+",
    "subscriptions/acme/registries/plant/devices/#",
    "subscriptions/acme/registries/plant/devices/a/b",
    "subscriptions/acme/registries//devices/a",
    "subscriptions/acme/registries/plant/devices/..",
    "subscriptions/acme/registries/plant/devices/a b",
    "subscriptions/acme/registries/plant/devices/\u00e4",
    "subscriptions/acme/registries/plant/devices/" + "a" * 256,
    "subscriptions/acme/registries/plant",
    "subscriptions/",
])
def test_bad_client_ids(gate, operator, ca, client_id):
    leaf = ca.leaf()
    before = len(operator.on("ztp/v1/audit", code="bad_path"))
    with gate.first(client_id, leaf) as device:
        assert device.connack == 0x87
    operator.audit("bad_path", count=before + 1)


def test_unknown_registry_and_device(gate, operator, ca):
    leaf = ca.leaf()
    refused(gate, operator, leaf, "unknown_registry", path_of("acme/nowhere"))
    refused(gate, operator, leaf, "unknown_registry",
            path_of("other/plant"))
    path = path_of(REGISTRY)
    with gate.unused(path, leaf) as device:
        assert device.connack == 0x87
    operator.audit("unknown_device", path)


def test_a_second_certificate_for_a_device(gate, operator, ca):
    leaf, path = ca.issue(), path_of(REGISTRY)
    device = gate.first(path, leaf, session=True)
    device.subscribed(device.commands)
    other = ca.issue()
    with gate.first(path, other) as impostor:
        assert impostor.connack == 0x87
    operator.audit("device_exists", path)
    for password in (jwt(other), jwt(leaf)[:-6] + "AAAAAA", "x"):
        with gate.unused(path, leaf, password) as impostor:
            assert impostor.connack == 0x87
    operator.audit("wrong_key", path, 2)
    operator.audit("bad_proof", path)
    assert device.alive()
    operator.publish(device.commands, b'{"status":"hello"}')
    device.wait_status("hello")
    device.close()


def test_onboarding_off(gate, operator, ca):
    operator.registry("acme/off", ca, onboarding="off")
    refused(gate, operator, ca.leaf(), "onboarding_off", path_of("acme/off"))


def test_who_is_no_device_stays_with_the_broker(gate):
    from harness.gate import Device

    with Device(gate, "anybody", "backend", "wrong", tls=False) as client:
        assert not client.accepted
    with Device(gate, "anybody", "backend", "operator", tls=False) as client:
        assert client.accepted
