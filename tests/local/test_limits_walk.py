"""The walk of docs/limits.md: each row at its bound, one over it, and a
thousand over it while neighbours are served (tests/limits/table.py says where
each row is walked)."""

import json
import pathlib
import socket
import subprocess
import time

import pytest
import yaml
from confluent_kafka import Producer

from harness import where
from harness.bridge import run_bridge
from harness.certs import openssl
from harness.gate import RESPONSE, Gate
from harness.until import until
from limits import doors, gate_doors, tool_doors
from limits.table import walks

RSS_MOST = 128 << 20
LOG_MOST = 1000000  # bytes a minute


class World:
    """The rig that all rows of the bridge share."""

    def __init__(self, rig, ca):
        self.rig = rig
        self.ca = ca
        self.made = {}

    def leaves(self, count):
        return [self.ca.issue() for _ in range(count)]

    def leaf_with_names(self, count):
        count = min(count, 200)
        if count not in self.made:
            names = ",".join(f"DNS:d{n}.example" for n in range(count))
            self.made[count] = self.ca.issue(
                extensions=f"subjectAltName={names}").base64
        return self.made[count]

    def write_all(self, topic, values, **more):
        producer = Producer({"bootstrap.servers": self.rig.kafka.brokers,
                             "message.max.bytes": 4 << 20, "log_level": 0,
                             "queue.buffering.max.kbytes": 1 << 20})
        for value in values:
            producer.produce(topic, value, **more)
        assert producer.flush(60) == 0

    def peak(self):
        text = pathlib.Path(f"/proc/{self.rig.bridge.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) * 1024

    def ask(self, head):
        """The status of an answer."""
        host, port = self.rig.bridge.http().rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as sock:
            sock.sendall(head)
            return int(sock.recv(100).split()[1])


@pytest.fixture(scope="module")
def world(make_rig, ca):
    return World(make_rig({"log": {"level": "info"}}), ca)


def neighbour(world):
    """A device is onboarded, and the health is asked for."""
    device = world.rig.device()
    world.rig.pending(device.path, world.ca.leaf().base64)
    world.rig.decide(world.rig.request(device.path))
    device.wait(device.command_topic)
    assert world.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200


@pytest.mark.parametrize("name", doors.STEPS)
def test_the_bridge(world, name):
    step = doors.STEPS[name]
    step.accept(world)
    step.refuse(world)
    begin, before = time.monotonic(), len(world.rig.bridge.log())
    told = step.flood(world)
    neighbour(world)
    told()
    minutes = 1 + (time.monotonic() - begin) / 60
    assert len(world.rig.bridge.log()) - before < LOG_MOST * minutes
    assert world.peak() < RSS_MOST


def get(path="/healthz", host="localhost", more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def test_http(world):
    """Names and requests; the rest of the address is in test_http_hostile."""
    assert world.ask(get(path="/", host="h" * 255)) == 421
    assert world.ask(get(path="/", host="h" * 256)) == 421
    assert world.ask(get(more=f"x: {'y' * 24000}\r\n")) == 200
    for size in (40000, 400000):
        assert world.ask(get(more=f"x: {'y' * size}\r\n")) == 431
        assert world.ask(get(path="/" + "u" * size)) == 414
        neighbour(world)


def mapping(pairs):
    return "kafka:\n  properties:\n" + "".join(
        f"    x.{n}: 1\n" for n in range(pairs))


def check(tmp_path, text):
    config = tmp_path / "c.yaml"
    config.write_text(text)
    return run_bridge("--config", config, "--check-config")


@pytest.mark.parametrize("over", [1, 1000])
def test_configuration(tmp_path, over):
    for good, bad in [
        ("#" * (1 << 20), "#" * ((1 << 20) + over)),
        ("log:\n  level: info\n", mapping(256 + over)),
        ("log:\n  level: info\n", "log: " + "[" * (16 + over)),
        ("log:\n  level: info\n",
         yaml.safe_dump({"mqtt": {"password": "x" * (256 * 1024 + over)}})),
    ]:
        assert check(tmp_path, good).returncode == 0
        done = check(tmp_path, bad)
        assert done.returncode == 2 and str(tmp_path) in done.stderr
        assert len(done.stderr) < 5000


@pytest.mark.parametrize("size, code", [
    (65536, 0), (65537, 2), (65536 * 1000, 2)])
def test_file_that_is_named(tmp_path, size, code):
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * (size - 1) + b"\n")  # which is not a part of it
    done = check(tmp_path, yaml.safe_dump(
        {"mqtt": {"username": "u", "password_file": str(secret)}}))
    assert done.returncode == code, done.stderr


HERE = {*doors.STEPS, *gate_doors.STEPS, *tool_doors.STEPS, "http_request",
        "http_name", "configuration", "secret"}


def test_each_walk_is_here():
    assert set(walks()) == HERE


# --- the gate

class GateWorld:
    """A broker with the gate, and its operator, for all rows of the gate."""

    def __init__(self, gate, ca, operator):
        self.gate = gate
        self.ca = ca
        self.operator = operator
        self.leaves = [ca.issue() for _ in range(9)]
        self.public_key = openssl("x509", "-in", ca.leaf().path, "-noout",
                                  "-pubkey").decode()

    def first_code(self):
        """The code of the first response that there is."""
        def look():
            return [r["code"] for m in list(self.operator.seen)
                    if m.topic == RESPONSE
                    for r in json.loads(m.payload)["responses"]]

        return until(look, "a response")[0]


@pytest.fixture(scope="module")
def gate_world(children_gone, tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server(),
                {"max_per_certificate": 100000}).start()
    with gate.operator(listen=False) as operator:
        for registry in (gate_doors.REGISTRY, gate_doors.OTHER):
            operator.do("createRegistry", registry=registry, audience="acme",
                        onboarding="custom")
        operator.do("addRegistryCa", registry=gate_doors.REGISTRY,
                    pem=ca.cert.read_text())
        yield GateWorld(gate, ca, operator)
    gate.stop()


@pytest.mark.parametrize("name", gate_doors.STEPS)
def test_the_gate(gate_world, name):
    step = gate_doors.STEPS[name]
    assert step(gate_world, 0) in gate_doors.ACCEPTED.get(name, ("OK",))
    for over in (1, 1000):
        assert step(gate_world, over) in ("refused", "INVALID_ARGUMENT")
        assert gate_doors.served(gate_world)
        assert gate_world.operator.code("getInfo") == "OK"


# --- the tools

@pytest.mark.parametrize("name", tool_doors.STEPS)
def test_the_tools(tmp_path, name):
    """At the bound a tool gets further, or says that it is something else."""
    program, args, content, says = tool_doors.STEPS[name]

    def told(over):
        made = [str(arg) for arg in tool_doors.arguments(
            tmp_path, args, content(over))]
        done = subprocess.run([where.binary(program), *made], timeout=60,
                              stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode != 0 and len(done.stdout) < 10000
        return done.stdout

    assert says not in told(0)
    for over in (1, tool_doors.FAR.get(name, 1000)):
        assert says in told(over)
