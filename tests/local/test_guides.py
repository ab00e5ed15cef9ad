"""Runs every command line of README and guides, in order. The `sh` blocks of
each document are bash sessions against a stack of its own, with this test's
addresses and files in place of the written ones. What runs elsewhere, or
cannot run in a test, is listed below."""

import json
import os
import re

import pytest
import requests
import yaml

from harness.bridge import Bridge, topic_names
from harness.certs import Ca
from harness.devkafka import DevKafka
from harness.gate import OPERATOR, PASSWORD, Gate
from harness.guides import blocks, session, steps, text_of
from harness.lists import read_list
from harness.ports import free_port
from harness.process import Process
from harness.topics import Reader
from harness.until import until
from harness.where import ROOT, binary, build

TOPICS = topic_names("ztp")
PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"
OPERATORS = ("docs/operators-guide.md", "docs/maintenance.md")


class Stack:
    """A Kafka, a broker with the gate, and a bridge, with the default
    names."""

    def __init__(self, folder, ca):
        self.folder = folder
        self.ca = ca
        args = [arg for topic in TOPICS.values() for arg in ("--topic", topic)]
        self.kafka = DevKafka(folder, args=args).start()
        self.gate = Gate(folder, ca.server()).start()
        self.processes = [self.kafka, self.gate]
        self.places = {
            "127.0.0.1:1883": f"127.0.0.1:{self.gate.port}",
            "localhost:8883": f"localhost:{self.gate.tls_port}",
            "127.0.0.1:9092": self.kafka.brokers,
        }
        (folder / "admin.password").write_text(f"{PASSWORD}\n")
        (folder / "broker_ca.pem").write_text(ca.cert.read_text())
        (folder / "examples").symlink_to(ROOT / "examples")

    def start_bridge(self):
        self.bridge = Bridge(
            self.folder, f"mqtt://127.0.0.1:{self.gate.port}",
            self.kafka.brokers, TOPICS,
            {"mqtt": {"registrar": "gate", "username": OPERATOR,
                      "password": PASSWORD}},
        )
        self.watch(self.bridge.start())
        self.places |= {
            "127.0.0.1:9464": self.http,
            "/var/lib/ztp-bridge/store.db": f"{self.folder}/bridge.db",
            "/etc/ztp-bridge/ztp-bridge.yaml": self.bridge.config,
        }
        return self

    def watch(self, bridge):
        """Waits until the bridge is ready, and stops it at the end of the
        test."""
        self.processes.append(bridge)
        self.http = bridge.wait_log(
            r"\bhttp\S*.*?(127\.0\.0\.1:[1-9]\d*)").group(1)
        until(self.ready, "the bridge is ready")

    def ready(self):
        answer = requests.get(f"http://{self.http}/readyz", timeout=60)
        return answer.status_code == 200

    def stopped_config(self):
        """The configuration of a bridge that has run and is stopped."""
        settings = yaml.safe_load(
            (self.folder / "bridge.yaml").read_text(encoding="utf-8"))
        settings["store"]["path"] = str(self.folder / "stopped.db")
        (self.folder / "stopped.yaml").write_text(yaml.safe_dump(settings))

    def put_in_place(self, text):
        for written, real in self.places.items():
            text = text.replace(written, real)
        return text

    def run(self, script, **env):
        return session(self.put_in_place(script), self.folder, **env)

    def ctl(self, *args):
        return self.run(" ".join([
            "ztpctl --url mqtt://127.0.0.1:1883 --username ztp-admin "
            "--password-file admin.password", *args]))

    def device(self, leaf, path):
        """A device that waits for its answer."""
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
def bare(tmp_path, ca):
    stack = Stack(tmp_path, ca)
    yield stack
    stack.stop()


@pytest.fixture
def stack(bare):
    return bare.start_bridge()


def test_operators_guide(stack, tmp_path):
    (tmp_path / "ca_cert.pem").write_text(stack.ca.cert.read_text())
    other = Ca(tmp_path / "other", "the next CA")
    (tmp_path / "new_ca.pem").write_text(other.cert.read_text())
    stack.stopped_config()
    out = "".join(stack.run(block) for page in OPERATORS
                  for block in blocks(page))
    assert "acme/plant-7" in out
    assert "ztp_requests_outstanding" in out
    assert re.search(r"^ok$", out, re.M)  # integrity_check
    # It has payloads.
    assert (tmp_path / "bridge-backup.db").stat().st_mode & 0o777 == 0o600
    assert '"acme/plant-7"' in (tmp_path / "acme_plant-7.jsonl").read_text()
    assert "0 requests forgotten" in out


def test_device_guide(tmp_path):
    """As an author of firmware follows it, in one shell with the guide's own
    broker; then the example in Python with the same files."""
    example, = blocks("examples/device/README.md")
    script = "\n".join(blocks("docs/device-guide.md"))
    runtime = os.environ.get("ZTP_SANITIZER", "")
    for written, real in {
        "$PWD/build": str(build()),
        "127.0.0.1:1883": f"127.0.0.1:{(plain := free_port())}",
        "listener 1883": f"listener {plain}",
        "localhost:8883": f"localhost:{(tls := free_port())}",
        "listener 8883": f"listener {tls}",
        "127.0.0.1:9464": f"127.0.0.1:{free_port()}",
        "mosquitto -c": f"LD_PRELOAD={runtime} mosquitto -c",
    }.items():
        assert written in script
        script = script.replace(written, real)
    assert example.startswith("python3 device.py")
    out = session(
        f"{script}{WAIT_APPLIED}/usr/bin/python3 "
        f"'{ROOT}/examples/device/python/device.py' --port {tls} "
        f"{example.split(maxsplit=2)[2].rstrip()} >example.log &"
        f"{WAIT_EXAMPLE}", tmp_path)
    told = [json.loads(line) for line in out.splitlines()
            if line.startswith('{"type"')]
    assert [(one["device_path"][-7:], one["status"]) for one in told] == [
        ("pump-42", "approved"), ("pump-43", "approved"),
        ("pump-44", "pending"), ("pump-44", "approved"),
        ("pump-45", "approved")]  # as the example keeps it
    shown = re.findall(r'^\{"type".*', text_of("docs/device-guide.md"), re.M)
    assert alike("\n".join(shown)) == alike(
        "\n".join(re.findall(r'^\{"type".*pump-44.*', out, re.M)))


# The bridge has heard the answer of the guide's last device.
WAIT_APPLIED = """
for i in $(seq 300); do
	grep -q 'event=device_answered.* applied=true' bridge.log && break
	sleep 0.1
done
grep 'event=device_answered.* applied=true' bridge.log
"""
WAIT_EXAMPLE = """
for i in $(seq 300); do
	[ -s state.json ] && break
	sleep 0.1
done
grep time.acme.example state.json
"""


def test_customers_guide(stack, tmp_path, ca):
    known, unknown = ca.issue("rsa2048"), ca.issue()
    (tmp_path / "pump-42_cert.pem").write_text(known.path.read_text())
    (tmp_path / "ca_cert.pem").write_text(ca.cert.read_text())
    stack.ctl("registry create acme/plant-7 --audience acme --ca ca_cert.pem")
    good = stack.device(known, PATH)
    *first, by_hand, all_open, page, http, alone = blocks("docs/customers-guide.md")
    out = "".join(stack.run(block) for block in first)
    assert '"fingerprint_sha256"' in out
    assert "onboarded" in out
    good.wait_exit(0)

    bad = stack.device(unknown, PATH.replace("42", "13"))
    reader = Reader(stack.kafka.brokers, TOPICS.values())
    request = reader.one(TOPICS["requests"], key=PATH.replace("42", "13"))
    stack.run(by_hand, REQUEST_ID=request.json()["request_id"])
    bad.wait_exit(3)
    stack.run(all_open)
    stack.places["8480"] = str(free_port())
    assert "Ann's token: " in stack.run(page)
    stack.places |= {"19092": str(free_port()), "8480": str(free_port())}
    out = stack.run(http)
    for outcome in ("onboarded", "rejected"):
        assert f'"outcome":"{outcome}","code":200' in out
    assert out.count('"state":"open"') == out.count('"state":"ended"') == 1
    stack.places["19092"] = str(free_port())
    assert stack.run(alone).count(" onboarded 200 OK") == 3
    reader.close()


# --- loops


def loops():
    for name in ("README.md", *OPERATORS, "docs/customers-guide.md",
                 "docs/device-guide.md"):
        for block in blocks(name):
            yield from (line for line in block.splitlines()
                        if re.search(r"\b(until|while) .*sleep", line))


def test_loops_give_up_and_show_the_log(tmp_path):
    """Whoever waits for something that never comes is told why."""
    found = list(loops())
    assert len(found) >= 2
    for line in found:
        logs = re.fullmatch(r"timeout \d+ sh -c '.*' \|\| cat (.+)",
                            line.strip())
        assert logs, line
        for log in logs[1].split():
            (tmp_path / log).write_text(f"why it is in {log}\n")
        line = re.sub(r"timeout \d+", "timeout 0.5", line)
        line = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{free_port()}", line)
        out = session(line, tmp_path)
        assert all(f"why it is in {log}\n" in out for log in logs[1].split())


# --- README


def section(title):
    """The text of that section."""
    return re.search(rf"^## {title}\n(.*?)^## ", text_of("README.md"),
                     re.M | re.S)[1]


def alike(text):
    """What two runs have in common, in no order, because topics have no common
    order."""
    for pattern, word in (
        (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}(-[0-9a-f]{4,12}){2}", "ID"),
        (r"[0-9a-f]{64}", "FINGERPRINT"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    ):
        text = re.sub(pattern, word, text)
    return sorted(text.splitlines())


def test_readme_five_minutes(tmp_path):
    """The commands print what the README shows."""
    mark = "--- next ---\n"
    shown = steps(section("Five minutes to a first onboarded device"))
    script = f"echo '{mark[:-1]}'\n".join(block for block, _ in shown)
    runtime = os.environ.get("ZTP_SANITIZER", "")
    for written, real in {
        "$PWD/build": str(build()),
        "/tmp/ztp": str(tmp_path),
        "make &&": f"make --quiet BUILD='{build()}' >/dev/null &&",
        "127.0.0.1:11883": f"127.0.0.1:{(port := free_port())}",
        "listener 11883": f"listener {port}",
        "127.0.0.1:9464": f"127.0.0.1:{free_port()}",
        "mosquitto -c": f"LD_PRELOAD={runtime} mosquitto -c",
        # Mosquitto 2.1's mosquitto_passwd prints what it does.
        "ztp-bridge secret": "ztp-bridge secret >/dev/null",
    }.items():
        assert written in script
        script = script.replace(written, real)
    printed = session(script, ROOT).split(mark)
    assert len(printed) == len(shown) > 4
    for (block, output), real in zip(shown, printed):
        if output:
            assert alike(real) == alike(output), block
    assert sum(bool(output) for _, output in shown) >= 3


def test_readme_run_it(bare, tmp_path, ca):
    """Installed and configured as written there, on the broker's TLS listener;
    one device, approved by hand."""
    install, check_and_run, customer = (
        block for block, _ in steps(section("Run it")))
    assert "sudo make install" in install
    session(install.replace("sudo ", "").replace("make", "make --quiet BUILD="
            f"'{build()}' DESTDIR='{tmp_path}/stage'"), ROOT)
    config, = re.findall(r"^```yaml\n(.*?)^```$", section("Run it"),
                         re.M | re.S)
    (tmp_path / "mqtt.password").write_text(f"{PASSWORD}\n")
    bare.places |= {
        "broker.example:8883": f"localhost:{bare.gate.tls_port}",
        "kafka-1.example:9092,kafka-2.example:9092": bare.kafka.brokers,
        "kafka-1.example:9092": bare.kafka.brokers,
        "/etc/ztp-bridge/mqtt.password": f"{tmp_path}/mqtt.password",
        "/etc/ztp-bridge/ca.pem": f"{tmp_path}/broker_ca.pem",
    }
    (tmp_path / "ztp-bridge.yaml").write_text(
        bare.put_in_place(config) + f"store: {{path: {tmp_path}/store.db}}\n"
        "http: {listen: '127.0.0.1:0'}\n")
    *first, last = check_and_run.splitlines()
    bare.run("\n".join(first))
    program, *arguments = last.split()
    bare.watch(Process("bridge", [tmp_path / "stage/usr/local/bin" / program,
                                  *arguments], tmp_path).start())

    (tmp_path / "ca_cert.pem").write_text(ca.cert.read_text())
    (tmp_path / "pump.json").write_text('{"ntp": "time.acme.example"}')
    bare.ctl("registry create acme/plant-7 --audience acme --ca ca_cert.pem")
    device = bare.device(ca.issue(), PATH)
    reader = Reader(bare.kafka.brokers, TOPICS.values())
    request = reader.one(TOPICS["requests"], key=PATH)
    bare.run(customer, REQUEST_ID=request.json()["request_id"])
    device.wait_exit(0)
    reader.close()


# --- the others


def test_contributing_one_test(tmp_path):
    """The other lines are make commands, see BY_HAND."""
    _, one = blocks("CONTRIBUTING.md")
    session(one.replace("ZTP_BUILD=build", f"ZTP_BUILD='{build()}'"), ROOT,
            PYTHONDONTWRITEBYTECODE="1")


def test_examples_fingerprint(tmp_path, ca):
    leaf = ca.issue("rsa2048")
    (tmp_path / "rsa_cert.pem").write_text(leaf.path.read_text())
    block, = blocks("examples/README.md")
    (tmp_path / "list").write_text(session(block, tmp_path))
    assert read_list(tmp_path / "list") == {leaf.fingerprint}
    assert len((tmp_path / "list").read_text().splitlines()) == 2
