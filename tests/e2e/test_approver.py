"""ztp-approver is killed, on a real Kafka: no decision is lost, and none that has
been taken is taken again."""

import collections
import re
import uuid

import pytest

from harness.approver import Approver
from harness.bridge import topic_names
from harness.process import Process
from harness.topics import Reader, Writer
from harness.until import until
from harness.where import binary

# A killed member is missed soon.
QUICK = ["-X", "session.timeout.ms=1500", "-X", "heartbeat.interval.ms=300"]


@pytest.fixture
def topics(real_kafka):
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    real_kafka.create(topics.values())
    return topics


def test_from_now_is_kept(tmp_path, real_kafka, topics):
    """Killed before its first decision, it begins where it began."""
    writer = Writer(real_kafka.brokers)
    reader = Reader(real_kafka.brokers, [topics["decisions"]])

    def ask(name):
        path = f"subscriptions/acme/registries/plant-7/devices/{name}"
        writer.send(topics["requests"], {
            "request_id": name, "device": {"path": path},
            "certificate": {"fingerprint_sha256": "ab" * 32}}, key=path)

    def start():
        approver = Approver(tmp_path, real_kafka.brokers, topics,
                            "--approve-all", "--from", "now", *QUICK).start()
        approver.wait_log("ready: .*, 3 partitions")
        return approver

    for number in range(9):
        ask(f"old-{number}")
    start().kill9()
    ask("between")
    approver = start()
    ask("after")
    found = reader.wait(topics["decisions"], count=2)
    assert {record.json()["request_id"] for record in found} == {
        "between", "after"}
    approver.stop()
    reader.close()


def test_killed_among_many(tmp_path, real_kafka, topics):
    """Each request ends once; what was decided twice had no effect."""
    names = [arg for name in ("requests", "decisions", "results", "dlq")
             for arg in (f"--{name}", topics[name])]
    played = Process("simulate", [
        binary("ztp-approver"), "simulate", "--brokers", real_kafka.brokers,
        *names, "--count", "3000"], tmp_path).start()
    for _ in range(2):
        approver = Approver(tmp_path, real_kafka.brokers, topics,
                            "--approve-all", *QUICK).start()
        seen = approver.log().count(" approve ")
        until(lambda: approver.log().count(" approve ") > seen + 200,
              "it is at work", interval=0.005)
        approver.kill9()
    approver = Approver(tmp_path, real_kafka.brokers, topics, "--approve-all",
                        *QUICK).start()
    played.wait_exit()
    ends = collections.Counter(re.findall(
        r"^\S+ (\w+) (\S+) subscriptions/\S+: ", played.log(), re.M))
    onboarded = [end for end in ends if end[0] == "onboarded"]
    assert len(onboarded) == 2700 and all(ends[end] == 1 for end in onboarded)
    assert {outcome for outcome, _ in ends} == {
        "onboarded", "conflict", "duplicate"}
    approver.stop()
