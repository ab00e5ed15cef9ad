"""A fake broker whose answers a test controls to the byte.

It sends what no real broker at hand sends. It knows only as much MQTT as the
bridge needs to connect: CONNECT, SUBSCRIBE, PUBLISH with QoS 1, PINGREQ."""

import contextlib
import socket
import struct
import threading

from .listening import Listening

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP = 0x80, 0x90, 0xC0, 0xD0

# Answers to a CONNECT. The first is MQTT 3.1.1's, which a broker without MQTT
# 5 sends for any requested version; the second is MQTT 5's.
NO_SUCH_LEVEL = bytes([CONNACK, 2, 0, 1])
NO_SUCH_VERSION = bytes([CONNACK, 3, 0, 0x84, 0])
NOT_AUTHORIZED = bytes([CONNACK, 3, 0, 0x87, 0])
SILENCE = b""
TAKEN_OVER = bytes([0xE0, 2, 0x8E, 0])  # a DISCONNECT of MQTT 5


def string(text):
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def packet(kind, body):
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


# Properties of a CONNACK that grants less, MQTT 5 section 3.2.2.3
MAXIMUM_QOS_0 = b"\x24\0"
NO_WILDCARDS = b"\x28\0"


def session_expiry(seconds):
    return b"\x11" + struct.pack("!I", seconds)


def server_keepalive(seconds):
    return b"\x13" + struct.pack("!H", seconds)


def receive_maximum(count):
    return b"\x21" + struct.pack("!H", count)


def maximum_packet_size(size):
    return b"\x27" + struct.pack("!I", size)


NEVER = "never"  # no PUBACK, and the connection stays
QUESTIONS = ("$CONTROL/ztp/v1", "ztp/v1/probe/")


class Played(Listening):
    """connack: the answer to a CONNECT of MQTT 5 before the connection is
    closed; None accepts it, with those properties. puback: the reason code of
    every PUBACK; None closes the connection instead; or a function of the
    topic. probe: likewise, for what the bridge asks about the broker itself.
    granted: the codes of SUBACKs by filter, 1 for others. closes: whether a
    PUBLISH with this topic closes the connection."""

    def __init__(self, connack=None, puback=0, probe=0x10, properties=b"",
                 granted=None, closes=None):
        self.connack = connack
        self.puback = puback
        self.probe = probe
        self.properties = properties
        self.granted = granted or {}
        self.closes = closes or (lambda topic: False)
        self.connects = []  # (client ID, protocol level)
        self.keepalives = []  # (client ID, seconds)
        self.logins = []  # (client ID, user name, password); None: not sent
        self.published = []  # (topic, payload)
        self.sizes = {}  # of the last PUBLISH of a topic, in bytes
        self.asked = []  # the topics of QUESTIONS among them
        self.subscribers = {}  # topic filter: (socket, level)
        self.lock = threading.Lock()
        self.links = {}  # client ID: socket
        super().__init__()
        self.url = f"mqtt://{self.address}"

    def end_all(self, words=b""):
        """Ends every connection, after those words."""
        links, self.open = self.open, []
        for link in links:
            self._end(link, words)

    def end(self, client, words=b""):
        """Ends the connection of that client ID."""
        self._end(self.links[client], words)

    @staticmethod
    def _end(link, words):
        with contextlib.suppress(OSError):
            link.sendall(words)
            link.shutdown(socket.SHUT_RDWR)

    def _serve(self, link):
        with link:
            stream = link.makefile("rb")
            level = self._connected(link, *self._read(stream))
            while level:
                kind, body = self._read(stream)
                self._answer(link, level, kind, body)

    @staticmethod
    def _read(stream):
        def take(count):
            data = stream.read(count)
            if len(data) < count:
                raise EOFError
            return data

        kind, size, shift = take(1)[0], 0, 0
        while True:
            digit = take(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return kind, take(size)

    def _connected(self, link, kind, body):
        """Returns the protocol level of an accepted connection."""
        assert kind == CONNECT
        level, at = body[6], 10
        if level == 5:
            at += 1 + body[at]
        size = struct.unpack_from("!H", body, at)[0]
        client = body[at + 2:at + 2 + size].decode()
        self.connects.append((client, level))
        self.logins.append((client, *self._login(body, at + 2 + size)))
        self.links[client] = link
        self.keepalives.append(
            (client, struct.unpack_from("!H", body, 8)[0])
        )
        if self.connack is not None and level == 5:
            link.sendall(self.connack)
            return None
        given = bytes([len(self.properties)]) + self.properties
        link.sendall(packet(CONNACK, b"\0\0" + (given if level == 5 else b"")))
        return level

    @staticmethod
    def _login(body, at):
        """The user name and the password of a CONNECT without a will."""
        for flag in (0x80, 0x40):
            text = None
            if body[7] & flag:
                size = struct.unpack_from("!H", body, at)[0]
                text = body[at + 2:at + 2 + size].decode()
                at += 2 + size
            yield text

    def _answer(self, link, level, kind, body):
        if kind == PINGREQ:
            link.sendall(packet(PINGRESP, b""))
        elif kind & 0xF0 == SUBSCRIBE:
            at = 2 + (1 + body[2] if level == 5 else 0)
            granted = b""
            while at < len(body):
                size = struct.unpack_from("!H", body, at)[0]
                topic = body[at + 2:at + 2 + size].decode()
                self.subscribers[topic] = (link, level)
                granted += bytes([self.granted.get(topic, 1)])
                at += 3 + size
            no_properties = b"\0" if level == 5 else b""
            link.sendall(packet(SUBACK, body[:2] + no_properties + granted))
        elif kind & 0xF0 == PUBLISH:
            size = struct.unpack_from("!H", body)[0]
            topic, at = body[2:2 + size].decode(), 2 + size
            mid, at = body[at:at + 2], at + 2
            if level == 5:
                count, shift = 0, 0
                while body[at] & 0x80:
                    count |= (body[at] & 0x7F) << shift
                    at, shift = at + 1, shift + 7
                at += 1 + (count | body[at] << shift)
            asks = topic.startswith(QUESTIONS)
            if asks:
                self.asked.append(topic)
            else:
                self.published.append((topic, body[at:]))
                self.sizes[topic] = len(packet(kind, body))
            said = self.probe if asks else self.puback
            said = said(topic) if callable(said) else said
            if said is None or self.closes(topic):
                raise EOFError
            if said == NEVER:
                return
            code = bytes([said, 0]) if level == 5 else b""
            link.sendall(packet(PUBACK, mid + code))

    def publish(self, topic, payload, mid=1):
        """Sends to whoever has subscribed to exactly that topic."""
        link, level = self.subscribers[topic]
        body = string(topic) + struct.pack("!H", mid)
        body += (b"\0" if level == 5 else b"") + payload
        link.sendall(packet(PUBLISH | 2, body))
