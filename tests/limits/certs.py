"""Certificates at a bound and over it. Each is made once; the key is the one of
the CA's plain leaf, or is none at all: nobody has to sign with it."""

import base64
import random
import subprocess
import tempfile

from harness.certs import openssl

RSA = bytes.fromhex("300d06092a864886f70d0101010500")  # its AlgorithmIdentifier


def der(tag, body):
    size = len(body).to_bytes(4, "big").lstrip(b"\0")
    head = bytes([len(body)]) if len(body) < 128 else \
        bytes([128 + len(size)]) + size
    return bytes([tag]) + head + body


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def rsa_key(bits):
    """A public key of that size, as PEM; its modulus is any odd number."""
    modulus = random.getrandbits(bits - 1) | 1 << (bits - 1) | 1
    key = der(0x30, integer(modulus) + integer(65537))
    spki = der(0x30, RSA + der(3, b"\0" + key))
    return ("-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki).decode()
            + "-----END PUBLIC KEY-----\n")


class Certs:
    """Issues certificates, each of which is returned as base64 of DER."""

    def __init__(self, ca):
        self.ca = ca
        self.made = {}
        self.folder = tempfile.TemporaryDirectory(prefix="ztp-limits-")
        self.request = self.path("csr")
        openssl("req", "-new", "-key", ca.leaf().key_path, "-out",
                self.request, "-subj", "/CN=unused-device")

    def path(self, name):
        return f"{self.folder.name}/{name}"

    def issue(self, *more, serial="0x1234", request=None):
        pem = openssl("x509", "-req", "-in", request or self.request, "-CA",
                      self.ca.cert, "-CAkey", self.ca.key, "-sha256", "-days",
                      "30", "-set_serial", serial, *more)
        out = subprocess.run(["openssl", "x509", "-outform", "DER"], input=pem,
                             stdout=subprocess.PIPE, check=True)
        return base64.b64encode(out.stdout).decode()

    def once(self, make, count):
        if (make, count) not in self.made:
            self.made[make, count] = make(self, count)
        return self.made[make, count]

    def with_extensions(self, text):
        with open(self.path("ext"), "w", encoding="ascii") as out:
            out.write(f"{text}subjectKeyIdentifier=none\n"
                      "authorityKeyIdentifier=none\n")
        return self.issue("-extfile", self.path("ext"))


def names(certs, count):
    listed = ",".join(f"DNS:d{n}.example" for n in range(count))
    return certs.with_extensions(f"subjectAltName={listed}\n")


def extensions(certs, count):
    return certs.with_extensions("".join(
        f"1.3.6.1.4.1.99999.{n}=ASN1:NULL\n" for n in range(count)))


def serial(certs, count):
    return certs.issue(serial="0x7f" + "01" * (count - 1))


def subject_of(text):
    """An issuer of make(certs, _): the RFC 4514 string is written from its
    end."""
    def make(certs, _):
        request = certs.path("named")
        openssl("req", "-new", "-key", certs.ca.leaf().key_path, "-out",
                request, "-subj", "/" + "/".join(reversed(text.split(","))))
        return certs.issue(request=request)

    return make


def rsa(certs, bits):
    with open(certs.path("key"), "w", encoding="ascii") as out:
        out.write(rsa_key(bits))
    return certs.issue("-force_pubkey", certs.path("key"))
