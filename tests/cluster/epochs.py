"""What ztp.state says of who was active: the rows `active` in their order, as a
read_committed consumer sees them. Of each bridge that becomes active all rows have
one random epoch."""

from confluent_kafka import Consumer, TopicPartition

FORMAT, TEXT = 1, 2


def texts(value):
    """The first two columns of a row `active`: instance, epoch."""
    assert value[0] == FORMAT
    found, at = [], 1
    for _ in range(2):
        assert value[at] == TEXT
        # A length is a number, whose lowest bit is its sign.
        assert value[at + 1] < 0x80
        size, at = value[at + 1] >> 1, at + 2
        found.append(value[at:at + size].decode())
        at += size
    return found


def records(brokers, topic):
    """(key, value) from the start to the stable end."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "epochs",
                         "isolation.level": "read_committed",
                         "enable.auto.commit": False, "log_level": 0,
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    while True:
        message = consumer.poll(30)
        assert message is not None, "no end of the partition"
        if message.error():
            break  # the end
        yield message.key(), message.value()
    consumer.close()


def epochs(brokers, topic):
    """(instance, epoch) of those that were active, in their order, each once
    for each time that it wrote after somebody else."""
    order, births = [], 0
    for key, value in records(brokers, topic):
        births += key == b"birth"
        if key == b"active":
            who = tuple(texts(value))
            if order[-1:] != [who]:
                order.append(who)
    assert births == 1, f"{births} births"
    return order
