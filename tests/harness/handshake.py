"""The bridge with `mqtt.registrar: gate` and a real gate: the whole path from
a device's first CONNECT to the customer's result."""

import contextlib
import pathlib
import subprocess
import urllib.error
import urllib.request
import uuid

from .bridge import Bridge, topic_names
from .gate import OPERATOR, PASSWORD, Gate, path_of
from .rig import Rig
from .until import DEADLINE, until
from .where import binary

DIRECT, CUSTOM = "acme/direct", "acme/custom"


class Handshake(Rig):
    """Has one registry of each kind. port: where the bridge finds the broker,
    if that is not the broker itself."""

    create = True  # topics: False if the bridge has to create them

    def __init__(self, folder, kafka, ca, server, settings=None, options=None,
                 topics=None, port=None):
        self.ca = ca
        self._prepare(folder, kafka, topics)
        self.gate = self.make_gate(server, options)
        self.mosquitto = self.gate
        self.bridge = self.make_bridge(port or self.gate.port, settings)
        self.operator = None

    def _prepare(self, folder, kafka, topics):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = kafka
        self.topics = topics or topic_names(f"t{uuid.uuid4().hex[:10]}")
        if self.create:
            kafka.create(self.topics.values())
        self.reader = self.writer = self.publisher = None
        self.clients, self.extra = [], []

    def make_gate(self, server, options):
        return Gate(self.folder / "gate", server, options)

    def make_bridge(self, port, settings):
        base = {
            "mqtt": {"registrar": "gate", "username": OPERATOR,
                     "password": PASSWORD},
            "onboarding": {"reject_cooldown": "0s"},
        }
        for section, more in (settings or {}).items():
            base[section] = {**base.get(section, {}), **more}
        return Bridge(self.folder, f"mqtt://127.0.0.1:{port}",
                      self.kafka.brokers, self.topics, base)

    def start(self):
        self.gate.start()
        self.set_up()
        self.bridge.start()
        self.look_kafka()
        self.wait_ready()
        return self

    def set_up(self):
        """Creates the registries, as an operator that keeps watching."""
        with self.gate.operator(listen=False) as operator:
            for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
                operator.registry(registry, self.ca, onboarding=mode,
                                  audience="acme")
        self.watch()

    def watch(self):
        """An operator that sees everything the gate publishes from now on."""
        self.operator = self.gate.operator()
        self.clients.append(self.operator)

    def wait_ready(self, timeout=DEADLINE):
        until(lambda: self.ready()[0] == 200,
              lambda: f"ready: {self.ready()}", timeout)

    def ready(self):
        """/readyz: (status, body)."""
        url = f"http://{self.bridge.http()}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    # the device

    def held(self, path=None, leaf=None, **more):
        """A new device that waits for its customer: (device, leaf)."""
        leaf = leaf or self.ca.issue()
        device = self.gate.first(path or path_of(CUSTOM), leaf, **more)
        assert device.accepted, device.connack
        device.subscribed(device.commands)
        self.clients.append(device)
        return device, leaf

    def unused(self, path, leaf, **more):
        """An onboarded device, connected and subscribed."""
        device = self.gate.unused(path, leaf, **more)
        assert device.accepted, device.connack
        device.subscribed(device.commands)
        self.clients.append(device)
        return device

    def unused_or_first(self, path, leaf):
        """Connects the device again, however far its onboarding has got."""
        device = self.gate.unused(path, leaf)
        if device.accepted:
            device.subscribed(device.commands)
            self.clients.append(device)
            return device
        return self.held(path, leaf)[0]

    def ztp_device(self, path, leaf, *more, wait=30):
        return subprocess.Popen(
            [binary("ztp-device"), "--url",
             f"mqtts://localhost:{self.gate.tls_port}", "--ca",
             self.gate.server["cafile"], "--cert", leaf.path, "--key",
             leaf.key_path, "--id", path, "--audience", "acme", "--wait",
             str(wait), *map(str, more)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    # the customer

    def request_of(self, path, attempt=1):
        """The request record of that attempt."""
        return self.reader.wait(
            self.topics["requests"], path,
            lambda r: r.json()["attempt"] == attempt)[0]

    def ended(self, request, outcome):
        """The result of a request, which must have that outcome."""
        request_id = request.json()["request_id"]
        body = self.reader.wait(
            self.topics["results"],
            match=lambda r: r.json()["request_id"] == request_id)[0].json()
        assert body["outcome"] == outcome, body
        return body


def ends(child, status):
    """The output of a ztp-device, which must have ended with that status."""
    out, _ = child.communicate(timeout=120)
    assert child.returncode == status, (child.returncode, out)
    return out


@contextlib.contextmanager
def made(folder, kafka, ca, server):
    """A function that makes rigs of a test's own, which end with it."""
    rigs = []

    def make(settings=None, start=True, **more):
        rigs.append(Handshake(folder / f"rig-{len(rigs)}", kafka, ca, server,
                              settings, **more))
        return rigs[-1].start() if start else rigs[-1]

    yield make
    for rig in reversed(rigs):
        rig.stop()


def results(rig, request):
    rig.reader.poll()
    request_id = request.json()["request_id"]
    return rig.reader.find(
        rig.topics["results"],
        match=lambda r: r.json()["request_id"] == request_id)
