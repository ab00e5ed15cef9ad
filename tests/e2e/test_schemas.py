"""One walk along the whole path in which every kind of record and message is
seen, each valid by docs/schemas and unchanged on the way. It shows that
validating the records of all other tests is worth something."""

import dataclasses
import json
import subprocess

import pytest

from fault import wire
from fault.proxy import UP, Net, Proxy
from harness import schemas, seen
from harness.gate import CONTROL, OPERATOR, PASSWORD
from harness.handshake import CUSTOM, Handshake
from harness.topics import Record
from harness.until import until
from harness.where import binary

RECORDS = {"requests", "decisions", "results", "dlq", "audit"}
MESSAGES = {"pending", "audit", "subscribed", "response", "commands"}
BRIDGES = {"getInfo", "createDevice", "rejectDevice", "getDevice",
           "ackPending"}
CTLS = {
    "listRegistries": "registry list",
    "getRegistry": f"registry show {CUSTOM}",
    "modifyRegistry": f"registry modify {CUSTOM} --audience acme",
    "listDevices": "device list",
    "listPending": "pending list",
}


class Tap:
    """What is published to $CONTROL through a proxy."""

    def __init__(self, found):
        self.found = found
        self.splitter = wire.Splitter()

    def __call__(self, direction, data):
        if direction != UP:
            return
        for first, body in self.splitter.feed(data):
            if first & 0xF0 != wire.PUBLISH:
                continue
            topic, _, payload = wire.read_publish(first, body)
            if topic == CONTROL:
                self.found.append(json.loads(payload))


class Walk:
    """A rig that observes its bridge and ztpctl, and keeps everything seen."""

    def __init__(self, folder, kafka, ca):
        self.commands = []
        self.items = []
        self.rig = Handshake(folder, kafka, ca, ca.server())
        self.net = Net()
        self.proxy = Proxy(self.net, self.rig.gate.port,
                           lambda: Tap(self.commands))
        self.rig.bridge = self.rig.make_bridge(self.proxy.port, None)
        self.folder = folder

    def see(self, item):
        self.items.append(item if isinstance(item, Record)
                          else (item.topic, item.payload))

    def ctl(self, line):
        password = self.folder / "password"
        password.write_text(f"{PASSWORD}\n")
        subprocess.run(
            [binary("ztpctl"), "--url", f"mqtt://127.0.0.1:{self.proxy.port}",
             "--username", OPERATOR, "--password-file", password,
             *line.split()], check=True, timeout=60)

    def one(self, kind, name):
        """The first one seen of that kind and name."""
        if kind is Record:
            return next(i for i in self.items if isinstance(i, Record)
                        and i.topic.endswith(f".{name}"))
        return next(i for i in self.items if not isinstance(i, Record)
                    and i[0].rsplit("/", 1)[-1] == name)

    def names(self, kind):
        if kind is Record:
            return {i.topic.rsplit(".", 1)[-1] for i in self.items
                    if isinstance(i, Record)}
        return {i[0].rsplit("/", 1)[-1] for i in self.items
                if not isinstance(i, Record)}

    def sent(self):
        return {command["command"] for message in self.commands
                for command in message["commands"]}

    def go(self):
        rig = self.rig.start()
        approved, _ = rig.held()
        rig.decide(rig.request(approved.path), payload={"n": 1})
        approved.wait_status("approved")
        rig.result(approved.path)
        rejected, _ = rig.held()
        rig.decide(rig.request(rejected.path), "reject")
        rejected.wait_ended()
        rig.result(rejected.path)
        rig.decision("no JSON", key=approved.path)
        rig.dead()
        for line in CTLS.values():
            self.ctl(line)
        rig.reader.wait(rig.topics["audit"], approved.path,
                        lambda r: r.json()["code"] == "created")
        until(lambda: self.sent() >= BRIDGES, lambda: f"sent: {self.sent()}")
        return self

    def stop(self):
        self.rig.stop()
        self.proxy.close()
        self.net.close()


@pytest.fixture(scope="module")
def walk(tmp_path_factory, real_kafka, ca):
    walk = Walk(tmp_path_factory.mktemp("walk"), real_kafka, ca)
    seen.watchers.append(walk.see)
    try:
        yield walk.go()
    finally:
        seen.watchers.remove(walk.see)
        walk.stop()


def test_every_kind_is_seen_and_valid(walk):
    assert walk.names(Record) == RECORDS
    assert walk.names(tuple) >= MESSAGES
    watch = schemas.Watch()
    watch.fresh.extend(walk.items)
    assert watch.complaints() == []
    assert sum(watch.count.values()) == len(walk.items)
    assert any(schemas.decision_problems(r) == [] for r in walk.items
               if isinstance(r, Record) and r.topic.endswith(".decisions"))


def test_commands_to_the_gate(walk):
    """Commands from the bridge and from ztpctl."""
    assert walk.sent() >= BRIDGES | set(CTLS)
    for message in walk.commands:
        assert schemas.problems("control", message, "commands") == []
        message = json.loads(json.dumps(message))
        message["commands"][0]["command"] = "makeCoffee"
        assert schemas.problems("control", message, "commands")


def without(value, name):
    found = json.loads(value)
    inner = found["responses"][0] if "responses" in found else found
    del inner[name]
    return json.dumps(found).encode()


@pytest.mark.parametrize("name,member", [
    ("requests", "certificate"), ("results", "outcome"), ("audit", "verdict"),
])
def test_wrong_records(walk, name, member):
    record = walk.one(Record, name)
    assert schemas.record_problems(record) == []
    wrong = dataclasses.replace(record, value=without(record.value, member))
    assert schemas.record_problems(wrong)


def test_wrong_decision_and_dead_letter(walk):
    decision = walk.one(Record, "decisions")
    wrong = dataclasses.replace(
        decision, value=without(decision.value, "decision"))
    assert schemas.decision_problems(wrong)
    dead = walk.one(Record, "dlq")
    wrong = dataclasses.replace(dead, headers=dead.headers[1:])
    assert schemas.record_problems(wrong)


@pytest.mark.parametrize("name,member", [
    ("pending", "certificate"), ("audit", "at"), ("subscribed", "state"),
    ("response", "code"), ("commands", "type"),
])
def test_wrong_messages(walk, name, member):
    topic, payload = walk.one(tuple, name)
    assert schemas.message_problems(topic, payload) == []
    assert schemas.message_problems(topic, without(payload, member))
