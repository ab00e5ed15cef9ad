"""MQTT 5 packets, as little as the campaign needs: fast enough in Python for a
thousand events a second through publisher, proxy and devices."""

import struct

CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, DISCONNECT = (
    0x20, 0x30, 0x40, 0x90, 0xB0, 0xE0,
)
PINGREQ = b"\xc0\x00"
NO_SUBSCRIBER = 0x10


def varint(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def packet(kind, body):
    return bytes([kind]) + varint(len(body)) + body


def connect(client_id, session=False, keepalive=30, user=None, password=""):
    properties = b"\x11" + struct.pack("!I", 86400) if session else b""
    who = text(user) + text(password) if user else b""
    return packet(
        0x10,
        text("MQTT")
        + bytes([5, (0 if session else 2) | (0xC0 if user else 0)])
        + struct.pack("!H", keepalive)
        + varint(len(properties))
        + properties
        + text(client_id)
        + who,
    )


def publish(topic, payload, mid, dup=False):
    kind = 0x32 | (8 if dup else 0)
    return packet(kind, text(topic) + struct.pack("!H", mid) + b"\0" + payload)


def puback(mid):
    return struct.pack("!BBH", PUBACK, 2, mid)


def subscribe(topic, mid):
    return packet(0x82, struct.pack("!H", mid) + b"\0" + text(topic) + b"\1")


def unsubscribe(topic, mid):
    return packet(0xA2, struct.pack("!H", mid) + b"\0" + text(topic))


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def read_publish(first, body):
    """(topic, mid, payload) of a PUBLISH at QoS 1."""
    size = body[0] << 8 | body[1]
    topic = body[2 : 2 + size].decode("utf-8", "replace")
    at = 2 + size
    mid = 0
    if first & 6:
        mid = body[at] << 8 | body[at + 1]
        at += 2
    properties, at = take_varint(body, at)
    return topic, mid, body[at + properties :]


def read_ack(body):
    """(mid, reason code)"""
    return body[0] << 8 | body[1], body[2] if len(body) > 2 else 0


class Splitter:
    """Splits a stream into (first byte, body)."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        data = self.rest + data if self.rest else data
        at, end, out = 0, len(data), []
        while end - at >= 2:
            start, size, shift = at + 1, 0, 0
            while True:
                if start >= end:
                    start = -1
                    break
                byte = data[start]
                start += 1
                size |= (byte & 127) << shift
                if byte < 128:
                    break
                shift += 7
            if start < 0 or start + size > end:
                break
            out.append((data[at], data[start : start + size]))
            at = start + size
        self.rest = data[at:]
        return out
