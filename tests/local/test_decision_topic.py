"""A decision goes to the topic that its request names: with several cells each
may have one of its own, and no bridge reads those of another."""

import subprocess
import threading
import time
import types
import uuid

import pytest
from confluent_kafka import TopicPartition

from harness.approver import Approver, decide
from harness.bridge import topic_names
from harness.door import KEY, Door
from harness.process import Process
from harness.topics import Reader, Writer
from harness.until import until
from harness.where import binary

PATH = "subscriptions/acme/registries/plant-7/devices/"


class Cells:
    """Topics, and one more of decisions, which requests of `there` name."""

    def __init__(self, folder, kafka):
        self.folder, self.kafka = folder, kafka
        self.topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        self.other = self.topics["decisions"] + ".other"
        kafka.create([*self.topics.values(), self.other])
        self.writer = Writer(kafka.brokers)
        self.reader = Reader(kafka.brokers,
                             [self.topics["decisions"], self.other])

    def ask(self, name, topic, key=None, partition=None, **more):
        self.writer.send(self.topics["requests"], {
            "request_id": f"r-{name}", "device": {"path": PATH + name},
            "certificate": {"fingerprint_sha256": "ab" * 32},
            "expires_at": "2099-01-01T00:00:00.000Z",
            "decision_topic": topic, **more}, key=key or PATH + name,
            partition=partition)

    def decide(self, *words):
        return subprocess.run(
            [binary("ztp-approver"), "decide", *words, *self.unnamed()],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False)

    def end(self, name):
        """Without a decision."""
        self.writer.send(self.topics["results"], {
            "request_id": f"r-{name}", "device_path": PATH + name,
            "outcome": "withdrawn", "code": 409, "status": "ABORTED",
            "message": "", "at": "2026-01-01T00:00:00.000Z"}, key="all")

    def unnamed(self):
        """The options for topics, without --decisions."""
        return ["--brokers", self.kafka.brokers, "--requests",
                self.topics["requests"], "--results", self.topics["results"]]

    def decided(self, count):
        """{name: topic} of the decisions, once there are that many."""
        return {record.json()["request_id"][2:]: record.topic
                for record in self.reader.wait(count=count)}

    def written(self):
        """{topic: number} of the decisions that are there now."""
        consumer, found = self.reader.consumer, {}
        for topic in self.reader.topics:
            parts = consumer.list_topics(topic).topics[topic].partitions
            found[topic] = sum(consumer.get_watermark_offsets(
                TopicPartition(topic, n))[1] for n in parts)
        return found

    def answer(self, count):
        """As a bridge does, when there are that many decisions."""
        for record in self.reader.wait(count=count):
            self.say(record)

    def say(self, record, outcome="onboarded"):
        self.writer.send(self.topics["results"], {
            "request_id": record.json()["request_id"],
            "outcome": outcome, "code": 200, "status": "OK",
            "decision": {"topic": record.topic,
                         "partition": record.partition,
                         "offset": record.offset}}, key=record.key)


@pytest.fixture
def cells(tmp_path, mock_kafka):
    cells = Cells(tmp_path, mock_kafka)
    cells.ask("there", cells.other)
    cells.ask("here", cells.topics["decisions"])
    yield cells
    cells.reader.close()


def test_run(cells):
    Process("run", [binary("ztp-approver"), "run", "--approve-all", "--group",
                    cells.other, "--count", "2", *cells.unnamed()],
            cells.folder).start().wait_exit()
    assert cells.decided(2) == {
        "there": cells.other, "here": cells.topics["decisions"]}


@pytest.mark.parametrize("words, count", [
    (["r-there", "--approve"], 1),
    (["--all", "--match", "any", "--approve"], 2)], ids=["one", "all"])
def test_decide(cells, words, count):
    """And the result that is waited for is that decision's."""
    bridge = threading.Thread(target=cells.answer, args=(count,))
    bridge.start()
    done = cells.decide(*words)
    bridge.join(60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("onboarded 200 OK") == count
    assert cells.decided(count)["there"] == cells.other


@pytest.mark.parametrize("words", [
    ["r-there", "--approve"], ["--all", "--match", "id: there",
                               "--approve"]], ids=["one", "all"])
def test_decide_a_request_that_has_moved(cells, words):
    """Its last announcement counts: no bridge reads the topic that the first one
    names. So one decision is written, and one result is waited for."""
    cells.ask("there", cells.topics["decisions"])
    bridge = threading.Thread(target=cells.answer, args=(1,))
    bridge.start()
    done = cells.decide(*words)
    bridge.join(60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("approve r-there") == 1
    assert done.stdout.count("onboarded 200 OK") == 1
    assert cells.written() == {cells.topics["decisions"]: 1, cells.other: 0}


def test_decide_all_by_the_last_announcement(cells):
    """One that has come back, and others that do not match any more, have
    expired, or have ended."""
    cells.ask("there", cells.topics["decisions"])
    cells.ask("there", cells.other)
    cells.ask("late", cells.other)
    cells.ask("late", cells.other, expires_at="2020-01-01T00:00:00.000Z")
    cells.ask("gone", cells.other)
    cells.end("gone")
    done = cells.decide("--all", "--match", "any", "--reject", "--no-wait")
    assert done.returncode == 0, done.stderr
    assert sorted(line.split()[2] for line in done.stdout.splitlines()) == [
        "r-here", "r-there"]
    assert cells.written() == {cells.topics["decisions"]: 1, cells.other: 1}
    assert cells.decided(2)["there"] == cells.other


def test_decide_all_after_the_topic_has_grown(cells):
    """A key is in another partition then, and these are read in any order."""
    for name, before, after in (("up", 0, 1), ("down", 1, 0)):
        cells.ask(name, cells.other, partition=before)
        begun = time.time()
        until(lambda begun=begun: time.time() > begun + 0.002, "a later time")
        cells.ask(name, cells.topics["decisions"], partition=after)
    done = cells.decide("--all", "--match", 'id: ["up", "down"]', "--approve",
                        "--no-wait")
    assert done.returncode == 0, done.stderr
    assert cells.written() == {cells.topics["decisions"]: 2, cells.other: 0}


@pytest.mark.parametrize("outcome", ["duplicate", "already_decided"])
def test_what_was_decided_before_it_moved(cells, outcome):
    """A decision that was sent twice ends nothing, and the bridge to which its
    subscription has moved reads neither: it is open again."""
    for topic in (cells.other, cells.topics["decisions"]):
        cells.say(types.SimpleNamespace(
            json=lambda: {"request_id": "r-there"}, topic=topic, partition=0,
            offset=1, key="all"), outcome)
        done = cells.decide("--all", "--match", "id: there", "--approve",
                            "--dry-run")
        assert "no open request" in done.stderr, done
        if topic == cells.other:
            cells.ask("there", cells.topics["decisions"])
            done = cells.decide("--all", "--match", "id: there", "--approve",
                                "--dry-run")
            assert "approve r-there" in done.stdout, done
            fresh = Process("fresh", [
                binary("ztp-approver"), "run", "--approve-all", "--dry-run",
                "--group", cells.other, "--count", "2", *cells.unnamed()],
                cells.folder).start()
            fresh.wait_exit()
            assert fresh.log().count("approve r-there") == 1


def test_another_topic_is_meant(cells):
    """It is said once, with both names."""
    cells.ask("there-too", cells.other)
    approver = Approver(cells.folder, cells.kafka.brokers, cells.topics,
                        "--approve-all", "--count", "2").start()
    approver.wait_exit()
    named = cells.topics["decisions"]
    assert set(cells.decided(2).values()) == {named}
    said, = (line for line in approver.log().splitlines() if "warn" in line)
    assert cells.other in said and said.endswith(f"--decisions says {named}")
    done = decide(cells.kafka.brokers, cells.topics, "r-there", "--approve",
                  "--no-wait")
    assert done.returncode == 0 and done.stderr.count(cells.other) == 1


def test_serve_says_so(cells):
    """One that is given is written to for all requests."""
    serve = Process("serve", [
        binary("ztp-approver"), "serve", "--listen", "127.0.0.1:0",
        "--decisions", cells.topics["decisions"], *cells.unnamed()],
        cells.folder).start()
    try:
        until(lambda: f"decision in {cells.other}" in serve.log(), "it warns")
        assert serve.log().count("wants its decision in") == 1
    finally:
        serve.stop()


def test_serve_and_a_request_that_moves(cells):
    """Its subscription has gone to another bridge, which does not read what was
    decided in the former topic: it is open again, and the same key decides
    anew, also after a restart."""
    door, again = (Door(cells.folder, cells.kafka, cells.topics, name=name,
                        given=("requests", "results"))
                   for name in ("first", "again"))
    door.start()

    def is_open(door):
        return "r-there" in door.open_ids()

    def decide(door):
        return door.decide("r-there", {"decision": "reject"}, **{KEY: "k"},
                           Prefer="respond-async")

    until(lambda: is_open(door), "it is open")
    assert decide(door).status_code == 202
    cells.reader.one(cells.other)
    until(lambda: not is_open(door), "it is decided")
    assert decide(door).status_code == 202
    cells.ask("there", cells.topics["decisions"])
    until(lambda: is_open(door), "it is open again")
    assert decide(door).status_code == 202
    until(lambda: not is_open(door), "it is decided again")
    record = cells.reader.one(cells.topics["decisions"])
    again.start()
    assert not is_open(again)
    cells.say(record)
    for served in (door, again):
        until(lambda served=served: decide(served).status_code == 200,
              "it has its result")
        served.stop()
    assert len(cells.reader.wait(count=2)) == 2


def test_serve_and_too_many_topics(cells):
    """The requests of one more than it follows are listed, and cannot be
    decided; all others can."""
    names = [f"{cells.other}.{n}" for n in range(16)]
    cells.kafka.create(names)
    door = Door(cells.folder, cells.kafka, cells.topics,
                given=("requests", "results")).start()
    answers = []
    for name in names:
        # in this order; they are in several partitions
        cells.ask(name, name)
        until(lambda name=name: f"r-{name}" in door.open_ids(), "it is listed")
        answers.append(door.decide(
            f"r-{name}", {"decision": "reject"},
            Prefer="respond-async").status_code)
    # with the one that is set and those of the two requests before: 16
    assert answers == [202] * 13 + [503] * 3
    assert door.log().count("there are too many topics") == 1
    door.stop()


def decide_later(door, name):
    """It may take a second until another one has given way."""
    def decided():
        answer = door.decide(f"r-{name}", {"decision": "reject"},
                             Prefer="respond-async")
        assert answer.status_code in (202, 503), answer.text
        return answer.status_code == 202

    until(decided, "it is decided")


def test_serve_and_topics_of_what_has_ended(cells):
    """They leave room for those of open requests, whichever were named first."""
    names = [f"{cells.other}.{n}" for n in range(36)]
    before, live, later = names[:17], names[17:18], names[18:]
    cells.kafka.create(names)
    for name in before + live:
        cells.ask(name, name, key="all")  # one partition, so in this order
    for name in before:
        cells.end(name)
    door = Door(cells.folder, cells.kafka, cells.topics,
                given=("requests", "results")).start()
    answer = door.decide(f"r-{live[0]}", {"decision": "reject"},
                         Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    for name in later:
        cells.ask(name, name)
        until(lambda name=name: f"r-{name}" in door.open_ids(), "it is listed")
        decide_later(door, name)
        cells.end(name)
        until(lambda name=name: door.get(f"/v1/requests/r-{name}").json()[
            "state"] == "ended", "it has ended")
    assert "too many topics" not in door.log()
    door.stop()
