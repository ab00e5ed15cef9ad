"""An operator's first setup (docs/setup.md), command by command: what systemd
does there is done here, and Kafka has its users and rights."""

import os
import re

import pytest
import requests

from harness.guides import blocks, session
from harness.kafka import JAVA, QUICK_START, Kafka
from harness.mosquitto import find
from harness.ports import free_port
from harness.process import Process
from harness.until import until
from harness.where import ROOT, binary, kafka_jars

PASSWORDS = {"admin": "adm", "ztp-bridge": "bri", "acme": "cus"}
LOGIN = ("org.apache.kafka.common.security.plain.PlainLoginModule required "
         'username="admin" password="adm"')
SASL = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
TOOLS = {"kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
         "kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}


def rights_properties(port, controller):
    users = "".join(f' user_{n}="{p}"' for n, p in PASSWORDS.items())
    return {
        "listeners": f"SASL_PLAINTEXT://127.0.0.1:{port},"
                     f"CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"SASL_PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map":
            "SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config":
            f"{LOGIN}{users};",
        "authorizer.class.name":
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",
    }


class Machine:
    """The operator's: its directories and ports in place of the written
    ones."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.processes = []
        self.kafka_port, controller = free_port(), free_port()
        self.http = f"127.0.0.1:{free_port()}"
        plain, tls = free_port(), free_port()
        self.places = {
            "/usr/share/doc/mosquitto-ztp-gate/examples": f"{folder}/examples",
            "/etc/mosquitto": f"{folder}/mosquitto",
            "/etc/ztp-bridge": f"{folder}/bridge",
            " -g mosquitto": "",
            " -g ztp-bridge": "",
            "127.0.0.1:1883": f"127.0.0.1:{plain}",
            "mqtts://mqtt.plant.example:8883": f"mqtts://localhost:{tls}",
            "kafka-1.plant.example:9092": f"127.0.0.1:{self.kafka_port}",
            "127.0.0.1:9464": self.http,
            "SASL_SSL": "SASL_PLAINTEXT",
            "--replication-factor 3": "--replication-factor 1",
            "min.insync.replicas=2": "min.insync.replicas=1",
        }
        for name in ("bin", "examples", "mosquitto", "bridge"):
            (folder / name).mkdir()
        self.install(plain, tls)
        self.kafka = Kafka(
            folder, port=self.kafka_port, controller=controller,
            properties=rights_properties(self.kafka_port, controller))

    def install(self, plain, tls):
        """What packages bring."""
        conf = (ROOT / "gate/mosquitto.conf.example").read_text()
        for written, real in {
            "/usr/local/lib/ztp/mosquitto_ztp_gate.so":
                str(binary("mosquitto_ztp_gate.so")),
            "/etc/mosquitto": f"{self.folder}/mosquitto",
            "/var/lib/mosquitto/": f"{self.folder}/",
            "listener 1883": f"listener {plain}",
            "listener 8883": f"listener {tls} 127.0.0.1",
        }.items():
            assert written in conf
            conf = conf.replace(written, real)
        if os.geteuid() == 0:
            conf = f"user root\n{conf}"
        (self.folder / "examples/mosquitto.conf.example").write_text(conf)
        (self.folder / "examples/acl.example").write_text(
            (ROOT / "gate/acl.example").read_text())
        for name, main in TOOLS.items():
            tool = self.bin / name
            java = " ".join([*JAVA, *QUICK_START])
            tool.write_text(f'#!/bin/sh\nexec {java} -cp "{kafka_jars()}/*" '
                            f'{main} "$@"\n')
            tool.chmod(0o755)
        (self.folder / "kafka-admin.properties").write_text(
            f"{SASL}sasl.jaas.config={LOGIN};\n")
        for name in ("ztp-bridge", "acme"):
            (self.folder / name.replace("ztp-bridge", "kafka")).with_suffix(
                ".password").write_text(f"{PASSWORDS[name]}\n")

    def run(self, script):
        for written, real in self.places.items():
            script = script.replace(written, real)
        return session(f'PATH="{self.bin}:$PATH"\n{script}', self.folder)

    def start(self, name, *argv, env=None):
        process = Process(name, list(argv), self.folder, env=env).start()
        self.processes.append(process)
        return process

    def readyz(self):
        return requests.get(f"http://{self.http}/readyz", timeout=5).text

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.kafka.stop()


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.kafka.start(wait=False)
    yield machine
    machine.stop()


def start_mosquitto(machine):
    runtime = os.environ.get("ZTP_SANITIZER")
    broker = machine.start(
        "mosquitto", find(), "-c", machine.folder / "mosquitto/mosquitto.conf",
        env={"LD_PRELOAD": runtime} if runtime else None)
    broker.wait_log(r"mosquitto version \S+ running")


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
    answer = requests.get(f"{url}/readyz", timeout=5)
    assert answer.status_code == 503
    assert answer.text.startswith("kafka: ztp.results is not read to its end")


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
