"""The stack's configuration files with the real programs, outside any
container: compose/mosquitto.conf, compose/ztp-bridge.yaml, compose/customer.
Only paths and ports are this test's own."""

import json
import shutil

import pytest

from harness.bridge import TOPICS, run_bridge
from harness.approver import Approver
from harness.gate import PASSWORD, Gate, path_of
from harness.handshake import Handshake, ends
from harness.process import Process
from harness.where import ROOT, binary

COMPOSE = ROOT / "compose"
NAMES = {name: f"ztp.{name}" for name in TOPICS}
CUSTOM = "acme/plant-7"


class StackGate(Gate):
    template = COMPOSE / "mosquitto.conf"


class StackBridge(Process):
    """Sets the variables of compose/ztp-bridge.yaml."""

    config = COMPOSE / "ztp-bridge.yaml"

    def __init__(self, folder, port, brokers):
        secrets, state = folder / "secrets", folder / "state"
        secrets.mkdir()
        state.mkdir()
        (secrets / "mqtt_bridge").write_text(PASSWORD)
        super().__init__(
            "bridge", [binary("ztp-bridge"), "--config", self.config], folder,
            env={"ZTP_MQTT_URL": f"mqtt://127.0.0.1:{port}",
                 "ZTP_SECRETS": str(secrets), "ZTP_STATE": str(state),
                 "ZTP_KAFKA": brokers, "ZTP_HTTP": "127.0.0.1:0"})

    def http(self):
        return self.wait_log(r"\bhttp\S*.*?(127\.0\.0\.1:[1-9]\d*)").group(1)


class StackRig(Handshake):
    """The bridge creates the topics, as it does in the stack."""

    create = False

    def make_gate(self, server, options):
        return StackGate(self.folder / "gate", server, options)

    def make_bridge(self, port, settings):
        return StackBridge(self.folder, port, self.kafka.brokers)

    def set_up(self):
        with self.gate.operator(listen=False) as operator:
            operator.registry(CUSTOM, self.ca, onboarding="custom",
                              audience="acme")
        self.watch()


@pytest.fixture
def rig(tmp_path, real_kafka, ca):
    rig = StackRig(tmp_path, real_kafka, ca, ca.server(), topics=NAMES)
    yield rig.start()
    rig.stop()


def start_customer(rig, delivered):
    """Uses compose/customer, with another path for the list of delivered
    devices."""
    folder = rig.folder / "customer"
    shutil.copytree(COMPOSE / "customer", folder)
    rules = folder / "rules.yaml"
    text = rules.read_text()
    assert text.count("/run/delivered/") == 1
    rules.write_text(text.replace("/run/delivered/", ""))
    (folder / "delivered.txt").write_text(f"{delivered.fingerprint}\n")
    rig.run(Approver(folder, rig.kafka.brokers, rig.topics, "--rules", rules))


def test_onboards(rig, ca):
    good, bad = ca.issue(), ca.issue()
    start_customer(rig, good)
    path = path_of(CUSTOM)
    out = ends(rig.ztp_device(path, good), 0)
    told = json.loads(out.strip().splitlines()[-1])
    assert told["status"] == "approved"
    payload = json.loads((COMPOSE / "customer" / "pump.json").read_text())
    assert told["payload"] == payload
    rig.ended(rig.request_of(path), "onboarded")
    other = path_of(CUSTOM)
    out = ends(rig.ztp_device(other, bad), 3)
    assert "not_on_the_list" in out
    rig.ended(rig.request_of(other), "rejected")


def settings(name):
    """The lines that are neither empty nor comments."""
    text = (ROOT / name).read_text()
    return [line for line in text.splitlines()
            if line and not line.startswith("#")]


def test_broker_differs_from_the_example_in_its_plain_listener():
    """The secure stack uses the example itself."""
    here, example = (settings(name) for name in (
        "compose/mosquitto.conf", "gate/mosquitto.conf.example"))
    assert set(here) ^ set(example) == {"listener 1883 0.0.0.0",
                                        "listener 1883 127.0.0.1"}
    assert len(here) == len(example)


def test_secure_bridge_configuration(tmp_path, ca):
    """It differs from the plain one only in how the bridge connects."""
    for name in ("mqtt_bridge", "kafka_bridge"):
        (tmp_path / name).write_text(PASSWORD)
    shutil.copy(ca.cert, tmp_path / "ca.pem")
    env = {"ZTP_SECRETS": str(tmp_path), "ZTP_TRUST": str(tmp_path)}
    printed = []
    for name in ("ztp-bridge.yaml", "secure/ztp-bridge.yaml"):
        config = COMPOSE / name
        done = run_bridge("--config", config, "--check-config", env=env)
        assert done.returncode == 0, done.stderr
        done = run_bridge("--config", config, "--print-config", env=env)
        assert PASSWORD not in done.stdout
        printed.append(set(done.stdout.splitlines()))
    plain, secure = printed
    assert all("mqtt://" in line or "ca_file" in line or "properties" in line
               for line in plain - secure), plain - secure
    assert any("SASL_SSL" in line for line in secure)
