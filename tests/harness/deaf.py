"""A Kafka that hangs in the middle: it takes all that is sent and answers
nothing more, from the first request of one kind on."""

import contextlib
import socket
import struct
import threading

from .listening import Listening

# Keys of requests, as Kafka's protocol numbers them.
KINDS = {"Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3,
         "OffsetCommit": 8, "OffsetFetch": 9, "FindCoordinator": 10,
         "JoinGroup": 11, "Heartbeat": 12, "LeaveGroup": 13, "SyncGroup": 14,
         "ApiVersions": 18, "InitProducerId": 22}


class Deaf(Listening):
    """A relay before a Kafka of one broker. Whoever asks by way of it is told
    that the broker is here, so all of its requests come this way. kind: of the
    request that is not answered; without one, all are until hang_at says which.
    `heard` is set when it comes, and `times` counts how many of it have come."""

    def __init__(self, brokers, kind=None):
        host, port = brokers.rsplit(":", 1)
        self.to = (host, int(port))
        self.kind = None
        self.times = 0
        self.hang_at(kind)
        self.heard = threading.Event()
        super().__init__()
        self.brokers = self.address
        # Answers name a broker by its host and, in four bytes, its port. A host
        # has two bytes of length, or, in later versions, one that is more by 1.
        self.names = [
            (length + host.encode() + struct.pack("!i", self.to[1]),
             length + host.encode() + struct.pack("!i", self.port))
            for length in (struct.pack("!H", len(host)),
                           struct.pack("!B", len(host) + 1))]

    def hang_at(self, kind):
        self.kind = None if kind is None else KINDS[kind]

    def _serve(self, near):
        far = socket.create_connection(self.to)
        self.open.append(far)
        threading.Thread(target=self._answer, args=(far, near),
                         daemon=True).start()
        self._ask(near, far)

    @staticmethod
    def _frames(link):
        stream = link.makefile("rb")
        while len(size := stream.read(4)) == 4:
            yield stream.read(struct.unpack("!i", size)[0])

    def _ask(self, near, far):
        with contextlib.suppress(OSError):
            for frame in self._frames(near):
                if struct.unpack_from("!h", frame)[0] == self.kind:
                    self.times += 1
                    self.heard.set()
                if not self.heard.is_set():
                    far.sendall(struct.pack("!i", len(frame)) + frame)
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)

    def _answer(self, far, near):
        with contextlib.suppress(OSError):
            for frame in self._frames(far):
                if not self.heard.is_set():
                    for theirs, ours in self.names:
                        frame = frame.replace(theirs, ours)
                    near.sendall(struct.pack("!i", len(frame)) + frame)
        if not self.heard.is_set():
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)
