"""A right of the bridge's that is taken away while it runs: it says so, and goes on
when it has it again.

Whatever has an entry of the bridge's is closed to it but for what that says, so that
each test leaves it the right to describe alone, and more where it is needed."""

import contextlib

import pytest

from cluster.pages import get
from harness import acls
from harness.acls import ADVICE, ANONYMOUS, AUTHORIZER
from harness.erase import delete_records
from harness.kafka import Kafka
from harness.results import outcome_of
from harness.rig import Rig, device_path
from harness.until import DEADLINE, until


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    kafka = Kafka(tmp_path_factory.mktemp("guarded"), properties=AUTHORIZER)
    rig = Rig(tmp_path_factory.mktemp("rig"), kafka.start(), {
        "onboarding": {"decision_timeout": "10s", "on_timeout": "approve"},
    }).start()
    yield rig
    rig.stop()
    kafka.stop()


@contextlib.contextmanager
def described_only(rig, kind, name, *more):
    rights = (rig.kafka.brokers, kind, name, ANONYMOUS, "Describe", *more)
    acls.allow(*rights)
    try:
        yield
    finally:
        acls.withdraw(*rights)


def says(rig, status, text, timeout=DEADLINE):
    until(lambda: get(rig.bridge, "/readyz") == (status, f"{text}\n"),
          lambda: f"{status} {text}: {get(rig.bridge, '/readyz')}", timeout)


def onboards(rig, ca):
    says(rig, 200, "ok")
    rig.onboard(ca.leaf())


def test_to_read_decisions(rig, ca):
    """Nothing but the fetch says it. There is nothing new to read when it may
    again."""
    onboards(rig, ca)
    topic = rig.topics["decisions"]
    with described_only(rig, "topic", topic):
        says(rig, 503, "kafka: no right to read decisions")
    assert rig.bridge.log().count("event=kafka_read_denied") == 1
    rig.bridge.wait_log(f"event=kafka_read_denied .*{ADVICE} Read "
                        f"--topic {topic}")
    onboards(rig, ca)
    with described_only(rig, "topic", topic):
        says(rig, 503, "kafka: no right to read decisions")
    onboards(rig, ca)


def test_what_was_written_meanwhile(rig, ca):
    onboards(rig, ca)
    leaf, device = ca.leaf(), rig.device()
    rig.pending(device.path, leaf.pem)
    request = rig.request(device.path)
    with described_only(rig, "topic", rig.topics["decisions"]):
        says(rig, 503, "kafka: no right to read decisions")
        rig.bridge.kill9()
        rig.bridge.start()
        says(rig, 503, "kafka: no right to read decisions")
    rig.decide(request, "approve")
    device.wait(device.command_topic)
    onboards(rig, ca)


def test_what_was_removed_meanwhile(rig, ca):
    """The bridge runs, does not get to read, and Kafka removes a rejection by its
    age: silence approves nothing that had been asked."""
    onboards(rig, ca)
    topic = rig.topics["decisions"]
    device = rig.device()
    with described_only(rig, "topic", topic, "Write", "Delete"):
        says(rig, 503, "kafka: no right to read decisions")
        rig.pending(device.path, ca.leaf().pem)
        request = rig.request(device.path)
        partition, offset = rig.decide(request, "reject")
        delete_records(rig.kafka.brokers, topic, {partition: offset + 1})
    rig.bridge.wait_log(f"event=decisions_lost .*last_offset={offset}")
    outcome_of(rig, request, "expired")
    onboards(rig, ca)
    assert rig.bridge.log().count("event=decisions_lost") == 1


def test_the_group(rig, ca):
    onboards(rig, ca)
    group = rig.bridge.settings["kafka"]["group"]
    with described_only(rig, "group", group):
        says(rig, 503, "kafka: no right to the group")
        rig.bridge.wait_log(f"event=kafka_read_denied .*{ADVICE} Read "
                            f"--group {group}")
    onboards(rig, ca)


@pytest.mark.parametrize("name", ["requests", "results", "dlq"])
def test_to_write(rig, ca, name):
    onboards(rig, ca)
    topic = rig.topics[name]
    with described_only(rig, "topic", topic):
        if name == "requests":
            rig.pending(device_path(), ca.leaf().pem)
        else:
            rig.decision({"request_id": "unknown", "isApprove": True}
                         if name == "results" else b"nonsense")
        says(rig, 503, "kafka: records are not accepted")
        rig.bridge.wait_log(f"event=kafka_produce_failed topic={topic} .*"
                            f"{ADVICE} Write --topic {topic}")
    onboards(rig, ca)
