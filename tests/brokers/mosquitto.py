"""Mosquitto without the gate, with which the others are compared."""

import os
import re
import subprocess

from harness.mosquitto import find

from .broker import Broker


class Mosquitto(Broker):
    title = "Mosquitto"
    settings = "`max_queued_messages 1000000`, `persistence true`, "\
        "`autosave_interval 1`"
    advice = """\
`max_queued_messages` is 1000 by default. Messages beyond it are dropped, and the
publisher is not told. Never set it to 0. When Mosquitto is killed, it forgets everything
since its last autosave (`autosave_interval`, 30 min by default, 1 s here; each autosave
writes its whole state). With the gate none of this matters: its journal keeps what the
bridge has not acknowledged."""

    def command(self):
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if self.users else 'true'}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "log_dest stderr",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if not self.stock:
            lines += ["max_queued_messages 1000000", "autosave_interval 1"]
        if self.tls:
            lines += [f"{key} {value}" for key, value in self.tls.items()]
        if self.users:
            lines.append(f"password_file {self.passwords()}")
        config = self.write("mosquitto.conf", "\n".join(lines) + "\n")
        return [find(), "-c", config]

    def passwords(self):
        path = self.write("passwords", "")
        path.chmod(0o600)
        for name, password in self.users.items():
            subprocess.run(["mosquitto_passwd", "-b", path, name, password],
                           check=True)
        return path

    @classmethod
    def release(cls):
        done = subprocess.run([find(), "-h"], stdout=subprocess.PIPE,
                              text=True, check=False)
        return re.search(r"version (\S+)", done.stdout).group(1)
