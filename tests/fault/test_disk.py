"""A full or read-only disk: the bridge acknowledges nothing that it has not
stored, keeps its session, and recovers by itself once there is room again."""

import os
import signal
import subprocess

import pytest

from fault.pages import is_ready, unready_names
from harness.process import Process
from harness.rig import device_path
from harness.until import holds_for, until

PENDING = "ztp/v1/pending"


def offer(rig, leaf, count):
    """Offers that many devices, all acknowledged by Mosquitto; returns their
    paths."""
    paths = [device_path("disk") for _ in range(count)]
    for path in paths:
        rig.pending(path, leaf.base64)
    return paths


def asked(rig, paths):
    rig.reader.poll()
    found = {
        record.key for record in rig.reader.find(rig.topics["requests"])
    }
    return found & set(paths)


def wait_unready(rig):
    until(lambda: unready_names(rig, "store"), "the store is not ready")
    until(
        lambda: not rig.mosquitto.connected(rig.bridge.client_id),
        "intake has left the broker",
    )


def check_pause(rig, leaf, heal):
    """From a disk in trouble to a recovered one. Returns when every device has
    its request."""
    wait_unready(rig)
    paths = offer(rig, leaf, 20)
    holds_for(lambda: not asked(rig, paths), 1.0, "nothing is taken")
    assert rig.bridge.alive()
    heal()
    until(
        lambda: len(asked(rig, paths)) == len(paths),
        lambda: f"{len(asked(rig, paths))} of {len(paths)} asked",
    )
    until(lambda: is_ready(rig), "ready again")
    rig.onboard(leaf)
    ids = {r.json()["request_id"] for r in rig.reader.find(
        rig.topics["requests"])}
    assert len(ids) == len(rig.reader.find(rig.topics["requests"]))
    assert not rig.reader.find(rig.topics["dlq"])


def test_full(steered, ca):
    rig, control = steered()
    rig.start()
    rig.onboard(ca.leaf())
    control.disk_full()
    check_pause(rig, ca.leaf(), control.disk_well)
    log = rig.bridge.log()
    assert log.count("event=disk_full") == 1
    assert "level=error event=disk_full" in log
    assert log.count("event=disk_has_room") == 1
    rig.stop()


def test_read_only(steered, ca):
    rig, control = steered()
    rig.start()
    rig.onboard(ca.leaf())
    control.disk_read_only()
    check_pause(rig, ca.leaf(), control.disk_well)
    assert "read-only" in rig.bridge.log()
    rig.stop()


def test_full_under_load(steered, ca):
    """The disk fills while events arrive and decisions are in progress."""
    rig, control = steered()
    rig.start()
    leaf = ca.leaf()
    device = rig.device()
    rig.pending(device.path, leaf.base64)
    request = rig.request(device.path)
    before = offer(rig, leaf, 50)
    control.disk_full()
    rig.decide(request, payload={"n": 1})
    during = offer(rig, leaf, 50)
    wait_unready(rig)
    after = offer(rig, leaf, 50)
    control.disk_well()
    paths = before + during + after
    until(
        lambda: len(asked(rig, paths)) == len(paths),
        lambda: f"{len(asked(rig, paths))} of {len(paths)} asked",
    )
    assert device.wait()[0].json()["payload"] == {"n": 1}
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    assert len(device.find()) == 1
    rig.stop()


def test_read_only_at_an_event(steered, ca):
    """The journal cannot take an event that has already arrived. The process
    exits with 1 rather than acknowledge it, unless it has disconnected
    before."""
    rig, control = steered()
    rig.start()
    rig.onboard(ca.leaf())
    control.disk_read_only()
    paths = offer(rig, ca.leaf(), 10)
    until(
        lambda: not rig.bridge.alive() or unready_names(rig, "store"),
        "the bridge has noticed",
    )
    control.disk_well()
    if not rig.bridge.alive():
        rig.bridge.wait_exit(expect=1)
        assert "journal_failed" in rig.bridge.log()
        rig.bridge.start()
    until(
        lambda: len(asked(rig, paths)) == len(paths),
        lambda: f"{len(asked(rig, paths))} of {len(paths)} asked",
    )
    rig.stop()


def test_start_on_a_full_disk(steered, ca):
    """It says so and exits with 1, and nothing is lost by the attempt."""
    rig, control = steered()
    rig.start()
    rig.bridge.stop()
    path = offer(rig, ca.leaf(), 1)[0]
    control.disk_read_only()
    rig.bridge.start()
    rig.bridge.wait_exit(expect=1)
    assert "level=error" in rig.bridge.log()
    control.disk_well()
    rig.bridge.start()
    rig.request(path)
    rig.stop()


class Disk(Process):
    """A small file system of its own, in a mount namespace that ends with it.
    inside: its path for processes in that namespace."""

    def __init__(self, folder, megabytes):
        self.inside = folder / "disk"
        self.inside.mkdir(parents=True)
        script = (
            f"mount -t tmpfs -o size={megabytes}m none '{self.inside}' && "
            "echo mounted && exec sleep 100000"
        )
        super().__init__(
            "disk", ["unshare", "--mount", "sh", "-c", script], folder,
            clean_exit=-signal.SIGTERM,
        )

    def start(self):
        super().start()
        self.wait_log("^mounted$")
        return self

    def enter(self, argv):
        return ["nsenter", f"--mount=/proc/{self.pid}/ns/mnt", "--", *argv]

    @property
    def outside(self):
        return f"/proc/{self.pid}/root{self.inside}"

    def fill(self):
        with open(f"{self.outside}/ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
            except OSError:
                pass
        fs = os.statvfs(self.outside)
        assert fs.f_bavail == 0

    def empty(self):
        os.unlink(f"{self.outside}/ballast")


def can_mount():
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        stderr=subprocess.DEVNULL, check=False,
    )
    return done.returncode == 0


# Where mounting is not permitted, the preloaded library returns the same
# error.
@pytest.mark.parametrize("disk", ["mounted"] if can_mount() else ["preloaded"])
def test_small_disk(steered, ca, tmp_path, disk):
    if disk == "preloaded":
        test_full(steered, ca)
        return
    small = Disk(tmp_path / "small", 24).start()
    rig, _ = steered(store={"path": f"{small.inside}/store.db"})
    rig.bridge.env = None
    rig.bridge.argv = small.enter(rig.bridge.argv)
    rig.start()
    rig.onboard(ca.leaf())
    small.fill()
    check_pause(rig, ca.leaf(), small.empty)
    assert "event=disk_full" in rig.bridge.log()
    rig.stop()
    small.stop()
