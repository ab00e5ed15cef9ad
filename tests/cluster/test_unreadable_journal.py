"""The active one's journal cannot be read for a while. It tries again each second, and
sleeps between two tries, however overdue its turn is."""

import pytest

from cluster.test_active import active_rig
from harness.cpu import cpu_in
from harness.rig import device_path


@pytest.fixture
def rig(tmp_path, kafka):
    rig = active_rig(tmp_path, kafka)
    yield rig
    rig.stop()


def test_it_sleeps_between_two_tries(rig, ca):
    # It is opened when there is something to read. A folder can be opened.
    journal = min(rig.folder.glob("bridge.db.intake-0*"))
    kept = journal.rename(rig.folder / "kept")
    journal.mkdir()
    path = device_path("unread")
    rig.pending(path, ca.leaf().pem)
    rig.bridge.wait_log("event=store_failed")
    assert cpu_in(rig.bridge, 3) < 0.3
    journal.rmdir()
    kept.rename(journal)
    rig.bridge.crash()  # which has the folder open
    rig.decide(rig.request(path), "reject")
    assert rig.result(path).json()["outcome"] == "rejected"
