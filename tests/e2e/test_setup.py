"""An operator's first setup (docs/setup.md), command by command: what systemd
does there is done here, and Kafka has its users and rights."""

import re

import pytest
import requests

from harness.guides import blocks
from harness.machine import PASSWORDS, SASL, Machine, start_mosquitto
from harness.until import until
from harness.where import binary


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.kafka.start(wait=False)
    yield machine
    machine.stop()


def start_bridge(machine):
    path = machine.folder / "bridge/ztp-bridge.yaml"
    with open(path, "a", encoding="utf-8") as config:
        config.write(f"store: {{path: {machine.folder}/store.db}}\n"
                     f"http: {{listen: '{machine.http}'}}\n")
    bridge = machine.start("ztp-bridge", binary("ztp-bridge"), "--config", path)
    bridge.wait_log("event=http_listening")
    return bridge


def waits(machine, words):
    until(lambda: words in machine.readyz(),
          lambda: f"{words}: {machine.readyz()}", timeout=60)


def customer_without_a_right(machine):
    """The bridge's user may not read ztp.results, and is told so by name."""
    login = machine.folder / "denied.properties"
    login.write_text(f"{SASL}sasl.username=ztp-bridge\n"
                     f"sasl.password={PASSWORDS['ztp-bridge']}\n")
    serve = machine.start(
        "serve", binary("ztp-approver"), "serve", "--brokers",
        machine.kafka.brokers, "--properties", login, "--group", "ztp-bridge-x",
        "--listen", "127.0.0.1:0")
    url = serve.wait_log(r"listening on (\S+)$").group(1)
    serve.wait_log(r": ztp\.results: .*Topic authorization failed")

    def answer():
        got = requests.get(f"{url}/readyz", timeout=60)
        return got.status_code, got.text

    until(lambda: answer()[0] == 503 and answer()[1].startswith(
        "kafka: ztp.results is not read to its end"), answer)


def test_every_command(machine):
    """The bridge waits from step 5 on, and says what it waits for."""
    (certificate, users, mosquitto, doctor, topics, rights, bridge, ready,
     registry, device) = blocks("docs/setup.md")
    assert "server.pem: OK" in machine.run(certificate)
    machine.run(users + mosquitto)
    start_mosquitto(machine)
    export = doctor.splitlines()[0] + "\n"
    told = machine.run(doctor)
    assert re.findall(r"^(?!ok)\w+ +\w+", told, re.M) == [
        "warning  subscriptions"]
    machine.run(bridge)
    process = start_bridge(machine)
    waits(machine, "no right to topics: ztp.requests, ztp.decisions")
    assert machine.run(topics).count("Created topic ztp.") == 5
    kafka_topics = topics.splitlines()[1].split("--create")[0]
    told = machine.run(f"{kafka_topics} --describe")
    for topic in ("requests", "decisions", "results", "dlq", "audit"):
        configs, = re.findall(rf"^Topic: ztp\.{topic}\s.*Configs: (.*)", told,
                              re.M)
        assert "min.insync.replicas=" in configs
        assert ("compression.type=uncompressed" in configs) == (
            topic == "decisions")
    fatal = re.findall(r"ts=\S+:(\d\d\.\d+)Z .*event=kafka_fatal",
                       process.log(whole=True))
    # One is tried again at once, and from then on after a second each.
    assert all((float(later) - float(one)) % 60 > 0.9
               for one, later in zip(fatal, fatal[2:], strict=False)), fatal
    machine.run(rights)
    assert "ok" in machine.run(export + ready)
    customer_without_a_right(machine)
    machine.run(export + registry)
    told = machine.run(export + device)
    assert '"status":"approved"' in told and "time.acme.example" in told
    assert re.search(r"^state +active$", told, re.M)
