"""The gate that is played in the simulation (tests/sim/gate.h) says the same as
the real one: the same script is done to both, and what they say is compared by
members, values and order. What cannot be the same in both, such as ids, is
compared by who it belongs to."""

import json
import re
import subprocess

import pytest

from harness.gate import Gate, jwt
from harness.until import until
from harness.where import binary

PENDING, WITHDRAWN = "ztp/v1/pending", "ztp/v1/withdrawn"
SUBSCRIBED, RESPONSE = "ztp/v1/subscribed", "$CONTROL/ztp/v1/response"
# What of its own accord is offered, and may be twice, and what is said in order.
OFFERED, SAID = (PENDING, WITHDRAWN), (SUBSCRIBED, RESPONSE)
DEVICES = 20  # two for each path


class Stage:
    """Steps, each with the messages that it causes, in the words of both."""

    def __init__(self):
        self.names = {}  # of what belongs to a device, or is an id
        self.counts = {}
        self.ids = {}    # of candidates, by device
        self.offered = []

    def know(self, number, path, fingerprint, certificate):
        self.names |= {path: f"path {number // 2}",
                       fingerprint: f"key {number}",
                       certificate: f"certificate {number}"}

    def name(self, kind, value):
        if value not in self.names:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[value] = f"{kind} {self.counts[kind]}"
        return self.names[value]

    def plain(self, key, value):
        if isinstance(value, dict):
            return {k: self.plain(k, v) for k, v in sorted(value.items())}
        if isinstance(value, list):
            return [self.plain(key, v) for v in value]
        if key in ("request_id", "connection"):
            return self.name(key, value)
        if key in ("spki_sha256", "version", "error", "remote_addr") or \
                re.fullmatch(r"\d{4}-.*T.*Z", str(value)):
            assert isinstance(value, str) and value
            return f"some {key}"
        if key in ("max_bytes", "retry_after_s", "registries", "devices",
                   "pending", "oldest_unacknowledged_s"):
            assert isinstance(value, int)
            return f"some {key}"
        return self.names.get(value, value) if isinstance(value, str) else value

    def understand(self, messages):
        """What was offered, unless it has been before, and what was said."""
        offered, said = [], []
        for topic, body in messages:
            if topic == PENDING:
                number = self.names[body["certificate"]].split()[1]
                self.ids[int(number)] = body["request_id"]
            entry = (topic, self.plain("", body))
            if topic in SAID:
                said.append(entry)
            elif entry not in self.offered:
                self.offered.append(entry)
                offered.append(entry)
        return offered, said

    def member(self, value):
        """In a script a number stands for a device, in a list for its id."""
        if isinstance(value, list):
            return [self.ids[n] for n in value]
        return value

    def command(self, name, number=None, **members):
        found = {"command": name, "correlationData": f"c-{name}-{number}"}
        if number is not None:
            found |= {"device_path": self.path(number),
                      "fingerprint_sha256": self.fingerprint(number)}
        if name == "createDevice":
            members.setdefault("request_id", self.ids.get(number, "nobody"))
        return found | {k: self.member(v) for k, v in members.items()}

    def send(self, *commands):
        return self.text(json.dumps(
            {"commands": [self.command(name, *rest[:-1], **rest[-1])
                          for name, *rest in commands]}))


class Played(Stage):
    def __init__(self):
        super().__init__()
        self.child = subprocess.Popen([binary("sim/gate-played")], text=True,
                                      stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.devices = [line.split() for line in self.lines()[0]]
        for number, what in enumerate(self.devices):
            self.know(number, *what)

    def lines(self):
        found = []
        for line in self.child.stdout:
            if line.startswith(". "):
                return found, line.strip() == ". 1"
            found.append(line)
        raise AssertionError("it has ended")

    def step(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        lines, let_in = self.lines()
        messages = [line.split(" ", 1) for line in lines]
        return let_in, *self.understand(
            [(topic, json.loads(text)) for topic, text in messages])

    def path(self, number):
        return self.devices[number][0]

    def fingerprint(self, number):
        return self.devices[number][1]

    def text(self, text):
        return self.step(f"send {text}")

    def connect(self, number, credential):
        return self.step(f"connect {number} {credential}")

    def subscribe(self, number):
        return self.step(f"subscribe {number}")

    def leave(self, number):
        return self.step(f"leave {number}")

    def withdraw(self, number, reason):
        return self.step(f"withdraw {number} {reason}")

    def close(self):
        self.child.stdin.close()
        assert self.child.wait(10) == 0


class Real(Stage):
    def __init__(self, gate, ca, leaves, registry):
        super().__init__()
        self.gate, self.registry = gate, f"acme/{registry}"
        self.operator = gate.operator()
        self.operator.registry(self.registry, ca, onboarding="custom")
        self.leaves = leaves
        self.clients = {}
        for number, leaf in enumerate(self.leaves):
            self.know(number, self.path(number), leaf.fingerprint, leaf.base64)
        self.looked = 0
        self.said()

    def path(self, number):
        registry = self.registry.split("/")[1]
        return (f"subscriptions/acme/registries/{registry}/devices/"
                f"d{number // 2:05}")

    def fingerprint(self, number):
        return self.leaves[number].fingerprint

    def said(self):
        """All that has been said when the gate answers this. What a device's
        SUBSCRIBE causes is said in the next turn, so it answers twice."""
        for _ in range(2):
            self.operator.do("listRegistries")
        found = [(m.topic, json.loads(m.payload))
                 for m in list(self.operator.seen)[self.looked:]]
        self.looked += len(found)
        return [(topic, body) for topic, body in found
                if topic in OFFERED or topic == SUBSCRIBED
                or topic == RESPONSE and all(
                    r["correlationData"].startswith("c-")
                    for r in body["responses"])]

    def step(self, let_in=True):
        return let_in, *self.understand(self.said())

    def text(self, text):
        self.operator.publish("$CONTROL/ztp/v1", text)
        return self.step()

    def connect(self, number, credential):
        leaf = self.leaves[number]
        name = leaf.base64 if credential == "certificate" else "unused"
        device = self.gate.first(self.path(number), leaf, username=name,
                                 password=jwt(leaf))
        if device.accepted:
            self.clients[number] = device
        return self.step(device.accepted)

    def subscribe(self, number):
        device = self.clients[number]
        device.subscribed(device.commands)
        return self.step()

    def leave(self, number):
        self.clients.pop(number).close()
        path, key = self.path(number), self.fingerprint(number)
        until(lambda: not self.operator.do(
            "getDevice", device_path=path, fingerprint_sha256=key)["live"],
            f"{path} is gone")
        return self.step()

    def withdraw(self, number, reason):
        if reason == "rejected":
            self.operator.do("rejectPending", request_id=self.ids[number])
        else:
            self.operator.do(
                "removeRegistryCa", registry=self.registry,
                fingerprint_sha256=self.operator.do(
                    "getRegistry", registry=self.registry,
                )["cas"][0]["fingerprint_sha256"])
        self.operator.wait_on(WITHDRAWN, request_id=self.ids[number])
        return self.step()

    def close(self):
        for device in self.clients.values():
            device.close()
        self.operator.close()


def held(number):
    return [("connect", number, "certificate"), ("subscribe", number)]


def ask(*commands):
    """Commands in one message: a name, a device, and a dict of members."""
    return ("send", *commands)


def get(number):
    return ("getDevice", number, {})


def create(number, **members):
    return ("createDevice", number, members)


def reject(number):
    return ("rejectDevice", number, {"retry_after_s": 3600})


def ack(*numbers):
    return ("ackPending", {"request_ids": list(numbers)})


BEGIN = [ask(("getInfo", {})), *held(0), ask(get(0)), ask(ack(0)), ask(ack(0))]
SCRIPTS = {
    "approved": [
        *BEGIN,
        ask(create(0)), ask(get(0)), ask(create(0)),
        ask(create(0, request_id="another"), reject(0), create(1), get(1)),
        ask(create(18), get(18)),
    ],
    "batch": [
        *BEGIN, *held(2), ("connect", 4, "certificate"), *held(6), *held(8),
        ask(ack(2, 4, 6, 8)),
        ask(create(0), create(2), reject(4), get(6), create(4), reject(8),
            get(4), get(8), create(6), get(6), get(2), reject(4)),
    ],
    "two of a path": [
        *held(0), ("connect", 1, "certificate"), ask(get(1), get(0)),
        ask(ack(0, 1)), ("leave", 0), ("connect", 1, "certificate"),
        ("subscribe", 1), ask(create(0), get(1)),
        ("connect", 1, "certificate"), ("connect", 0, "certificate"),
    ],
    "comes again": [
        *BEGIN, ask(create(0)), ("leave", 0), ask(get(0)),
        ("connect", 0, "certificate"), ask(get(0)),
        ask(("resendDevice", 0, {})),
        ("subscribe", 0), ("subscribe", 0), ask(("resendDevice", 0, {})),
        ask(get(0)), ("leave", 0), ("connect", 0, "unused"),
        ("subscribe", 0), ask(get(0)), ("leave", 0),
        ask(("resendDevice", 0, {})),
    ],
    "rejected": [
        *BEGIN, ask(reject(0)), ask(get(0), reject(0), create(0)),
        ("connect", 0, "certificate"),
    ],
    "withdrawn": [
        *BEGIN, ("withdraw", 0, "rejected"), ask(create(0)), ask(get(0)),
        ask(ack(0)), ask(ack(0)), *held(2), ("withdraw", 2, "rejected"),
        ask(ack(2)), ask(ack(2)), ask(ack(2)), *held(4),
        ("withdraw", 4, "ca_removed"), ask(get(4), create(4), reject(4)),
        ask(create(4, request_id="another")),
    ],
    "refuse": [
        ask(("getInfo", {})), ("connect", 0, "certificate"),
        ("connect", 2, "certificate"), ask(get(0)), ask(ack(0, 2)),
        ("connect", 0, "certificate"), ask(create(0), reject(2)),
        ask(get(0), get(2)), *held(0), ask(get(0)), ("leave", 0),
        ("connect", 0, "unused"), ("subscribe", 0),
        ("connect", 2, "certificate"),
    ],
}


@pytest.fixture(scope="module")
def gates(tmp_path_factory, ca):
    """A broker for each pending mode. Each script has its own registry."""
    server = ca.server()
    found = {mode: Gate(tmp_path_factory.mktemp(mode), server,
                        {"pending_mode": mode}).start()
             for mode in ("hold", "refuse")}
    yield found
    for gate in found.values():
        gate.stop()


@pytest.fixture(scope="module")
def leaves(ca):
    return [ca.issue() for _ in range(DEVICES)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_same(name, gates, ca, leaves):
    mode = "refuse" if name == "refuse" else "hold"
    played = Played()
    real = Real(gates[mode], ca, leaves, name.replace(" ", "-"))
    played.step(f"mode {mode}")
    for n, (what, *rest) in enumerate(SCRIPTS[name]):
        there = getattr(played, what)(*rest)
        here = getattr(real, what)(*rest)
        assert there == here, f"step {n}: {what} {rest}"
    played.close()
    real.close()
