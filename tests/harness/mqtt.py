"""MQTT clients of the tests: a publisher in the role of the broker's plugin,
and devices that listen to their command topics."""

import dataclasses
import json
import threading
import uuid

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from . import paho, seen
from .until import DEADLINE, until

PENDING = "ztp/v1/pending"


@dataclasses.dataclass
class Message:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    content_type: object
    user: dict  # user properties
    correlation: object
    expiry: object

    def json(self):
        return json.loads(self.payload)


def as_bytes(value):
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return value.encode() if isinstance(value, str) else value


class Client:
    """Connected when the constructor returns; use it as a context manager."""

    def __init__(self, port, client_id=None, version=5, tls=None, user=None,
                 password=None, session=False):
        self.messages = []
        self.lock = threading.Lock()
        self.version = version
        self._subscribed = {}
        self._up = threading.Event()
        client_id = client_id or f"test-{uuid.uuid4().hex[:12]}"
        self.client = paho.new_client(client_id, version, session)
        self.client.max_inflight_messages_set(1000)
        if user is not None:
            self.client.username_pw_set(user, password)
        if tls:
            self.client.tls_set(ca_certs=tls)
        self.client.on_message = self._on_message
        paho.watch(self.client, version, on_connect=self._on_connect,
                   on_subscribe=self._subscribed.__setitem__)
        self.client.reconnect_delay_set(1, 1)
        more = {}
        if version == 5:
            more["clean_start"] = not session
            if session:
                properties = Properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = 3600
                more["properties"] = properties
        self.client.connect("127.0.0.1", port, keepalive=60, **more)
        self.client.loop_start()
        until(self._up.is_set, f"{client_id} is connected")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, code, _session_present):
        if code == 0:
            self._up.set()

    def _on_message(self, _client, _data, message):
        properties = getattr(message, "properties", None)

        def of(name):
            return getattr(properties, name, None) if properties else None

        with self.lock:
            self.messages.append(
                Message(
                    message.topic,
                    message.payload,
                    message.qos,
                    message.retain,
                    of("ContentType"),
                    dict(of("UserProperty") or []),
                    of("CorrelationData"),
                    of("MessageExpiryInterval"),
                )
            )
        seen.see(message)

    def subscribe(self, topic, qos=1):
        """Returns when the broker has acknowledged the message."""
        if self.version == 5:
            options = SubscribeOptions(qos=qos, retainAsPublished=True)
            _, mid = self.client.subscribe(topic, options=options)
        else:
            _, mid = self.client.subscribe(topic, qos)
        until(lambda: mid in self._subscribed, f"subscribed to {topic}")
        return self

    def _wait_connected(self):
        """After a restart of the broker, the bridge may reconnect before this
        client does, and paho reports a message that it can only queue as
        failed."""
        until(self.client.is_connected, "the test's client is connected")

    def publish(self, topic, payload, qos=1, retain=False):
        """Returns when the broker has acknowledged the message."""
        self._wait_connected()
        info = self.client.publish(topic, as_bytes(payload), qos, retain)
        until(info.is_published, f"published to {topic}")

    def publish_all(self, topic, payloads, qos=1):
        self._wait_connected()
        infos = [
            self.client.publish(topic, as_bytes(payload), qos)
            for payload in payloads
        ]
        for info in infos:
            until(info.is_published, f"published to {topic}")

    def find(self, topic=None, match=None):
        with self.lock:
            return [
                message
                for message in self.messages
                if (topic is None or message.topic == topic)
                and (match is None or match(message))
            ]

    def wait(self, topic=None, match=None, count=1, timeout=DEADLINE):
        def look():
            found = self.find(topic, match)
            return found if len(found) >= count else None

        return until(
            look,
            lambda: f"{count} messages on {topic}; there are "
            f"{len(self.find(topic, match))}, on any topic "
            f"{len(self.messages)}",
            timeout,
        )

    def exactly(self, count=1):
        """Waits for that many messages, on any topic; there must be no more.

        A result in Kafka says that the broker has a message, and not that this
        client has read it from its socket."""
        found = self.wait(count=count)
        assert len(found) == count, found
        return found
