"""Everything that tests/cluster/chaos.py needs in one object: Kafka (one broker
or three), an MQTT broker (with the gate or without), three bridges behind proxies
of their own, a customer who reads uncommitted, devices and the oracle."""

import pathlib
import sys

from cluster.crowd import Crowd
from cluster.host import Host
from cluster.oracle import ClusterOracle
from cluster.several import new_names
from fault.load import Devices, Publisher
from fault.proxy import Net
from fault.stage import ProxiedKafka, Watch, pool
from harness.bridge import topic_names
from harness.certs import Ca
from harness.gate import OPERATOR, PASSWORD
from harness.kafka_cluster import KafkaCluster
from harness.mosquitto import Mosquitto
from harness.process import Process, stop_all
from harness.until import until

INSTANCES = ("zulu", "mike", "alpha")
APPROVER = pathlib.Path(__file__).resolve().parents[1] / "fault/approver.py"


class Stage:
    """before: a bridge of another version, which the last host runs."""

    def __init__(self, folder, rate, brokers=1, gate=False, session=3.0,
                 before=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rate, self.session, self.gated = rate, session, gate
        self.before, self.before_on = before, INSTANCES[-1]
        self.topics, self.names = topic_names("c"), new_names()
        self.oracle = ClusterOracle(self.topics, own_ids=not gate)
        self.net = Net()
        self.kafka = self._kafka(brokers)
        self.settings = {"mqtt": {"keepalive": "5s"}, "log": {"level": "info"},
                         "onboarding": {"renotify_interval": "1h"}}
        self.crowd = Crowd(self) if gate else None
        self.broker = self.crowd.gate if gate else Mosquitto(
            self.folder, persistence=True, extra=["autosave_interval 1"])
        if gate:
            self.settings["mqtt"].update(registrar="gate", username=OPERATOR,
                                         password=PASSWORD)
        self.hosts = [Host(self, name) for name in INSTANCES]
        self.approver = Process(
            "approver",
            [sys.executable, APPROVER, self.kafka.brokers, "approver",
             self.topics["requests"], self.topics["decisions"],
             "read_uncommitted"],
            self.folder)
        self.watch = self.driver = self.devices = None

    def _kafka(self, brokers):
        hosts = [name.upper() for name in INSTANCES]

        def make(folder, **more):
            return ProxiedKafka(folder, self.net, hosts, **more)

        if brokers == 3:
            return KafkaCluster(self.folder / "kafka", make=make)
        return make(self.folder / "kafka")

    def kafka_proxies(self, host):
        return [node.proxies[host.upper()]
                for node in getattr(self.kafka, "nodes", [self.kafka])]

    def start(self):
        self.kafka.start()
        self.kafka.create(self.topics.values())
        self.broker.start()
        if self.gated:
            self.crowd.set_up()
        for host in self.hosts:
            host.start()
        self.approver.start()
        self.watch = Watch(self.kafka.brokers, self.topics.values(),
                           self.oracle)
        self.wait_connected()
        self.broker.wait_log(r": ztp-bridge \d+ ztp/v1/pending$")
        if self.gated:
            self.driver = self.devices = self.crowd
            self.crowd.start()
        else:
            self._start_devices()
        return self

    def _start_devices(self):
        self.devices = Devices(self.broker.port, self.oracle)
        self.devices.start()
        assert self.devices.up.wait(30)
        self.driver = Publisher(self.broker.port, self.oracle,
                                pool(self.folder / "ca", 8, Ca.long_valid), self.rate)
        self.driver.start()

    def active(self):
        return [host for host in self.hosts if host.role() == "active"]

    def wait_connected(self):
        """All are in the group, and one of them is active."""
        until(lambda: len(self.active()) == 1 and all(
            host.role() in ("active", "standing_by") for host in self.hosts),
            lambda: "all are in the group: " + ", ".join(
                f"{host.name} {host.role()}" for host in self.hosts), 120, 0.1)

    def wait_serves(self):
        """A device that comes from now on is asked for."""
        oracle, first = self.oracle, len(self.oracle.ids)
        until(lambda: any(oracle.owned[n] & 2
                          for n in range(first, len(oracle.ids))),
              lambda: "a device is asked for: " + ", ".join(
                  f"{host.name} {host.role()}" for host in self.hosts),
              180, 0.05)

    def kill_mqtt(self):
        self.broker.kill9()
        self.oracle.mosquitto_killed()

    def scan_bridge(self):
        for host in self.hosts:
            host.scan()

    def rss(self):
        """KiB, of the one that takes most."""
        return max(host.rss() for host in self.hosts)

    def stop(self):
        for part in {self.driver, self.devices, self.watch}:
            part.close()
        self.approver.stop()
        stop_all([self.broker, *(host.bridge for host in self.hosts)])
        for host in self.hosts:
            host.close()

    def close(self):
        """After stop(), which leaves Kafka to be read."""
        self.kafka.stop()
        self.net.close()
