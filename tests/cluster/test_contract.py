"""What several bridges stand on, asked of a real Kafka with the librdkafka that
the bridge loads: transactions that fence, and groups that say who is alive."""

import itertools
import pathlib
import sys
import threading
import uuid

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from cluster.writer import producer
from harness.process import Process
from harness.until import holds_for, until

HERE = pathlib.Path(__file__).resolve().parent
SESSION_MS = 1500
RACES = 4
FENCED = {"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"}
NOT_A_MEMBER = {"UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION"}


@pytest.fixture
def topic(kafka):
    name = f"state-{uuid.uuid4().hex[:8]}"
    kafka.create([name], 1)
    return name


@pytest.fixture
def group():
    return f"group-{uuid.uuid4().hex[:8]}"


def name_of(caught):
    return caught.value.args[0].name()


def reader(kafka, isolation):
    return Consumer({"bootstrap.servers": kafka.brokers, "group.id": "reader",
                     "isolation.level": isolation, "enable.auto.commit": False,
                     "enable.partition.eof": True, "fetch.wait.max.ms": 10,
                     "log_level": 0})


def values(kafka, topic, isolation="read_committed"):
    """All values from the start to the end."""
    consumer = reader(kafka, isolation)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    for _ in range(1000):
        message = consumer.poll(10)
        assert message is not None, "no end of the partition"
        if message.error():
            break  # the end
        found.append(message.value())
    consumer.close()
    return found


def end_of(kafka, topic, isolation):
    """The last stable offset, or uncommitted the high watermark."""
    consumer = reader(kafka, isolation)
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0),
                                            timeout=10)
    consumer.close()
    return end


def is_stable(kafka, topic):
    return (end_of(kafka, topic, "read_committed")
            == end_of(kafka, topic, "read_uncommitted"))


def begun(kafka, topic, transactional_id, value=b"open", timeout_ms=10000):
    """A producer whose transaction has a record that Kafka has."""
    made = producer(kafka.brokers, transactional_id, timeout_ms)
    made.init_transactions(30)
    made.begin_transaction()
    made.produce(topic, value)
    assert made.flush(30) == 0
    return made


def taken_over(kafka, transactional_id):
    made = producer(kafka.brokers, transactional_id)
    made.init_transactions(30)
    return made


# --- transactions

def test_the_next_one_fences(kafka, topic, group):
    first = begun(kafka, topic, group)
    second = taken_over(kafka, group)
    assert is_stable(kafka, topic)
    with pytest.raises(KafkaException) as caught:
        first.commit_transaction(30)
    assert name_of(caught) in FENCED and caught.value.args[0].fatal()
    assert values(kafka, topic) == []
    second.begin_transaction()
    second.produce(topic, b"second")
    second.commit_transaction(30)
    assert values(kafka, topic) == [b"second"]


def test_a_killed_transaction_is_ended(kafka, topic, group, tmp_path):
    writer = Process("writer", [sys.executable, HERE / "writer.py",
                                kafka.brokers, group, topic], tmp_path).start()
    writer.wait_log("written")
    writer.kill9()
    assert not is_stable(kafka, topic)
    taken_over(kafka, group)
    assert is_stable(kafka, topic) and values(kafka, topic) == []


def test_a_commit_under_way_is_finished_or_has_never_been(kafka, topic, group):
    """What is seen when init_transactions returns does not change."""
    for n in range(RACES):
        first = begun(kafka, topic, group, b"%d" % n)
        said = []

        def commit():
            try:
                first.commit_transaction(30)
                said.append(True)
            except KafkaException:
                said.append(False)

        racer = threading.Thread(target=commit)
        racer.start()
        taken_over(kafka, group)
        at_once = values(kafka, topic)
        assert is_stable(kafka, topic)
        racer.join(30)
        assert values(kafka, topic) == at_once
        if said == [True]:
            assert b"%d" % n in at_once


def test_a_fenced_commit_of_nothing_succeeds(kafka, topic, group):
    """Kafka is not asked, so it says nothing about who is active."""
    first = taken_over(kafka, group)
    taken_over(kafka, group)
    first.begin_transaction()
    first.commit_transaction(30)
    first.begin_transaction()
    first.produce(topic, b"too late")
    with pytest.raises(KafkaException) as caught:
        first.commit_transaction(30)
    assert name_of(caught) in FENCED


def test_a_transaction_that_takes_too_long_is_fenced_too(kafka, topic, group):
    """In the same words, though nobody else is active."""
    slow = begun(kafka, topic, group, timeout_ms=3000)
    until(lambda: is_stable(kafka, topic), "Kafka has ended the transaction")
    with pytest.raises(KafkaException) as caught:
        slow.commit_transaction(30)
    assert name_of(caught) in FENCED
    assert values(kafka, topic) == []
    taken_over(kafka, group)


def test_who_reads_uncommitted_sees_what_is_aborted(kafka, topic, group):
    made = begun(kafka, topic, group, b"taken back")
    assert values(kafka, topic, "read_uncommitted") == [b"taken back"]
    made.abort_transaction(30)
    assert values(kafka, topic, "read_uncommitted") == [b"taken back"]
    assert values(kafka, topic) == []


def test_an_open_transaction_holds_back_the_end(kafka, topic, group):
    others = begun(kafka, topic, f"{group}-foreign")
    own = begun(kafka, topic, group, b"own")
    own.commit_transaction(30)
    assert values(kafka, topic) == [] and not is_stable(kafka, topic)
    others.abort_transaction(30)
    until(lambda: values(kafka, topic) == [b"own"], "the end is stable")


# --- groups

class Members:
    def __init__(self, kafka, topic, group, folder):
        self.args = (kafka.brokers, group, topic)
        self.folder = folder
        self.numbers = itertools.count(1)

    def join(self, name):
        """client.id begins with when it joined, so that librdkafka, which sorts
        by member id, keeps the one that has been there longest."""
        brokers, group, topic = self.args
        client = f"{next(self.numbers):013}-{name}"
        return Process(name, [sys.executable, HERE / "member.py", brokers,
                              group, topic, client, SESSION_MS],
                       self.folder).start()


@pytest.fixture
def members(kafka, topic, group, tmp_path):
    return Members(kafka, topic, group, tmp_path)


def has_partition(member):
    said = [line for line in member.log().splitlines()
            if line.split()[0] in ("assigned", "lost")]
    return bool(said) and said[-1] == "assigned 1"


def answers(member):
    return [line.split()[1] for line in member.log().splitlines()
            if line.startswith("check ")]


def stands_by(members, name, active):
    """Another member, which gets nothing of the active one's."""
    member = members.join(name)
    member.wait_log("assigned 0")
    until(lambda: has_partition(active), "the first is active still")
    return member


def test_who_comes_later_gets_nothing(members):
    first = members.join("zulu")
    until(lambda: has_partition(first), "the first is active")
    second = stands_by(members, "alpha", first)
    third = stands_by(members, "bravo", first)
    first.stop()
    until(lambda: has_partition(second), "the second is active")
    second.stop()
    until(lambda: has_partition(third), "the third is active")
    third.stop()


def test_an_empty_assignment_is_kept(members):
    """It never fetches, and is a member past max.poll.interval.ms."""
    first, second = members.join("one"), members.join("two")
    until(lambda: has_partition(first), "the first is active")
    second.wait_log("assigned 0")
    holds_for(lambda: has_partition(first), 2 * SESSION_MS / 1000,
              "the first keeps the partition")
    assert answers(first)[-1] == "OK" and answers(second)[-1] == "OK"
    first.stop()
    second.stop()


def test_a_woken_zombie_is_told_by_its_first_commit(members):
    zombie = members.join("zombie")
    until(lambda: has_partition(zombie) and answers(zombie)[-1:] == ["OK"],
          "the first is active")
    heir = stands_by(members, "heir", zombie)
    zombie.pause()
    until(lambda: has_partition(heir), "another is active")
    zombie.resume()
    until(lambda: answers(zombie)[-1] in NOT_A_MEMBER, "the zombie is told")
    assert has_partition(heir)
    heir.stop()
    zombie.stop()


def test_strategies_do_not_mix(kafka, topic, group, members):
    """A single bridge in the group of standbys is refused, and the reverse."""
    first = members.join("one")
    until(lambda: has_partition(first), "the first is active")
    other = Consumer({"bootstrap.servers": kafka.brokers, "group.id": group,
                      "partition.assignment.strategy": "range",
                      "enable.auto.commit": False, "log_level": 0})
    other.subscribe([topic])

    def refused():
        message = other.poll(0.2)
        return (message is not None and message.error()
                and message.error().name() == "INCONSISTENT_GROUP_PROTOCOL")

    until(refused, "Kafka refuses another strategy")
    other.close()
    assert has_partition(first)
    first.stop()
