"""examples/brokers, built and run as its README says: each broker with its
hook, the real bridge beside it, and devices that connect for the first
time."""

import functools
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import where
from harness.certs import Ca
from harness.gate import Device, jwt
from harness.rig import Rig, device_path
from harness.until import until

from .broker import Broker
from .hivemq import HiveMq

EXAMPLES = where.ROOT / "examples" / "brokers"
REGISTRY, AUDIENCE = "acme/plant-7", "acme"
BRIDGE, PASSWORD = "ztp-bridge", "bridge-7d1f-password"
PAYLOAD = {"ntp": "time.acme.example"}


def built(name):
    """A copy of that example, built with the README's command."""
    folder = where.build() / "examples" / "brokers" / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(
        "target", "ztp-mochi"))
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    command = re.search(rf"^\| `{name}` \|[^|]*\| `([^`]+)` \|$", text, re.M)
    run(["sh", "-c", command[1]], folder)
    return folder


def run(argv, folder):
    done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout


@functools.lru_cache(None)
def mochi():
    return built("mochi")


@functools.lru_cache(None)
def hivemq():
    return built("hivemq")


class MochiWithHook(Broker):
    no_bridge = 0x86  # the CONNACK's code then; Mochi has one for every refusal
    # How its log reports who was refused and why.
    refusal = r'msg=refused .*client="\\"{path}\\"" .*why="?{why}'

    def __init__(self, folder, ca, server):
        self.ca = ca
        super().__init__(folder, tls=server)

    def command(self):
        self.write("bridge.password", f"{PASSWORD}\n")
        return [
            mochi() / "ztp-mochi", "-listen", f"127.0.0.1:{self.port}",
            "-tls-cert", self.tls["certfile"], "-tls-key", self.tls["keyfile"],
            "-registry", REGISTRY, "-ca", self.ca.cert, "-audience", AUDIENCE,
            "-bridge", BRIDGE, "-bridge-password-file", "bridge.password",
            "-keys", "keys.txt"]

    def logs(self):
        """Everything that it has ever logged."""
        return self.log(whole=True).encode()


class HiveMqWithHook(HiveMq):
    no_bridge = 0x88
    refusal = r"refused {path} from 127\.0\.0\.1: {why}"

    def __init__(self, folder, ca, server):
        self.ca = ca
        self.extensions = {"ztp": hivemq() / "target" / "ztp"}
        super().__init__(folder, tls=server)

    def extension(self, name, jar):
        """Copies the folder that Maven has made."""
        home = self.folder / "home" / "extensions" / name
        shutil.copytree(jar, home)
        shutil.copy(self.ca.cert, home / "ca_cert.pem")
        (home / "bridge.password").write_text(f"{PASSWORD}\n")

    def logs(self):
        return self.log(whole=True).encode() + b"".join(
            path.read_bytes() for path in
            (self.folder / "home" / "log").rglob("*") if path.is_file())


BROKERS = {"mochi": MochiWithHook, "hivemq": HiveMqWithHook}


class Stage(Rig):
    """One broker with its hook, and the bridge with registrar: none."""

    def __init__(self, folder, kafka, ca, kind):
        folder, server = pathlib.Path(folder), ca.server()
        self.broker = BROKERS[kind](folder / kind, ca, server)
        super().__init__(
            folder, kafka, broker=self.broker,
            settings={"mqtt": {"username": BRIDGE, "password": PASSWORD,
                               "tls": {"ca_file": server["cafile"]}}})
        # For harness.gate.Device.
        self.server, self.tls_port = server, self.broker.port
        self.secrets = {PASSWORD}

    def start(self):
        self.broker.start()
        self.bridge.start()
        self.bridge.wait_log(r"mqtt_connected .*connection=in")
        self.look_kafka()
        return self

    def ups(self):
        return len(re.findall("event=mqtt_connected connection=in ",
                              self.bridge.log()))

    def restart_broker(self):
        """Restarts the broker and waits until the bridge is back."""
        before = self.ups()
        self.broker.stop()
        self.broker.start()
        until(lambda: self.ups() > before, "the bridge is back")

    def connect(self, path, username, password, **options):
        """A client that the test closes, whatever the broker answered."""
        self.secrets |= {str(username), str(password)} - {BRIDGE, "unused", ""}
        client = Device(self, path, username, password, **options)
        self.clients.append(client)
        return client

    def refusal(self, path, why):
        """Waits until the broker's log reports that refusal and its reason."""
        self.broker.wait_log(self.broker.refusal.format(
            path=re.escape(path), why=why))

    def ztp_device(self, path, leaf, wait=60):
        return subprocess.Popen(
            [where.binary("ztp-device"), "--url", self.broker.url, "--ca",
             self.server["cafile"], "--cert", leaf.path, "--key",
             leaf.key_path, "--id", path, "--audience", AUDIENCE, "--wait",
             str(wait)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ends(child, status):
    """The output of a ztp-device, which must have ended with that status."""
    out, _ = child.communicate(timeout=90)
    assert child.returncode == status, (child.returncode, out)
    return out


def refused(client, topic):
    """The SUBACK refuses it, or the connection ends."""
    _, mid = client.client.subscribe(topic, 1)
    until(lambda: mid in client.subacks or client.ended is not None,
          f"an answer for {topic}")
    if mid in client.subacks:
        assert client.subacks[mid][0] >= 0x80, topic


def send(client, topic, payload, retain=False):
    """Publishes and waits for the answer, or for the connection to end because
    of it; False if it had ended before."""
    info = client.client.publish(topic, payload, 1, retain)
    if info.rc != 0:
        return False
    until(lambda: client.ended is not None or info.is_published(),
          f"an answer for {topic}")
    return True


def forged(path, leaf):
    return json.dumps({"device_path": path, "certificate": leaf.base64})


def quiet(stage, ca, *paths):
    """The customer has not been asked about them when a later device has been
    asked about."""
    leaf = ca.leaf()
    late = stage.connect(device_path(), leaf.base64, jwt(leaf))
    late.subscribed(late.commands)
    stage.request(late.path)
    asked = {r.key for r in stage.reader.find(stage.topics["requests"])}
    assert late.path in asked and not asked & set(paths)
    assert not stage.reader.find(stage.topics["dlq"])


# --- fixtures


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    """Another CA with the same name."""
    return Ca(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module", params=BROKERS)
def stage(request, tmp_path_factory, mock_kafka, ca):
    stage = Stage(tmp_path_factory.mktemp("stage") / request.param, mock_kafka,
                  ca, request.param)
    yield stage.start()
    stage.stop()


@pytest.fixture
def held(stage, ca):
    """A device that waits for its customer: (device, leaf, request)."""
    leaf = ca.issue()
    device = stage.connect(device_path(), leaf.base64, jwt(leaf))
    assert device.accepted
    device.subscribed(device.commands)
    return device, leaf, stage.request(device.path)
