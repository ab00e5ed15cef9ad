"""What misbehaves at the gate, from the address of the honest devices unless
its name says otherwise. `stage` is a gate.GateHonest. Everything here is
something that a stranger, a device or an operator can send; what stands for
which fault is in __init__.py."""

import http.client
import itertools
import json
import os
import socket

from harness import attack as knocks
from harness.attack import Connect, Target, knock, packet
from harness.gate import CONTROL, OPERATOR, PASSWORD, jwt
from harness.mqtt import Client

from hostile.attacks import Attack
from hostile.fleet import subscribe

MANY = [f"127.0.{n // 250 + 1}.{n % 250 + 1}" for n in range(2000)]
MINE = "subscriptions/acme/registries/{}/devices/hostile-{}"
serial = itertools.count(1)


# --- CONNECTs that may not be accepted

class Knocks(Attack):
    """CONNECTs of one of harness.attack's kinds."""

    kind = None
    a_second = 200
    sources = ("127.0.0.1",)

    def begin(self, stage):
        rig = stage.rig
        self.port = rig.gate.port
        self.source = itertools.cycle(self.sources)
        target = Target(stage.known_path(), stranger=rig.stranger)
        self.connects = knocks.KINDS[self.kind](target)

    def step(self, n):
        code = knock(self.port, next(self.connects), next(self.source))
        assert code != 0, "a hostile CONNECT was accepted"


def kinds():
    """Every kind from the honest devices' own address, and those that a
    throttle by address would be for from many."""
    for kind in knocks.KINDS:
        for suffix, sources in (("", Knocks.sources), ("Everywhere", MANY)):
            if suffix and kind not in ("wrong_proofs", "malformed"):
                continue
            where = " from 2000 addresses" if suffix else ""
            yield type(
                kind.title().replace("_", "") + suffix, (Knocks,),
                {"kind": kind, "sources": sources,
                 "name": f"CONNECT: {kind.replace('_', ' ')}{where}"})


class SilentSockets(Attack):
    name = "CONNECT: 500 connections that say nothing"
    a_second = 100
    most = 500
    hello = b""

    def begin(self, stage):
        self.port, self.sockets = stage.rig.gate.port, []

    def step(self, n):
        one = socket.create_connection(("127.0.0.1", self.port), 60)
        one.sendall(self.hello)
        self.sockets.append(one)

    def end(self):
        for one in self.sockets:
            one.close()


class HalfConnects(SilentSockets):
    name = "CONNECT: 500 of 120 kB that stop half way"
    hello = packet(Connect("x", "A" * 60000, "B" * 60000))[:100000]


class OnePathManyKeys(Attack):
    """Each CONNECT is a good one: the path has ever other contenders."""

    name = "CONNECT: one path, 16 keys, all with good proofs"
    a_second = 100

    def begin(self, stage):
        rig = stage.rig
        self.port = rig.gate.port
        self.path = MINE.format("custom", next(serial))
        self.proofs = [(leaf.base64, jwt(leaf)) for leaf in
                       (rig.ca.issue() for _ in range(16))]

    def step(self, n):
        knock(self.port, Connect(self.path, *self.proofs[n % 16]))


class ManyPathsOneKey(OnePathManyKeys):
    name = "CONNECT: one good certificate, ever other paths"

    def step(self, n):
        knock(self.port, Connect(f"{self.path}-{n}", *self.proofs[0]))


# --- a device that has been onboarded, and is hostile

class Insider(Attack):
    registry = "direct"

    def begin(self, stage):
        rig = stage.rig
        self.rig, self.port = rig, rig.gate.port
        self.path = MINE.format(self.registry, next(serial))
        self.leaf = rig.ca.issue()
        self.proof = jwt(self.leaf)
        first = Connect(self.path, self.leaf.base64, self.proof)
        assert knock(self.port, first) == 0
        self.unused = Connect(self.path, "unused", self.proof)
        self.client = None

    def client_of(self, user="unused"):
        self.client = Client(self.port, self.path, user=user,
                             password=self.proof)
        return self.client.client

    def end(self):
        if self.client:
            self.client.close()


class Reconnects(Insider):
    name = "device: comes again 200 times a second"
    a_second = 200

    def step(self, n):
        knock(self.port, self.unused)


class TakesOver(Insider):
    name = "device: takes over from itself 200 times a second"
    a_second = 200

    def begin(self, stage):
        super().begin(stage)
        self.last = []

    def step(self, n):
        one = socket.create_connection(("127.0.0.1", self.port), 60)
        one.sendall(packet(self.unused))
        self.last.append(one)
        if len(self.last) > 3:
            self.last.pop(0).close()

    def end(self):
        for one in self.last:
            one.close()


class Resubscribes(Insider):
    """Each subscription is a reason to tell it again."""

    name = "pending device: subscribes to its commands in a loop"
    registry = "custom"
    a_second = 300

    def begin(self, stage):
        super().begin(stage)
        self.raw = self.client_of(self.leaf.base64)

    def step(self, n):
        self.raw.subscribe(f"{self.path}/commands", 1)
        if n % 3 == 2:
            self.raw.unsubscribe(f"{self.path}/commands")


class ComesWithCertificate(Insider):
    """Whoever comes with its certificate again is told again."""

    name = "device: comes with its certificate again and again"
    a_second = 100

    def step(self, n):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 60) as one:
                one.sendall(packet(Connect(self.path, self.leaf.base64,
                                           self.proof)))
                if one.recv(4)[3:] == b"\0":
                    one.sendall(subscribe(f"{self.path}/commands"))
                    one.recv(5)
        except ConnectionError:
            pass  # it may be refused


class Wills(Insider):
    name = "device: wills, and connections that break"
    a_second = 100

    def step(self, n):
        will = f"{self.path}/events/provisioning"
        body = b"\0\4MQTT\4\xce\0\x3c"
        for text in (self.path, will, "w" * 60000, "unused", self.proof):
            body += len(text).to_bytes(2, "big") + text.encode()
        size = len(body)
        header = b"\x10" + bytes([size & 127 | 128, size >> 7 & 127 | 128,
                                  size >> 14])
        with socket.create_connection(("127.0.0.1", self.port), 60) as one:
            one.sendall(header + body)
            try:
                one.recv(4)
            except ConnectionError:
                pass


class Publishes(Insider):
    topic, retain = "{}/events/provisioning", False
    a_second = 500
    payload = b"x"

    def begin(self, stage):
        super().begin(stage)
        self.raw = self.client_of()
        self.to = self.topic.format(self.path)

    def step(self, n):
        self.raw.publish(self.to, self.payload, 1, self.retain)


class FailedAnswers(Publishes):
    name = "device: answers that fail"
    payload = json.dumps({"status": "apply_failed", "message": "no" * 200})


class WrongAnswers(Publishes):
    name = "device: answers that nobody can read"
    payload = b'"Applied"\0'


class LargeAnswers(Publishes):
    name = "device: answers of 100 kB"
    a_second = 100
    payload = b"z" * 100000


class RetainedCommands(Publishes):
    name = "device: retained messages for command topics"
    topic = "subscriptions/acme/registries/custom/devices/victim/commands"
    retain = True


class Denied(Publishes):
    name = "device: what only the gate and operators may publish"
    topic = "ztp/v1/pending"
    payload = b'{"device_path":"x"}'


class SlowSubscriber(Insider):
    """The back end reads nothing of what a device sends it."""

    name = "back end: subscribed, and reads nothing"
    a_second = 100

    def begin(self, stage):
        super().begin(stage)
        self.raw = self.client_of()
        self.slow = socket.socket()
        self.slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.slow.connect(("127.0.0.1", self.port))
        self.slow.sendall(packet(Connect("slow", "backend", PASSWORD)))
        assert self.slow.recv(4)[3:] == b"\0"
        self.slow.sendall(subscribe(f"{self.path}/events/#"))

    def step(self, n):
        self.raw.publish(f"{self.path}/events/temperature", os.urandom(4000))

    def end(self):
        self.slow.close()
        super().end()


# --- an operator

class Control(Attack):
    """A program of the operator's that runs wild."""

    a_second = 200
    body = b"{"

    def begin(self, stage):
        self.client = Client(stage.rig.gate.port, user=OPERATOR,
                             password=PASSWORD)

    def step(self, n):
        self.client.client.publish(CONTROL, self.body, 1)

    def end(self):
        self.client.close()


class MalformedControl(Control):
    name = "$CONTROL: no JSON"


class ListsControl(Control):
    name = "$CONTROL: lists of all devices"
    a_second = 20
    body = json.dumps({"commands": [
        {"command": "listDevices", "limit": 1000}] * 8})


class PagesControl(Control):
    name = "$CONTROL: one list of all devices after the other"
    body = json.dumps({"commands": [
        {"command": "listDevices", "limit": 1000}]})


class UnknownControl(Control):
    name = "$CONTROL: devices that do not exist"
    body = json.dumps({"commands": [
        {"command": "deleteDevice", "device_path": MINE.format("custom", n)}
        for n in range(16)]})


# --- the admin address, by a page in somebody's browser

class OtherHosts(Attack):
    name = "HTTP: requests with other names"
    a_second = 200

    def begin(self, stage):
        self.address = stage.rig.bridge.http()

    def step(self, n):
        client = http.client.HTTPConnection(self.address, timeout=60)
        try:
            client.request("GET", "/v1/requests",
                           headers={"Host": f"evil-{n}.example"})
            assert client.getresponse().status == 421
        finally:
            client.close()


ALL = (
    *kinds(), SilentSockets, HalfConnects, OnePathManyKeys, ManyPathsOneKey,
    Reconnects, TakesOver, Resubscribes, ComesWithCertificate, Wills,
    FailedAnswers, WrongAnswers, LargeAnswers, RetainedCommands, Denied,
    SlowSubscriber, MalformedControl, ListsControl, PagesControl,
    UnknownControl, OtherHosts,
)
