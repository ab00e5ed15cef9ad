"""What misbehaves. Each attack runs in threads of the campaign for as long as
a window lasts, and is bounded in count and in time."""

import http.client
import json
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Producer

from harness.mqtt import Client

from bench.measure import PENDING

AS_RECOMMENDED = {"compression.type": "uncompressed"}
FOREIGN = "subscriptions/stranger/registries/r/devices/d{}"


class Attack:
    """step(n) is called `a_second` times a second, at most `most` times.
    topic_config is what its stage's decision topic is to be made with."""

    name = "nothing"
    topic_config = AS_RECOMMENDED
    a_second = 10
    most = 10000

    def begin(self, stage):
        pass

    def step(self, n):
        raise NotImplementedError

    def end(self):
        pass

    def run_for(self, stage, seconds):
        self.begin(stage)
        return self.go_on(seconds)

    def go_on(self, seconds):
        """From begin to the end."""
        over = time.monotonic() + seconds
        next_at, n = time.monotonic(), 0
        try:
            while n < self.most and time.monotonic() < over:
                self.step(n)
                n += 1
                next_at = max(next_at + 1 / self.a_second,
                              time.monotonic() - 1)
                pause = min(next_at, over) - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
        finally:
            self.end()
        return n


def together(attacks):
    """A class of attack: all of those at the same time."""

    class Together(Attack):
        name = " + ".join(one.name for one in attacks)

        def run_for(self, stage, seconds):
            begun = [attack() for attack in attacks]
            for one in begun:  # in turn: openssl's serial numbers are in a file
                one.begin(stage)
            with ThreadPoolExecutor(len(begun)) as pool:
                runs = [pool.submit(one.go_on, seconds) for one in begun]
            return sum(run.result() for run in runs)

    return Together


# --- a customer who writes to the decision topic

class Decisions(Attack):
    compression = "none"
    limit = 16 << 20

    def begin(self, stage):
        self.topic = stage.topics["decisions"]
        self.producer = Producer({
            "bootstrap.servers": stage.kafka.brokers,
            "message.max.bytes": self.limit,
            "queue.buffering.max.kbytes": 4 * self.limit >> 10,
            "compression.type": self.compression,
            "linger.ms": 1,
        })

    def record(self, n):
        """key, value, headers"""
        raise NotImplementedError

    def step(self, n):
        key, value, headers = self.record(n)
        try:
            self.producer.produce(self.topic, value, key, headers=headers)
        except BufferError:
            pass  # as fast as Kafka takes it
        self.producer.poll(0)

    def end(self):
        self.producer.flush(10)
        self.producer.purge()


def decision(n, **more):
    return json.dumps({"request_id": f"nobody-{n}",
                       "device_path": FOREIGN.format(n),
                       "decision": "approve", **more}).encode()


def elsewhere(attack):
    """A class of attack: the same records on a topic that the bridge does not
    read. So what writing them costs a small machine is told apart from what
    reading them costs the bridge."""

    class Elsewhere(attack):
        name = f"{attack.name}, elsewhere"

        def begin(self, stage):
            super().begin(stage)
            self.topic = f"{self.topic}.elsewhere"
            stage.kafka.create([self.topic], config=self.topic_config)

    return Elsewhere


class UnknownWithLargeKeys(Decisions):
    name = "decisions: unknown requests, keys of 900 kB"
    a_second = 4

    def record(self, n):
        return b"k" * 900000, decision(n), None


class Garbage(Decisions):
    name = "decisions: no JSON"
    a_second = 2000
    most = 40000

    def record(self, n):
        return b"k%d" % n, random.Random(n).randbytes(200), None


class GarbageWithLargeKeys(Decisions):
    name = "decisions: no JSON, keys of 900 kB"
    a_second = 4

    def record(self, n):
        return b"k" * 999900, b"{", None


class ManyHeaders(Decisions):
    name = "decisions: 500 headers of 1 kB"
    a_second = 10

    def record(self, n):
        return (b"k", decision(n),
                [(f"h{i}", b"x" * 1000) for i in range(500)])


def compressed(attack):
    """A class of attack: the same on a decision topic that takes compressed
    records as they come, which the operator's guide advises against."""

    class Compressed(attack):
        name = f"{attack.name}, no compression.type"
        topic_config = {}

    return Compressed


class Unpacked(Decisions):
    name = "decisions: 15 MB of zeros in a few kB"
    compression = "gzip"
    a_second = 2

    def record(self, n):
        return b"k", bytes(15 << 20), None


class NeverUnpacked(Decisions):
    name = "decisions: 100 MB of zeros in 3 kB"
    compression = "zstd"
    a_second = 0.5
    limit = 128 << 20

    def record(self, n):
        return b"k", bytes(100 << 20), None


class LargePayloads(Decisions):
    name = "decisions: payloads of 64 KiB for unknown requests"
    a_second = 50

    def record(self, n):
        return b"k", decision(n, payload="\u0001" * 10000), None


# --- devices and whoever may publish pending events

class Publishing(Attack):
    topic = PENDING

    def begin(self, stage):
        self.client = Client(stage.mosquitto.port)
        self.certs = stage.certs

    def publish(self, topic, payload):
        self.client.client.publish(topic, payload, qos=1)

    def end(self):
        self.client.close()


class MalformedEvents(Publishing):
    name = "pending events: malformed"
    a_second = 500

    def step(self, n):
        self.publish(PENDING, b'{"device_path":"%d' % n)


class LargeEvents(Publishing):
    name = "pending events: 200 kB"
    a_second = 20

    def step(self, n):
        self.publish(PENDING, b'{"x":"' + b"y" * 200000)


class OnePathManyKeys(Publishing):
    name = "pending events: one path, ever other request ids"
    a_second = 200

    def begin(self, stage):
        super().begin(stage)
        with open(stage.certs, encoding="ascii") as lines:
            self.pool = [line.strip() for line in lines]

    def step(self, n):
        self.publish(PENDING, json.dumps({
            "request_id": f"again-{n}", "device_path": FOREIGN.format("same"),
            "certificate": self.pool[n % len(self.pool)]}))


class Answers(Publishing):
    name = "device answers: a flood from one device"
    a_second = 1000
    most = 20000

    def step(self, n):
        self.publish(FOREIGN.format("loud") + "/events/provisioning",
                     json.dumps({"request_id": f"none-{n}",
                                 "status": "Applied"}))


class AnswersOfMany(Publishing):
    name = "device answers: for ever other devices"
    a_second = 1000
    most = 20000

    def step(self, n):
        self.publish(FOREIGN.format(n) + "/events/provisioning",
                     json.dumps({"request_id": f"none-{n}",
                                 "status": "applied"}))


class LargeAnswers(Publishing):
    name = "device answers: 100 kB each"
    a_second = 50

    def step(self, n):
        self.publish(FOREIGN.format("loud") + "/events/provisioning",
                     b"\xef\xbb\xbf" + b"z" * 100000)


# --- the admin address

class Http(Attack):
    def begin(self, stage):
        host, _, port = stage.bridge.http().rpartition(":")
        self.address = (host, int(port))
        self.sockets = []

    def connect(self):
        try:
            one = socket.create_connection(self.address, timeout=1)
        except OSError:
            return None
        self.sockets.append(one)
        return one

    def end(self):
        for one in self.sockets:
            one.close()


class Drip(Http):
    name = "HTTP: 200 connections that drip"
    a_second = 100

    def step(self, n):
        if n < 200:
            self.connect()
        elif self.sockets:
            one = self.sockets[n % len(self.sockets)]
            try:
                one.send(b"G")
            except OSError:
                pass


class HalfOpen(Http):
    name = "HTTP: 500 connections that say nothing"
    a_second = 100
    most = 500

    def step(self, n):
        self.connect()


class SlowReaders(Http):
    name = "HTTP: lists that nobody reads"
    a_second = 20

    def step(self, n):
        one = self.connect()
        if one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                one.send(b"GET /v1/requests?limit=1000 HTTP/1.1\r\n"
                         b"Host: 127.0.0.1\r\n\r\n")
            except OSError:
                pass


class ManyLists(Http):
    name = "HTTP: lists in a row from four"
    a_second = 1
    most = 1

    def step(self, n):
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._read, daemon=True)
                        for _ in range(4)]
        for one in self.threads:
            one.start()
        self.stopping.wait(self.seconds)

    def go_on(self, seconds):
        self.seconds = seconds
        return super().go_on(seconds)

    def _read(self):
        while not self.stopping.is_set():
            client = http.client.HTTPConnection(*self.address, timeout=5)
            try:
                client.request("GET", "/v1/requests?limit=1000")
                client.getresponse().read()
            except (OSError, http.client.HTTPException):
                pass
            finally:
                client.close()

    def end(self):
        self.stopping.set()
        for one in self.threads:
            one.join(10)
        super().end()


ALL = (
    UnknownWithLargeKeys, Garbage, GarbageWithLargeKeys, ManyHeaders, Unpacked,
    NeverUnpacked, LargePayloads, MalformedEvents, LargeEvents,
    OnePathManyKeys, Answers, AnswersOfMany,
    LargeAnswers, Drip, HalfOpen, SlowReaders, ManyLists,
)
# On a topic that is not as the operator's guide recommends.
NOT_RECOMMENDED = (compressed(Unpacked), compressed(NeverUnpacked))
