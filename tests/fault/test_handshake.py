"""The handshake with the gate, with messages lost between any two steps:
bridge or Mosquitto is killed (-9) at the moment a command or a response
passes, before or after it.

ROUNDS=100 pytest tests/fault/test_handshake.py runs each combination more than
once. Every round takes the next step, victim and fate; SEED repeats the
delays."""

import dataclasses
import itertools
import json
import os
import random
import signal
import threading

import pytest

from harness.gate import path_of
from harness.handshake import CUSTOM, Handshake
from harness.ports import free_port
from harness.until import until

from .proxy import DOWN, UP, Net, Proxy

ROUNDS = int(os.environ.get("ROUNDS", "12"))
SEED = int(os.environ.get("SEED", "1"))
SLACK = 120.0  # two restarts and their back-offs, on a busy machine

# What passes between bridge and broker, in the order of a life.
APPROVED = {
    "pending event": (DOWN, b'"certificate"'),
    "ackPending": (UP, b'"ackPending"'),
    "createDevice": (UP, b'"createDevice"'),
    "its answer": (DOWN, b'"createDevice"'),
    "subscribed": (DOWN, b'"state":"device"'),
    "command": (UP, b'"approved"'),
    "its PUBACK": (DOWN, b'\x40'),
}
REJECTED = {
    "getDevice": (UP, b'"getDevice"'),
    "its answer": (DOWN, b'"getDevice"'),
    "notice": (UP, b'"rejected"'),
    "rejectDevice": (UP, b'"rejectDevice"'),
    "its answer to that": (DOWN, b'"rejectDevice"'),
}
KILLS = [
    (decision, step, victim, passes)
    for victim, passes in itertools.product(("bridge", "gate"),
                                            (False, True))
    for decision, steps in (("approve", APPROVED), ("reject", REJECTED))
    for step in steps
]


@dataclasses.dataclass
class Trap:
    """Triggers once, at the first sight of the bytes."""

    direction: int
    pattern: bytes
    after: object  # a pattern that must have passed UP before, or None
    passes: bool
    spring: object
    set: bool = True
    armed: bool = False
    tail: bytes = b""


class Trapped(Handshake):
    """The bridge reaches the gate through a proxy with a trap in it."""

    def __init__(self, folder, kafka, ca, server, net):
        super().__init__(folder, kafka, ca, server, port=free_port(),
                         settings={"onboarding": {"reject_cooldown": "1h"}})
        self.net = net
        self.proxy = Proxy(net, self.gate.port, lambda: self._tap)
        self.bridge.settings["mqtt"]["url"] = (
            f"mqtt://127.0.0.1:{self.proxy.port}")
        self.bridge.write_config()
        self.trap = None
        self.sprung = threading.Event()
        self.back = False  # whoever was killed has been started again
        self.random = random.Random(SEED)

    def set_trap(self, decision, step, victim, passes):
        steps = APPROVED if decision == "approve" else REJECTED
        direction, pattern = steps[step]
        after = b'"approved"' if step == "its PUBACK" else None
        self.sprung.clear()
        self.back = False
        self.trap = Trap(direction, pattern, after, passes,
                         lambda: self._kill(victim), armed=after is None)

    def _kill(self, victim):
        process = self.bridge if victim == "bridge" else self.gate
        os.kill(process.pid, signal.SIGKILL)
        self.sprung.set()

    def _tap(self, direction, data):
        """Runs in the proxies' thread, before data is forwarded."""
        trap = self.trap
        if not trap or not trap.set:
            return
        if not trap.armed:
            trap.armed = direction == UP and trap.after in data
            return
        if direction != trap.direction:
            return
        trap.tail = (trap.tail + data)[-70000:]
        if trap.pattern not in trap.tail:
            return
        trap.set = False
        if trap.passes:
            delay = self.random.choice([0, 0, 0.0005, 0.002, 0.01])
            self.net.loop.call_later(delay, trap.spring)
            return
        trap.spring()
        for link in list(self.proxy.links):
            link.close(rst=True)

    def tend(self):
        """Starts again whichever process was killed."""
        for process in (self.gate, self.bridge):
            if not process.alive():
                process.wait_exit(expect=-signal.SIGKILL)
                process.start()
                self.back = True
                return True
        return False

    def until(self, condition, what):
        def look():
            self.tend()
            return condition()

        return until(look, what, SLACK)

    def ask(self, command, **members):
        with self.gate.operator(listen=False) as operator:
            return operator.ask(command, **members)


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka, ca):
    net = Net()
    rig = Trapped(tmp_path_factory.mktemp("trapped"), real_kafka, ca,
                  ca.server(), net)
    rig.start()
    rig.operator.close()
    yield rig
    rig.trap = None
    rig.stop()
    rig.proxy.close()
    net.close()


def records(rig, topic, path):
    rig.reader.poll()
    return rig.reader.find(rig.topics[topic], path)


def results(rig, path):
    """Results by ce_id: a record written again after a crash is the same
    one."""
    return {r.header("ce_id"): r.json() for r in
            records(rig, "results", path)}


class Back:
    """Connects the device afterwards as an onboarded one. Without it, a bridge
    that has not seen the PUBACK rightly waits for the device."""

    def __init__(self, rig, path, leaf):
        self.rig, self.path, self.leaf = rig, path, leaf
        self.device = None

    def come(self):
        if self.device and self.device.alive():
            return
        try:
            self.device = self.rig.gate.unused(self.path, self.leaf,
                                               session=True)
            self.device.subscribed(self.device.commands)
        except (OSError, TimeoutError):
            self.device = None  # the broker is gone again

    def close(self):
        if self.device:
            self.device.close()


def finished(rig, path, child, back):
    """Both sides have their answer."""
    if rig.sprung.is_set() and child.poll() == 0:
        back.come()
    return rig.back and results(rig, path) and (
        not child_waits(rig, path) or child.poll() is not None)


def child_waits(rig, path):
    return [r["outcome"] for r in results(rig, path).values()] == [
        "onboarded"]


def check_onboarded(rig, path, leaf, request_id, child, out, back):
    assert child.returncode == 0, child.returncode
    told = json.loads(out.read_text())
    assert told["payload"] == {"for": path}
    assert told["request_id"] == request_id
    device = rig.ask("getDevice", device_path=path)["data"]
    assert device["request_id"] == request_id
    assert device["fingerprint_sha256"] == leaf.fingerprint
    back.come()
    # whatever was sent again is the same command
    assert {json.loads(m.payload)["request_id"]
            for m in back.device.seen} <= {request_id}


def check_rejected(rig, path, leaf, child):
    def rejected():
        answer = rig.ask("getDevice", device_path=path,
                         fingerprint_sha256=leaf.fingerprint)
        return answer.get("data", {}).get("state") == "rejected"

    rig.until(rejected, "the gate knows of the rejection")
    child.terminate()
    child.wait(30)
    assert child.returncode in (3, 4, 1, -signal.SIGTERM), child.returncode


@pytest.mark.parametrize("number", range(ROUNDS))
def test_round(rig, tmp_path, number):
    # 29 and the number of kills have no common divisor, so every kill comes
    # before any is repeated; the first 12 see each step, and never kill the
    # gate three times in a row, after which the bridge waits for half a minute
    # since it takes that for another client with its name.
    decision, step, victim, passes = KILLS[number * 29 % len(KILLS)]
    path, leaf, out = path_of(CUSTOM), rig.ca.issue(), tmp_path / "out"
    back = Back(rig, path, leaf)
    rig.set_trap(decision, step, victim, passes)
    # Its answer would be a result of its own.
    child = rig.ztp_device(path, leaf, "--out", out, "--no-ack",
                           wait=int(SLACK))
    try:
        rig.until(lambda: records(rig, "requests", path), "a request")
        request = records(rig, "requests", path)[0]
        more = {"payload": {"for": path}} if decision == "approve" else {}
        rig.decide(request, decision, **more)
        rig.until(lambda: finished(rig, path, child, back),
                  lambda: f"{decision}, {victim} killed at {step}, "
                  f"{'passed' if passes else 'lost'}: "
                  f"{results(rig, path)}, device {child.poll()}")
        request_id = request.json()["request_id"]
        if decision == "approve":
            check_onboarded(rig, path, leaf, request_id, child, out, back)
        else:
            check_rejected(rig, path, leaf, child)
        outcome = "onboarded" if decision == "approve" else "rejected"
        assert [(r["outcome"], r["request_id"]) for r in
                results(rig, path).values()] == [(outcome, request_id)]
        assert {r.json()["request_id"] for r in
                records(rig, "requests", path)} == {request_id}
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()
        back.close()
