"""Everything a campaign needs in one object: Mosquitto, a real Kafka, proxies
in front of both for the bridge, approver, driver, devices and oracle."""

import pathlib
import sys
import threading
import uuid

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    TopicPartition,
)

from harness.bridge import Bridge, topic_names
from harness.certs import Ca
from harness.kafka import Kafka
from harness.mosquitto import Mosquitto
from harness.ports import free_port
from harness.process import Process, stop_all
from harness.until import DEADLINE, until

from .load import Devices, Publisher
from .oracle import Oracle
from .pages import fetch
from .proxy import Net, Proxy

HERE = pathlib.Path(__file__).resolve().parent
POOL = 50  # certificates, shared by the devices


class ProxiedKafka(Kafka):
    """With one more listener for each of the hosts, whose advertised port is a
    proxy's: only clients of that listener go through that proxy."""

    def __init__(self, folder, net, hosts=("BRIDGE",), **more):
        super().__init__(folder, **more)
        inner = {host: free_port() for host in hosts}
        self.proxies = {host: Proxy(net, port) for host, port in inner.items()}
        own = f"PLAINTEXT://127.0.0.1:{self.port}"
        where = [f"{host}://127.0.0.1:{port}" for host, port in inner.items()]
        told = [f"{host}://127.0.0.1:{proxy.port}"
                for host, proxy in self.proxies.items()]
        plain = ["PLAINTEXT", "CONTROLLER", *hosts]
        with open(self.config, "a", encoding="utf-8") as out:
            out.write(
                f"listeners={','.join([own, *where])},"
                f"CONTROLLER://127.0.0.1:{self.controller}\n"
                f"advertised.listeners={','.join([own, *told])}\n"
                "listener.security.protocol.map="
                f"{','.join(f'{name}:PLAINTEXT' for name in plain)}\n"
                "inter.broker.listener.name=PLAINTEXT\n"
            )

    @property
    def proxy(self):
        """Of the first host."""
        return next(iter(self.proxies.values()))

    @property
    def proxied(self):
        return f"127.0.0.1:{self.proxy.port}"


class Watch(threading.Thread):
    """Passes every record of the topics to the oracle."""

    def __init__(self, brokers, topics, oracle):
        super().__init__(daemon=True, name="watch")
        self.oracle = oracle
        self.ending = threading.Event()
        self.trouble = None
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"watch-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        self.consumer.assign(
            [part for topic in topics for part in self._parts(topic)]
        )
        self.start()

    def _parts(self, topic):
        def look():
            try:
                data = self.consumer.list_topics(topic, timeout=5)
            except KafkaException:
                return None
            return data.topics[topic].partitions

        return [
            TopicPartition(topic, n, OFFSET_BEGINNING)
            for n in until(look, f"topic {topic} exists")
        ]

    def run(self):
        try:
            while not self.ending.is_set():
                for message in self.consumer.consume(500, timeout=0.05):
                    if not message.error():
                        self.oracle.record(
                            message.topic(), message.key(), message.value(),
                            message.headers(),
                        )
        except Exception as error:  # reported by close()
            self.trouble = error
            raise

    def close(self):
        self.ending.set()
        self.join(30)
        self.consumer.close()
        if self.trouble:
            raise self.trouble


class Stage:
    def __init__(self, folder, rate, settings=None, certificates=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rate = rate
        self.topics = topic_names("f")
        self.oracle = Oracle(self.topics)
        self.net = Net()
        self.kafka = ProxiedKafka(self.folder, self.net)
        self.mosquitto = Mosquitto(
            self.folder, persistence=True, extra=["autosave_interval 1"]
        )
        self.mqtt_proxy = Proxy(
            self.net, self.mosquitto.port, self.oracle.tap
        )
        self.kafka_proxy = self.kafka.proxy
        self.http = f"127.0.0.1:{free_port()}"
        self.bridge = Bridge(
            self.folder,
            f"mqtt://127.0.0.1:{self.mqtt_proxy.port}",
            self.kafka.proxied,
            self.topics,
            {
                "mqtt": {"keepalive": "5s"},
                "http": {"listen": self.http},
                "log": {"level": "info"},
                **(settings or {}),
            },
        )
        self.approver = Process(
            "approver",
            [sys.executable, HERE / "approver.py", self.kafka.brokers,
             "approver", self.topics["requests"], self.topics["decisions"]],
            self.folder,
        )
        self.certificates = certificates or pool(self.folder / "ca")
        self.scanned = 0
        self.peak_rss = 0
        self.watch = self.driver = self.devices = None

    def start(self):
        self.kafka.start()
        self.kafka.create(self.topics.values())
        self.mosquitto.start()
        self.bridge.start()
        self.approver.start()
        self.watch = Watch(
            self.kafka.brokers, self.topics.values(), self.oracle
        )
        self.mosquitto.wait_subscribed("ztp/v1/pending", "ztp-bridge")
        self.devices = Devices(self.mosquitto.port, self.oracle)
        self.devices.start()
        assert self.devices.up.wait(DEADLINE)
        self.driver = Publisher(
            self.mosquitto.port, self.oracle, self.certificates, self.rate
        )
        self.driver.start()
        return self

    @property
    def processes(self):
        return [self.kafka, self.mosquitto, self.bridge, self.approver]

    def stop(self):
        for part in (self.driver, self.devices, self.watch):
            part.close()
        stop_all(self.processes)
        self.mqtt_proxy.close()
        self.kafka_proxy.close()
        self.net.close()

    def kill_mosquitto(self):
        self.mosquitto.kill9()
        self.oracle.mosquitto_killed()

    def wait_connected(self):
        """Waits until the bridge is connected to the broker, after whichever
        restart."""
        self.mosquitto.wait_connected("ztp-bridge")

    # observing the bridge

    def rss(self):
        """KiB."""
        with open(f"/proc/{self.bridge.pid}/status", encoding="ascii") as f:
            line = next(x for x in f if x.startswith("VmRSS"))
        rss = int(line.split()[1])
        self.peak_rss = max(self.peak_rss, rss)
        return rss

    def scan_bridge(self):
        """Checks that its log so far and its metrics contain nothing
        secret."""
        with open(self.bridge.log_path, "rb") as log:
            log.seek(self.scanned)
            text = log.read()
        self.scanned += len(text)
        self.oracle.scan(text, "log")
        # A broken connection does not prove that no command was sent.
        at = text.find(b"event=command_impossible")
        if at >= 0:
            self.oracle.find("wrong", text[at : at + 200].decode())
        self.oracle.scan(fetch(self.http, "metrics")[1].encode(), "metrics")


def pool(folder, size=POOL, issue=Ca.issue):
    """Certificates as events carry them, in every single-line form."""
    ca = Ca(folder)
    leaves = [issue(ca, "p256") for _ in range(size - 2)]
    leaves += [issue(ca, "rsa2048"), issue(ca, "p384")]
    forms = ("base64", "joined", "spaces", "base64")
    out = []
    for i, leaf in enumerate(leaves):
        out.append(leaf.forms[forms[i % len(forms)]])
    return out
