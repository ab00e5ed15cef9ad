"""A broker that refuses the first records of a topic and accepts the next
ones.

This happens when a leader is elected, or when a topic has just been created. A
second batch may already be in flight, and a broker that has nothing from a
producer yet accepts it, whatever its sequence number.

Here the first ProduceRequest of a topic is redirected to a partition that does
not exist, which the broker answers as it does for one that does not exist yet.
Everything behind it is held back until a second one has arrived."""

import struct
import threading

from .wire import take_varint

PRODUCE = 0
NOWHERE = 1000  # no topic here has that many partitions


class Refusal:
    """A proxy's make_filter: one of these for all connections."""

    def __init__(self, topic):
        self.topic = topic.encode()
        self.first = threading.Event()  # the first one has arrived
        self.second = threading.Event()  # both are on their way

    def __call__(self):
        return Frames(self)


class Frames:
    """One connection: the complete requests that may be forwarded."""

    def __init__(self, refusal):
        self.refusal = refusal
        self.partial = bytearray()
        self.held = bytearray()
        self.holding = False

    def __call__(self, data):
        self.partial += data
        while len(self.partial) >= 4:
            end = 4 + struct.unpack_from(">i", self.partial)[0]
            if len(self.partial) < end:
                break
            self._request(self.partial[:end])
            del self.partial[:end]
        if self.holding:
            return b""
        going, self.held = bytes(self.held), bytearray()
        return going

    def produces(self):
        """Told of each ProduceRequest of the topic."""

    def ends(self):
        return False

    def _request(self, frame):
        at = partition_at(frame, self.refusal.topic)
        if at:
            self.produces()
        if at and not self.refusal.first.is_set():
            struct.pack_into(">i", frame, at, NOWHERE)
            self.holding = True
            self.refusal.first.set()
        elif at and self.holding:
            self.holding = False
            self.refusal.second.set()
        self.held += frame


def partition_at(frame, topic):
    """The offset at which a ProduceRequest (v3 to v12) names the topic's
    partition; 0 if it is something else. From v9 on it uses flexible
    encoding."""
    api, version = struct.unpack_from(">hh", frame, 4)
    if api != PRODUCE:
        return 0
    assert 3 <= version <= 12, f"ProduceRequest v{version}"
    flexible = version >= 9
    _, at = take_text(frame, 12, False)  # client id
    if flexible:
        assert frame[at] == 0, "no tagged fields in the header"
        at += 1
    _, at = take_text(frame, at, flexible)  # transaction
    at += 2 + 4  # acks, timeout
    topics, at = take_count(frame, at, flexible)
    assert topics == 1, "one topic in a request, as librdkafka does it"
    name, at = take_text(frame, at, flexible)
    partitions, at = take_count(frame, at, flexible)
    assert partitions == 1, partitions
    return at if name == topic else 0


def take_text(frame, at, flexible):
    """(text, the rest); null counts as empty."""
    if flexible:
        length, at = take_varint(frame, at)
        length -= 1
    else:
        length, at = struct.unpack_from(">h", frame, at)[0], at + 2
    end = at + max(0, length)
    return bytes(frame[at:end]), end


def take_count(frame, at, flexible):
    if flexible:
        count, at = take_varint(frame, at)
        return count - 1, at
    return struct.unpack_from(">i", frame, at)[0], at + 4
