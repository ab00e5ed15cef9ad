"""A bridge whose copy of the state is damaged by its disk while it runs: it has it
again, and others serve meanwhile."""

import sqlite3

import pytest

from cluster.pair import Plain, wait_active
from harness.results import outcomes
from harness.rig import device_path
from harness.until import until

PAGE = 4096


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names).start()
    yield rig
    rig.stop()


def damage(bridge, table):
    """The bridge looks at the file again because somebody else has written to it."""
    path = bridge.settings["store"]["path"]
    with sqlite3.connect(path, timeout=10) as db:
        (page,), = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name=?", (table,))
        until(lambda: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
              [0] == 0, "all of it is in the file")
        with open(path, "r+b") as file:
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)
        db.execute("UPDATE meta SET value=value WHERE name='facts'")
    db.close()


def onboard(rig, ca, name):
    path = device_path(name)
    device = rig.device(path)
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path))
    device.wait(device.command_topic)
    until(lambda: outcomes(rig, path) == ["onboarded"],
          lambda: f"its result: {outcomes(rig, path)}")


def read_anew(bridge):
    bridge.wait_log('event=copy_discarded reason="it is damaged"')
    bridge.wait_log("event=standing_by before=out")


def test_one_that_stands_by(rig, ca):
    alpha = rig.standby("alpha")
    damage(alpha, "position")
    onboard(rig, ca, "first")
    alpha.wait_log('event=standing_by before=standby error="the copy is read anew"')
    read_anew(alpha)
    rig.bridges["zulu"].stop()
    wait_active(alpha)
    onboard(rig, ca, "second")


def test_the_active_one(rig, ca):
    """It does not keep its place while it reads."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    damage(zulu, "position")
    onboard(rig, ca, "first")
    zulu.wait_log('event=standing_by before=active error="the copy is damaged"')
    wait_active(alpha)
    read_anew(zulu)
    onboard(rig, ca, "second")
    alpha.stop()
    until(lambda: zulu.log().count("event=active ") == 2, "it is active again",
          30)
    onboard(rig, ca, "third")
