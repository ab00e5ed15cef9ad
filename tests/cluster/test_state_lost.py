"""A ztp.state that is not what it was: nobody becomes active, and the log says so.
What the copy alone can tell of a topic is in test_ledger.py."""

import pathlib
import shutil
import sqlite3

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from cluster.groups import forget
from cluster.pages import get
from cluster.several import Bridge, new_names
from harness.admin import (CRASHES_ON_NEW_TOPIC, create_topics,
                           delete_topics)
from harness.kafka import Kafka
from harness.until import until

DAY = 86_400_000  # ms
LATER = b"\x02\x00"  # a row of a later format


def told(bridge, least=5):
    until(lambda: len(bridge.told()) >= least, f"{bridge.name} told something")
    return bridge


def make_anew(kafka, names):
    delete_topics(kafka.brokers, [names["state"]])


def forget_copies(folder):
    for path in pathlib.Path(folder).glob("*.db*"):
        path.unlink()


def blocked(bridge, event, why):
    bridge.wait_log(f"event={event} .*{why}")
    until(lambda: bridge.role() == "blocked", f"{bridge.name} is blocked")
    assert "active" not in bridge.words() and not bridge.told()
    bridge.stop()


@pytest.fixture
def group(kafka, names, start, tmp_path):
    """Of one bridge, which has written some rows and has left."""
    told(start("zulu").wait_active()).stop()
    return lambda name="zulu": Bridge(kafka, names, name, tmp_path).start()


def write(kafka, names, key, value):
    producer = Producer({"bootstrap.servers": kafka.brokers})
    producer.produce(names["state"], key=key, value=value)
    assert producer.flush(10) == 0


def commit(kafka, names, offset):
    """As an earlier bridge has. (Kafka forgets a group's position in a topic that
    is deleted, but not in one that it has lost a part of.)"""
    consumer = Consumer({"bootstrap.servers": kafka.brokers,
                         "group.id": names["group"]})
    consumer.commit(offsets=[TopicPartition(names["state"], 0, offset)],
                    asynchronous=False)
    consumer.close()


def test_what_the_group_has_read_is_not_there(kafka, names, group, tmp_path):
    """Whether there is a copy or not. A person who forgets the group begins anew
    with what there is."""
    commit(kafka, names, 100_000)
    blocked(group(), "state_lost", "had read it up to 100000")
    forget_copies(tmp_path)
    blocked(group("alpha"), "state_lost", "had read it up to 100000")
    forget(kafka, names["group"])
    group().wait_active().stop()


def test_it_is_empty(kafka, names, group):
    make_anew(kafka, names)
    blocked(group(), "state_lost", "is empty, unlike the copy")


def test_it_is_another_one(kafka, names, group, tmp_path):
    make_anew(kafka, names)
    other = {**new_names(), "state": names["state"]}
    (tmp_path / "other").mkdir()
    writer = Bridge(kafka, other, "writer", tmp_path / "other").start()
    told(writer.wait_active(), 40).stop()
    blocked(group(), "state_lost", "has another birth, unlike the copy")


def test_a_later_release_has_written_to_it(kafka, names, group):
    """Nobody who cannot read it becomes active."""
    active = group().wait_active()
    standby = group("alpha").wait_standby()
    active.stop()
    standby.wait_active().stop()
    write(kafka, names, b"r/later", LATER)
    for name in ("zulu", "alpha", "new"):
        blocked(group(name), "state_newer", "")


@pytest.mark.parametrize("at, reason", [
    ((0, -DAY, 0, 0), "it is more than a day old"),
    ((0, 0, 0, 1), "it was not read to the end"),
])
def test_a_copy_that_may_lack_something(group, tmp_path, at, reason):
    """It is read anew; the group goes on."""
    with sqlite3.connect(tmp_path / "zulu.db") as store:
        (text,), = store.execute("SELECT value FROM meta WHERE name='copy'")
        changed = [int(n) + more for n, more in zip(text.split(), at)]
        store.execute("UPDATE meta SET value=? WHERE name='copy'",
                      (" ".join(map(str, changed)),))
    store.close()
    bridge = group()
    bridge.wait_log(f'event=copy_discarded reason="{reason}"')
    bridge.wait_active().stop()


@pytest.mark.parametrize("sql, reason", [
    ("PRAGMA user_version=99", "a later version has written it"),
    # Its table is at another one's place.
    ("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage="
     "(SELECT rootpage FROM sqlite_schema WHERE name='decision') "
     "WHERE name='outbox'", "it is damaged"),
])
def test_a_copy_that_cannot_be_used(group, tmp_path, sql, reason):
    """It is read anew, since the topic is the one that it is a copy of."""
    with sqlite3.connect(tmp_path / "zulu.db") as store:
        store.executescript(sql)
    store.close()
    bridge = group()
    bridge.wait_log(f'event=copy_discarded reason="{reason}"')
    bridge.wait_active().stop()


def test_a_copy_that_cannot_be_used_and_a_topic_that_is_wrong(kafka, names, group,
                                                              tmp_path):
    """A person may still have the version that wrote it."""
    with sqlite3.connect(tmp_path / "zulu.db") as store:
        store.execute("PRAGMA user_version=99")
    store.close()
    make_anew(kafka, names)
    blocked(group(), "state_lost", "is empty, unlike the copy")
    with sqlite3.connect(tmp_path / "zulu.db") as store:
        assert store.execute("PRAGMA user_version").fetchone() == (99,)


@pytest.fixture
def own_kafka(tmp_path):
    kafka = Kafka(tmp_path / "kafka").start()
    yield kafka
    kafka.stop()


def lose(kafka, topic):
    """Its disk, with that topic on it, but not what the group has read."""
    kafka.stop()
    (partition,) = (kafka.folder / "data").glob(f"{topic}-0")
    shutil.rmtree(partition)
    kafka.start()


def test_a_lost_topic_that_a_person_has_written_anew(own_kafka, tmp_path):
    """As --to-standby does. It may be shorter than what the group had read of the
    one before, which the birth tells."""
    names = new_names()
    zulu = Bridge(own_kafka, names, "zulu", tmp_path)
    told(zulu.start().wait_active(), 40).stop()
    lose(own_kafka, names["state"])
    forget_copies(tmp_path)
    blocked(zulu.start(), "state_lost", "had read it up to")
    (tmp_path / "other").mkdir()
    writer = Bridge(own_kafka, {**new_names(), "state": names["state"]},
                    "writer", tmp_path / "other")
    told(writer.start().wait_active(), 1).stop()
    write(own_kafka, names, b"active", None)  # it writes no such row
    zulu.start().wait_active().stop()


def test_it_is_shorter_than_what_is_being_read(kafka, names, start, tmp_path):
    """Found by a copy that is reading it: said with what is to be done, as when
    it is found at the start."""
    zulu = told(start("zulu").wait_active(), 40)
    alpha = start("alpha").wait_standby()
    alpha.pause()
    zulu.stop()
    make_anew(kafka, names)
    (tmp_path / "other").mkdir()
    writer = Bridge(kafka, {**new_names(), "state": names["state"]}, "writer",
                    tmp_path / "other").start()
    told(writer.wait_active(), 1).stop()
    alpha.resume()
    alpha.wait_log(f'event=state_lost .*{names["state"]} has no offset .*'
                   "--to-standby writes it anew", 30)
    alpha.stop()


def test_it_is_made_anew_while_one_is_active(plain):
    """A turn finds that its rows have come before where the copy stands, and has no
    effects; or it fails, and what is read then tells. Nobody becomes active any
    more."""
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    state = plain.names["state"]
    delete_topics(plain.kafka.brokers, [state])
    create_topics(plain.kafka.brokers, [state], 1, {
        "cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime",
        "delete.retention.ms": "604800000", "max.compaction.lag.ms": "86400000",
        "segment.bytes": "67108864", "min.cleanable.dirty.ratio": "0.2"})
    if CRASHES_ON_NEW_TOPIC:  # and finds it when it is back
        zulu.crash()
        alpha.crash()
    zulu.wait_log(f"event=state_lost .*{state} (has begun anew|has no offset .*"
                  "|ends earlier|is empty), unlike the copy")
    alpha.wait_log(f"event=state_lost .*{state} "
                   "(has no offset|ends earlier|is empty)")
    status, text = get(zulu, "/readyz")
    assert status == 503 and "state_lost" in text
    zulu.stop()
    # It depends on whether a turn has got there.
    zulu.start().wait_log(f"event=state_lost .*{state} (ends earlier|is empty)")
    assert "event=active" not in zulu.log()
