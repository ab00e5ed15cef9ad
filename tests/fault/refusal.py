"""A broker that refuses the first records of a topic and takes the next ones.

It happens when a leader is elected, or a topic has just been made. A second
batch may be on its way by then, and a broker that has nothing of a producer
yet takes it, whatever its sequence number is.

Here the first ProduceRequest of a topic is led to a partition that is not
there, which the broker answers as it would for one that is not there yet, and
everything behind it is held back until a second one has come."""

import struct
import threading

PRODUCE = 0
NOWHERE = 1000  # no topic here has so many partitions


class Refusal:
    """As a proxy's make_filter: one of these for all connections."""

    def __init__(self, topic):
        self.topic = topic.encode()
        self.first = threading.Event()  # the first one has come
        self.second = threading.Event()  # both are on their way

    def __call__(self):
        return Frames(self)


class Frames:
    """One connection: whole requests, as far as they may go on."""

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

    def _request(self, frame):
        at = partition_at(frame, self.refusal.topic)
        if at and not self.refusal.first.is_set():
            struct.pack_into(">i", frame, at, NOWHERE)
            self.holding = True
            self.refusal.first.set()
        elif at and self.holding:
            self.holding = False
            self.refusal.second.set()
        self.held += frame


def partition_at(frame, topic):
    """Where a ProduceRequest (v3 to v8) says which partition of the topic it
    is for; 0: it is something else."""
    api, version = struct.unpack_from(">hh", frame, 4)
    if api != PRODUCE:
        return 0
    assert 3 <= version <= 8, f"ProduceRequest v{version}"
    at = 12
    at += 2 + max(0, struct.unpack_from(">h", frame, at)[0])  # client id
    at += 2 + max(0, struct.unpack_from(">h", frame, at)[0])  # transaction
    at += 2 + 4  # acks, timeout
    topics, length = struct.unpack_from(">ih", frame, at)
    assert topics == 1, "one topic in a request, as librdkafka does it"
    at += 6
    name = bytes(frame[at : at + length])
    at += length
    assert struct.unpack_from(">i", frame, at)[0] == 1
    return at + 4 if name == topic else 0
