"""The programs that carry events from MQTT to Kafka: ztp-bridge, its peers,
and the floor. Each has the settings that lose nothing and are fastest
according to its manual, and states what it promises by its design."""

import os
import pathlib
import subprocess

from harness import where
from harness.bridge import Bridge
from harness.process import Process

PENDING = "ztp/v1/pending"
WINDOW = 5000  # events a broker may have in flight to one client
TELEGRAF = """\
[agent]
  interval = "1s"
  flush_interval = "10ms"
  metric_batch_size = 1000
  metric_buffer_limit = 20000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["{pending}"]
  qos = 1
  persistent_session = true
  client_id = "{client}"
  max_undelivered_messages = {window}
  topic_tag = ""
  data_format = "value"
  data_type = "string"
[[outputs.kafka]]
  brokers = ["{brokers}"]
  topic = "{topic}"
  required_acks = -1
  idempotent_writes = true
  data_format = "template"
  template = '{{{{ .Field "value" }}}}'
"""
BENTO = """\
http: {{enabled: false}}
logger: {{level: WARN}}
metrics: {{none: {{}}}}
input:
  mqtt:
    urls: ["tcp://127.0.0.1:{port}"]
    topics: ["{pending}"]
    client_id: "{client}"
    qos: 1
    clean_session: false
output:
  kafka_franz:
    seed_brokers: ["{brokers}"]
    topic: "{topic}"
    idempotent_write: true
    compression: none
    max_in_flight: 16
    batching: {{count: 500, period: 2ms}}
"""


class Peer(Process):
    """name, title and promise come from the subclass; command() returns its
    argv."""

    def __init__(self, folder, mosquitto, brokers, topic):
        self.mosquitto = mosquitto
        self.brokers, self.topic = brokers, topic
        super().__init__(self.name, ["true"], folder)
        self.argv = [str(arg) for arg in self.command()]

    @property
    def client(self):
        return f"peer-{self.name}"

    def write(self, name, form):
        path = self.folder / name
        path.write_text(form.format(
            port=self.mosquitto.port, pending=PENDING, client=self.client,
            window=WINDOW, brokers=self.brokers, topic=self.topic))
        return path


class Go(Peer):
    name = "go"
    title = "Go: paho + franz-go"
    promise = ("PUBACK after Kafka's acknowledgement (manual), acks=all, "
               "idempotent; nothing on disk")

    def command(self):
        return [peer_file("go.bin"), "-mqtt", self.mosquitto.url.replace(
                    "mqtt:", "tcp:"), "-client-id", self.client,
                "-topic", PENDING, "-brokers", self.brokers, "-kafka-topic",
                self.topic]


class Python(Peer):
    name = "python"
    title = "Python: paho + confluent-kafka"
    promise = Go.promise

    def command(self):
        return [peer_file("python") / "bin" / "python",
                where.ROOT / "tests/bench/peers/python/forward.py",
                self.mosquitto.port, self.client, PENDING, self.brokers,
                self.topic]


class Telegraf(Peer):
    name = "telegraf"
    title = "Telegraf 1.39.3"
    promise = ("persistent session, QoS 1; PUBACK after the output's write, "
               "acks=all, idempotent; nothing on disk")

    def command(self):
        return [peer_file("telegraf.bin"), "--config",
                self.write("telegraf.toml", TELEGRAF)]


class Bento(Peer):
    name = "bento"
    title = "Bento 1.20.0"
    promise = ("persistent session, QoS 1; PUBACK by its MQTT library as soon "
               "as the input takes the event, before Kafka has it; acks=all, "
               "idempotent")

    def command(self):
        return [peer_file("bento.bin"), "-c", self.write("bento.yaml", BENTO)]


class Floor(Peer):
    name = "floor"
    title = "floor"
    promise = "none: the least work possible, measured by itself"

    def command(self):
        return [where.binary("bench/floor"), "--port", self.mosquitto.port,
                "--client-id", self.client, "--topic", PENDING, "--brokers",
                self.brokers, "--kafka-topic", self.topic, "--journal",
                self.folder / "floor.journal"]


class Ztp(Bridge):
    """As shipped, without the settings that make tests quick."""

    name = "bridge"
    title = "ztp-bridge"
    promise = ("PUBACK once its journal has the event (survives kill -9), then "
               "Kafka; acks=all, idempotent")
    sync = "normal"

    def __init__(self, folder, mosquitto, brokers, topics):
        self.mosquitto = mosquitto
        super().__init__(folder, mosquitto.url, brokers, topics,
                         {"store": {"sync": self.sync}})
        self.settings["kafka"]["properties"] = {}
        self.settings["log"]["level"] = "info"
        self.write_config()

    @property
    def client(self):
        return self.client_id


class ZtpFull(Ztp):
    name = "bridge-full"
    title = "ztp-bridge, sync: full"
    promise = "the same, also across power loss: fdatasync before each PUBACK"
    sync = "full"


SUBJECTS = {kind.name: kind for kind in (
    Ztp, ZtpFull, Go, Python, Telegraf, Bento, Floor)}


def cache():
    home = os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")
    return pathlib.Path(os.environ.get(
        "ZTP_CACHE", pathlib.Path(home) / "ztp-bridge")) / "peers"


def peer_file(name):
    path = cache() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: scripts/peers-build")
    return path


def build(names):
    """Builds or fetches those of the names that need it."""
    kinds = [n for n in names if n in ("go", "python", "telegraf", "bento")]
    if kinds:
        subprocess.run([where.ROOT / "scripts/peers-build", *kinds],
                       check=True, stdout=subprocess.DEVNULL)
