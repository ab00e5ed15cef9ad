"""Kafka's topics: a reader that keeps every record, and a writer."""

import dataclasses
import json
import threading
import uuid

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Producer,
    TopicPartition,
)

from . import seen
from .until import DEADLINE, until

CLOSE_DEADLINE = 10.0  # s


@dataclasses.dataclass
class Record:
    topic: str
    partition: int
    offset: int
    key: object  # text, or None
    value: object  # bytes, or None
    headers: list  # list of (name, bytes), in order
    written_at: int = 0  # ms, as Kafka has it

    def json(self):
        return json.loads(self.value)

    def header(self, name):
        """The only header with that name, as text."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) == 1, f"{len(found)} headers {name}: {self}"
        return found[0].decode() if found[0] is not None else None

    def raw(self):
        """All its bytes, to search in."""
        parts = [(self.key or "").encode(), self.value or b""]
        for name, value in self.headers:
            parts += [name.encode(), value or b""]
        return b"\n".join(parts)


def text(data):
    return data.decode("utf-8", "replace") if data is not None else None


class Reader:
    """Reads topics from their beginning, without a group, and keeps
    everything."""

    def __init__(self, brokers, topics, isolation="read_committed"):
        self.topics = list(topics)
        self.records = []
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"reader-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": isolation,
                "fetch.wait.max.ms": 20,
                "reconnect.backoff.max.ms": 500,
                "topic.metadata.refresh.interval.ms": 1000,
                "log_level": 0,
            }
        )
        self._assign()

    def _assign(self):
        """All partitions of all topics, once each topic exists."""

        def known():
            parts = []
            for topic in self.topics:
                try:
                    data = self.consumer.list_topics(topic, timeout=5)
                except KafkaException:
                    return None
                found = data.topics[topic].partitions
                if not found:
                    return None
                parts += [
                    TopicPartition(topic, n, OFFSET_BEGINNING) for n in found
                ]
            return parts

        parts = until(known, f"topics {self.topics} exist")
        self.consumer.assign(parts)

    def poll(self):
        """Fetches what is there now."""
        # None after a fetch wait is the closest Kafka gets to "nothing"; callers
        # loop with a deadline. A batch would be waited for until it is full.
        found = self.consumer.consume(1, timeout=0.03)
        if found:
            found += self.consumer.consume(500, timeout=0)
        for message in found:
            if message.error():
                continue
            self.records.append(
                Record(
                    message.topic(),
                    message.partition(),
                    message.offset(),
                    text(message.key()),
                    message.value(),
                    message.headers() or [],
                    message.timestamp()[1],
                )
            )
            seen.see(self.records[-1])

    def find(self, topic=None, key=None, match=None):
        return [
            record
            for record in self.records
            if (topic is None or record.topic == topic)
            and (key is None or record.key == key)
            and (match is None or match(record))
        ]

    def wait(self, topic=None, key=None, match=None, count=1,
             timeout=DEADLINE):
        """Waits for that many records and returns them, in offset order."""

        def look():
            self.poll()
            found = self.find(topic, key, match)
            return found if len(found) >= count else None

        return until(
            look,
            lambda: f"{count} records in {topic} for {key}; there are "
            f"{len(self.find(topic, key, match))}, and "
            f"{len(self.records)} in all",
            timeout,
            interval=0,
        )

    def one(self, topic=None, key=None, match=None, timeout=DEADLINE):
        found = self.wait(topic, key, match, 1, timeout)
        assert len(found) == 1, found
        return found[0]

    def close(self):
        """librdkafka can wait without end for a partition that is gone, or that
        it may not read any more. A test that has failed must not stand still for
        that."""
        closing = threading.Thread(target=self.consumer.close, daemon=True)
        closing.start()
        closing.join(CLOSE_DEADLINE)


class Writer:
    """Writes records; send() returns after each has been acknowledged."""

    def __init__(self, brokers):
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "enable.idempotence": True,
                "linger.ms": 0,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )

    def send(self, topic, value, key=None, headers=None, partition=None):
        """value: bytes, text, or an object to dump as JSON. Returns the
        (partition, offset) of the record."""
        if isinstance(value, (dict, list)):
            value = json.dumps(value)
        if isinstance(value, str):
            value = value.encode()
        done = []
        more = {} if partition is None else {"partition": partition}
        self.producer.produce(
            topic,
            value=value,
            key=key,
            headers=headers,
            on_delivery=lambda error, message: done.append((error, message)),
            **more,
        )

        def look():
            self.producer.poll(0.02)  # its result counts other events, too
            return done

        until(look, f"a record is in {topic}", interval=0)
        error, message = done[0]
        assert error is None, error
        return message.partition(), message.offset()
