"""A real Apache Kafka: one KRaft node, both broker and controller."""

import base64
import re
import shutil
import subprocess
import uuid

from . import kafka_once, where
from .admin import answers_kafka, create_topics
from .ports import free_port
from .process import Process
from .until import until

# Small and quick to start: a test's Kafka lives for minutes and holds little.
JAVA = [
    "java",
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]
QUICK_START = ("-XX:TieredStopAtLevel=1",)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
num.partitions=3
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
"""

# With which it looks at once for a transaction that took too long.
EAGER = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": 200}


def new_cluster():
    """A cluster's id, that does not look like an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()
    return text.rstrip("=").replace("-", "A")


def java_for(main, options=QUICK_START, once=None):
    """The command that runs a program of Kafka's."""
    once = once or kafka_once.of(Kafka)
    return [*JAVA, *options, *once.java, "-cp", f"{where.kafka_jars()}/*", main]


class Kafka(Process):
    """java_options: without the default it starts later and runs faster. once:
    what is not done again here (kafka_once.py)."""

    def __init__(self, folder, name="kafka", port=None, properties=None,
                 java_options=QUICK_START, cluster=None, controller=None,
                 once=None):
        self.port = port or free_port()
        self.controller = controller or free_port()
        self.version = where.kafka_jars().rsplit("-", 1)[1]
        once = once or kafka_once.of(Kafka)
        self.config = f"{folder}/{name}.properties"
        # A JVM ended by SIGTERM exits with 128 + 15.
        super().__init__(
            name,
            [*java_for("kafka.Kafka", java_options, once), self.config],
            folder,
            clean_exit=143,
        )
        text = PROPERTIES.format(
            port=self.port, controller=self.controller, folder=folder
        )
        for key, value in (properties or {}).items():
            text += f"{key}={value}\n"
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(text)
        self.cluster = cluster or new_cluster()
        if once.storage:
            self._take_storage(once.storage)
        else:
            self._format(once)

    def _format(self, once):
        done = subprocess.run(
            [*java_for("kafka.tools.StorageTool", once=once), "format",
             "-c", self.config, "-t", self.cluster],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def _take_storage(self, storage):
        """A formatted one, with the names of this node in it."""
        data = self.folder / "data"
        shutil.copytree(storage, data)
        with open(self.config, encoding="utf-8") as config:
            node = re.findall(r"^node\.id=(.*)$", config.read(), re.M)[-1]
        meta = data / "meta.properties"
        text = meta.read_text(encoding="utf-8")
        for key, value in (("cluster.id", self.cluster), ("node.id", node),
                           ("directory.id", new_cluster())):
            text = re.sub(rf"^{re.escape(key)}=.*$", f"{key}={value}", text,
                          flags=re.M)
        meta.write_text(text, encoding="utf-8")

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    def start(self, wait=True):
        super().start()
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=180.0):
        def ready():
            assert self.alive(), f"{self.name} died while starting"
            return answers_kafka(self.brokers)

        until(ready, f"{self.name} answers", timeout, interval=0.1)

    def restart(self):
        self.stop()
        return self.start()

    def create(self, topics, partitions=None, config=None):
        create_topics(self.brokers, topics, partitions or 3, config)
