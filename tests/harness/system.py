"""A Debian of its own in a folder, by debootstrap: what packages are installed
into. Its programs run in a chroot, on the host's loopback."""

import os
import pathlib
import subprocess

from .process import Process

# What apt and dpkg keep for themselves, and what is no file of anybody's.
TRANSIENT = ("dev", "proc", "run", "sys", "tmp", "var/cache", "var/log",
             "var/lib/apt", "var/lib/dpkg")


# With /proc, which maintainer scripts need; it is gone with the process.
CHROOT = ["unshare", "--mount", "sh", "-ec",
          'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"']


def output(*argv, env=None, timeout=600):
    done = subprocess.run(
        [str(arg) for arg in argv], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=timeout, env={**os.environ, **(env or {})})
    assert done.returncode == 0, f"{argv}\n{done.stdout}"
    return done.stdout


def release():
    """This host's own: its name, and where its apt has it from."""
    fields = dict(line.split("=", 1) for line in
                  pathlib.Path("/etc/os-release").read_text().splitlines()
                  if "=" in line)
    name = fields["VERSION_CODENAME"].strip('"')
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return name, next(line.split()[1] for line in targets
                      if line.split()[0] == name)


class System:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)

    def make(self):
        name, mirror = release()
        output("debootstrap", "--variant=minbase", name, self.root, mirror)
        # As Debian's installer does.
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        # How this host reaches it, and nothing else of its apt.
        (self.root / "etc/apt/apt.conf.d/90host").write_text(
            output("apt-config", "dump", "Acquire"))
        # Nobody's services are started: there is no init.
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        self.apt("update")
        return self

    def run(self, *argv, env=None):
        """As root there, to its end."""
        return output(*CHROOT, self.root, *argv, env=env)

    def apt(self, *argv):
        return self.run("apt-get", "-qq", "-y", *argv, env={
            "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})

    def process(self, name, folder, *argv, user=None, clean_exit=0):
        """One that is ended by the test."""
        become = []
        if user:
            become = ["setpriv", "--reuid", user, "--regid", user,
                      "--init-groups", "--"]
        return Process(name, [*CHROOT, self.root, *become, *argv], folder,
                       clean_exit=clean_exit)

    def path(self, name):
        """A file of it, as the host sees it."""
        return self.root / str(name).lstrip("/")

    def files(self):
        """Every path there is, except what TRANSIENT names."""
        found = set()
        for where, folders, names in os.walk(self.root):
            here = os.path.relpath(where, self.root)
            folders[:] = [name for name in folders if os.path.normpath(
                os.path.join(here, name)) not in TRANSIENT]
            found |= {os.path.normpath(os.path.join("/", here, name))
                      for name in folders + names}
        return found
