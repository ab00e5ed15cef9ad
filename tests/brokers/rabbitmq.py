"""This Debian's RabbitMQ with its MQTT plugin, unpacked and not installed: a
node of the test's own, with its own epmd, cookie and ports."""

import base64
import glob
import hashlib
import json
import os
import re

from harness.ports import answers, free_port
from harness.process import Process
from harness.until import until

from .broker import Broker, fetched

SALT = b"salt"


def server(folder):
    """(path of the unpacked server, version)"""
    path = glob.glob(f"{folder}/usr/lib/rabbitmq/lib/rabbitmq_server-*")[0]
    return path, path.rsplit("-", 1)[1]


class RabbitMq(Broker):
    title = "RabbitMQ"
    advice = """\
Its MQTT plugin keeps each session in a durable queue on disk, unbounded unless a policy
sets `max-length`. MQTT 5 is supported since 3.13; before that, set `mqtt.version: 3.1.1`.
With 3.1.1 you need `mqtt.delivery_ack: device`."""

    @classmethod
    def speaks(cls):
        release = tuple(map(int, re.findall(r"\d+", cls.release())[:2]))
        return ("5", "3.1.1") if release >= (3, 13) else ("3.1.1",)

    @classmethod
    def release(cls):
        return server(fetched("rabbitmq"))[1]

    def command(self):
        root = fetched("rabbitmq")
        path, _ = server(root)
        epmd = free_port()
        self.env = {
            "PATH": f"{root}/bin:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "yes",  # no shell between it and us
            "RABBITMQ_NODENAME": f"ztp{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-start_epmd false -kernel inet_dist_use_interface "
                "{127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.config()),
            "RABBITMQ_ENABLED_PLUGINS_FILE":
                str(self.write("plugins", "[rabbitmq_mqtt].\n")),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
        }
        self.epmd = Process(
            "epmd", [glob.glob(f"{root}/usr/lib/erlang/erts-*/bin/epmd")[0],
                     "-port", epmd, "-address", "127.0.0.1"],
            self.folder, clean_exit=-15)
        self.epmd_port = epmd
        return [f"{path}/sbin/rabbitmq-server"]

    def config(self):
        lines = ["listeners.tcp = none", "mqtt.exchange = amq.topic",
                 f"load_definitions = {self.definitions()}"]
        if self.tls:
            lines += ["mqtt.listeners.tcp = none",
                      f"mqtt.listeners.ssl.1 = 127.0.0.1:{self.port}",
                      f"ssl_options.cacertfile = {self.tls['cafile']}",
                      f"ssl_options.certfile = {self.tls['certfile']}",
                      f"ssl_options.keyfile = {self.tls['keyfile']}"]
        else:
            lines.append(f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}")
        if self.users:
            lines.append("mqtt.allow_anonymous = false")
        return self.write("rabbitmq.conf", "\n".join(lines) + "\n")

    def definitions(self):
        """Its users, with the rights that MQTT needs."""
        users = self.users or {"guest": "guest"}

        def hashed(password):
            digest = hashlib.sha256(SALT + password.encode()).digest()
            return base64.b64encode(SALT + digest).decode()

        return self.write("definitions.json", json.dumps({
            "vhosts": [{"name": "/"}],
            "users": [{
                "name": name, "tags": "",
                "password_hash": hashed(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
            } for name, password in users.items()],
            "permissions": [{
                "user": name, "vhost": "/", "configure": ".*", "write": ".*",
                "read": ".*",
            } for name in users],
        }))

    def start(self):
        self.epmd.start()
        until(lambda: answers(self.epmd_port), "epmd listens")
        return super().start()

    def stop(self, *args, **more):
        super().stop(*args, **more)
        self.epmd.stop()

    def kill9(self):
        super().kill9()
        self.epmd.stop()
