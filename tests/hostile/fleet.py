"""Honest devices at the gate, and the customer who approves them, as one of
the benchmark's programs (tests/bench/part.h has the protocol on stdin and
stdout).

  fleet.py --port P --brokers B --requests TOPIC --decisions TOPIC
           --keys FILE --prefix P --rate R --first N --count N [--known 1]

Of two items one is a new device. It connects with certificate and JWT,
subscribes, waits for `approved` and disconnects. The other, with --known, is a
device of the window before, which connects with `unused` and its JWT. Both
are late from the time at which they are due. Who is refused or cut off counts
as refused, and comes again as a device would. FILE has one certificate and
one JWT per line."""

import argparse
import heapq
import json
import pathlib
import selectors
import socket
import sys
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.attack import Connect, packet  # noqa: E402

PATH = "subscriptions/acme/registries/custom/devices/{}-{}"
AGAIN = 0.5  # s until who was refused comes again
CONNACK, PUBLISH, SUBACK = 2, 3, 9
DISCONNECT = b"\xe0\0"


def subscribe(topic):
    body = b"\0\1" + len(topic).to_bytes(2, "big") + topic.encode() + b"\1"
    return b"\x82" + length(len(body)) + body


def length(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def cut(buffer):
    """Takes the first whole packet out of a buffer: (its first byte, body), or
    None."""
    size, at = 0, 1
    while at < len(buffer):
        size |= (buffer[at] & 127) << 7 * (at - 1)
        at += 1
        if not buffer[at - 1] & 128:
            break
    else:
        return None
    if len(buffer) < at + size:
        return None
    found = buffer[0], bytes(buffer[at:at + size])
    del buffer[:at + size]
    return found


class Device:
    def __init__(self, path, connect, due, known):
        self.path, self.connect, self.due = path, connect, due
        self.known = known
        self.commands = f"{path}/commands"
        self.raw, self.buffer = None, bytearray()
        self.connack = self.told = None  # seconds late


class Customer(threading.Thread):
    """Approves whatever the devices of the plan ask."""

    def __init__(self, options, dues):
        super().__init__(daemon=True, name="customer")
        self.dues, self.asked = dues, {}
        self.decisions = options.decisions
        self.ending = threading.Event()
        # Connected before the first decision: p99 is not to be that of a
        # customer who has just been started.
        self.producer = Producer({"bootstrap.servers": options.brokers,
                                  "enable.sparse.connections": False,
                                  "linger.ms": 0})
        self.producer.list_topics(options.decisions, 60)
        self.consumer = Consumer({
            "bootstrap.servers": options.brokers, "group.id": "nobody",
            "enable.auto.commit": False, "fetch.wait.max.ms": 20})
        topic = self.consumer.list_topics(options.requests, 60)
        self.consumer.assign([
            TopicPartition(options.requests, one, self._end(options, one))
            for one in topic.topics[options.requests].partitions])

    def _end(self, options, partition):
        return self.consumer.get_watermark_offsets(
            TopicPartition(options.requests, partition), 60)[1]

    def run(self):
        while not self.ending.is_set():
            record = self.consumer.poll(0.1)
            if record and not record.error():
                self._decide(json.loads(record.value()))
        self.producer.flush(60)
        self.consumer.close()

    def _decide(self, request):
        path = request["device"]["path"]
        if path not in self.dues:
            return
        self.asked.setdefault(path, time.monotonic() - self.dues[path])
        self.producer.produce(self.decisions, json.dumps({
            "request_id": request["request_id"], "device_path": path,
            "decision": "approve"}), path)
        self.producer.poll(0)


class Fleet:
    def __init__(self, options, start):
        self.options = options
        with open(options.keys, encoding="ascii") as lines:
            self.keys = [line.split() for line in lines]
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.refused, self.over = 0, False
        self.all = list(self._plan(start))
        self.waiting = [(one.due, n) for n, one in enumerate(self.all)]
        self.left = len(self.all)

    def _plan(self, start):
        o = self.options
        for i in range(o.count):
            known = i % 2
            if known and not o.known:
                continue
            number = o.first + i - (1 + o.count if known else 0)
            path = PATH.format(o.prefix, number)
            user, proof = self.keys[number % len(self.keys)]
            if known:
                user = "unused"
            yield Device(path, packet(Connect(path, user, proof)),
                         start + i / o.rate, bool(known))

    def run(self):
        while self.left and not self.over:
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                self._begin(self.all[heapq.heappop(self.waiting)[1]])
            pause = self.waiting[0][0] - now if self.waiting else 1
            for key, _ in self.selector.select(max(0, pause)):
                if key.data:
                    self._read(key.data)
                else:
                    self.over = True

    def _begin(self, device):
        device.raw = socket.socket()
        device.buffer.clear()
        try:
            device.raw.connect(("127.0.0.1", self.options.port))
            device.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            device.raw.sendall(device.connect)
            device.raw.setblocking(False)
        except OSError:
            device.raw.close()
            self._again(device)
            return
        self.selector.register(device.raw, selectors.EVENT_READ, device)

    def _end(self, device):
        self.selector.unregister(device.raw)
        device.raw.close()

    def _again(self, device):
        self.refused += 1
        heapq.heappush(self.waiting, (time.monotonic() + AGAIN,
                                      self.all.index(device)))

    def _read(self, device):
        try:
            came = device.raw.recv(65536)
            device.buffer += came
            last = not came
            while not last and (found := cut(device.buffer)):
                last = self._heard(device, *found)
                if last is None:
                    return
        except BlockingIOError:
            return
        except OSError:
            last = True
        if last:
            self._end(device)
            self._again(device)

    def _heard(self, device, first, body):
        """True if it was refused, None if it has got what it came for."""
        late = time.monotonic() - device.due
        if first >> 4 == CONNACK:
            if body[1]:
                return True
            device.connack = device.connack or late
            if device.known:
                return self._done(device)
            device.raw.sendall(subscribe(device.commands))
        elif first >> 4 == PUBLISH:
            at = 2 + int.from_bytes(body[:2], "big")
            if first & 6:
                device.raw.sendall(b"\x40\2" + body[at:at + 2])
                at += 2
            if json.loads(body[at:])["status"] == "approved":
                device.told = late
                return self._done(device)
        return False

    def _done(self, device):
        device.raw.sendall(DISCONNECT)
        self._end(device)
        self.left -= 1
        return None


def spread(values, expected):
    values = sorted(values)
    out = {"expected": expected, "received": len(values)}
    for name, part in (("p50_us", 0.5), ("p99_us", 0.99)):
        out[name] = round(1e6 * values[int(len(values) * part)]) \
            if values else 0
    return out


def main():
    parser = argparse.ArgumentParser()
    for name in ("brokers", "requests", "decisions", "keys", "prefix"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "rate", "first", "count", "known"):
        parser.add_argument(f"--{name}", type=int, default=0)
    options = parser.parse_args()
    dues = {}
    customer = Customer(options, dues)
    customer.start()
    print("ready", flush=True)
    line = sys.stdin.buffer.raw.readline()
    if not line:
        return
    fleet = Fleet(options, int(line) / 1e6)
    fresh = [one for one in fleet.all if not one.known]
    dues.update((one.path, one.due) for one in fresh)
    fleet.run()
    customer.ending.set()
    customer.join(60)
    print(json.dumps({
        "refused": fleet.refused,
        "connack": spread([one.connack for one in fleet.all if one.connack],
                          len(fleet.all)),
        "asked": spread(customer.asked.values(), len(fresh)),
        "told": spread([one.told for one in fresh if one.told], len(fresh)),
    }), flush=True)


if __name__ == "__main__":
    main()
