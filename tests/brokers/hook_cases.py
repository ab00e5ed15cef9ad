"""What a broker with a hook must refuse: certificates and proofs with one
fault each."""

import re
import time

from harness.certs import Leaf, openssl
from harness.gate import (
    algorithm_of,
    b64url,
    claims,
    hs256,
    jwt,
    sign,
    token,
)
from harness.rig import device_path


def of_ca_key(ca):
    """An ordinary leaf whose key is the CA's own."""
    csr, cert = ca.folder / "own.csr", ca.folder / "own_cert.pem"
    openssl("req", "-new", "-sha256", "-key", ca.key, "-out", csr,
            "-subj", "/CN=unused-device")
    openssl("x509", "-req", "-in", csr, "-CA", ca.cert, "-CAkey", ca.key,
            "-CAcreateserial", "-sha256", "-out", cert)
    return Leaf(cert, ca.key, "rsa2048")


# name: (how to make it, the expected reason in the broker's log)
CERTIFICATES = {
    "other CA": (lambda ca, other: other.issue(), "certificate: "),
    "expired": (lambda ca, other: ca.expired(), "certificate: "),
    "not yet valid": (lambda ca, other: ca.not_yet(), "certificate: "),
    "a CA": (lambda ca, other: ca.ca_leaf(), "certificate: belongs to a CA"),
    "the CA": (lambda ca, other: Leaf(ca.cert, ca.key, "rsa2048"),
               "certificate: belongs to a CA"),
    "the CA's key": (lambda ca, other: of_ca_key(ca),
                     "certificate: belongs to a CA"),
    "SHA-1": (lambda ca, other: ca.sha1(), "certificate: "),
    "RSA 1024": (lambda ca, other: ca.issue("rsa1024"), "certificate: key is"),
    "for servers": (lambda ca, other: ca.issue(
        extensions="extendedKeyUsage=serverAuth\n"), "certificate: "),
    "no signatures": (lambda ca, other: ca.issue(
        extensions="keyUsage=critical,keyEncipherment\n"),
        "certificate: key usage"),
    "only agreement": (lambda ca, other: ca.issue(
        extensions="keyUsage=critical,keyAgreement\n"),
        "certificate: key usage"),
    "critical": (lambda ca, other: ca.issue(
        extensions="1.2.3.4=critical,ASN1:NULL\n"), "certificate: "),
}


def spki(leaf, form="PEM"):
    public = openssl("x509", "-in", leaf.path, "-noout", "-pubkey")
    return openssl("pkey", "-pubin", "-outform", form, data=public)


def rs512(leaf):
    """A proof that is valid except for its algorithm."""
    return token({"alg": "RS512"}, claims(), lambda data: openssl(
        "dgst", "-sha512", "-sign", leaf.key_path, data=data))


def unsigned(leaf):
    return token({"alg": "none"}, claims(), lambda data: b"")


def bare(leaf, **more):
    """A proof with exactly the given claims."""
    return token({"alg": algorithm_of(leaf.kind)}, more,
                 lambda data: sign(leaf, data))


NOW = int(time.time())
PROOFS = {
    "by another key": lambda leaf, ca: jwt(ca.issue(leaf.kind)),
    "another aud": lambda leaf, ca: jwt(leaf, audience="else"),
    "no aud": lambda leaf, ca: jwt(leaf, audience=None),
    "expired": lambda leaf, ca: jwt(leaf, issued=-7200),
    "beyond the skew": lambda leaf, ca: jwt(leaf, issued=-3600 - 660),
    "iat ahead": lambda leaf, ca: jwt(leaf, issued=660),
    "nbf ahead": lambda leaf, ca: jwt(leaf, nbf=NOW + 86400),
    "too long": lambda leaf, ca: jwt(leaf, lifetime=86401),
    "backwards": lambda leaf, ca: jwt(leaf, lifetime=-1),
    "for another": lambda leaf, ca: jwt(leaf, sub=device_path()),
    "no iat": lambda leaf, ca: bare(leaf, exp=NOW + 60, aud="acme"),
    "no exp": lambda leaf, ca: bare(leaf, iat=NOW, aud="acme"),
    "fractions": lambda leaf, ca: jwt(leaf, exp=NOW + 60.5),
    # exp - iat overflows 64 bits
    "for ever": lambda leaf, ca: bare(leaf, iat=-2**63, exp=2**40,
                                      aud="acme"),
    "text": lambda leaf, ca: jwt(leaf, exp=str(NOW + 60)),
    "alg none": lambda leaf, ca: unsigned(leaf),
    "HS256, PEM": lambda leaf, ca: hs256(leaf, spki(leaf)),
    "HS256, DER": lambda leaf, ca: hs256(leaf, spki(leaf, "DER")),
    "HS256, certificate": lambda leaf, ca: hs256(leaf, leaf.pem.encode()),
    "no signature": lambda leaf, ca: jwt(leaf).rsplit(".", 1)[0] + ".",
    "crit": lambda leaf, ca: re.sub(
        r"^[^.]+", b64url(b'{"alg":"ES256","crit":["b64"],"b64":true}'),
        jwt(leaf)),
    "no JWT": lambda leaf, ca: "secret",
}
