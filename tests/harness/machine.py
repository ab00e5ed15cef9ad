"""The operator's machine of docs/setup.md and docs/standbys.md: its directories and
ports in place of the written ones, and a Kafka with users and rights."""

import os
import shlex

import requests

from .guides import session
from .kafka import Kafka, java_for
from .mosquitto import find
from .ports import free_port
from .process import Process
from .where import ROOT, binary

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
            tool.write_text(f'#!/bin/sh\nexec {shlex.join(java_for(main))} "$@"\n')
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
        return requests.get(f"http://{self.http}/readyz", timeout=60).text

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.kafka.stop()


def start_mosquitto(machine):
    runtime = os.environ.get("ZTP_SANITIZER")
    broker = machine.start(
        "mosquitto", find(), "-c", machine.folder / "mosquitto/mosquitto.conf",
        env={"LD_PRELOAD": runtime} if runtime else None)
    broker.wait_log(r"mosquitto version \S+ running")
