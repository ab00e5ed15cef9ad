"""What a bridge had in its journal when it was killed: it hands it over when it is
back, and whichever is active takes it, once."""

import shutil

import pytest

from cluster.groups import lag
from cluster.pages import get
from cluster.pair import Plain, wait_active
from harness.admin import create_topics, delete_topics
from harness.rig import device_path
from harness.topics import Reader
from harness.until import until

DEVICES = 12


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names).start()
    yield rig
    rig.stop()


def left_by(rig, bridge, leaf):
    """Paths of devices whose events were acknowledged, are in the journal, and
    have been in no turn when the bridge is killed."""
    paths = [device_path("left") for _ in range(DEVICES)]
    before = rig.acknowledged()
    with bridge.stopped("any"):
        bridge.wait_stopped()
        for path in paths:
            rig.pending(path, leaf.pem)
        until(lambda: bridge.has_taken(*paths), "they are in its journal")
        until(lambda: rig.acknowledged() == before + DEVICES,
              "the broker has forgotten them")
        bridge.kill9()
    return paths


def all_asked_once(rig, paths):
    """And onboarded, after which nobody is asked again."""
    requests = [rig.request(path) for path in paths]
    devices = [rig.device(path) for path in paths]
    for request in requests:
        rig.decide(request)
    for device in devices:
        device.wait(device.command_topic)
        assert rig.result(device.path).json()["outcome"] == "onboarded"
    rig.onboard(rig.leaf)
    for path in paths:
        assert len(rig.reader.find(rig.topics["requests"], key=path)) == 1


@pytest.fixture
def leaf(rig, ca):
    rig.leaf = ca.leaf()
    return rig.leaf


def journal_of(rig, count):
    """The records of ztp.journal."""
    reader = Reader(rig.kafka.brokers, [rig.names["journal"]])
    try:
        return reader.wait(rig.names["journal"], count=count)
    finally:
        reader.close()


def test_who_comes_back_hands_it_over(rig, leaf):
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    paths = left_by(rig, zulu, leaf)
    wait_active(alpha)
    zulu.start()
    zulu.wait_log(rf"event=journal_handed_over .*entries={DEVICES}")
    alpha.wait_log("event=journal_taken")
    all_asked_once(rig, paths)
    until(lambda: position(rig) == (DEVICES, 0),
          lambda: f"people see {position(rig)}", interval=1)


def position(rig):
    """The group's in ztp.journal, for people's tools, and what is left."""
    return lag(rig.kafka, rig.names["group"])[rig.names["journal"], 0]


def test_the_topic_is_lost(rig, leaf):
    """All bridges say so while it is; then it is begun anew, and what is handed over
    is taken, although as many had been before."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    journal = rig.names["journal"]
    paths = left_by(rig, zulu, leaf)
    wait_active(alpha)
    zulu.start().wait_log("event=journal_handed_over")
    all_asked_once(rig, paths)
    rig.bridge = alpha
    paths = left_by(rig, alpha, leaf)
    wait_active(zulu)
    delete_topics(rig.kafka.brokers, [journal])
    until(lambda: f"group: {journal} does not exist\n"
          in get(zulu, "/readyz")[1],
          lambda: f"it says so: {get(zulu, '/readyz')}")
    create_topics(rig.kafka.brokers, [journal], 1)
    until(lambda: get(zulu, "/readyz")[0] == 200, "it is ready again")
    alpha.start().wait_log("event=journal_handed_over")
    all_asked_once(rig, paths)


def test_the_same_entries_twice(rig, leaf):
    """Also what was handed over to somebody else, and bytes that are none."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    paths = left_by(rig, zulu, leaf)
    wait_active(alpha)
    zulu.start()
    records = journal_of(rig, DEVICES)
    for value in (b"\x01nothing", *(record.value for record in records), None):
        rig.writer.send(rig.names["journal"], value)
    alpha.wait_log("event=journal_unreadable")
    all_asked_once(rig, paths)


def test_what_somebody_has_typed_holds_nothing_up(rig, leaf):
    """A letter is not the format of a later release, which would be waited for."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    rig.writer.send(rig.names["journal"], b"hello")
    paths = left_by(rig, zulu, leaf)
    wait_active(alpha)
    zulu.start().wait_log("event=journal_handed_over")
    alpha.wait_log("event=journal_unreadable")
    all_asked_once(rig, paths)


def test_who_is_active_again_has_its_own(rig, leaf):
    """It hands them over meanwhile, to nobody, if the place is not its own before."""
    zulu = rig.bridges["zulu"]
    paths = left_by(rig, zulu, leaf)
    wait_active(zulu.start())
    all_asked_once(rig, paths)
    assert "event=journal_taken" not in zulu.log()


def test_killed_while_it_hands_over(rig, leaf):
    """Again and again, and what it has left stays where it is until then."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    paths = left_by(rig, zulu, leaf)
    wait_active(alpha)
    zulu.start()
    for _ in range(3):
        zulu.wait_log("event=copy_|event=journal_handed_over|standing_by")
        zulu.crash()
    all_asked_once(rig, paths)


def test_an_earlier_disk_is_put_back(rig, leaf):
    """Its journal ends before the mark that the state has of it. What it writes
    from then on is not taken for what was there before."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    zulu.stop()
    wait_active(alpha)
    shutil.copytree(zulu.folder, rig.folder / "earlier")
    zulu.start().wait_log("event=standing_by")
    alpha.stop()
    wait_active(zulu)
    rig.onboard(leaf)
    zulu.kill9()
    for path in zulu.folder.glob("store.db*"):
        path.unlink()
    for path in (rig.folder / "earlier").glob("store.db*"):
        shutil.copy(path, zulu.folder)
    zulu.start().wait_log("event=journal_renewed")
    wait_active(zulu)
    alpha.start().wait_log("event=standing_by")
    all_asked_once(rig, left_and_handed(rig, zulu, alpha, leaf))


def left_and_handed(rig, bridge, heir, leaf):
    paths = left_by(rig, bridge, leaf)
    wait_active(heir)
    bridge.start()
    return paths


def test_a_wiped_disk(rig, leaf):
    """What only that disk had is gone, without a gate. It is another journal
    afterwards, whose entries are not behind the mark of the one before."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    rig.onboard(leaf)
    gone = left_by(rig, zulu, leaf)
    wait_active(alpha)
    for path in zulu.folder.glob("store.db*"):
        path.unlink()
    zulu.start().wait_log("event=standing_by")
    alpha.stop()
    wait_active(zulu)
    alpha.start().wait_log("event=standing_by")
    all_asked_once(rig, left_and_handed(rig, zulu, alpha, leaf))
    for path in gone:
        assert not rig.reader.find(rig.topics["requests"], key=path)
