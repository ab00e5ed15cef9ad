"""Two real bridges that are one group, on a real Mosquitto, with the gate (Pair)
or without (Plain), and a real Kafka."""

import contextlib
import re
import urllib.request

from confluent_kafka import TopicPartition

from cluster.real import RealBridge, settings_of
from harness import where
from harness.bridge import merge
from harness.gate import OPERATOR, PASSWORD, path_of
from harness.handshake import CUSTOM, Handshake
from harness.process import stop_all
from harness.rig import Rig
from harness.topics import Reader
from harness.until import until

SESSION = 2.0  # s


def ready(bridge):
    """As the active one. Asked where it listens since it was last active."""
    found = re.findall(r"event=http_listening addr=(\S+)", bridge.log())
    try:
        with urllib.request.urlopen(f"http://{found[-1]}/readyz",
                                    timeout=5) as answer:
            return b"role: active" in answer.read()
    except (IndexError, OSError):
        return False


class Stopping(RealBridge):
    """A bridge that a test can stop before it commits a turn (stops.c)."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.argv[0] = where.binary("cluster/ztp-bridge-stops")
        self.stop_file = self.folder / "stop"
        self.env = {"ZTP_TEST_STOP": str(self.stop_file)}

    @contextlib.contextmanager
    def stopped(self, what="asks"):
        """Commits no turn that asks a customer, or none at all ("any"). It goes
        on afterwards, if it is still there."""
        self.stop_file.write_text(what)
        try:
            yield self
        finally:
            self.stop_file.unlink()
            self.reached().unlink(missing_ok=True)

    def reached(self):
        return self.stop_file.with_name("stop.reached")

    def wait_stopped(self):
        until(self.reached().exists, f"{self.name} stands before a commit")

    def let_one_go(self):
        """Of the turns that stand."""
        self.reached().unlink()

    def has_taken(self, *texts):
        """The files of its journal have all of them."""
        files = self.folder.glob("store.db.intake-*")
        found = b"".join(file.read_bytes() for file in files)
        return all(text.encode() in found for text in texts)


def one_of(rig, name, port, mqtt):
    folder = rig.folder / name
    settings = merge(settings_of(rig.names, name, SESSION, folder), {
        "mqtt": mqtt,
        "onboarding": {"reject_cooldown": "0s", "renotify_interval": "1h"},
    })
    return Stopping(folder, f"mqtt://127.0.0.1:{port}", rig.kafka.brokers,
                    rig.topics, settings, name)


def wait_active(bridge, timeout=30.0):
    """It serves, and says that it is ready."""
    bridge.wait_log("event=active ", timeout)
    until(lambda: ready(bridge), f"{bridge.name} is ready", timeout)


class Eager:
    """A customer who reads what is not committed."""

    eager = None

    def shown(self, path):
        """The request."""
        topic = self.topics["requests"]
        if not self.eager:
            self.eager = Reader(self.kafka.brokers, [topic],
                                isolation="read_uncommitted")
        return self.eager.wait(topic, key=path)[0]

    def is_settled(self, record):
        """Its transaction is not open any more."""
        place = TopicPartition(record.topic, record.partition)
        _, stable = self.reader.consumer.get_watermark_offsets(place, timeout=5)
        return stable > record.offset

    def close_eager(self):
        if self.eager:
            self.eager.close()


class Plain(Eager, Rig):
    """Without a gate: what was acknowledged to the broker is the bridge's."""

    def __init__(self, folder, kafka, names):
        super().__init__(folder, kafka,
                         mosquitto={"extra": ["log_type debug"]})
        self.names = names
        self.bridges = {name: one_of(self, name, self.mosquitto.port, {})
                        for name in ("zulu", "alpha")}
        self.bridge = self.bridges["zulu"]

    def start(self):
        self.mosquitto.start()
        self.bridge.start()
        wait_active(self.bridge)
        self.wait_intake()
        self.look()
        return self

    def standby(self, name):
        bridge = self.bridges[name].start()
        bridge.wait_log("event=standing_by")
        return bridge

    def acknowledged(self):
        """How many events the broker thinks are safe."""
        client = self.bridge.client_id
        return self.mosquitto.log().count(f"Received PUBACK from {client} (")

    def stop(self):
        self.close_eager()
        for client in [*self.clients, self.publisher, self.reader]:
            if client:
                client.close()
        stop_all([self.mosquitto, *self.bridges.values()])


class Pair(Eager, Handshake):
    def __init__(self, folder, kafka, ca, server, names):
        self.names = names
        self.bridges = {}
        super().__init__(folder, kafka, ca, server)

    def make_bridge(self, port, settings):
        for name in ("zulu", "alpha"):
            self.bridges[name] = self.one_of(name, port)
        return self.bridges["zulu"]

    def one_of(self, name, port):
        return one_of(self, name, port, {
            "registrar": "gate", "username": OPERATOR, "password": PASSWORD})

    def wait_ready(self, timeout=30.0):
        self.wait_active(self.bridge)

    def wait_active(self, bridge, timeout=30.0):
        wait_active(bridge, timeout)

    def standby(self, name):
        bridge = self.bridges[name].start()
        bridge.wait_log("event=standing_by")
        return bridge

    def knock(self):
        device, _ = self.held(path_of(CUSTOM))
        return device, self.request_of(device.path)

    def told_once(self, device, request):
        """Its customer's decision, once in each place."""
        device.wait_status("approved")
        self.ended(request, "onboarded")
        for topic in ("requests", "results"):
            assert len(self.reader.find(self.topics[topic],
                                        key=device.path)) == 1

    def stop(self):
        for bridge in self.bridges.values():
            bridge.stop()
        self.gate.stop()
        for client in self.clients:
            client.close()
        self.close_eager()
        self.reader.close()
