"""One peer between a broker of its own and a topic of its own."""

import itertools
import os
import pathlib

from bench.measure import CLIENTS, LOST_AFTER, Part, measure, write_certs
from harness.admin import delete_topics
from harness.bridge import topic_names
from harness.certs import Ca
from harness.mosquitto import Mosquitto
from harness.process import stop_all
from harness.until import holds_for, until

from .subjects import PENDING, WINDOW, Ztp

FIRST = (100, 50)  # rate and count: connections, metadata, producer ids
# The same for all, and generous: no peer may lose events because of the
# broker's settings.
BROKER = (
    f"max_inflight_messages {WINDOW}",
    "max_queued_bytes 0",
)
PASSWORD = 210  # bytes: a JWT, which a broker may pass on
WORKS = 1.0  # s of load before a kill
STOPPED = 0.5  # s that Kafka is stopped before a kill

QUIET = 8.0  # s without a record after a kill: what is missing then is lost
PATIENCE = 120.0  # s for what is only late

serial = itertools.count(1)


def write_pool(folder):
    """RSA certificates made by the plain recipe. Returns the file, and the
    size of an event with such a certificate."""
    certs = write_certs(Ca(folder / "ca"), folder / "certs",
                        kinds=("rsa2048",))
    lines = certs.read_text().splitlines()
    rest = ('{"request_id":"p12345-10-12345","device_path":"subscriptions/'
            'bench/registries/p12345-10/devices/d12345","certificate":"",'
            '"attempt":1,"remote_addr":"192.0.2.100","password":""}')
    return certs, len(rest) + PASSWORD + sum(map(len, lines)) // len(lines)


class PeerStage:
    def __init__(self, folder, kafka, certs, kind):
        number = next(serial)
        self.folder = pathlib.Path(folder) / f"{number}-{kind.name}"
        self.folder.mkdir(parents=True)
        self.kafka, self.certs = kafka, certs
        self.prefix = f"p{os.getpid()}-{number}"
        self.announced = 0
        self.mosquitto = Mosquitto(self.folder, extra=BROKER)
        if issubclass(kind, Ztp):
            self.topics = topic_names(self.prefix)
            self.topic = self.topics["requests"]
            self.peer = kind(self.folder, self.mosquitto, kafka.brokers,
                             self.topics)
        else:
            self.topics = {"requests": f"{self.prefix}.requests"}
            self.topic = self.topics["requests"]
            self.peer = kind(self.folder, self.mosquitto, kafka.brokers,
                             self.topic)

    def __enter__(self):
        self.kafka.create(self.topics.values())
        self.mosquitto.start()
        self.peer.start()
        self.mosquitto.wait_subscribed(PENDING, self.peer.client, 60)
        self.uplink(*FIRST)
        return self

    def __exit__(self, kind, *_):
        # Some do not exit cleanly when they have a backlog, which is not a
        # result.
        if self.peer.alive():
            self.peer.kill9()
        stop_all([self.mosquitto])
        # Several gigabytes over a whole run, which nobody reads again.
        delete_topics(self.kafka.brokers, self.topics.values())

    def uplink(self, rate, count, meanwhile=None, quiet=0,
               lost_after=LOST_AFTER):
        """From pending events to records."""
        plan = {"prefix": self.prefix, "rate": rate, "first": self.announced,
                "count": count}
        self.announced += count
        parts = [
            Part("sink", self.folder, plan, brokers=self.kafka.brokers,
                 topic=self.topic, quiet=int(quiet * 1000)),
            Part("load", self.folder, plan, port=self.mosquitto.port,
                 topic=PENDING, certs=self.certs, clients=CLIENTS,
                 password=PASSWORD),
        ]
        return measure(parts, rate, count, {
            "peer": self.peer, "mosquitto": self.mosquitto,
            "kafka": self.kafka}, meanwhile, lost_after)

    def connects(self):
        return self.mosquitto.log().count(f" as {self.peer.client} (")

    def kill(self, kafka_stopped):
        """kill -9 in the middle of a load, and a new process in its place."""
        holds_for(self.peer.alive, WORKS, f"{self.peer.name} works")
        before = self.connects()
        try:
            if kafka_stopped:
                self.kafka.pause()
                holds_for(self.peer.alive, STOPPED,
                          f"{self.peer.name} waits for Kafka")
            self.peer.kill9()
        finally:
            self.kafka.resume()
        self.peer.start()
        until(lambda: self.connects() > before, f"{self.peer.name} is back")

    def killed(self, rate, seconds, kafka_stopped):
        return self.uplink(rate, int(rate * seconds),
                           lambda: self.kill(kafka_stopped), QUIET, PATIENCE)
