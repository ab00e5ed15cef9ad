"""Kafka administration: check that a cluster is up, create and delete
topics."""

from confluent_kafka import KafkaError, KafkaException, Producer, libversion
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from .until import until

# The version of the library, which the bridge loads as well. These releases
# may crash when a topic is deleted and created again (librdkafka#4964).
CRASHES_ON_NEW_TOPIC = 0x02040000 <= libversion()[1] < 0x020A0000
QUIET = {"log_level": 0, "log.connection.close": False}


def admin(brokers):
    client = AdminClient({"bootstrap.servers": brokers, **QUIET})
    client.poll(0)
    return client


def answers_kafka(brokers):
    """True if a broker returns its metadata."""
    try:
        return len(admin(brokers).list_topics(timeout=2).brokers) > 0
    except KafkaException:
        return False


def knows_topic(broker, name):
    """It has all that it is asked for of each partition, its leader too."""
    try:
        found = admin(broker).list_topics(name, timeout=5).topics[name]
    except KafkaException:
        return False
    return found.error is None and found.partitions and all(
        one.error is None and one.leader >= 0
        for one in found.partitions.values())


def wait_known(brokers, name):
    for broker in brokers.split(","):
        until(lambda: knows_topic(broker, name), f"{broker} knows {name}")


def create_topics(brokers, names, partitions=3, config=None, replicas=1):
    """Returns when each broker knows them: the controller answers before."""
    client = admin(brokers)
    made = client.create_topics(
        [
            NewTopic(name, partitions, replicas, config=config or {})
            for name in names
        ],
        operation_timeout=20,
        request_timeout=25,
    )
    for name, future in made.items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            wait_known(brokers, name)


def set_topic(brokers, name, config):
    """Its settings: these, and the broker's defaults."""
    client = admin(brokers)
    wanted = ConfigResource(ConfigResource.Type.TOPIC, name, config)
    for future in client.alter_configs([wanted]).values():
        future.result()


def ask_for_topics(brokers, names):
    """Requesting a topic's metadata creates it, if the broker allows that."""
    client = Producer({"bootstrap.servers": brokers, **QUIET})
    for name in names:
        data = client.list_topics(name, timeout=60).topics[name]
        assert data.error is None and data.partitions, data.error


def delete_topics(brokers, names):
    client = admin(brokers)
    gone = client.delete_topics(list(names), operation_timeout=20)
    for future in gone.values():
        future.result()
