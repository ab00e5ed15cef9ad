"""What is different with three brokers, of which one may be gone. Not part of
`make test`: `make contract` runs it, and all else of this folder on the same
three."""

import sys
import threading

import pytest
from confluent_kafka import KafkaException, TopicPartition

from cluster.several import interleaved
from cluster.test_contract import (HERE, end_of, is_stable, reader, taken_over,
                                   values)
from cluster.writer import producer
from harness.admin import create_topics
from harness.process import Process
from harness.until import until

PARTITIONS = 12
RACES = 10


def ends(kafka, topic, isolation):
    consumer = reader(kafka, isolation)
    found = [consumer.get_watermark_offsets(TopicPartition(topic, partition),
                                            timeout=10)[1]
             for partition in range(PARTITIONS)]
    consumer.close()
    return found


def test_all_markers_are_written_when_it_is_initialised(kafka, names):
    """Kafka writes the markers of an ended transaction on each partition's
    leader, one after the other, and says CONCURRENT_TRANSACTIONS meanwhile."""
    topic = f"wide-{names['group']}"
    kafka.create([topic], PARTITIONS)
    for n in range(RACES):
        first = producer(kafka.brokers, names["group"])
        first.init_transactions(30)
        first.begin_transaction()
        for partition in range(PARTITIONS):
            first.produce(topic, b"%d" % n, partition=partition)
        assert first.flush(30) == 0

        def commit(writer=first):
            try:
                writer.commit_transaction(30)
            except KafkaException:
                pass

        racer = threading.Thread(target=commit)
        racer.start()
        taken_over(kafka, names["group"])
        assert (ends(kafka, topic, "read_committed")
                == ends(kafka, topic, "read_uncommitted"))
        racer.join(30)


def test_it_waits_for_a_partition_without_a_leader(kafka, names, tmp_path):
    """As long as a marker cannot be written, nobody can become active: not
    ready, rather than a state that changes after it was read."""
    topic = f"alone-{names['group']}"
    create_topics(kafka.brokers, [topic], 1,
                  {"min.insync.replicas": "1"}, replicas=1)
    writer = Process("writer", [sys.executable, HERE / "writer.py",
                                kafka.brokers, names["group"], topic],
                     tmp_path).start()
    writer.wait_log("written")
    writer.kill9()
    leader = kafka.leader(topic)
    leader.kill9()
    heir = producer(kafka.brokers, names["group"])
    with pytest.raises(KafkaException) as caught:
        heir.init_transactions(5)
    assert caught.value.args[0].retriable()
    leader.start()
    heir.init_transactions(60)
    assert is_stable(kafka, topic) and values(kafka, topic) == []
    kafka.wait_whole()


def test_the_active_one_outlives_a_broker(kafka, names, pair):
    """Whichever broker it is: the leader of the state, then the others."""
    active, heir = pair
    for node in kafka.nodes:
        node.kill9()
        both = len(active.told()) + len(heir.told())
        until(lambda told=both: len(active.told()) + len(heir.told())
              > told + 20, "somebody goes on", 40)
        node.start()
        kafka.wait_whole()
    order = interleaved(active, heir)
    assert len(order) <= 1 + 2 * len(kafka.nodes)
    assert (end_of(kafka, names["state"], "read_committed")
            == end_of(kafka, names["state"], "read_uncommitted"))
    heir.stop()
    active.stop()
