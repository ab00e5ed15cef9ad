"""The topics that bridges make on three brokers whose defaults are Kafka's own, with
which a topic is on one disk."""

import pytest

from cluster.several import Bridge, new_names
from harness.admin import admin, create_topics
from harness.kafka_cluster import KafkaCluster

KAFKAS_OWN = {"min.insync.replicas": 1, "default.replication.factor": 1}


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    kafka = KafkaCluster(tmp_path_factory.mktemp("careless"),
                         properties=KAFKAS_OWN)
    kafka.start()
    yield kafka
    kafka.stop()


def test_they_are_on_several_disks(careless, tmp_path):
    names = new_names()
    Bridge(careless, names, "zulu", tmp_path).start().wait_active(60).stop()
    known = admin(careless.brokers).list_topics(timeout=10).topics
    for name in ("state", "journal"):
        assert len(known[names[name]].partitions[0].replicas) == 3


def test_one_that_somebody_has_made_on_one_disk(careless, tmp_path):
    names = new_names()
    create_topics(careless.brokers, [names["state"]], 1, {
        "cleanup.policy": "compact", "segment.bytes": "67108864",
        "min.cleanable.dirty.ratio": "0.2", "min.insync.replicas": "1",
        "message.timestamp.type": "LogAppendTime",
        "delete.retention.ms": "604800000",
        "max.compaction.lag.ms": "86400000"})
    bridge = Bridge(careless, names, "zulu", tmp_path).start()
    bridge.wait_exit(expect=2)
    assert (f"{names['state']} has one replica, and must have at least two: "
            "there are 3 brokers") in bridge.log()
