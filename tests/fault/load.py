"""The devices' side of a campaign: a publisher of pending events at a given
rate, and one client that stands for all devices. Each is a thread with a
socket of its own and connects straight to Mosquitto, past the proxy."""

import collections
import select
import socket
import threading
import time

from . import plan, wire

WINDOW = 20  # Mosquitto's Receive Maximum
KEEPALIVE = 10.0


class Wire(threading.Thread):
    """A connection that is opened again until it is told to end."""

    def __init__(self, port, client_id, session):
        super().__init__(daemon=True, name=client_id)
        self.port = port
        self.client_id = client_id
        self.session = session
        self.ending = threading.Event()
        self.trouble = None
        self.socket = None
        self.pinged = 0.0

    def run(self):
        try:
            while not self.ending.is_set():
                try:
                    self._connection()
                except OSError:
                    self.ending.wait(0.05)
        except Exception as error:  # reported by close()
            self.trouble = error
            raise

    def _connection(self):
        with socket.create_connection(("127.0.0.1", self.port), 2) as sock:
            self.socket = sock
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = wire.Splitter()
            sock.sendall(wire.connect(self.client_id, self.session))
            sock.settimeout(15)
            self.pinged = time.monotonic()
            up = False
            while not self.ending.is_set():
                if up:
                    self.send_some()
                    self._ping()
                if not select.select([sock], [], [], self.patience(up))[0]:
                    continue
                data = sock.recv(65536)
                if not data:
                    raise OSError("closed")
                for first, body in stream.feed(data):
                    if first & 0xF0 == wire.CONNACK:
                        up = True
                        self.connected()
                    else:
                        self.received(first, body)

    def _ping(self):
        if time.monotonic() - self.pinged > KEEPALIVE:
            self.pinged = time.monotonic()
            self.socket.sendall(wire.PINGREQ)

    def patience(self, _up):
        return 0.02

    def close(self):
        self.ending.set()
        self.join(30)
        if self.trouble:
            raise self.trouble


class Publisher(Wire):
    """Offers new devices at a rate while .offering. It publishes again
    whatever has no PUBACK with reason code 0 yet: 0x10 means that the bridge's
    session is gone (with a killed Mosquitto) and nobody has kept the event."""

    def __init__(self, port, oracle, certificates, rate):
        super().__init__(port, "driver", session=False)
        self.oracle = oracle
        self.certificates = certificates
        self.rate = rate
        self.late_share = 0  # of 100
        self.offering = False
        self.budget = 0.0
        self.since = time.monotonic()
        self.flying = {}  # packet id -> device
        self.again = collections.deque()
        self.mid = 0
        self.epoch = 0
        self.refused = 0
        self.delay_until = 0.0

    def offer(self, on):
        self.budget = 0.0
        self.since = time.monotonic()
        self.offering = on

    def connected(self):
        self.epoch = self.oracle.epoch
        self.again.extendleft(reversed(self.flying.values()))
        self.flying.clear()

    def idle(self):
        return not self.flying and not self.again

    def patience(self, up):
        if up and len(self.flying) < WINDOW and self.offering:
            return 0.002
        return 0.02

    def send_some(self):
        now = time.monotonic()
        # Catches up at most a second, so not all of the time that Mosquitto
        # was stopped.
        self.budget = min(
            self.rate, self.budget + (now - self.since) * self.rate
        )
        self.since = now
        out = bytearray()
        while len(self.flying) < WINDOW:
            n = self._next(now)
            if n is None:
                break
            self.mid = self.mid % 65535 + 1
            self.flying[self.mid] = n
            path = self.oracle.path(n)
            certificate = self.certificates[n % len(self.certificates)]
            out += wire.publish(
                "ztp/v1/pending", plan.event(n, path, certificate), self.mid
            )
        if out:
            self.socket.sendall(out)

    def _next(self, now):
        if self.again and now >= self.delay_until:
            return self.again.popleft()
        if self.offering and self.budget >= 1:
            self.budget -= 1
            n = len(self.oracle.ids)
            return self.oracle.new(plan.draw(n) % 100 < self.late_share)
        return None

    def received(self, first, body):
        if first & 0xF0 != wire.PUBACK:
            return
        mid, code = wire.read_ack(body)
        n = self.flying.pop(mid, None)
        if n is None:
            return
        if code == 0:
            self.oracle.mosquitto_took(n, self.epoch)
        else:
            self.refused += 1
            self.again.append(n)
            self.delay_until = time.monotonic() + 0.05


class Devices(Wire):
    """Subscribed for all devices in one persistent session. The late devices
    are absent until they are let in."""

    def __init__(self, port, oracle):
        super().__init__(port, "devices", session=True)
        self.oracle = oracle
        self.late = False
        self.told_late = False
        self.up = threading.Event()

    def connected(self):
        self.socket.sendall(wire.subscribe("subscriptions/acme/#", 1))
        self.told_late = not self.late
        self.up.set()

    def send_some(self):
        if self.late == self.told_late:
            return
        topic = "subscriptions/late/#"
        make = wire.subscribe if self.late else wire.unsubscribe
        self.socket.sendall(make(topic, 2))
        self.told_late = self.late

    def received(self, first, body):
        if first & 0xF0 != wire.PUBLISH:
            return
        topic, mid, payload = wire.read_publish(first, body)
        # Tell the oracle first, then acknowledge: Mosquitto repeats what we
        # forget.
        self.oracle.device_got(topic, payload, dup=bool(first & 8))
        if first & 6:
            self.socket.sendall(wire.puback(mid))
