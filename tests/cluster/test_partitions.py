"""Somebody adds partitions to ztp.state while a group is at work. It stays in the
first one, and so does what decides who is active."""

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from cluster.pair import wait_active
from harness.rig import device_path
from harness.until import holds_for

DEVICES = 12
KNOWN = 4.0  # s, until all handles have seen it


def add_partition(rig):
    client = AdminClient({"bootstrap.servers": rig.kafka.brokers})
    made = client.create_partitions([NewPartitions(rig.names["state"], 2)])
    made[rig.names["state"]].result()


def second(rig):
    """How long the second one is."""
    consumer = Consumer({"bootstrap.servers": rig.kafka.brokers,
                         "group.id": "nobody"})
    _, end = consumer.get_watermark_offsets(
        TopicPartition(rig.names["state"], 1), timeout=10)
    consumer.close()
    return end


def test_one_more(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    add_partition(plain)
    holds_for(lambda: (zulu.role(), alpha.role()) == ("active", "standing_by"),
              KNOWN, "they stay what they are")
    leaf = ca.leaf()
    paths = [device_path("more") for _ in range(DEVICES)]
    for path in paths:
        plain.pending(path, leaf.pem)
    requests = [plain.request(path) for path in paths]
    assert second(plain) == 0
    zulu.kill9()
    wait_active(alpha)
    for path, request in zip(paths, requests):
        plain.decide(request, "reject")
        assert plain.result(path).json()["outcome"] == "rejected"
