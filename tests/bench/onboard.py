"""New devices through the whole chain: a Mosquitto with the gate over TLS, the
bridge, a Kafka, the reference approver, and tests/bench/onboard.c as the
devices. scripts/bench-onboard and the smoke test use it.

A device's steps come from three clocks that are one: the devices' own
(onboard.c), Kafka's LogAppendTime for requests and decisions, and the gate's
audit for the moment of createDevice; `confirmed` is the broker's PUBACK for the
command, by the result."""

import collections
import contextlib
import dataclasses
import itertools
import json
import statistics
import subprocess
import time
import uuid

from confluent_kafka import Consumer, TopicPartition

from bench.measure import LEAD, Part
from harness import where
from harness.admin import create_topics, delete_topics
from harness.approver import Approver
from harness.gate import PASSWORD, Gate
from harness.handshake import CUSTOM, DIRECT, Handshake
from harness.kafka import Kafka
from harness.until import until

from . import procfs

AUDIENCE = "acme"
KINDS = {"p256": "ECDSA P-256", "rsa2048": "RSA-2048"}
RSA_KEYS = 24  # shared by all devices: each takes 100 ms to make
LIMITS = {"max_per_certificate": 100000000, "max_per_registry": 100000000}
APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
USER = "backend"  # no device: the broker's password file judges it
PAYLOAD = {"ntp": "time.acme.example", "interval_s": 60,
           "topics": ["state", "events/temperature"], "token": "x" * 120}
TIMES = ("due", "begun", "tcp", "tls", "connack", "accepted", "suback",
         "pending", "told")
IN_KAFKA = {"request", "decision", "created", "confirmed"}
CONNECTED = ("tcp", "tls", "connack")
STEPS = {
    "hold": (*CONNECTED, "pending", "request", "decision", "created", "told",
             "confirmed"),
    "refuse": (*CONNECTED, "request", "decision", "created", "accepted",
               "told", "confirmed"),
    "direct": (*CONNECTED, "suback", "told"),
    "unused": CONNECTED,
    "password": CONNECTED,
}
PATIENCE = 120.0  # s for those who come late; real devices wait longer

serial = itertools.count(1)


class Broker(Gate):
    """As shipped: without the log lines that tests wait for."""

    def write_conf(self):
        super().write_conf()
        text = self.conf.read_text().replace("log_type subscribe\n", "", 1)
        self.conf.write_text(text)


@dataclasses.dataclass
class Load:
    """Who comes, how many, and when: `together` at a time, or at a rate."""

    way: str  # hold, refuse, direct, unused, password
    count: int
    kind: str = "p256"
    together: int = 0
    rate: float = 0
    retry_ms: int = 1000
    devices: str = ""  # a file of an earlier run, for unused
    more: dict = dataclasses.field(default_factory=dict)

    def is_new(self):
        return self.way not in ("unused", "password")

    def asks(self):
        """A customer decides about it."""
        return self.way in ("hold", "refuse")


class Chain(Handshake):
    """Everything as shipped. mode: hold or refuse. lines: more of the
    broker's configuration."""

    create = False

    def __init__(self, folder, kafka, ca, server, mode="hold", lines=()):
        self.lines, self.number = lines, itertools.count(1)
        super().__init__(folder, kafka, ca, server, settings={
            "log": {"level": "info"}}, options={
                **LIMITS, "pending_mode": mode})
        self.bridge.settings["kafka"]["properties"] = {}
        self.bridge.write_config()
        self.payload = self.folder / "payload.json"
        self.payload.write_text(json.dumps(PAYLOAD))
        self.approver = Approver(self.folder, kafka.brokers, self.topics,
                                 "--approve-all", "--payload", self.payload)

    def make_gate(self, server, options):
        return Broker(self.folder / "gate", server, options, self.lines)

    def watch(self):
        """Nobody: an operator that sees everything costs the broker."""

    def look_kafka(self):
        """Records are read after each run."""

    def start(self):
        if isinstance(self.kafka, Kafka):
            create_topics(self.kafka.brokers, self.topics.values(),
                          config=APPEND_TIME)
        else:
            self.kafka.create(self.topics.values())
        self.run(self.approver)  # its group takes as long as the bridge's
        return super().start()

    def set_mode(self, mode):
        """hold or refuse, by a restart of the broker."""
        self.gate.options["pending_mode"] = mode
        self.gate.write_conf()
        self.gate.restart()
        self.wait_ready()

    def stop(self):
        super().stop()
        if isinstance(self.kafka, Kafka):
            delete_topics(self.kafka.brokers, self.topics.values())

    def processes(self):
        return {"broker": self.gate, "bridge": self.bridge,
                "approver": self.approver, "kafka": self.kafka}

    def usage(self):
        return {name: procfs.usage(one.pid)
                for name, one in self.processes().items()}

    # --- devices

    def devices(self, load):
        """A file of devices that nobody has seen yet."""
        path = self.folder / f"devices-{next(self.number)}"
        keys = load.count if load.kind == "p256" else min(RSA_KEYS, load.count)
        with open(path, "wb") as out:
            subprocess.run(
                [where.binary("bench/keys"), "--ca-cert", self.ca.cert,
                 "--ca-key", self.ca.key, "--kind", load.kind, "--keys",
                 str(keys), "--count", str(load.count), "--registry",
                 DIRECT if load.way == "direct" else CUSTOM, "--prefix",
                 f"d{uuid.uuid4().hex[:8]}", "--audience", AUDIENCE],
                stdout=out, check=True)
        return path

    def part(self, load, devices, steps):
        plan = {"port": self.gate.tls_port, "ca": self.gate.server["cafile"],
                "way": "first" if load.is_new() else load.way,
                "count": load.count, "steps": steps,
                "retry-ms": load.retry_ms, **load.more}
        if load.way == "password":
            plan.update(user=USER, password=PASSWORD)
        else:
            plan["devices"] = devices
        if load.rate:
            plan["rate"] = int(load.rate)
        else:
            plan["together"] = load.together
        return Part("onboard", self.folder, plan)

    # --- Kafka, after a run

    def consumer(self):
        return Consumer({
            "bootstrap.servers": self.kafka.brokers, "group.id":
            f"bench-{uuid.uuid4()}", "enable.auto.commit": False,
            "fetch.wait.max.ms": 20, "log_level": 0})

    def ends(self, name):
        """The end offset of each partition."""
        topic, found = self.topics[name], {}
        consumer = self.consumer()
        try:
            for number in consumer.list_topics(
                    topic, timeout=10).topics[topic].partitions:
                found[number] = consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=10)[1]
        finally:
            consumer.close()
        return found

    def records(self, name, since, to):
        """[(time in us, value)] between those ends."""
        topic, found = self.topics[name], []
        left = sum(to.values()) - sum(since.values())
        consumer = self.consumer()
        try:
            consumer.assign([TopicPartition(topic, number, offset)
                             for number, offset in since.items()])
            while len(found) < left:
                # It waits until it has as many as it is asked for.
                some = consumer.consume(min(1000, left - len(found)),
                                        timeout=10)
                assert some, f"{name}: {len(found)} of {left} records"
                found += [(one.timestamp()[1] * 1000, json.loads(one.value()))
                          for one in some if not one.error()]
        finally:
            consumer.close()
        return found

    def kafka_steps(self, since, to):
        """{path: {step: us}}"""
        found = {}

        def put(path, step, at):
            found.setdefault(path, {}).setdefault(step, at)

        for at, body in self.records("requests", since["requests"],
                                     to["requests"]):
            put(body["device"]["path"], "request", at)
        for at, body in self.records("decisions", since["decisions"],
                                     to["decisions"]):
            put(body["device_path"], "decision", at)
        for _, body in self.records("audit", since["audit"], to["audit"]):
            if body["code"] == "created" and "device_path" in body:
                put(body["device_path"], "created", procfs.us_of(body["at"]))
        for _, body in self.records("results", since["results"],
                                    to["results"]):
            if "delivered_at" in body:
                put(body["device_path"], "confirmed",
                    procfs.us_of(body["delivered_at"]))
        return found

    def add_kafka_steps(self, rows, since):
        """Audit records come later than results, and second results of devices
        of a run before may come between. What does not come at all is not there
        in the report."""
        def all_there():
            found = self.kafka_steps(since, self.all_ends())
            for path, row in rows.items():
                row.update(found.get(path, {}))
            return all(row.keys() >= IN_KAFKA for row in rows.values()
                       if "told" in row)

        with contextlib.suppress(TimeoutError):
            until(all_there, "every step is in Kafka", interval=0.2)

    def all_ends(self):
        return {name: self.ends(name)
                for name in ("requests", "decisions", "results", "audit")}

    def wait_results(self, load, since):
        """Everything about these devices has been done and written."""
        before = sum(since["results"].values())

        def there():
            return sum(self.ends("results").values()) >= before + load.count

        until(there, f"{load.count} results", PATIENCE, interval=0.1)

    # --- one run

    def measure(self, load, beside=None):
        """beside: a Part that runs meanwhile, already ready."""
        assert not (load.devices and load.is_new()), "they are known already"
        devices = load.devices or (
            "" if load.way == "password" else self.devices(load))
        steps = self.folder / f"steps-{next(self.number)}"
        since = self.all_ends() if load.asks() else None
        part = self.part(load, devices, steps)
        try:
            part.ready()
            before = self.usage()
            begin = time.monotonic()
            for one in [part, *([beside] if beside else [])]:
                one.begin(int((begin + LEAD) * 1e6))
            seconds = load.count / load.rate if load.rate else 0
            report = part.finish(begin + LEAD + seconds + PATIENCE)
        finally:
            part.end()
        if load.asks():
            self.wait_results(load, since)
        used = self.usage()
        use = {name: procfs.each(before[name], used[name], load.count)
               for name in used}
        use["devices"] = {"cpu_us": report["cpu_us"] / load.count}
        rows = read_steps(steps)
        if load.asks():
            self.add_kafka_steps(rows, since)
        return {**vars(load), "devices": str(devices), "report": report,
                "use": use, **summary(load, rows)}


def read_steps(path):
    rows = {}
    for number, line in enumerate(path.read_text().splitlines()):
        name, tries, rejected, *times = line.split("\t")
        rows[name or number] = {
            "tries": int(tries), "rejected": rejected == "1",
            **{key: int(at) for key, at in zip(TIMES, times) if at != "0"}}
    return rows


def quantiles(values):
    """p50, p99 and the largest, in ms."""
    values = sorted(values)
    if not values:
        return None
    return {"p50": values[len(values) // 2] / 1e3,
            "p99": values[min(len(values) - 1, len(values) * 99 // 100)] / 1e3,
            "max": values[-1] / 1e3}


def summary(load, rows):
    """From the steps of each device to figures: each step since the device was
    due, and since the step before."""
    last = "told" if load.is_new() else "accepted"
    done = [row for row in rows.values() if last in row]
    found = {"done": len(done), "missing": load.count - len(done),
             "rejected": sum(row["rejected"] for row in rows.values()),
             "tries": sum(row["tries"] for row in rows.values()),
             "stuck_after": collections.Counter(
                 max((key for key in TIMES if key in row), key=row.get)
                 for row in rows.values() if last not in row and "due" in row),
             "since_due": {}, "since_step": {}}
    if done:
        took = (max(row[last] for row in done)
                - min(row["due"] for row in done)) / 1e6
        found.update(seconds=took, per_s=len(done) / took,
                     over_500_ms=sum(row[last] - row["due"] > 500000
                                     for row in done))
    before = "due"
    for step in STEPS[load.way]:
        both = [row for row in done if step in row]
        if not both:
            continue
        found["since_due"][step] = quantiles(
            [row[step] - row["due"] for row in both])
        found["since_step"][step] = quantiles(
            [row[step] - row[before] for row in both if before in row])
        before = step
    return found


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None
