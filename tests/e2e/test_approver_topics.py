"""With several bridges each has a topic of decisions of its own, which its requests
name. What is wrong with one of them costs the others nothing."""

import time
import uuid

import pytest

from harness import acls
from harness.acls import ANONYMOUS, AUTHORIZER
from harness.bridge import topic_names
from harness.kafka import Kafka
from harness.process import Process
from harness.topics import Reader, Writer
from harness.where import binary

PATH = "subscriptions/acme/registries/plant-7/devices/"


class Cells:
    """Of the topics of decisions only one is there."""

    def __init__(self, folder, kafka):
        self.folder, self.kafka = folder, kafka
        self.topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        self.here = self.topics["decisions"]
        self.there = self.here + ".there"
        kafka.create(self.topics.values(), partitions=1)
        self.writer = Writer(kafka.brokers)
        self.reader = Reader(kafka.brokers, [self.here])
        self.running = []

    def ask(self, name, topic, left_s=3600):
        ends = time.gmtime(time.time() + left_s)
        self.writer.send(self.topics["requests"], {
            "request_id": f"r-{name}", "device": {"path": PATH + name},
            "certificate": {"fingerprint_sha256": "ab" * 32},
            "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", ends),
            "decision_topic": topic}, key=PATH + name)

    def run(self, *more, verdict=("--approve-all",)):
        """It learns of a missing topic after a second, and not after 30."""
        self.running.append(Process(f"run-{len(self.running)}", [
            binary("ztp-approver"), "run", *verdict, "--brokers",
            self.kafka.brokers, "--group", self.here, "--requests",
            self.topics["requests"], "--results", self.topics["results"],
            "-X", "topic.metadata.propagation.max.ms=1000", *more],
            self.folder).start())
        return self.running[-1]

    def decided(self, name, reader=None):
        return (reader or self.reader).one(key=PATH + name)

    def close(self):
        self.reader.close()
        for running in self.running:
            running.stop()


@pytest.fixture
def cells(tmp_path, real_kafka):
    cells = Cells(tmp_path, real_kafka)
    yield cells
    cells.close()


def test_a_topic_that_is_not_there(cells):
    cells.ask("there", cells.there)
    cells.ask("short", cells.there, left_s=5)
    cells.ask("here", cells.here)
    approver = cells.run()
    cells.decided("here")
    approver.wait_log(f"wants its decision in {cells.there}: .*others go on")
    cells.ask("later", cells.here)
    cells.decided("later")
    approver.wait_log("r-short is left undecided: it has expired")
    assert "r-there is left" not in approver.log()

    cells.kafka.create([cells.there], partitions=1)
    reader = Reader(cells.kafka.brokers, [cells.there])
    cells.decided("there", reader)
    approver.wait_log("approve r-there ")
    approver.stop()

    again = cells.run()
    cells.ask("last", cells.here)
    cells.decided("last")
    again.stop()
    assert again.log().count(" approve ") == 1  # the others are committed
    assert len(reader.records) == 1
    reader.close()


def test_a_topic_that_is_not_there_at_the_end(cells):
    """What it did not take is decided after the next start."""
    cells.ask("there", cells.there)
    cells.ask("here", cells.here)
    approver = cells.run()
    approver.wait_log(f"wants its decision in {cells.there}: ")
    cells.decided("here")
    approver.stop()
    cells.kafka.create([cells.there], partitions=1)
    reader = Reader(cells.kafka.brokers, [cells.there])
    cells.run().wait_log("approve r-there ")
    cells.decided("there", reader)
    reader.close()


def test_a_topic_that_may_not_be_written_to(tmp_path):
    """As a new one whose right was forgotten."""
    kafka = Kafka(tmp_path, properties=AUTHORIZER).start()
    cells = Cells(tmp_path, kafka)
    kafka.create([cells.there], partitions=1)
    reader = Reader(kafka.brokers, [cells.there])
    right = (kafka.brokers, "topic", cells.there, ANONYMOUS, "Describe")
    acls.allow(*right)
    for name, topic in (("there", cells.there), ("here", cells.here)):
        cells.ask(name, topic)
    approver = cells.run()
    approver.wait_log(f"wants its decision in {cells.there}: .*uthorization")
    cells.decided("here")
    cells.ask("later", cells.here)
    cells.ask("there-too", cells.there)
    cells.decided("later")
    acls.withdraw(*right)
    reader.wait(count=2)
    reader.close()
    cells.close()
    kafka.stop()


def test_the_topic_for_all_is_not_there(cells):
    """Nothing could be decided: that is for whoever has started it."""
    cells.ask("there", cells.there)
    approver = cells.run("--decisions", cells.there)
    approver.wait_exit(expect=1)
    assert "r-there: " in approver.log() or "r-there not " in approver.log()


def small(cells, most):
    """A topic that takes no batch that is larger."""
    topic = f"{cells.here}.small"
    cells.kafka.create([topic], partitions=1,
                       config={"max.message.bytes": str(most)})
    return topic


def test_many_decisions_fit_a_topic_that_takes_each(cells):
    """They wait for the topic together, and are not one batch of a megabyte,
    which Kafka would refuse as a whole."""
    topic, count = small(cells, 262144), 40
    payload = cells.folder / "payload.json"
    payload.write_text(f'"{"x" * 30000}"')
    for number in range(count):
        cells.ask(f"{number}", topic)
    reader = Reader(cells.kafka.brokers, [topic])
    approver = cells.run("--payload", payload, "--count", str(count))
    approver.wait_exit(expect=0)
    assert {record.key for record in reader.wait(count=count)} == {
        f"{PATH}{number}" for number in range(count)}
    reader.close()


@pytest.mark.parametrize("given", [False, True])
def test_a_decision_that_is_too_large_for_its_topic(cells, given):
    """Those that are not go on, even in the same topic, and if they were refused
    with it in one batch."""
    topic = small(cells, 20000)
    (cells.folder / "large.json").write_text(f'"{"x" * 30000}"')
    rules = cells.folder / "rules.yaml"
    rules.write_text(
        "rules:\n- {match: {id: large}, action: approve, "
        "payload_file: large.json}\ndefault: reject\n")
    cells.ask("large", topic)
    small_ones = [f"small-{number}" for number in range(9)]
    for name in small_ones:
        cells.ask(name, topic)
    cells.ask("here", topic if given else cells.here)
    approver = cells.run(*(["--decisions", topic] if given else []),
                         verdict=["--rules", rules])
    reader = Reader(cells.kafka.brokers, [topic])
    for name in small_ones:
        cells.decided(name, reader)
    cells.decided("here", reader if given else None)
    approver.wait_log(f"r-large wants its decision in {topic}: .*too large")
    cells.ask("later", topic)
    cells.decided("later", reader)
    reader.close()
