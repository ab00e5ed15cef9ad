"""A Debian of its own in a directory, made with debootstrap, for installing
packages. Its programs run in a chroot, with the host's loopback."""

import os
import pathlib
import subprocess

from .process import Process
from .where import ROOT

SYSTEM = ROOT / "scripts" / "system"

# Files that apt and dpkg keep for themselves, and temporary ones.
TRANSIENT = ("dev", "proc", "run", "sys", "tmp", "var/cache", "var/log",
             "var/lib/apt", "var/lib/dpkg")


def output(*argv, env=None, timeout=600):
    done = subprocess.run(
        [str(arg) for arg in argv], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=timeout, env={**os.environ, **(env or {})})
    assert done.returncode == 0, f"{argv}\n{done.stdout}"
    return done.stdout


def release():
    """The architecture of this host."""
    fields = dict(line.split("=", 1) for line in
                  pathlib.Path("/etc/os-release").read_text().splitlines()
                  if "=" in line)
    return fields["VERSION_CODENAME"].strip('"')


class System:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)

    def make(self):
        output(SYSTEM, "make", self.root, release())
        return self

    def run(self, *argv, env=None):
        """Runs a command to its end, as root in the system."""
        return output(SYSTEM, "run", self.root, *argv, env=env)

    def apt(self, *argv):
        return self.run("apt-get", "-qq", "-y", *argv, env={
            "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})

    def process(self, name, folder, *argv, user=None, clean_exit=0):
        """A process that the test ends."""
        become = []
        if user:
            become = ["setpriv", "--reuid", user, "--regid", user,
                      "--init-groups", "--"]
        return Process(name, [SYSTEM, "exec", self.root, *become, *argv],
                       folder, clean_exit=clean_exit)

    def path(self, name):
        """The path of a file in it, as seen by the host."""
        return self.root / str(name).lstrip("/")

    def files(self):
        """All paths in it, except those that TRANSIENT names."""
        found = set()
        for where, folders, names in os.walk(self.root):
            here = os.path.relpath(where, self.root)
            folders[:] = [name for name in folders if os.path.normpath(
                os.path.join(here, name)) not in TRANSIENT]
            found |= {os.path.normpath(os.path.join("/", here, name))
                      for name in folders + names}
        return found
