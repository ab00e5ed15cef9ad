"""Hostile clients at the gate. Each kind of attack is an endless series of
CONNECTs, none of which may be accepted:

    with Attack(gate.port, wrong_proofs(target), rate=200) as attack:
        ...  # honest devices do as they always do

All addresses of 127.0.0.0/8 are this machine's, so an attack may come from
several of them."""

import base64
import itertools
import json
import os
import socket
import threading
import time
from dataclasses import dataclass

from .gate import b64url, claims, jwt, token
from .until import DEADLINE, until

HOME = "127.0.0.1"


@dataclass
class Connect:
    """Of str, or bytes that are no text."""

    client_id: str
    username: str
    password: str


@dataclass
class Target:
    path: str  # of a device that exists
    kind: str = "ES256"  # its key's algorithm
    audience: str = "acme"
    stranger: object = None  # a leaf of a CA that the registry does not trust

    def paths(self):
        """Other paths of the same registry."""
        stem = self.path.rsplit("/", 1)[0]
        return (f"{stem}/stranger-{n}" for n in itertools.count())


# ---- kinds of attack

def forged(target, size=64):
    """A JWT that is good but for its signature."""
    size = {"ES384": 96, "RS256": 256}.get(target.kind, size)
    return token({"alg": target.kind}, claims(audience=target.audience),
                 lambda _: os.urandom(size))


def wrong_passwords(target):
    """The victim's path, and a password that is no JWT."""
    for n in itertools.count():
        yield Connect(target.path, "unused", f"wrong-{n}")


def wrong_proofs(target):
    """The victim's path with forged signatures, each of which has to be
    verified."""
    while True:
        yield Connect(target.path, "unused", forged(target))


def one_wrong_proof(target):
    """The same forged signature again and again."""
    proof = forged(target)
    while True:
        yield Connect(target.path, "unused", proof)


def malformed(target):
    """Nothing that could be a certificate, and client ids that are no
    paths."""
    names = ("", "x", "-----BEGIN CERTIFICATE-----", "A" * 16000, "=" * 64,
             base64.b64encode(os.urandom(900)).decode())
    paths = target.paths()
    for name in itertools.cycle(names):
        yield Connect(next(paths), name, "x")
        yield Connect(next(paths), name or "unused", forged(target))
        yield Connect("subscriptions/" + "/" * 50, name, "x")


def strangers(target):
    """Certificates of a CA that is not the registry's, with good proofs, under
    ever new paths."""
    proof = jwt(target.stranger, audience=target.audience)
    for path in target.paths():
        yield Connect(path, target.stranger.base64, proof)


def stale(target):
    """JWTs that have expired, are not valid yet, or are for somebody else."""
    shapes = ({"issued": -90000}, {"issued": 90000}, {"audience": "other"},
              {"sub": "another/path"}, {"lifetime": 90000})
    for shape in itertools.cycle(shapes):
        text = token({"alg": target.kind},
                     claims(**{"audience": target.audience, **shape}),
                     lambda _: os.urandom(64))
        yield Connect(target.path, "unused", text)


def odd_shapes(target):
    """Client ids, usernames and JWTs as no library writes them: some the broker
    refuses, the others are the gate's to read."""
    proof = claims(audience=target.audience)
    good = json.dumps({"alg": target.kind})
    deep, many = "[" * 3000, ",".join(f'"{n}":0' for n in range(1300))
    headers = ("", "null", "[]", '"ES256"', f" {good}" * 2, " " * 5000 + good,
               f"\ufeff{good}", f'{{"alg":"{target.kind}","alg":"none"}}',
               f'{{"alg":"{target.kind}","x":{deep}', f"{{{many}}}",
               f'{{"alg":["{target.kind}"]}}', '{"alg":"ES256\\u0000"}',
               f'{{"alg":"{target.kind}","b64":false}}')
    bodies = (json.dumps(proof), json.dumps({**proof, "exp": 1e308}),
              json.dumps({**proof, "exp": 1 << 63}), f'{{"exp":{deep}',
              json.dumps({**proof, "exp": -(1 << 63)}), "9" * 5000,
              json.dumps({**proof, "aud": ["x"] * 2000}), f"{{{many}}}")
    ends = ("", ".", "." * 9000, ".A", ".!", "=", " ", "\n", f".{'A' * 9000}",
            "." + b64url(bytes(64)), "." + b64url(b"\xff" * 64))
    names = ("unused ", "UNUSED", "\ufeffunused", "A" * 60000, "=" * 16000,
             "-----BEGIN CERTIFICATE-----" * 500, b"\xff\xfe", b"a\0b", "a\nb",
             b"\xed\xa0\x80", "unused")
    ids = (target.path, f"{target.path}/", f"{target.path}#", b"\xff",
           target.path.upper(), "subscriptions/" + "a/" * 20000,
           target.path.encode() + b"\0", "subscriptions/+/registries/#")
    for n in itertools.count():
        text = (b64url(headers[n % len(headers)].encode()) + "."
                + b64url(bodies[n // 2 % len(bodies)].encode())
                + ends[n // 3 % len(ends)])
        yield Connect(target.path, "unused", text)
        yield Connect(ids[n % len(ids)], names[n // 5 % len(names)], text)


KINDS = {kind.__name__: kind for kind in (
    wrong_passwords, wrong_proofs, one_wrong_proof, malformed, strangers,
    stale, odd_shapes)}


# ---- sending

def packet(connect):
    def text(value):
        data = value if isinstance(value, bytes) else value.encode()
        return len(data).to_bytes(2, "big") + data

    body = (b"\0\4MQTT\4\xc2\0\x3c" + text(connect.client_id)
            + text(connect.username) + text(connect.password))
    length, size = len(body), b""
    while True:
        size += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return b"\x10" + size + body


def knock(port, connect, source=HOME):
    """The CONNACK's code of one MQTT 3.1.1 CONNECT; None when the broker
    closes the connection without one. Disconnects at once."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE,
                                  (source, 0)) as raw:
        try:
            raw.sendall(packet(connect))
            answer = raw.recv(4)
            if answer[3:] == b"\0":
                raw.sendall(b"\xe0\0")
        except ConnectionError:
            return None
        return answer[3] if len(answer) == 4 else None


class Attack:
    """Sends CONNECTs from a thread of its own: rate a second, or as fast as
    it can."""

    def __init__(self, port, connects, rate=None, sources=(HOME,)):
        self.port, self.connects, self.rate = port, connects, rate
        self.sources = itertools.cycle(sources)
        self.sent, self.accepted = 0, []
        self.trouble = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.wait(1)
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        if self.trouble:
            raise self.trouble

    def wait(self, count):
        """Until that many more have been sent."""
        goal = self.sent + count
        until(lambda: self.sent >= goal or self.trouble,
              lambda: f"{goal} hostile CONNECTs; there are {self.sent}", 300)

    def _run(self):
        try:
            begin = time.monotonic()
            for connect in self.connects:
                if self.over.is_set():
                    return
                if knock(self.port, connect, next(self.sources)) == 0:
                    self.accepted.append(connect)
                self.sent += 1
                if self.rate:
                    self.over.wait(begin + self.sent / self.rate
                                   - time.monotonic())
        except Exception as trouble:  # told where the attack is used
            self.trouble = trouble
