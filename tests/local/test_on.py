"""`make on` before it starts: it reports in one line what it cannot do. And
scripts/system, under which nothing outlives what runs in a system."""

import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

from harness.ports import free_port
from harness.process import hear_all
from harness.until import until
from harness.where import ROOT

ENV = {key: value for key, value in os.environ.items()
       if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "FRESH", "KEEP")}


def architecture():
    return subprocess.run(["dpkg", "--print-architecture"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def complaint(folder, release="trixie", arch=None, mirror="", script=None,
              before=()):
    """Its complaint, which is one line, and its exit code."""
    done = subprocess.run(
        [*before, script or ROOT / "scripts" / "on", release,
         arch or architecture(), folder, "demo"], env={**ENV, "MIRROR": mirror}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    assert done.returncode in (1, 2)
    line, = done.stderr.splitlines()
    return line


def test_unknown_release(tmp_path):
    assert complaint(tmp_path / "on", release="woody") == \
        "on: no release 'woody': RELEASE is one of bookworm trixie sid"
    assert "no release ''" in complaint(tmp_path / "on", release="")
    assert not (tmp_path / "on").exists()


def test_unknown_architecture(tmp_path):
    assert complaint(tmp_path / "on", arch="vax") == \
        "on: no architecture 'vax': ARCH is one of amd64 arm64 armhf"
    assert not (tmp_path / "on").exists()


def test_by_make(tmp_path):
    """The parameters match the command line in the documentation."""
    done = subprocess.run(
        ["make", "on", f"BUILD={tmp_path}", "RELEASE=woody", "ARCH=amd64"],
        cwd=ROOT, env=ENV, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("on: no release 'woody'")


@pytest.fixture
def elsewhere():
    """A copy of the scripts where every user may read them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ztp-on-"))
    folder.chmod(0o755)
    (folder / "scripts").mkdir()
    for name in ("on", "system"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts")
    yield folder / "scripts" / "on"
    shutil.rmtree(folder)


def test_no_root(elsewhere, tmp_path):
    nobody = [] if os.getuid() else [
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    assert complaint(tmp_path / "on", script=elsewhere, before=nobody) == \
        "on: only root can make a system (sudo make on ...)"


# Without root, the test gets a user namespace in which it is root.
AS_ROOT = ["unshare", "--user", "--map-root-user"] if os.getuid() else []


def test_no_network(tmp_path):
    mirror = f"http://127.0.0.1:{free_port()}"
    line = complaint(tmp_path / "on", mirror=mirror, before=AS_ROOT)
    assert line.startswith(f"system: no trixie at {mirror}: ")
    assert "onnect" in line
    assert not (tmp_path / "on" / "base").exists()


class Nothing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_args):
        pass


def test_no_such_release_at_the_mirror(tmp_path):
    server = http.server.HTTPServer(("127.0.0.1", 0), Nothing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        mirror = f"http://127.0.0.1:{server.server_port}"
        line = complaint(tmp_path / "on", mirror=mirror, before=AS_ROOT)
        assert line.startswith(f"system: no trixie at {mirror}: ")
        assert "404" in line
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_one_at_a_time(tmp_path):
    (tmp_path / "on").mkdir()
    with subprocess.Popen(["flock", tmp_path / "on" / "lock", "cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"locked\n")
        cat.stdin.flush()
        assert cat.stdout.readline() == b"locked\n"
        assert complaint(tmp_path / "on", before=AS_ROOT) == \
            f"on: another run is at work in {tmp_path}/on"


# --- where programs of another architecture run


def emulate(arch, command, **more):
    done = subprocess.run([ROOT / "scripts" / "emulate", arch, *command],
                          check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **more)
    return done.returncode, done.stdout, done.stderr


def test_emulate_unknown_architecture():
    code, _, said = emulate("vax", ["true"])
    assert code == 1
    assert said.startswith("emulate: no architecture 'vax': ")
    assert {"arm64", "armhf"} < set(said.split())


def test_emulate_without_the_right_to_namespaces(tmp_path):
    """One line, before anything is installed."""
    (tmp_path / "grep").write_text("#!/bin/sh\nexit 1\n")  # not registered
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    for name in ("grep", "unshare"):
        (tmp_path / name).chmod(0o755)
    code, _, said = emulate("arm64", ["true"], env={
        **ENV, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert code == 1
    line, = said.splitlines()
    assert line.startswith("emulate: no user namespace can be made here")


def test_emulate_where_qemu_is_registered(tmp_path):
    """The same process simply runs the command."""
    (tmp_path / "grep").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "grep").chmod(0o755)
    code, out, said = emulate(
        "arm64", ["readlink", "/proc/self/ns/user"], env={
            **ENV, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (code, said) == (0, "")
    assert out.strip() == os.readlink("/proc/self/ns/user")


# --- what runs in a system


@pytest.fixture
def system(tmp_path):
    """Enough of a system for a shell: this machine's own programs."""
    root = tmp_path / "root"
    for name in ("dev", "proc", "run", "sys", "usr"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        if (pathlib.Path("/") / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    dpkg = root / "var/lib/dpkg"
    dpkg.mkdir(parents=True)
    (dpkg / "status").write_text(
        "Package: dpkg\nStatus: install ok installed\nVersion: 1\n"
        f"Architecture: {architecture()}\nMaintainer: t <t@localhost>\n"
        "Description: t\n")
    return root


def command(system, script):
    return [*AS_ROOT, ROOT / "scripts" / "system", "run", system, "--bind",
            "/usr", "/usr", "sh", "-c", script]


def test_exit_code_and_output(system):
    done = subprocess.run(
        command(system, "echo $$; ls /; test -w /dev/null && exit 7"),
        check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 7
    first, *names = done.stdout.split()
    assert int(first) < 10  # processes of its own
    assert set(names) >= {"dev", "proc", "run", "sys", "usr"}
    assert not list((system / "dev").iterdir())
    assert not list((system / "usr").iterdir())


def test_user_namespaces_may_be_made(system):
    """Not in a chroot; the tests that play a full disk need one."""
    script = "unshare --user --map-root-user --mount ls -d /run/*"
    done = subprocess.run(command(system, script), check=True,
                          stdout=subprocess.PIPE, text=True)
    assert "/run/lock" in done.stdout.split()
    assert "/run/host" not in done.stdout.split()


def running(word):
    """Processes on the whole machine that have the word on their command
    line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP, signal.SIGKILL))
def test_nothing_outlives_it(system, number):
    """Neither a detached daemon nor a mount outlives it."""
    seconds = str(10**6 + free_port()).encode()
    script = f"setsid sleep {seconds.decode()} & exec sleep {seconds.decode()}"
    with subprocess.Popen(command(system, script),
                          preexec_fn=hear_all) as child:
        try:
            until(lambda: len(running(seconds)) == 2, "both are there")
            child.send_signal(number)
            child.wait(30)
        finally:
            child.kill()  # otherwise the end of this block waits for it
    until(lambda: not running(seconds), "all are gone")
    assert child.returncode in (-number, 128 + number, 143)
    mounts = pathlib.Path("/proc/self/mounts").read_text()
    assert str(system) not in mounts
