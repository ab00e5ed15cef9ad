"""A real Mosquitto with a generated configuration."""

import os
import re
import shutil
import subprocess

from .ports import free_port
from .process import Process
from .until import DEADLINE, until


def find():
    return shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Mosquitto(Process):
    """tls: a dict of cafile, certfile and keyfile for the listener. users:
    {name: password}, which also disables anonymous clients."""

    def __init__(
        self,
        folder,
        name="mosquitto",
        port=None,
        tls=None,
        users=None,
        persistence=False,
        extra=(),
    ):
        self.port = port or free_port()
        self.tls = tls
        self.config = os.path.join(folder, f"{name}.conf")
        super().__init__(name, [find(), "-c", self.config], folder)
        self._write(users, persistence, extra)

    def _write(self, users, persistence, extra):
        lines = [
            "per_listener_settings false",
            f"allow_anonymous {'false' if users else 'true'}",
            # Mosquitto drops acknowledged messages beyond this number. 0 makes
            # it disconnect a client whose publish is denied.
            "max_queued_messages 1000000",
            "max_packet_size 131072",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "log_type information",
            "log_type subscribe",
            "connection_messages true",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if users:
            lines.append(f"password_file {self._passwords(users)}")
        if persistence:
            lines += [
                "persistence true",
                f"persistence_location {self.folder}/",
                f"persistence_file {self.name}.db",
            ]
        lines += list(extra)
        lines.append(f"listener {self.port} 127.0.0.1")
        if self.tls:
            lines += [f"{key} {value}" for key, value in self.tls.items()]
        with open(self.config, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")

    def _passwords(self, users):
        path = self.folder / f"{self.name}.passwords"
        path.touch(mode=0o600)
        for name, password in users.items():
            subprocess.run(
                ["mosquitto_passwd", "-b", str(path), name, password],
                check=True,
            )
        return path

    @property
    def url(self):
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        self.wait_log(r"mosquitto version \S+ running")
        # It forgets a SIGTERM that comes before it first waits for its clients.
        until(self.sleeps, f"{self.name} waits for clients")
        return self

    def restart(self):
        self.stop()
        return self.start()

    def wait_subscribed(self, topic, client=None, timeout=DEADLINE):
        """Waits until a client has subscribed since the broker's start."""
        who = re.escape(client) if client else r"\S+"
        self.wait_log(rf": {who} \d+ {re.escape(topic)}$", timeout)

    def connected(self, client):
        """True while a client with that id is connected, by the last line
        about it in the log. Mosquitto 2.1 also logs the address when the
        client disconnects, and logs an end when it takes over a session that
        was not connected."""
        who = re.escape(client)
        said = re.findall(
            rf"(?: as {who} (\()|Client {who} (?:\[\S+\] )?(?:disconnected|"
            r"closed|has exceeded timeout|already connected))",
            self.log(),
        )
        return bool(said) and said[-1] == "("

    def wait_connected(self, client, timeout=DEADLINE):
        until(
            lambda: self.connected(client),
            f"{client} is connected to {self.name}",
            timeout,
        )
