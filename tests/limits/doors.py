"""What goes through each door of the bridge at its bound, one over it, and far
over it. `over` is how many bytes, or pieces, more than the bound.

A door has accept(world), at the bound; refuse(world), one over it; flood(world),
which only sends, from a thread of its own; and flooded(world), which sees that
what it sent was refused as well."""

import base64
import hashlib
import json
import time

from harness.results import outcome_of
from harness.rig import device_path
from harness.shape import connect_headers
from harness.until import until

from . import certs

KIB = 1024


def has(record, name, value):
    return (name, str(value).encode()) in record.headers


def many(value, size=0):
    """Many in a row; all of them fit into a partition of the mock cluster,
    which forgets what is older."""
    return [value] * min(1000, 2 * 1024 * KIB // max(size, len(value)))


# --- pending events

class Pending:
    """make(world, path, over) is the event, as bytes; far is how far over."""

    def __init__(self, make, code, far=2000):
        self.make = make
        self.code = code
        self.over = far

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
        self.far = self.make(world, device_path(), self.over)
        world.flooder.publish_all(world.rig.pending_topic,
                                  many(raw) + [self.far])

    def flooded(self, world):
        self.told(world, self.far)


def event(world, path, **more):
    return json.dumps({"device_path": path, "certificate":
                       world.ca.leaf().base64, **more}).encode()


def event_of_size(world, path, over):
    bare = event(world, path, x="")
    return event(world, path, x="x" * (64 * KIB + over - len(bare)))


def event_with_id(world, path, over):
    name = path.rsplit("-", 1)[1]
    return event(world, path, request_id=name + "r" * (128 + over - len(name)))


def event_with_address(world, path, over):
    return event(world, path, remote_addr="1" * (1024 + over))


def event_with_cert(make, bound):
    return lambda world, path, over: event(
        world, path, certificate=world.certs.once(make, bound + over))


def event_with_cert_of_size(world, path, over):
    """Line breaks may be anywhere, so there may be many of them."""
    text = world.ca.leaf().base64
    return event(world, path, certificate=text
                 + "\n" * (16 * KIB + over - len(text)))


def nested(depth):
    return json.loads("[" * depth + "]" * depth)


def event_that_is_deep(world, path, over):
    return event(world, path, x=nested(15 + min(over, 500)))


def event_with_path(world, path, over):
    head, last = path.rsplit("/", 1)
    return event(world, f"{head}/{last}" + "d" * (255 + over - len(last)))


# --- decisions

class Decision:
    """make(world, request, over) is the record's value; the device's request
    stays open when it is refused."""

    def __init__(self, make, code):
        self.make = make
        self.code = code

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
        self.request = request
        device.wait(device.command_topic)

    def told(self, world, at):
        dead = world.rig.dead(
            lambda r: has(r, "__connect.errors.offset", at[1])
            and has(r, "__connect.errors.partition", at[0]))
        assert connect_headers(dead)["exception.class.name"] == self.code

    def flood(self, world):
        world.write_all(world.rig.topics["decisions"],
                        many(self.make(world, self.request, 1)))

    def flooded(self, world):
        self.told(world, world.rig.decision(
            self.make(world, self.request, 2000), "k"))


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


def decision_that_is_deep(_world, request, over):
    return json.dumps(verdict(request, payload=nested(
        15 + min(over, 500)))).encode()


def decision_with_payload(_world, request, over):
    return json.dumps(verdict(request, payload_base64=base64.b64encode(
        b"x" * (64 * KIB + over)).decode())).encode()


# --- what is cut, left out, or told by other means

class Cut:
    """What is too long is cut. seen(world, over) is (sent, got)."""

    def __init__(self, send, got):
        self.send = send  # (world, over) -> (path, what it says)
        self.got = got    # request record -> what became of it

    def seen(self, world, over):
        path, said = self.send(world, over)
        world.rig.publisher.publish(world.rig.pending_topic, said[0])
        return said[1], self.got(world.rig.request(path).json())

    def accept(self, world):
        said, got = self.seen(world, 0)
        assert got == said

    def refuse(self, world):
        said, got = self.seen(world, 1)
        assert got != said and len(got) <= len(said)

    def flood(self, world):
        _, said = self.send(world, 2000)
        world.flooder.publish_all(world.rig.pending_topic, many(said[0]))

    def flooded(self, world):
        self.refuse(world)


def event_with_subject(world, over):
    """The parts of 60 bytes are separated by a comma; the last one fills it."""
    path, size = device_path(), 512 + over
    parts = [f"CN={'x' * 30}"]
    while size - len(",".join(parts)) > 70:
        parts.append(f"OU={len(parts):03}{'u' * 55}")
    parts.append(f"OU={'v' * (size - len(','.join(parts)) - 4)}")
    subject = ",".join(parts)
    assert len(subject) == size
    leaf = world.certs.once(certs.subject_of(",".join(parts)), over)
    return path, (event(world, path, certificate=leaf), subject)


def event_with_expiry(world, over):
    """A minute for each, because the bridge looks at its clock later."""
    path, days = device_path(), 90 * 24 * 3600
    at = time.time() + days + (over * 60 if over else -60)
    text = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
    return path, (event(world, path, expires_at=text), text)


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
        world.flooder.publish_all(world.rig.pending_topic, [raw] * count)

    def told(self, world):
        world.rig.reader.wait(
            world.rig.topics["dlq"], self.path, match=lambda r: connect_headers(
                r)["exception.class.name"] == "too_many")

    def flood(self, world):
        self.send(world, 1000)

    def flooded(self, world):
        self.told(world)


class Copied:
    """What is left out of a dead letter is said by a header of its own."""

    def __init__(self, said, record):
        self.said = said
        self.record = record  # over -> value, key, headers

    def dead(self, world, over):
        at = world.rig.decision(*self.record(over))
        return world.rig.dead(
            lambda r: has(r, "__connect.errors.offset", at[1])
            and has(r, "__connect.errors.partition", at[0]))

    def accept(self, world):
        assert self.said not in dict(self.dead(world, 0).headers)

    def refuse(self, world):
        dead = self.dead(world, 1)
        assert self.said in dict(dead.headers)
        assert len(dead.headers) <= 32

    def flood(self, world):
        value, key, headers = self.record(1)
        size = len(value) + sum(len(h[1]) for h in headers)
        world.write_all(world.rig.topics["decisions"], many(value, size),
                        key=key, headers=headers)

    def flooded(self, world):
        assert self.said in dict(self.dead(world, 1000).headers)


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
        device, request = self.device, self.request = self.approved(world)
        self.say(device, self.text(request, 1))
        result = world.rig.result(
            device.path, lambda r: r.json()["outcome"] == "apply_failed")
        assert "8192" in result.json()["message"], result.json()

    def flood(self, world):
        self.device.publish_all(f"{self.device.path}/events/provisioning",
                                [self.text(self.request, 1)] * 1000)

    def flooded(self, world):
        """The bridge may keep up with one flood, if the broker is slow."""
        def said():
            self.flood(world)
            return "event=answers_dropped" in world.rig.bridge.log()

        until(said, "the flood is said")


def key(over):
    return b"no JSON", "k" * (4096 + over), []


def headers(over):
    """Six of the 32 are the bridge's own, and one is kept for what is left
    out."""
    return b"no JSON", "k", [(f"h{n}", b"1") for n in range(25 + over)]


def header(over):
    return b"no JSON", "k", [("h", b"x" * (8 * KIB + over))]


def all_headers(over):
    """Eight, with their names."""
    values = [8 * KIB - 2] * 7 + [8 * KIB - 2 + over]
    if over > 2:
        values += [over]
    return b"no JSON", "k", [(f"h{n % 10}", b"x" * size)
                             for n, size in enumerate(values)]


def value(over):
    return b"x" * (512 * KIB + over), "k", []


STEPS = {
    "pending": Pending(event_of_size, "too_large"),
    "pending_depth": Pending(event_that_is_deep, "too_deep"),
    "request_id": Pending(event_with_id, "too_large"),
    "remote_addr": Pending(event_with_address, "too_large"),
    "certificate": Pending(event_with_cert_of_size, "too_large"),
    "serial": Pending(event_with_cert(certs.serial, 64), "bad_certificate",
                      far=100),
    "names": Pending(event_with_cert(certs.names, 64), "bad_certificate",
                     far=100),
    "extensions": Pending(event_with_cert(certs.extensions, 64),
                          "bad_certificate", far=100),
    "rsa": Pending(event_with_cert(certs.rsa, 4096), "bad_key", far=1000),
    "path": Pending(event_with_path, "bad_path"),
    "subject": Cut(event_with_subject, lambda r: r["certificate"]["subject"]),
    "expires_at": Cut(event_with_expiry, lambda r: r["expires_at"]),
    "contenders": Contenders(),
    "decision": Decision(decision_of_size, "too_large"),
    "decision_depth": Decision(decision_that_is_deep, "too_deep"),
    "payload": Decision(decision_with_payload, "too_large"),
    "reason": Decision(decision_with("reason", 128), "too_large"),
    "decided_by": Decision(decision_with("decided_by", 128), "too_large"),
    "message": Decision(decision_with("message", 1024), "too_large"),
    "content_type": Decision(decision_with("content_type", 128, "a/"),
                             "too_large"),
    "key": Copied("ztp.key.sha256", key),
    "headers": Copied("ztp.headers.left_out", headers),
    "header": Copied("ztp.headers.left_out", header),
    "all_headers": Copied("ztp.headers.left_out", all_headers),
    "value": Copied("ztp.sha256", value),
    "answer": Answer(),
}
