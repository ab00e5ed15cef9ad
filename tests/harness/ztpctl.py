"""Runs ztpctl against a test's gate."""

import json
import os
import pty
import subprocess

from .gate import OPERATOR, PASSWORD
from .where import binary


def environment(home, **more):
    """No setting of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("ZTPCTL_", "XDG_"))}
    return {**kept, "HOME": str(home), **more}


class Ctl:
    """ctl(...) returns the ended process, whose status is as expected; None: the
    caller looks at it."""

    def __init__(self, gate, folder):
        self.gate = gate
        self.folder = folder
        self.password = folder / "password"
        self.password.write_text(PASSWORD + "\n")

    def arguments(self, user=OPERATOR, tls=False):
        url = ["--url", f"mqtt://127.0.0.1:{self.gate.port}"]
        if tls:
            url = ["--url", f"mqtts://localhost:{self.gate.tls_port}",
                   "--ca", self.gate.server["cafile"]]
        return [*url, "--username", user, "--password-file", self.password]

    def __call__(self, *args, status=0, user=OPERATOR, tls=False, **more):
        return self.bare(*self.arguments(user, tls), *args, status=status,
                         **more)

    def bare(self, *args, status=0, env=None, **more):
        """Nothing but what is given."""
        done = subprocess.run(
            [binary("ztpctl"), *map(str, args)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            env=environment(self.folder, **(env or {})), **more)
        assert status is None or done.returncode == status, (args, done)
        return done

    def on_terminal(self, *args):
        """What somebody sees who looks at it."""
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [binary("ztpctl"), *map(str, self.arguments()), *args],
            stdout=theirs, timeout=60, check=True,
            env=environment(self.folder))
        os.close(theirs)
        assert done.returncode == 0
        text = b""
        try:
            while block := os.read(ours, 65536):
                text += block
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        return text.decode().replace("\r\n", "\n")


def as_json(done):
    return json.loads(done.stdout)
