"""What docs/maintenance.md says of a backup that is put back: which devices have
to come again, and what becomes of requests that the backup does not know."""

import contextlib
import sqlite3

import pytest

from harness.gate import NOT_AUTHORIZED
from harness.handshake import made


@pytest.fixture
def rig(tmp_path, real_kafka, ca):
    with made(tmp_path, real_kafka, ca, ca.server()) as make:
        yield make()


def onboard(rig):
    device, leaf = rig.held()
    request = rig.request_of(device.path)
    rig.decide(request)
    rig.ended(request, "onboarded")
    device.close()
    return device.path, leaf


def test_the_gate_s_database_of_before(rig):
    known, leaf = onboard(rig)
    with rig.gate.while_stopped():
        before = rig.gate.db.read_bytes()
    rig.watch()
    lost, other = onboard(rig)
    with rig.gate.while_stopped():
        rig.gate.db.write_bytes(before)
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                (rig.gate.db.parent / f"{rig.gate.db.name}{end}").unlink()
    rig.watch()
    rig.unused(known, leaf)
    with rig.gate.unused(lost, other) as refused:
        assert refused.connack == NOT_AUTHORIZED[5]
        rig.operator.audit("unknown_device", lost)
    rig.wait_ready()
    device, _ = rig.held(lost, other)
    request = rig.request_of(lost, attempt=2)
    rig.decide(request)
    rig.ended(request, "onboarded")
    device.wait_status("approved")


def test_the_bridge_s_store_of_before(rig, tmp_path):
    known, leaf = onboard(rig)
    store = rig.folder / "bridge.db"
    backup = tmp_path / "backup.db"
    with contextlib.closing(sqlite3.connect(store)) as source, \
            contextlib.closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    device, other = rig.held()
    request = rig.request_of(device.path)
    rig.bridge.stop()
    for file in (*store.parent.glob("bridge.db-*"),
                 *store.parent.glob("bridge.db.intake-*")):
        file.unlink()
    store.write_bytes(backup.read_bytes())
    rig.bridge.start()
    rig.wait_ready()
    rig.decide(request)
    rig.ended(request, "unknown_request")
    assert rig.operator.do("rejectPending", device_path=device.path,
                           retry_after_s=0)["ended"] == 1
    again, _ = rig.held(device.path, other)
    second = rig.reader.wait(
        rig.topics["requests"], device.path,
        lambda r: r.json()["request_id"] != request.json()["request_id"])[0]
    rig.decide(second)
    rig.ended(second, "onboarded")
    again.wait_status("approved")
    rig.unused(known, leaf)
