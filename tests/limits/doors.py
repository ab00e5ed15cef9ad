"""What goes through each door of the bridge at its bound, one over it, and far
over it. `over` is how many bytes, or pieces, more than the bound."""

import base64
import hashlib
import json
import time

from harness.results import outcome_of
from harness.rig import device_path
from harness.shape import connect_headers
from harness.until import until

KIB = 1024
DAY_MS = 24 * 3600 * 1000


def has(record, name, value):
    return (name, str(value).encode()) in record.headers


# --- pending events

class Pending:
    """make(world, path, over) is the event, as bytes."""

    def __init__(self, make, code):
        self.make = make
        self.code = code

    def accept(self, world):
        raw = self.make(world, device_path(), 0)
        world.rig.publisher.publish(world.rig.pending_topic, raw)
        world.rig.reader.wait(world.rig.topics["requests"],
                              json.loads(raw)["device_path"])

    def refuse(self, world):
        raw = self.make(world, device_path(), 1)
        world.rig.publisher.publish(world.rig.pending_topic, raw)
        self.told(world, raw)

    def told(self, world, raw):
        digest = hashlib.sha256(raw).hexdigest()
        dead = world.rig.dead(lambda r: has(r, "ztp.sha256", digest))
        told = connect_headers(dead)
        assert told["stage"] == "pending"
        assert told["exception.class.name"] == self.code, told

    def flood(self, world):
        raw = self.make(world, device_path(), 1)
        large = self.make(world, device_path(), 2000)
        publisher = world.rig.publisher
        publisher.publish_all(world.rig.pending_topic, [raw] * 999 + [large])
        return lambda: self.told(world, large)


def event(world, path, **more):
    return json.dumps({"device_path": path, "certificate":
                       world.ca.leaf().base64, **more}).encode()


def event_of_size(world, path, over):
    bare = event(world, path, x="")
    return event(world, path, x="x" * (64 * KIB + over - len(bare)))


def event_with_id(world, path, over):
    name = path.rsplit("-", 1)[1]
    return event(world, path, request_id=name + "r" * (128 + over - len(name)))


def event_with_names(world, path, over):
    return event(world, path, certificate=world.leaf_with_names(64 + over))


def event_with_path(world, path, over):
    head, last = path.rsplit("/", 1)
    return event(world, f"{head}/{last}" + "d" * (255 + over - len(last)))


# --- decisions

class Decision:
    """make(world, request, over) is the record's value; the device's request
    stays open when it is refused."""

    def __init__(self, make, code, flood=1000):
        self.make = make
        self.code = code
        self.count = flood

    def ask(self, world):
        device = world.rig.device()
        world.rig.pending(device.path, world.ca.leaf().base64)
        return device, world.rig.request(device.path)

    def accept(self, world):
        device, request = self.ask(world)
        world.rig.decision(self.make(world, request, 0), device.path)
        device.wait(device.command_topic)
        outcome_of(world.rig, request, "onboarded")

    def refuse(self, world):
        device, request = self.ask(world)
        at = world.rig.decision(self.make(world, request, 1), device.path)
        self.told(world, at)
        world.rig.decide(request)
        device.wait(device.command_topic)

    def told(self, world, at):
        dead = world.rig.dead(
            lambda r: has(r, "__connect.errors.offset", at[1])
            and has(r, "__connect.errors.partition", at[0]))
        assert connect_headers(dead)["exception.class.name"] == self.code

    def flood(self, world):
        _, request = self.ask(world)
        topic = world.rig.topics["decisions"]
        value = self.make(world, request, 1)
        world.write_all(topic, [value] * self.count)
        at = world.rig.decision(self.make(world, request, 2000), "k")
        return lambda: self.told(world, at)


def verdict(request, **more):
    body = request.json()
    return {"request_id": body["request_id"],
            "device_path": body["device"]["path"], "decision": "approve",
            **more}


def decision_of_size(_world, request, over):
    bare = json.dumps(verdict(request, x=""))
    more = "x" * (256 * KIB + over - len(bare))
    return json.dumps(verdict(request, x=more)).encode()


def decision_with(member, bound, begin=""):
    return lambda _world, request, over: json.dumps(verdict(request, **{
        member: begin + "x" * (bound + over - len(begin))})).encode()


def decision_with_payload(_world, request, over):
    return json.dumps(verdict(request, payload_base64=base64.b64encode(
        b"x" * (64 * KIB + over)).decode())).encode()


# --- what is cut, left out, or told by other means

class Subject:
    """Cut to 512 bytes."""

    def accept(self, world):
        assert len(self.seen(world, 7)) < 512

    def seen(self, world, units):
        leaf = world.ca.issue(subject="/CN=x" + "".join(
            f"/OU={n:02}{'u' * 62}" for n in range(units)))
        path = device_path()
        world.rig.pending(path, leaf.base64)
        return world.rig.request(path).json()["certificate"]["subject"]

    def refuse(self, world):
        assert 500 < len(self.seen(world, 9)) <= 512

    def flood(self, world):
        assert 500 < len(self.seen(world, 80)) <= 512
        return lambda: None


class ExpiresAt:
    """Cut to 90 days from now."""

    def ends(self, world, ms):
        path = device_path()
        at = time.time() + ms / 1000
        text = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
        world.rig.pending(path, world.ca.leaf().base64, expires_at=text)
        return text, world.rig.request(path).json()["expires_at"]

    def accept(self, world):
        asked, got = self.ends(world, 90 * DAY_MS - 60000)
        assert asked == got

    def refuse(self, world):
        asked, got = self.ends(world, 90 * DAY_MS + 60000)
        assert got < asked

    def flood(self, world):
        asked, got = self.ends(world, 90 * DAY_MS * 20)
        assert got < asked
        return lambda: None


class Contenders:
    """Eight for a path, the ninth is a dead letter."""

    def accept(self, world):
        self.path = device_path()
        for leaf in world.leaves(8):
            world.rig.pending(self.path, leaf.base64)
        world.rig.reader.wait(world.rig.topics["requests"], self.path, count=8)

    def refuse(self, world):
        self.send(world, 1)
        self.told(world)

    def send(self, world, count):
        raw = event(world, self.path)
        world.rig.publisher.publish_all(world.rig.pending_topic, [raw] * count)

    def told(self, world):
        world.rig.reader.wait(
            world.rig.topics["dlq"], self.path, match=lambda r: connect_headers(
                r)["exception.class.name"] == "too_many")

    def flood(self, world):
        self.send(world, 1000)
        return lambda: self.told(world)


class Copied:
    """A key of 4096 bytes, or 32 headers with the bridge's own, are in the
    dead letter; what is over is left out, and said."""

    def __init__(self, said, record):
        self.said = said
        self.record = record  # over -> (key, headers)

    def dead(self, world, over):
        key, headers = self.record(over)
        at = world.rig.decision(b"no JSON", key, headers)
        return world.rig.dead(
            lambda r: has(r, "__connect.errors.offset", at[1])
            and has(r, "__connect.errors.partition", at[0]))

    def accept(self, world):
        assert self.said not in dict(self.dead(world, 0).headers)

    def refuse(self, world):
        assert self.said in dict(self.dead(world, 1).headers)

    def flood(self, world):
        key, headers = self.record(1)
        world.write_all(world.rig.topics["decisions"], [b"no JSON"] * 1000,
                        key=key, headers=headers)
        return lambda: self.dead(world, 1000)


class Answer:
    """A device's answer, too large: told to the customer at once."""

    def text(self, request, over):
        bare = {"request_id": request.json()["request_id"],
                "status": "applied", "x": ""}
        size = len(json.dumps(bare))
        return json.dumps({**bare, "x": "x" * (8 * KIB + over - size)})

    def say(self, device, text):
        device.publish(f"{device.path}/events/provisioning", text)

    def approved(self, world):
        device = world.rig.device()
        world.rig.pending(device.path, world.ca.leaf().base64)
        request = world.rig.request(device.path)
        world.rig.decide(request)
        device.wait(device.command_topic)
        outcome_of(world.rig, request, "onboarded")
        return device, request

    def accept(self, world):
        device, request = self.approved(world)
        self.say(device, self.text(request, 0))
        outcome_of(world.rig, request, "applied")

    def refuse(self, world):
        device, request = self.approved(world)
        self.say(device, self.text(request, 1))
        result = world.rig.result(
            device.path, lambda r: r.json()["outcome"] == "apply_failed")
        assert "8192" in result.json()["message"], result.json()

    def flood(self, world):
        device, request = self.approved(world)
        device.publish_all(f"{device.path}/events/provisioning",
                           [self.text(request, 1)] * 1000)
        return lambda: until(
            lambda: "event=answers_dropped" in world.rig.bridge.log(),
            "the flood is said")


def key(over):
    return "k" * (4096 + over), []


def headers(over):
    # Six are __connect.errors.*, two ztp.*; what fits is told by the walk.
    return "k", [(f"h{n}", b"1") for n in range(20 + (over and 20 + over))]


STEPS = {
    "pending": Pending(event_of_size, "too_large"),
    "request_id": Pending(event_with_id, "too_large"),
    "certificate": Pending(event_with_names, "bad_certificate"),
    "path": Pending(event_with_path, "bad_path"),
    "subject": Subject(),
    "expires_at": ExpiresAt(),
    "contenders": Contenders(),
    "decision": Decision(decision_of_size, "too_large", flood=200),
    "payload": Decision(decision_with_payload, "too_large"),
    "reason": Decision(decision_with("reason", 128), "too_large"),
    "message": Decision(decision_with("message", 1024), "too_large"),
    "content_type": Decision(decision_with("content_type", 128, "a/"),
                             "too_large"),
    "key": Copied("ztp.key.sha256", key),
    "headers": Copied("ztp.headers.left_out", headers),
    "answer": Answer(),
}
