"""Kafka does not take the times of the records, as when the bridge's clock is
wrong: nothing is given up."""

import re
import urllib.error
import urllib.request
import uuid

import pytest

from harness.admin import create_topics, set_topic
from harness.bridge import topic_names
from harness.rig import Rig
from harness.topics import Reader
from harness.until import holds_for, until

OLDEST = "message.timestamp.before.max.ms"


@pytest.fixture
def rig(tmp_path, real_kafka):
    """The clock that librdkafka reads cannot be moved, so the topic takes only
    times that are still to come: INVALID_TIMESTAMP, as for a clock that is an
    hour ahead."""
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    for name, topic in topics.items():
        create_topics(real_kafka.brokers, [topic], 1,
                      {OLDEST: "0"} if name == "requests" else {})
    rig = Rig(tmp_path, real_kafka, topics=topics, create=False).start()
    yield rig
    rig.stop()


def readyz(rig):
    try:
        with urllib.request.urlopen(f"http://{rig.bridge.http()}/readyz") as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def not_taken(rig, ca):
    """A device whose event Kafka does not take. What Kafka has within the very
    millisecond that it says is in time: then there is another event."""

    def look():
        device = rig.device()
        rig.pending(device.path, ca.leaf().pem)

        def end():
            rig.reader.poll()
            if re.search("kafka_produce_failed.*hint=.*clock", rig.bridge.log()):
                return "refused"
            return rig.reader.find(rig.topics["requests"], device.path)

        return device if until(end, "refused or not") == "refused" else None

    return until(look, "an event that Kafka does not take")


def test_a_clock_that_kafka_does_not_take(rig, ca):
    device = not_taken(rig, ca)
    until(lambda: readyz(rig) == (503, "kafka: records are not accepted\n"),
          "not ready")
    holds_for(lambda: not re.search("record_(refused|dropped)",
                                    rig.bridge.log()),
              5, "it is tried again and again")
    # The record has to have a new time by now.
    set_topic(rig.kafka.brokers, rig.topics["requests"], {OLDEST: "3000"})
    rig.decide(rig.request(device.path))
    device.wait(device.command_topic)
    until(lambda: readyz(rig)[0] == 200, "ready")
    reader = Reader(rig.kafka.brokers, [rig.topics["dlq"]])
    holds_for(lambda: reader.poll() or not reader.find(rig.topics["dlq"]), 0.5,
              "nothing is given up")
    reader.close()
