"""The replicated ledger on a real Kafka: a turn's rows and records are there
together and once, wherever its bridge is killed, and a copy that is read anew is
the one that was there."""

import pathlib
import sqlite3

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from cluster.ledger import Ledger, Topics, opened, read
from harness.admin import delete_topics, set_topic
from harness.until import holds_for, until

POINTS = ("flushed", "committed", "release", "released")


@pytest.fixture
def topics(kafka):
    return Topics(kafka)


@pytest.fixture
def ledger(topics, tmp_path):
    ledger = opened(Ledger(topics, tmp_path).start())
    assert ledger.ask("birth", "one") == "ok"
    assert turn(ledger, "first")
    return ledger


def turn(ledger, *ids):
    for name in ids:
        assert ledger.ask("event", name) == "ok"
    return ledger.ask("turn").startswith("committed ")


def records(topics, topic, isolation="read_committed"):
    """Keys, in order."""
    consumer = Consumer({
        "bootstrap.servers": topics.kafka.brokers, "group.id": "reader",
        "isolation.level": isolation, "enable.auto.commit": False,
        "enable.partition.eof": True, "fetch.wait.max.ms": 10})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    while True:
        message = consumer.poll(10)
        assert message is not None, "no end of the partition"
        if message.error():
            break
        found.append((message.key() or b"").decode())
    consumer.close()
    return found


def dump_of(topics, folder, name, store=None):
    """What somebody has who reads the topic now."""
    other = Ledger(topics, folder, name, store).start()
    read(other)
    dump = other.ask("dump")
    other.end()
    return dump


def remove_store(ledger):
    for path in pathlib.Path(ledger.store).parent.glob(
            pathlib.Path(ledger.store).name + "*"):
        path.unlink()


# --- where it is killed

@pytest.mark.parametrize("point", POINTS)
def test_killed_at(topics, ledger, tmp_path, point):
    """Either all of the turn is there, or nothing; and done again, it is there
    once."""
    assert ledger.ask("event", "second") == "ok"
    assert ledger.ask("event", "third") == "ok"
    ledger.killed_at(point, "turn")
    heir = opened(Ledger(topics, tmp_path, "heir").start())
    there = point != "flushed"
    want = ["first", "second", "third"]
    assert records(topics, topics.requests) == (want if there else want[:1])
    assert heir.ask("dump").split()[2] == ("3" if there else "1")
    # The one that was killed comes back with its own copy.
    back = dump_of(topics, tmp_path, "ledger")
    assert back == heir.ask("dump")
    if not there:
        assert turn(heir, "second", "third")
    assert records(topics, topics.requests) == want
    heir.end()


def test_who_reads_uncommitted_was_shown_it(topics, ledger, tmp_path):
    assert ledger.ask("event", "second") == "ok"
    ledger.killed_at("flushed", "turn")
    assert records(topics, topics.requests,
                   "read_uncommitted") == ["first", "second"]
    heir = opened(Ledger(topics, tmp_path, "heir").start())
    assert records(topics, topics.requests) == ["first"]
    heir.end()


# --- fences

def test_who_is_fenced_has_changed_nothing(topics, ledger, tmp_path):
    heir = opened(Ledger(topics, tmp_path, "heir").start())
    before = ledger.ask("dump")
    assert ledger.ask("event", "late") == "ok"
    assert ledger.ask("turn").startswith("fenced ")
    assert ledger.ask("dump") == before == heir.ask("dump")
    assert records(topics, topics.requests) == ["first"]
    # It may open again, if it is told to.
    opened(ledger)
    assert turn(ledger, "again")
    assert heir.ask("event", "late") == "ok"
    assert heir.ask("turn").startswith("fenced ")
    ledger.end()
    heir.end()


def test_a_record_that_kafka_refuses(topics, ledger):
    """Nothing of its turn is there; done again, another stands for it."""
    for _ in range(2):
        assert ledger.ask("event", "second") == "ok"
        assert ledger.ask("huge") == "ok"
        answer = ledger.ask("turn")
        if answer.startswith("committed "):
            break
        assert answer.startswith("refused ")
        assert records(topics, topics.requests) == ["first"]
    assert answer.startswith("committed ")
    assert records(topics, topics.requests) == ["first", "second"]
    assert records(topics, f"{topics.name}.results") == []
    assert records(topics, f"{topics.name}.dlq") == ["huge"]
    ledger.end()


def test_one_of_many_that_kafka_refuses(topics, ledger):
    """The others of its batch fail with it. Which one it is, is found by sending
    them apart."""
    for _ in range(8):
        for key in ("one", "-", "two"):
            assert ledger.ask("audit", key) == "ok"
        answer = ledger.ask("turn")
        if answer.startswith("committed "):
            break
        # Each refusal leaves librdkafka with a gap in its numbers, which costs
        # it another turn.
        assert answer.split()[0] in ("refused", "aborted")
    assert answer.startswith("committed ")
    assert records(topics, topics.audit) == ["one", "two"]
    assert len(records(topics, f"{topics.name}.dlq")) == 1
    ledger.end()


def test_times_that_kafka_refuses(topics, ledger):
    """It is not the records' fault, and none is given up. Kafka's own markers
    are records of the topic, too, so the times may not be bad for all."""
    set_topic(topics.kafka.brokers, topics.requests,
              {"message.timestamp.before.max.ms": "1000"})
    for _ in range(3):
        assert ledger.ask("event", "second") == "ok"
        topics.kafka.pause()
        ledger.send("turn")
        # Longer than that, and shorter than Kafka lets a transaction take.
        holds_for(lambda: len(ledger.answers()) == ledger.answered, 1.3,
                  "no answer, while the times age")
        topics.kafka.resume()
        assert "Invalid timestamp" in (answer := ledger.answer())
        assert answer.startswith("aborted ")
    until(lambda: turn(ledger, "second"), "a turn")
    assert records(topics, topics.requests) == ["first", "second"]
    assert records(topics, f"{topics.name}.dlq") == []
    ledger.end()


# --- the copy

def lives(ledger):
    """Requests of each kind, also ones that are removed."""
    assert turn(ledger, *(f"pump-{n}" for n in range(20)))
    for n in range(0, 20, 2):
        assert ledger.ask("decide", f"pump-{n}") == "ok"
    assert ledger.ask("turn").startswith("committed ")
    assert ledger.ask("evict").startswith("ok ")
    assert ledger.ask("turn").startswith("committed ")
    for n in range(1, 20, 4):
        assert ledger.ask("decide", f"pump-{n}") == "ok"
    assert ledger.ask("turn").startswith("committed ")


def test_wiped_and_read_anew(topics, ledger, tmp_path):
    lives(ledger)
    dump = ledger.ask("dump")
    assert dump_of(topics, tmp_path, "other") == dump
    ledger.end()
    assert dump_of(topics, tmp_path, "ledger") == dump
    remove_store(ledger)
    assert dump_of(topics, tmp_path, "ledger") == dump


def test_read_on_from_where_it_stands(topics, ledger, tmp_path):
    other = Ledger(topics, tmp_path, "other").start()
    read(other)
    other.end()
    lives(ledger)
    assert dump_of(topics, tmp_path, "other") == ledger.ask("dump")
    ledger.end()


def test_many_rows_are_read_without_indexes(topics, ledger, tmp_path):
    assert ledger.ask("fill", 21000, timeout=60) == "filled 21000"
    assert dump_of(topics, tmp_path, "other") == ledger.ask("dump")
    ledger.end()


# --- what is wrong with a topic is not the copy's fault

def anew(topics):
    delete_topics(topics.kafka.brokers, [topics.state])
    topics.create_state()


def told(answer):
    """Not that the topic is not known everywhere yet."""
    return None if answer.startswith("error io") else answer


def refused(topics, folder):
    """The copy is kept."""
    back = Ledger(topics, folder).start()
    answer = until(lambda: told(back.ask("read")), "it is judged")
    count = back.ask("dump").split()[2]
    back.end()
    return answer, count


def test_a_topic_that_is_empty(topics, ledger, tmp_path):
    ledger.end()
    anew(topics)
    answer, count = refused(topics, tmp_path)
    assert answer.startswith("error state_lost") and "is empty" in answer
    assert count == "1"


def test_a_topic_that_is_another(topics, ledger, tmp_path):
    assert turn(ledger, "second")
    ledger.end()
    anew(topics)
    other = opened(Ledger(topics, tmp_path, "other").start())
    assert other.ask("birth", "two") == "ok"
    for n in range(9):
        assert turn(other, f"x{n}")
    other.end()
    answer, count = refused(topics, tmp_path)
    assert answer.startswith("error state_lost") and "birth" in answer
    assert count == "2"


def test_a_topic_that_ends_earlier(topics, ledger, tmp_path):
    for n in range(9):
        assert turn(ledger, f"x{n}")
    ledger.end()
    anew(topics)
    other = opened(Ledger(topics, tmp_path, "other").start())
    assert other.ask("birth", "two") == "ok"
    assert turn(other, "y")
    other.end()
    answer, count = refused(topics, tmp_path)
    assert answer.startswith("error state_lost") and "ends earlier" in answer
    assert count == "10"


def test_a_row_of_a_later_release(topics, ledger, tmp_path):
    producer = Producer({"bootstrap.servers": topics.kafka.brokers})
    producer.produce(topics.state, key=b"r/later", value=b"\x02\x00")
    assert producer.flush(10) == 0
    other = Ledger(topics, tmp_path, "other").start()
    assert other.ask("read").startswith("error state_newer")
    other.end()
    ledger.end()


def test_a_single_bridges_store(topics, ledger, tmp_path):
    """It holds what no topic has, so nothing is read into it."""
    ledger.end()
    with sqlite3.connect(ledger.store) as store:
        store.execute("DELETE FROM meta WHERE name='copy'")
    store.close()
    again = Ledger(topics, tmp_path)
    answer = again.begin()
    assert answer.startswith("error usage") and "--to-standby" in answer
    again.wait_exit(expect=1)
