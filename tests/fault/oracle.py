"""The oracle: it judges the bridge by what happens around it.

It has four sources, none of which is the bridge itself:

  the driver    which event Mosquitto acknowledged to the publisher
  the proxy     the traffic between bridge and Mosquitto: events acknowledged
                by the bridge, commands acknowledged by Mosquitto
  the devices   every command, with its topic
  Kafka         every record of every topic, from the first on

It counts, for each device:

  lost        an event without request, result or command, although the
              bridge acknowledged it, or Mosquitto did and never forgot it
  twice       a second, different effect for one device
  elsewhere   a command on another device's topic
  wrong       a request, command or result that differs from the plan
  leaked      a secret, a certificate or a payload where it must not be

It counts separately what is not a fault:

  offered_again       events that Mosquitto had acknowledged and the bridge
              had not when Mosquitto was killed with -9, which may have
              forgotten them. The driver offers them again, as the gate
              would, and then they must arrive.
  forgotten_commands  commands that Mosquitto acknowledged to the bridge and
              forgot when it was killed. Nobody can tell, so they are only
              counted.
  repeated    the same command again, with the same request id (at least once)
  resent      the same, sent by Mosquitto to the devices' session with DUP set
  reasked     the same request again, with the same id
  retold      the same result again, with the same ce_id

An "epoch" is a life of Mosquitto; each kill -9 begins a new one."""

import array
import json
import threading

from . import plan, wire

MAX_FINDINGS = 200
PENDING_TOPIC = "ztp/v1/pending"
NONE, RIGHT = 0, 1


class Oracle:
    def __init__(self, topics):
        self.topics = topics
        self.names = {topic: name for name, topic in topics.items()}
        self.lock = threading.Lock()
        self.epoch = 1
        self.accepted = array.array("H")  # epoch of Mosquitto's PUBACK
        self.offered_at = array.array("H")  # epoch of the last offer
        self.owned = bytearray()  # the bridge's PUBACK was on the wire
        self.taken = array.array("H")  # epoch of the command's PUBACK
        self.commands = array.array("H")
        self.results = bytearray()
        self.late = bytearray()
        self.ids = []  # request id
        self.numbers = {}  # of a request id, until it is judged
        self.told = {}  # ce_id of the first result
        self.first = 0  # everything below is judged
        self.findings = []
        self.counts = dict.fromkeys(
            "lost twice elsewhere wrong leaked offered_again "
            "forgotten_commands repeated resent reasked retold records "
            "no_subscriber already_decided duplicate notices_missed".split(),
            0,
        )

    def find(self, kind, text):
        self.counts[kind] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(f"{kind}: {text}")

    def bad(self):
        return sum(
            self.counts[kind]
            for kind in ("lost", "twice", "elsewhere", "wrong", "leaked")
        )

    # the driver

    def new(self, late=False):
        """The next device's number."""
        with self.lock:
            for column in (self.accepted, self.offered_at, self.taken,
                           self.commands):
                column.append(0)
            self.owned.append(0)
            self.results.append(0)
            self.late.append(int(late))
            self.ids.append(None)
            return len(self.ids) - 1

    def path(self, n):
        return plan.path_of(n, self.late[n])

    def mosquitto_took(self, n, epoch):
        self.accepted[n] = epoch

    def mosquitto_killed(self):
        """To be called when it is dead and before it is started again.
        Everyone who watches a connection takes the epoch when it is opened."""
        self.epoch += 1

    def own_id(self, n):
        """The id under which it must be asked, if it has one."""
        return plan.own_id(n)

    def known(self, path):
        """The number of a device that was offered with that path, or -1."""
        n = plan.number_of(path)
        if n < 0 or n >= len(self.ids) or self.path(n) != path:
            return -1
        return n

    # the wire between bridge and Mosquitto

    def tap(self):
        return Tap(self)

    def bridge_took(self, n, _tap):
        self.owned[n] |= 1

    # the devices

    def device_got(self, topic, payload, dup=False):
        """dup: Mosquitto has set DUP, so it may have sent it before."""
        path = topic[: -len("/commands")]
        n = self.known(path) if topic.endswith("/commands") else -1
        with self.lock:
            again = self.counts["repeated"]
            self._device_got(n, path, topic, payload)
            if dup and self.counts["repeated"] > again:
                self.counts["repeated"] = again
                self.counts["resent"] += 1

    def _device_got(self, n, path, topic, payload):
        if n < 0:
            self.find("elsewhere", f"command on {topic}")
            return
        request_id = self.ids[n] or claimed_id(payload)
        if plan.right_command(n, request_id, path, payload):
            if self.ids[n] is None:
                self.ids[n] = request_id
                self.numbers[request_id] = n
            self.commands[n] += 1
            if self.commands[n] > 1:
                self.counts["repeated"] += 1
            return
        body = as_json(payload)
        other = self.numbers.get(body.get("request_id"), n)
        if body.get("device_path") != path or other != n:
            self.find("elsewhere", f"{topic} got {payload[:300]}")
        elif self.commands[n]:
            self.find("twice", f"{topic} got then {payload[:300]}")
        else:
            self.find("wrong", f"{topic} got {payload[:300]}")

    # Kafka

    def record(self, topic, key, value, headers):
        name = self.names[topic]
        with self.lock:
            self.counts["records"] += 1
            self._leaks(name, key, value, headers)
            if name == "requests":
                self._request(key, value)
            elif name == "results":
                self._result(key, value, headers)
            elif name == "dlq":
                self.find("wrong", f"dead letter {key} {value} {headers}")

    def _leaks(self, name, key, value, headers):
        if name == "decisions":
            return
        raw = b"\n".join(
            [key or b"", value or b""]
            + [part or b"" for _, part in headers or []]
        )
        self.scan(raw, f"topic {name}")

    def scan(self, raw, where):
        """Searches for what must not appear anywhere."""
        for mark in (*plan.LEAKS, plan.PAYLOAD.encode()):
            at = raw.find(mark)
            if at >= 0:
                text = raw[max(0, at - 60) : at + 60]
                self.find("leaked", f"{mark} in {where}: {text}")

    def _request(self, key, value):
        body = as_json(value)
        path = (key or b"").decode()
        n = self.known(path)
        if n < 0 or body.get("device", {}).get("path") != path:
            self.find("wrong", f"request for {path}: {value}")
            return
        request_id = body["request_id"]
        own = self.own_id(n)
        if own and request_id != own:
            self.find("wrong", f"{path}: asked as {request_id}, not {own}")
        if self.ids[n] == request_id and self.owned[n] & 2:
            self.counts["reasked"] += 1
        elif self.ids[n] not in (None, request_id):
            self.find("wrong", f"{path}: {self.ids[n]} and {request_id}")
        self.owned[n] |= 2
        self.ids[n] = request_id
        self.numbers[request_id] = n

    def _result(self, key, value, headers):
        body = as_json(value)
        path = (key or b"").decode()
        n = self.known(path)
        outcome = body.get("outcome")
        if outcome in ("duplicate", "already_decided"):
            self.counts[outcome] += 1
            return
        if n < 0 or body.get("device_path") != path:
            self.find("wrong", f"result {key} {value}")
            return
        right = (
            outcome == plan.outcome(n)
            and (self.ids[n] or body["request_id"]) == body["request_id"]
            and "decision" in body
        )
        ce_id = dict(headers).get("ce_id")
        if not right:
            kind = "twice" if self.results[n] else "wrong"
            self.find(kind, f"result {path} ({self.ids[n]}): {value}")
        elif not self.results[n]:
            self.results[n] = RIGHT
            self.told[n] = ce_id
        elif self.told.get(n, ce_id) == ce_id:
            self.counts["retold"] += 1
        else:
            self.find("twice", f"result {path} again as {ce_id}: {value}")

    # the verdict

    def progress(self):
        """Grows as long as anything still arrives."""
        return (
            self.counts["records"]
            + self.counts["repeated"]
            + self.counts["no_subscriber"]
            + sum(self.commands[self.first :])
            + sum(map(bool, self.accepted[self.first :]))
        )

    def to_offer_again(self):
        """Events that Mosquitto acknowledged and may have forgotten since."""
        with self.lock:
            return [
                n
                for n in range(self.first, len(self.ids))
                if self.accepted[n]
                and not self.owned[n]
                and self.accepted[n] < self.epoch
                and self.offered_at[n] < self.epoch
            ]

    def offer_again(self, n):
        self.counts["offered_again"] += 1
        self.offered_at[n] = self.epoch

    def missing(self, n):
        """What is still missing for an event, or None."""
        if not self.accepted[n]:
            return "no PUBACK of Mosquitto"
        if not self.owned[n] & 2:
            return "no request"
        if not self.results[n]:
            return "no result"
        if plan.approved(n) and not self.commands[n]:
            return "no command"
        return None

    def forgotten(self, n):
        """Its command was acknowledged by a Mosquitto that was killed."""
        return 0 < self.taken[n] < self.epoch

    def open(self):
        """The devices for which something is still missing."""
        with self.lock:
            return [
                n
                for n in range(self.first, len(self.ids))
                if (what := self.missing(n))
                and not (what == "no command" and self.forgotten(n))
            ]

    def judge(self):
        """At rest, what is still missing is lost. Starts afresh after it."""
        with self.lock:
            for n in range(self.first, len(self.ids)):
                what = self.missing(n)
                if what == "no command" and self.forgotten(n):
                    self.counts["forgotten_commands"] += 1
                elif what:
                    self.find("lost", f"{self._story(n)}: {what}")
                elif not self.commands[n]:
                    self.counts["notices_missed"] += 1
                self.numbers.pop(self.ids[n], None)
                self.told.pop(n, None)
            self.first = len(self.ids)

    def _story(self, n):
        return (
            f"{self.path(n)} {self.ids[n]} epoch {self.epoch} "
            f"accepted {self.accepted[n]} "
            f"acknowledged {bool(self.owned[n] & 1)} "
            f"taken {self.taken[n]} commands {self.commands[n]} "
            f"results {self.results[n]}"
        )

    def summary(self):
        return {"events": len(self.ids), **self.counts}


class Tap:
    """One connection of the bridge to Mosquitto, as the proxy sees it."""

    def __init__(self, oracle):
        self.oracle = oracle
        self.streams = [wire.Splitter(), wire.Splitter()]
        self.events = {}  # id of a packet to the bridge -> device
        self.published = {}  # id of a packet from the bridge -> device
        self.epoch = oracle.epoch

    def __call__(self, direction, data):
        for first, body in self.streams[direction].feed(data):
            kind = first & 0xF0
            if kind == wire.PUBLISH:
                self._publish(direction, first, body)
            elif kind == wire.PUBACK:
                mid, code = wire.read_ack(body)
                self._ack(direction, mid, code)

    def _publish(self, direction, first, body):
        topic, mid, payload = wire.read_publish(first, body)
        oracle = self.oracle
        if direction == 0:
            n = oracle.known(topic[: -len("/commands")])
            if n >= 0:
                self.published[mid] = n
        elif topic == PENDING_TOPIC:
            found = plan.DEVICE.search(payload.decode("utf-8", "replace"))
            if found:
                self.events[mid] = int(found.group(2))

    def _ack(self, direction, mid, code):
        oracle = self.oracle
        if direction == 0:
            n = self.events.pop(mid, None)
            if n is not None and code == 0:
                oracle.bridge_took(n, self)
            return
        n = self.published.pop(mid, None)
        if n is None:
            return
        if code == wire.NO_SUBSCRIBER:
            oracle.counts["no_subscriber"] += 1
        elif code == 0:
            oracle.taken[n] = self.epoch


def as_json(value):
    try:
        body = json.loads(value)
    except (ValueError, TypeError):
        return {}
    return body if isinstance(body, dict) else {}


def claimed_id(payload):
    """A command may overtake our reading of its request in Kafka."""
    return as_json(payload).get("request_id")
