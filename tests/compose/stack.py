"""The stack, run from compose's own files."""

import json
import subprocess

from harness.until import until
from harness.where import ROOT

FOLDER = ROOT / "compose"
SERVICES = {"mosquitto", "kafka", "bridge", "approver"}
ONCE = {"certs", "factory", "registry"}
FILES = {
    "plain": ["docker-compose.yml"],
    "secure": ["docker-compose.yml", "docker-compose.secure.yml"],
    "standby": ["docker-compose.yml", "docker-compose.standby.yml"],
    "cells": ["docker-compose.yml", "docker-compose.cells.yml"],
}
MORE = {"standby": {"bridge-b"}, "cells": {"bridge-globex", "approver-globex"}}


class Stack:
    """devices: the names of those that the factory makes."""

    def __init__(self, engine, compose, kind, folder, devices=(),
                 project=None):
        self.engine, self.docker = engine, engine.docker
        self.services = SERVICES | MORE.get(kind, set())
        self.kind, self.project = kind, project or f"ztp-test-{kind}"
        self.secrets = folder / "secrets"
        self.env = {"ZTP_SECRETS": str(self.secrets),
                    "ZTP_DEVICES": " ".join(["pump-42", *devices]),
                    "COMPOSE_HTTP_TIMEOUT": "300"}
        files = [arg for name in FILES[kind] for arg in ("-f", FOLDER / name)]
        self.argv = [*compose, *files, "-p", self.project, "--profile", "demo"]
        subprocess.run([FOLDER / "make-secrets", self.secrets], check=True)

    def compose(self, *args, timeout=900):
        argv = [*map(str, self.argv), *map(str, args)]
        return self.docker.call(argv, timeout, env=self.env)

    def up(self):
        """Starts everything and waits until the device has its answer."""
        try:
            self.compose("up", "-d", "--no-build")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None
        self.wait_healthy()
        return self

    # its containers

    def label(self):
        return f"label=com.docker.compose.project={self.project}"

    def containers(self):
        """{service: the output of `docker inspect`}."""
        found = self.docker.run("ps", "-aq", "--filter", self.label()).split()
        if not found:
            return {}
        return {c["Config"]["Labels"]["com.docker.compose.service"]: c
                for c in json.loads(self.docker.run("inspect", *found))}

    def health(self):
        """{service: healthy | unhealthy | starting}, without one-shot
        services."""
        return {service: c["State"].get("Health", {}).get("Status", "none")
                for service, c in self.containers().items()
                if service in self.services}

    def wait_healthy(self, timeout=300):
        want = {service: "healthy" for service in self.services}
        until(lambda: self.health() == want,
              lambda: f"all healthy: {self.health()}\n{self.tail()}", timeout,
              interval=0.5)

    def tail(self, lines=40):
        return self.compose("logs", "--no-color", f"--tail={lines}")

    def left(self):
        """Everything of this project that is left in the engine."""
        return [line for kind in ("container", "network", "volume")
                for line in self.docker.run(
                    kind, "ls", *(["-a"] if kind == "container" else []),
                    "-q", "--filter", self.label()).split()]

    def down(self):
        self.compose("down", "--volumes", "--remove-orphans")

    # inside it and around it

    def status(self, service):
        """The exit status of a one-shot container, once it has ended."""
        name = self.containers()[service]["Id"]
        return int(self.docker.run("wait", name, timeout=180))

    def started_at(self, service):
        return self.containers()[service]["State"]["StartedAt"]

    def logs(self, service):
        return self.docker.run("logs", self.containers()[service]["Id"])

    def inside(self, service, *argv, **more):
        return self.docker.run("exec", self.containers()[service]["Id"],
                               *argv, **more)

    def ztpctl(self, *args):
        return self.inside(
            "mosquitto", "ztpctl", "--url", "mqtt://127.0.0.1:1883",
            "--username", "ztp-admin", "--password-file",
            "/run/secrets/mqtt_admin", "--json", *args)
