"""An MQTT broker with one interface for the tests.

Each broker is a class in a file beside this one: how to run it here as its own
users do, and the advice about it in docs/brokers.md."""

import os
import shutil
import subprocess

from harness import where
from harness.ports import answers, free_port
from harness.process import Process
from harness.until import until

JAVA = ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
SIGTERM_OF_JAVA = 143  # 128 + 15
START = 90.0  # for a JVM on a busy machine


def fetched(name):
    """The directory into which scripts/brokers-fetch has put that broker."""
    done = subprocess.run(
        [where.ROOT / "scripts" / "brokers-fetch", name],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    return f"{done.stdout.strip()}/{name}"


class Broker(Process):
    """tls: {cafile, certfile, keyfile}, as from certs.Ca.server(); the only
    listener then uses TLS. users: {name: password}; nobody else is let in
    then. stock: with the default queue, not the one the page advises. It keeps
    its data in its folder, and its port, across restarts."""

    title = ""  # its name in texts
    versions = ("5", "3.1.1")  # of MQTT
    nobody = 0x10  # an MQTT 5 PUBACK without matching subscribers
    advice = ""  # for the page, hand-written
    settings = ""  # for the page: the queue settings that `stock` leaves out

    def __init__(self, folder, tls=None, users=None, stock=False):
        self.port = free_port()
        self.tls, self.users, self.stock = tls, users or {}, stock
        os.makedirs(folder, exist_ok=True)
        super().__init__(type(self).__name__.lower(), ["false"], folder)
        self.argv = [str(arg) for arg in self.command()]

    @classmethod
    def speaks(cls):
        """The versions of MQTT that this release of it supports."""
        return cls.versions

    def command(self):
        """Writes its configuration; returns its command line. May set env and
        clean_exit."""
        raise NotImplementedError

    @classmethod
    def release(cls):
        """Its own version, for the page."""
        raise NotImplementedError

    @property
    def url(self):
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            assert self.alive(), f"{self.name} ended while it started"
            return answers(self.port)

        until(ready, f"{self.name} listens", START, interval=0.1)

    def restart(self):
        self.stop()
        return self.start()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def keystore(self, password="secret"):
        """The listener's key and certificate as PKCS#12, which Java reads."""
        path = self.folder / "keystore.p12"
        subprocess.run(
            ["openssl", "pkcs12", "-export", "-out", path, "-name", "broker",
             "-in", self.tls["certfile"], "-inkey", self.tls["keyfile"],
             "-passout", f"pass:{password}"],
            check=True, stdout=subprocess.DEVNULL,
        )
        return path


def jar_version(folder, artifact):
    """The version in the name of a jar that Maven has fetched."""
    for name in os.listdir(f"{folder}/lib"):
        if name.startswith(f"{artifact}-") and name.endswith(".jar"):
            return name[len(artifact) + 1:-len(".jar")]
    raise AssertionError(f"no {artifact} in {folder}")


def which(name):
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path
