"""A decision topic that is read, has more partitions, or is deleted and made
anew."""

import urllib.error
import urllib.request

from confluent_kafka.admin import NewPartitions

from .admin import CRASHES_ON_NEW_TOPIC, admin, create_topics, delete_topics
from .results import outcomes
from .rig import device_path
from .topics import Writer
from .until import until


def ready(rig):
    """(status, body) of /readyz."""
    url = f"http://{rig.bridge.http()}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=60) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_ready(rig):
    until(lambda: ready(rig)[0] == 200, lambda: f"ready: {ready(rig)}")


def asked(rig, leaf):
    device = rig.device()
    rig.pending(device.path, leaf.pem)
    return device, rig.request(device.path)


def recreate(rig, name, partitions=3, slowly=False, stopped=False):
    """Recreates a topic with nothing in it. The test's own clients stop using
    it first: librdkafka may hang or crash when it closes a consumer of a
    deleted topic. If the bridge may crash as well, it is crashed and
    restarted.
    """
    topic = rig.topics[name]
    rig.reader.close()
    rig.writer = None
    delete_topics(rig.kafka.brokers, [topic])
    if slowly:
        until(lambda: "missing" in ready(rig)[1], "the bridge has noticed")

    def made():
        create_topics(rig.kafka.brokers, [topic], partitions)
        found = admin(rig.kafka.brokers).list_topics(timeout=60).topics
        return topic in found and len(found[topic].partitions) == partitions

    until(made, f"{topic} is there again", interval=0.1)
    if CRASHES_ON_NEW_TOPIC and not stopped:
        rig.bridge.crash()
    rig.look_kafka()


def decide_nothing(rig, writer, partition):
    path = device_path(f"p{partition}")
    writer.send(
        rig.topics["decisions"],
        {"request_id": "none", "decision": "reject", "device_path": path},
        key=path, partition=partition,
    )
    return path


def spread(rig, *counts):
    """Writes that many decisions about nothing into the partitions. Returns
    their paths, each of which gets one result."""
    return [decide_nothing(rig, rig.writer, partition)
            for partition, count in enumerate(counts) for _ in range(count)]


def told(rig, paths):
    """Waits for their results; each has just one."""
    for path in paths:
        rig.result(path)
    rig.reader.poll()
    return [outcomes(rig, path) for path in paths]


def anew(rig):
    """How often the bridge has found a new topic since its start."""
    return rig.bridge.log().count("event=kafka_topic_anew")


def more_partitions(rig, more):
    """Adds partitions to the decision topic. Returns the last one's number, and
    a writer that knows it; the rig's own does not yet."""
    topic = rig.topics["decisions"]
    client = admin(rig.kafka.brokers)

    def count():
        return len(client.list_topics(topic, timeout=60)
                   .topics[topic].partitions)

    wanted = count() + more
    client.create_partitions([NewPartitions(topic, wanted)])[topic].result()
    until(lambda: count() == wanted, "the broker knows them")
    return wanted - 1, Writer(rig.kafka.brokers)
