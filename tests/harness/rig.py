"""The whole path in one object: Mosquitto, a Kafka, the bridge, and the test's
own clients on both sides."""

import itertools
import pathlib
import uuid

from .bridge import Bridge, topic_names
from .mosquitto import Mosquitto
from .mqtt import PENDING, Client
from .process import stop_all
from .topics import Reader, Writer
from .until import DEADLINE

counter = itertools.count(1)


def device_path(prefix="dev", registry="plant-7", subscription="acme"):
    """A device path that no other test uses."""
    return (
        f"subscriptions/{subscription}/registries/{registry}"
        f"/devices/{prefix}-{next(counter)}-{uuid.uuid4().hex[:8]}"
    )


class Rig:
    """settings: merged over the bridge's test configuration. create=False:
    Kafka is not up yet, and the caller creates the topics. access: what the
    test's own MQTT clients need (tls, user, password). broker: replaces
    Mosquitto."""

    def __init__(self, folder, kafka, settings=None, mosquitto=None,
                 partitions=None, create=True, access=None, topics=None,
                 broker=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = kafka
        self.access = access or {}
        self.topics = topics or topic_names(f"t{uuid.uuid4().hex[:10]}")
        if create:
            kafka.create(self.topics.values(), partitions)
        self.mosquitto = broker or Mosquitto(self.folder, **(mosquitto or {}))
        self.bridge = Bridge(
            self.folder,
            self.mosquitto.url,
            kafka.brokers,
            self.topics,
            settings,
        )
        self.pending_topic = self.bridge.settings["mqtt"].get(
            "pending_topic", PENDING
        )
        self.reader = None
        self.writer = None
        self.publisher = None
        self.clients = []
        self.extra = []

    def start(self):
        self.mosquitto.start()
        self.bridge.start()
        self.wait_intake()
        self.look()
        return self

    def look(self):
        """Opens the test's own clients; both brokers must be up."""
        self.look_kafka()
        self.publisher = self.client()

    def look_kafka(self):
        self.reader = Reader(self.kafka.brokers, self.topics.values())
        self.writer = Writer(self.kafka.brokers)

    def client(self, **more):
        """A connection to the broker; more: as for mqtt.Client."""
        return Client(self.mosquitto.port, **{**self.access, **more})

    def wait_intake(self):
        """Makes the broker keep pending events for the bridge from here on."""
        self.mosquitto.wait_subscribed(
            self.pending_topic, self.bridge.client_id
        )

    def run(self, process):
        """Starts one more process, which ends with the rig."""
        self.extra.append(process)
        return process.start()

    def stop(self):
        for client in [*self.clients, self.publisher]:
            if client:
                client.close()
        self.clients = []
        if self.reader:
            self.reader.close()
        stop_all([self.mosquitto, self.bridge, *self.extra])

    # the device

    def listen(self, *topics, version=5):
        """A client that is subscribed to those topics."""
        client = self.client(version=version)
        self.clients.append(client)
        for topic in topics:
            client.subscribe(topic)
        return client

    def device(self, path=None, **more):
        """A device that is subscribed to its commands; its path is .path."""
        path = path or device_path()
        client = self.listen(f"{path}/commands", **more)
        client.path = path
        client.command_topic = f"{path}/commands"
        return client

    def pending(self, path, certificate, **more):
        """Publishes a pending event as the broker's plugin would."""
        event = {"device_path": path, "certificate": certificate, **more}
        self.publisher.publish(self.pending_topic, event)

    # the customer

    def request(self, path, timeout=DEADLINE):
        """Waits for the request for that path, which must be the only one."""
        return self.reader.one(
            self.topics["requests"], key=path, timeout=timeout
        )

    def decide(self, request, decision="approve", headers=None, **more):
        """Writes a native decision for a request record."""
        body = request.json()
        answer = {
            "request_id": body["request_id"],
            "device_path": body["device"]["path"],
            "decision": decision,
            **more,
        }
        return self.decision(answer, key=request.key, headers=headers)

    def decision(self, value, key=None, headers=None):
        return self.writer.send(
            self.topics["decisions"], value, key=key, headers=headers
        )

    def result(self, path, match=None, timeout=DEADLINE):
        return self.reader.one(
            self.topics["results"], key=path, match=match, timeout=timeout
        )

    def dead(self, match=None, key=None, timeout=DEADLINE):
        return self.reader.one(
            self.topics["dlq"], key=key, match=match, timeout=timeout
        )

    def onboard(self, leaf, path=None, form="pem", **more):
        """Takes one device all the way, the simplest case, to show that the
        rig still works; returns (device, request, command, result)."""
        device = self.device(path)
        self.pending(device.path, leaf.forms[form])
        request = self.request(device.path)
        self.decide(request, **more)
        command = device.wait(device.command_topic)[0]
        result = self.result(device.path)
        return device, request, command, result
