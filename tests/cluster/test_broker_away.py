"""A single bridge and three brokers, of which one is away with the only copy of some
partitions: what is for the others goes on, and nothing is lost."""

from confluent_kafka import Producer

from cluster.pages import get
from harness.admin import admin, create_topics
from harness.bridge import topic_names
from harness.rig import Rig, device_path
from harness.until import until

PARTITIONS = 3
PLACES = 2048  # in a window: WINDOW_RECORDS


def make_topics(kafka, topics):
    """Those that are written have one copy of each partition."""
    alone = [topics["requests"], topics["results"]]
    create_topics(kafka.brokers, alone, PARTITIONS,
                  {"min.insync.replicas": "1"}, replicas=1)
    kafka.create([topic for topic in topics.values() if topic not in alone])


def leaders(kafka, topic):
    found = admin(kafka.brokers).list_topics(topic, timeout=10).topics[topic]
    return [found.partitions[number].leader for number in range(PARTITIONS)]


def by_partition(kafka, topic, paths):
    """Where such keys go, seen in a topic of that many partitions."""
    found = {number: [] for number in range(PARTITIONS)}
    writer = Producer({"bootstrap.servers": kafka.brokers,
                       "partitioner": "murmur2_random", "log_level": 0})
    for path in paths:
        writer.produce(topic, b"{}", key=path, on_delivery=lambda error, message:
                       found[message.partition()].append(
                           message.key().decode()))
    assert writer.flush(30) == 0
    return found


def asked(rig, paths):
    """All of them, once each."""
    wanted = set(paths)
    found = rig.reader.wait(rig.topics["requests"], timeout=60, count=len(paths),
                            match=lambda record: record.key in wanted)
    assert len(found) == len(paths) and {r.key for r in found} == wanted


def test_the_other_partitions_go_on(three_brokers, tmp_path, ca):
    kafka = three_brokers
    topics = topic_names(f"away{tmp_path.name}")
    make_topics(kafka, topics)
    scratch = f"{topics['requests']}.scratch"
    kafka.create([scratch])
    paths = by_partition(kafka, scratch,
                         [device_path() for _ in range(4 * PLACES)])
    rig = Rig(tmp_path, kafka, topics=topics, create=False).start()
    pem, requests = ca.leaf().pem, topics["requests"]
    away = leaders(kafka, requests)[0]
    node = kafka.nodes[away - 1]
    try:
        until(lambda: get(rig.bridge, "/readyz")[0] == 200, "it is ready", 60)
        node.kill9()
        rig.bridge.wait_log("event=kafka_no_leader", 60)
        here = [number for number, leader
                in enumerate(leaders(kafka, requests)) if leader >= 0]
        others = [path for number in here for path in paths[number]][:200]
        rig.publisher.publish_all(rig.pending_topic, [
            {"device_path": path, "certificate": pem}
            for path in [*paths[0][:PLACES + 200], *others]])
        asked(rig, others)
        assert get(rig.bridge, "/readyz")[0] == 503
    finally:
        node.start()
        kafka.wait_whole()
    asked(rig, paths[0][:PLACES + 200])
    until(lambda: get(rig.bridge, "/readyz")[0] == 200, "it is ready", 60)
    rig.stop()


def follower(kafka, topic):
    """A node that has the topic's one partition and does not lead it."""
    found = admin(kafka.brokers).list_topics(topic, timeout=10).topics[topic]
    part = found.partitions[0]
    return kafka.nodes[next(number for number in part.replicas
                            if number != part.leader) - 1]


def test_too_few_replicas(three_brokers, tmp_path, ca):
    """There is a leader, and it takes nothing."""
    kafka = three_brokers
    topics = topic_names(f"few{tmp_path.name}")
    create_topics(kafka.brokers, [topics["results"]], 1,
                  {"min.insync.replicas": "2"}, replicas=2)
    kafka.create(topics[name] for name in topics if name != "results")
    rig = Rig(tmp_path, kafka, topics=topics, create=False).start()
    rig.onboard(ca.leaf())
    node = follower(kafka, topics["results"])
    node.kill9()
    try:
        path = device_path()
        rig.decision({"request_id": "unknown", "device_path": path,
                      "decision": "approve"})
        why = f"kafka: partition 0 of {topics['results']} takes nothing\n"
        until(lambda: get(rig.bridge, "/readyz") == (503, why),
              lambda: f"it says why: {get(rig.bridge, '/readyz')}", 60)
        rig.bridge.wait_log("event=kafka_partition_silent "
                            f"topic={topics['results']} partition=0")
    finally:
        node.start()
        kafka.wait_whole()
    until(lambda: get(rig.bridge, "/readyz") == (200, "ok\n"), "it is ready",
          60)
    rig.result(path)
    rig.stop()
