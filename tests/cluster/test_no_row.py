"""A position that the group has committed in the decisions is a copy, for people's
tools. What has no row in ztp.state has not been read."""

from confluent_kafka import Consumer, TopicPartition

from cluster.pair import wait_active
from harness.rig import device_path
from harness.until import until

COUNT = 6


def commit_ends(rig):
    """As of a group that was forgotten together with its ztp.state, or of one that
    somebody else has used."""
    topic = rig.topics["decisions"]
    consumer = Consumer({"bootstrap.servers": rig.kafka.brokers,
                         "group.id": rig.names["group"]})
    known = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    places = [TopicPartition(topic, p) for p in known]
    for place in places:
        place.offset = consumer.get_watermark_offsets(place, timeout=10)[1]
    assert sum(place.offset for place in places) == COUNT
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def test_a_partition_without_a_row_is_read_from_its_start(idle):
    rig = idle
    rig.look_kafka()
    for n in range(COUNT):
        path = device_path(f"early-{n}")
        rig.decision({"request_id": f"early-{n}", "device_path": path,
                      "decision": "approve"}, key=path)
    commit_ends(rig)
    rig.mosquitto.start()
    rig.bridge.start()
    wait_active(rig.bridge)

    def results():
        rig.reader.poll()
        return len(rig.reader.find(rig.topics["results"]))

    until(lambda: results() == COUNT, lambda: f"{results()} results")
