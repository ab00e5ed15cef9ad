"""A Docker engine: the one that is running here, or the test's own.

The test's own engine runs in namespaces (processes, mounts and, when it runs
the stack, the network). Whatever happens, everything that it has started ends
with it, and the host's network is unchanged. When it builds, it uses the
host's network to reach the packages, and has none of its own."""

import os
import pathlib
import shutil
import signal
import subprocess

from harness.process import Process
from harness.until import until

# docker-init reaps the processes that containerd leaves behind.
START = """
set -e
[ -z "$1" ] || ip link set lo up
shift
for folder in /run/containerd /run/docker; do
	mkdir -p $folder
	mount -t tmpfs -o mode=711 none $folder
done
exec docker-init -- dockerd "$@"
"""
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def find_compose():
    """v2, the client's plugin, is preferred to v1."""
    if subprocess.run(["docker", "compose", "version"], check=False,
                      capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"]


class Docker:
    """A client of one engine; host: empty for the environment's."""

    def __init__(self, host=""):
        self.env = {**os.environ, "DOCKER_BUILDKIT": "0",
                    "COMPOSE_DOCKER_CLI_BUILD": "0",
                    # Useless here, and half of v1's output.
                    "PYTHONWARNINGS": "ignore"}
        if host:
            self.env["DOCKER_HOST"] = host

    def popen(self, *args, **more):
        return subprocess.Popen(
            ["docker", *map(str, args)], env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **more)

    def run(self, *args, timeout=120, status=0):
        """Its output; the exit status must be that."""
        return self.call(["docker", *map(str, args)], timeout, status)

    def call(self, argv, timeout, status=0, env=None):
        done = subprocess.run(
            argv, env={**self.env, **(env or {})}, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=timeout)
        assert done.returncode == status, (argv, done.returncode,
                                           done.stdout[-4000:])
        return done.stdout

    def answers(self):
        return subprocess.run(
            ["docker", "info", "--format", "{{.ServerVersion}}"],
            env=self.env, capture_output=True, check=False).returncode == 0


class Engine(Process):
    """dockerd with its images in data; building: in the host's network."""

    def __init__(self, folder, data, building=False):
        folder = pathlib.Path(folder)
        self.building = building
        self.socket = folder / "docker.sock"
        self.group = f"ztp-{os.getpid()}"
        namespaces = ["--mount", "--pid", "--fork", "--kill-child",
                      "--mount-proc"]
        network = ["--bridge", "none", "--iptables=false",
                   "--ip-forward=false"]
        super().__init__(
            "dockerd",
            ["unshare", *namespaces, *([] if building else ["--net"]),
             "bash", "-c", START, "engine", "" if building else "own",
             "--data-root", data, "--exec-root", folder / "exec",
             "--pidfile", folder / "dockerd.pid", "--cgroup-parent",
             f"/{self.group}", "-H", f"unix://{self.socket}",
             "--log-level", "warn",
             *(network if building else [])],
            folder)
        self.docker = Docker(f"unix://{self.socket}")

    def start(self):
        super().start()

        def ready():
            assert self.alive(), f"dockerd ended: {self.log()[-3000:]}"
            return self.docker.answers()

        until(ready, "dockerd answers", 60)
        return self

    def init(self):
        """The first process inside: unshare waits for it."""
        text = subprocess.run(["pgrep", "-P", str(self.pid)], check=True,
                              capture_output=True, text=True).stdout
        return int(text.split()[0])

    def clear(self):
        """Removes what a killed run has left over; images are kept."""
        found = self.docker.run("ps", "-aq").split()
        if found:
            self.docker.run("rm", "-fv", *found)
        volumes = self.docker.run("volume", "ls", "-q").split()
        if volumes:
            self.docker.run("volume", "rm", *volumes)
        self.docker.run("network", "prune", "-f")

    def enter(self, *argv):
        """A command line prefix that enters the network of the published
        ports."""
        return ["nsenter", f"--net=/proc/{self.init()}/ns/net", *argv]

    def stop(self, expect=None, timeout=60):
        if self.child is None:
            return
        if self.alive():
            os.kill(self.init(), signal.SIGTERM)
        self.wait_exit(expect, timeout)
        self._rest()

    def _rest(self):
        """Removes what does not end with the namespaces."""
        for folder in CGROUPS.glob(f"*/{self.group}"):
            folder.rmdir()
        if (CGROUPS / self.group).exists():
            (CGROUPS / self.group).rmdir()
        shutil.rmtree(self.folder / "exec", ignore_errors=True)


class Running:
    """An engine that was running before."""

    def __init__(self):
        self.docker = Docker()

    def enter(self, *argv):
        return list(argv)
