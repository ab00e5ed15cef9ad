"""Every command line of the guides is run, in their order: the blocks marked
`sh` of each are one session of bash against a stack of its own, with this
test's addresses and files in the place of those that are written."""

import json
import os
import re
import subprocess

import pytest
import requests
import yaml

from harness.bridge import Bridge, topic_names
from harness.certs import Ca
from harness.devkafka import DevKafka
from harness.gate import OPERATOR, PASSWORD, Gate
from harness.process import Process
from harness.topics import Reader
from harness.until import until
from harness.where import ROOT, binary, build

GUIDES = ["operators-guide.md", "device-guide.md", "customers-guide.md"]
TOPICS = topic_names("ztp")
PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"


class Stack:
    """A Kafka, a broker with the gate, a bridge; the names are the defaults."""

    def __init__(self, folder, ca):
        self.folder = folder
        self.ca = ca
        args = [arg for topic in TOPICS.values() for arg in ("--topic", topic)]
        self.kafka = DevKafka(folder, args=args).start()
        self.gate = Gate(folder, ca.server()).start()
        self.bridge = Bridge(
            folder, f"mqtt://127.0.0.1:{self.gate.port}", self.kafka.brokers,
            TOPICS,
            {"mqtt": {"registrar": "gate", "username": OPERATOR,
                      "password": PASSWORD}},
        ).start()
        self.http = self.bridge.http()
        until(self.ready, "the bridge is ready")
        self.processes = [self.kafka, self.gate, self.bridge]
        (folder / "admin.password").write_text(f"{PASSWORD}\n")
        (folder / "broker_ca.pem").write_text(ca.cert.read_text())
        (folder / "examples").symlink_to(ROOT / "examples")

    def ready(self):
        answer = requests.get(f"http://{self.http}/readyz", timeout=5)
        return answer.status_code == 200

    def stopped_config(self):
        """Of a bridge that has run and runs no more."""
        settings = yaml.safe_load(
            (self.folder / "bridge.yaml").read_text(encoding="utf-8"))
        settings["store"]["path"] = str(self.folder / "stopped.db")
        (self.folder / "stopped.yaml").write_text(yaml.safe_dump(settings))

    def put_in_place(self, text):
        for written, real in {
            "127.0.0.1:1883": f"127.0.0.1:{self.gate.port}",
            "localhost:8883": f"localhost:{self.gate.tls_port}",
            "127.0.0.1:9092": self.kafka.brokers,
            "127.0.0.1:9464": self.http,
            "/var/lib/ztp-bridge/store.db": f"{self.folder}/bridge.db",
            "/etc/ztp-bridge/ztp-bridge.yaml": self.bridge.config,
        }.items():
            text = text.replace(written, real)
        return text

    def run(self, script, **env):
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{self.put_in_place(script)}"],
            cwd=self.folder, text=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{build()}:{os.environ['PATH']}",
                 **env},
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def ctl(self, *args):
        return self.run(" ".join([
            "ztpctl --url mqtt://127.0.0.1:1883 --username ztp-admin "
            "--password-file admin.password", *args]))

    def device(self, leaf, path):
        """One that waits for its answer."""
        device = Process(
            path.rsplit("/", 1)[1],
            [binary("ztp-device"), "--url",
             f"mqtts://localhost:{self.gate.tls_port}", "--ca", self.ca.cert,
             "--cert", leaf.path, "--key", leaf.key_path, "--id", path,
             "--audience", "acme", "--wait", "120"],
            self.folder,
        ).start()
        self.processes.append(device)
        return device

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


@pytest.fixture
def stack(tmp_path, ca):
    stack = Stack(tmp_path, ca)
    yield stack
    stack.stop()


def blocks(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    assert found
    return found


def test_operators_guide(stack, tmp_path):
    (tmp_path / "ca_cert.pem").write_text(stack.ca.cert.read_text())
    other = Ca(tmp_path / "other", "the next CA")
    (tmp_path / "new_ca.pem").write_text(other.cert.read_text())
    stack.stopped_config()
    out = "".join(stack.run(block) for block in blocks("operators-guide.md"))
    assert "acme/plant-7" in out
    assert "ztp_requests_outstanding" in out
    assert re.search(r"^ok$", out, re.M)  # integrity_check
    assert "0 requests forgotten" in out


def test_device_guide(stack):
    out = "".join(stack.run(block) for block in blocks("device-guide.md"))
    assert '"status":"approved"' in out.replace(" ", "")


def test_customers_guide(stack, tmp_path, ca):
    known, unknown = ca.issue("rsa2048"), ca.issue()
    (tmp_path / "pump-42_cert.pem").write_text(known.path.read_text())
    (tmp_path / "ca_cert.pem").write_text(ca.cert.read_text())
    stack.ctl("registry create acme/plant-7 --audience acme --ca ca_cert.pem")
    good = stack.device(known, PATH)
    *first, last = blocks("customers-guide.md")
    out = "".join(stack.run(block) for block in first)
    assert '"fingerprint_sha256"' in out
    assert "onboarded" in out
    good.wait_exit(0)

    bad = stack.device(unknown, PATH.replace("42", "13"))
    reader = Reader(stack.kafka.brokers, TOPICS.values())
    request = reader.one(TOPICS["requests"], key=PATH.replace("42", "13"))
    stack.run(last, REQUEST_ID=request.json()["request_id"])
    bad.wait_exit(3)
    reader.close()


def test_no_command_is_left_out():
    """A guide's commands are in its sh blocks and nowhere else."""
    for name in GUIDES:
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        rest = re.sub(r"^```sh\n.*?^```$", "", text, flags=re.M | re.S)
        assert not re.findall(r"^ {4}(?:ztp|curl|openssl|sqlite3|make)\b.*",
                              rest, re.M), name
        for body in re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S):
            assert json.loads(body)
