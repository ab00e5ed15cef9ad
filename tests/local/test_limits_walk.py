"""The walk of docs/limits.md: each row at its bound, one over it, and a
thousand over it while neighbours are served (tests/limits/table.py says where
each row is walked)."""

import socket
import subprocess
import sys

import pytest
import yaml
from confluent_kafka import Producer

from harness import where
from harness.bridge import run_bridge
from harness.certs import openssl
from harness.gate import Gate, jwt
from harness.until import DEADLINE
from limits import doors, gate_doors, http_doors, run, tool_doors
from limits.beside import RSS_MOST, Watch, beside, is_sanitized
from limits.certs import Certs
from limits.table import walks

# --- the bridge

BRIDGE = {**doors.STEPS, **http_doors.STEPS}


class World:
    """The rig that all rows of the bridge share."""

    def __init__(self, rig, ca):
        self.rig = rig
        self.ca = ca
        self.certs = Certs(ca)
        self.flooder = rig.client()
        rig.clients.append(self.flooder)

    def leaves(self, count):
        return [self.ca.issue() for _ in range(count)]

    def write_all(self, topic, values, **more):
        producer = Producer({"bootstrap.servers": self.rig.kafka.brokers,
                             "message.max.bytes": 4 << 20, "log_level": 0,
                             "queue.buffering.max.kbytes": 1 << 20})
        for value in values:
            producer.produce(topic, value, **more)
        assert producer.flush(60) == 0

    def ask(self, said):
        """The status of an answer; None: closed without one."""
        host, port = self.rig.bridge.http().rsplit(":", 1)
        with socket.create_connection((host, int(port)), DEADLINE) as sock:
            try:
                sock.sendall(said)
                answer = sock.recv(100)
            except ConnectionError:
                return None
            return int(answer.split()[1]) if answer else None


@pytest.fixture(scope="module")
def world(make_rig, ca):
    rig = make_rig({"log": {"level": "info"}, "http": {"hosts": ["h" * 255]}})
    rig.onboard(ca.leaf())  # from here on it is assigned its partitions
    return World(rig, ca)


def neighbour(world):
    """A device is onboarded, and the health is asked for."""
    device = world.rig.device()
    world.rig.pending(device.path, world.ca.leaf().base64)
    world.rig.decide(world.rig.request(device.path))
    device.wait(device.command_topic)
    assert world.ask(http_doors.get()) == 200


@pytest.mark.parametrize("name", BRIDGE)
def test_the_bridge(world, name):
    door = BRIDGE[name]
    door.accept(world)
    door.refuse(world)
    watch = Watch(world.rig.bridge)
    rig = world.rig
    beside(lambda: door.flood(world), lambda: neighbour(world),
           rig.bridge, rig.mosquitto, rig.kafka)
    door.flooded(world)
    watch.check()


def mapping(pairs):
    return "kafka:\n  properties:\n" + "".join(
        f"    x.{n}: 1\n" for n in range(pairs))


def check(tmp_path, text):
    config = tmp_path / "c.yaml"
    config.write_text(text)
    return run_bridge("--config", config, "--check-config")


def topics(count):
    return yaml.safe_dump({"mqtt": {"pending_topic": [
        f"ask/{n}" for n in range(count)]}})


def value_of(size):
    return yaml.safe_dump({"mqtt": {"password": "x" * size}})


# What is read at the bound may be refused for what it is, but not for its size.
CONFIGURATIONS = {
    "file": (lambda over: "#" * ((1 << 20) + over), "larger than"),
    "keys": (lambda over: mapping(256 + over), "too many keys"),
    "depth": (lambda over: "log: " + "[" * (15 + over) + "]" * (15 + over),
              "deep"),
    "value": (lambda over: value_of(256 * 1024 + over), "longer than 262144"),
    "hosts": (lambda over: yaml.safe_dump({"http": {"hosts": [
        f"h{n}" for n in range(64 + over)]}}), "more than 64"),
    "host": (lambda over: yaml.safe_dump(
        {"http": {"hosts": ["h" * (255 + over)]}}), "longer than 255 bytes"),
    "topics": (lambda over: topics(16 + over), "more than 16"),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration(tmp_path, name):
    make, says = CONFIGURATIONS[name]
    assert says not in check(tmp_path, make(0)).stderr
    for over in (1, 1000):
        done = check(tmp_path, make(over))
        assert done.returncode == 2 and says in done.stderr, done.stderr
        assert str(tmp_path) in done.stderr and len(done.stderr) < 5000


@pytest.mark.parametrize("size, code", [
    (65536, 0), (65537, 2), (65536 * 1000, 2)])
def test_file_that_is_named(tmp_path, size, code):
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * (size - 1) + b"\n")  # which is not a part of it
    done = check(tmp_path, yaml.safe_dump(
        {"mqtt": {"username": "u", "password_file": str(secret)}}))
    assert done.returncode == code, done.stderr


HERE = {*BRIDGE, *gate_doors.STEPS, *tool_doors.STEPS, "configuration",
        "secret"}


def test_each_walk_is_here():
    assert set(walks()) == HERE


# --- the gate

class GateWorld:
    """A broker with the gate, and its operator, for all rows of the gate."""

    def __init__(self, gate, ca, operator, folder):
        self.gate = gate
        self.ca = ca
        self.operator = operator
        self.leaves = [ca.issue() for _ in range(9)]
        self.cas = gate_doors.make_cas(folder, 65)
        self.proof = jwt(ca.leaf())
        self.public_key = openssl("x509", "-in", ca.leaf().path, "-noout",
                                  "-pubkey").decode()


@pytest.fixture(scope="module")
def gate_world(children_gone, tmp_path_factory, ca):
    folder = tmp_path_factory.mktemp("gate")
    gate = Gate(folder, ca.server(), {"max_per_certificate": 100000},
                extra=["max_packet_size 4194304"]).start()
    with gate.operator(listen=False) as operator:
        for registry in (gate_doors.REGISTRY, gate_doors.MANY,
                         gate_doors.OTHER):
            operator.do("createRegistry", registry=registry, audience="acme",
                        onboarding="custom")
        for registry in (gate_doors.REGISTRY, gate_doors.MANY):
            operator.do("addRegistryCa", registry=registry,
                        pem=ca.cert.read_text())
        yield GateWorld(gate, ca, operator, folder)
    gate.stop()


@pytest.mark.parametrize("name", gate_doors.STEPS)
def test_the_gate(gate_world, name):
    door = gate_doors.STEPS[name]
    accepted = gate_doors.ACCEPTED.get(name, ("OK",))
    assert door.told(gate_world, 0) in accepted
    assert door.told(gate_world, 1) in door.refused
    watch = Watch(gate_world.gate)
    beside(lambda: door.flood(gate_world),
           lambda: gate_doors.served(gate_world), gate_world.gate)
    assert door.told(gate_world, 1000) in door.refused
    assert door.told(gate_world, 0) in accepted
    watch.check()


# --- the tools

@pytest.mark.parametrize("name", tool_doors.STEPS)
def test_the_tools(tmp_path, name):
    """At the bound a tool gets further, or says that it is something else."""
    program, args, content, says = tool_doors.STEPS[name]

    def told(over):
        made = [str(arg) for arg in tool_doors.arguments(
            tmp_path, args, content(over))]
        done = subprocess.run(
            [sys.executable, "-IS", run.__file__, where.binary(program), *made],
            timeout=60, text=True, check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        assert done.returncode != 0 and len(done.stdout) < 10000
        text, rss = done.stdout.strip().rpartition("\n")[::2]
        assert is_sanitized() or int(rss) * 1024 < RSS_MOST
        return text

    assert says not in told(0)
    for over in (1, tool_doors.FAR.get(name, 1000)):
        assert says in told(over)
