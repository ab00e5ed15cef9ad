"""Kafka in practice: a group shared by mistake, topics that are deleted,
created, changed or refuse records, lost offsets, and a bridge that was
killed."""

import os
import uuid

import pytest
from confluent_kafka import Consumer

from harness.admin import CRASHES_ON_NEW_TOPIC, admin, create_topics
from harness.bridge import topic_names
from harness.cpu import Stopwatch, cpu_in
from harness.erase import delete_group, delete_records
from harness.made_anew import (
    anew,
    asked,
    decide_nothing,
    more_partitions,
    ready,
    recreate,
    spread,
    told,
    wait_ready,
)
from harness.results import nothing_for, outcome_of, outcomes
from harness.rig import Rig, device_path
from harness.until import until


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    rig = Rig(tmp_path_factory.mktemp("kafka-rig"), real_kafka, {
        "onboarding": {"on_timeout": "approve"},
    }).start()
    yield rig
    rig.stop()


def test_group_is_shared(rig, ca):
    """The bridge acts on nothing until it is alone in the group again."""
    wait_ready(rig)
    device, request = asked(rig, ca.leaf())
    absent = device_path("absent")
    rig.pending(absent, ca.leaf().pem)
    rig.decide(rig.request(absent))
    rig.bridge.wait_log("command_done .*reason_code=16")
    second = Consumer({
        "bootstrap.servers": rig.kafka.brokers,
        "group.id": rig.bridge.settings["kafka"]["group"],
        "partition.assignment.strategy": "range",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,
        "log_level": 0,
    })
    second.subscribe([rig.topics["decisions"]])

    def shared():
        second.poll(0.05)
        status, text = ready(rig)
        return status == 503 and "kafka" in text and "group shared" in text

    until(shared, lambda: f"the bridge says so: {ready(rig)}")
    for partition in range(3):
        rig.writer.send(
            rig.topics["decisions"],
            {"request_id": request.json()["request_id"],
             "device_path": device.path, "decision": "approve"},
            key=device.path, partition=partition,
        )
    present = rig.device(absent)
    present.wait(present.command_topic)
    nothing_for(rig, device.path, 0.7, "nothing is acted on")
    assert device.messages == []
    assert outcomes(rig, absent) == []
    second.close()
    wait_ready(rig)
    outcome_of(rig, request, "onboarded")
    outcome_of(rig, request, "duplicate", count=2)
    assert rig.result(absent).json()["outcome"] == "onboarded"
    device.exactly(1)


def heard_everywhere(rig):
    """Decisions in every partition get their result. One that is read before
    the bridge has noticed that its topic is another one is read again; being
    about nothing, it is told again, as the same event."""
    paths = [device_path("heard") for _ in range(3)]
    for partition, path in enumerate(paths):
        rig.writer.send(
            rig.topics["decisions"],
            {"request_id": "none", "decision": "reject", "device_path": path},
            key=path, partition=partition,
        )
    for partition, path in enumerate(paths):
        told = rig.reader.wait(rig.topics["results"], path)
        assert len({dict(one.headers)["ce_id"] for one in told}) == 1
        assert told[0].json()["decision"]["partition"] == partition


@pytest.mark.parametrize("slowly", [False, True])
def test_decision_topic_is_made_anew(rig, ca, slowly):
    """Decisions in the new topic count, although its offsets start again.
    Nothing counts as read because the old topic had been read further.
    """
    rig.onboard(ca.leaf())
    for _ in range(30):
        rig.decision({"request_id": "none", "decision": "reject",
                      "device_path": device_path()}, key="none")
    silent, silence = asked(rig, ca.leaf())
    device, request = asked(rig, ca.leaf())
    recreate(rig, "decisions", slowly=slowly)
    heard_everywhere(rig)
    rig.decide(request, "reject")
    outcome_of(rig, request, "rejected")
    rig.decide(silence)
    outcome_of(rig, silence, "onboarded")
    silent.wait(silent.command_topic)
    device.wait(device.command_topic)
    assert len(silent.messages) == len(device.messages) == 1
    wait_ready(rig)


# --- made anew while the bridge is stopped


@pytest.mark.parametrize("more", [-1, 0, 3])
def test_decision_topic_is_made_anew_while_stopped(rig, ca, more):
    """Fewer records than before, as many, or more: all of them count, once."""
    device, request = asked(rig, ca.leaf())
    paths = spread(rig, 3, 4, 5)
    told(rig, paths)
    last = [rig.result(paths[n]).json()["decision"] for n in (2, 6, 11)]
    rig.bridge.stop()
    recreate(rig, "decisions", stopped=True)
    rig.writer.send(
        rig.topics["decisions"],
        {"request_id": request.json()["request_id"],
         "device_path": device.path, "decision": "approve"},
        key=device.path, partition=0,
    )
    counts = [at["offset"] + 1 + more for at in last]
    paths = spread(rig, counts[0] - 1, *counts[1:])
    rig.bridge.start()
    assert told(rig, paths) == [["unknown_request"]] * len(paths)
    outcome_of(rig, request, "onboarded")
    assert outcomes(rig, device.path) == ["onboarded"]
    device.wait(device.command_topic)
    assert len(device.messages) == 1
    assert anew(rig) == 1
    rig.bridge.stop()
    rig.bridge.start()
    paths += spread(rig, 1, 1, 1)
    assert told(rig, paths) == [["unknown_request"]] * len(paths)
    assert anew(rig) == 0


@pytest.mark.parametrize("kept, expired", [("last", False), ("later", True),
                                           ("nothing", False)])
def test_old_decisions_are_deleted_while_stopped(rig, ca, kept, expired):
    """The topic is the same whatever its retention has left of it, also when
    the group's offsets have expired, and there are more partitions. If the
    group still waits for the bridge, it is given what it had, without them."""
    paths = spread(rig, 3, 3, 3)
    told(rig, paths)
    _, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    topic = rig.topics["decisions"]
    ends = {}
    for partition in range(3):
        path = device_path()
        _, offset = rig.writer.send(
            topic,
            {"request_id": "none", "decision": "reject", "device_path": path},
            key=path, partition=partition,
        )
        ends[partition] = offset
    first = {"last": -1, "later": 0, "nothing": 1}[kept]
    delete_records(rig.kafka.brokers, topic,
                   {p: end + first for p, end in ends.items()})
    if expired:
        delete_group(rig.kafka.brokers, rig.bridge.settings["kafka"]["group"])
    added, writer = more_partitions(rig, 1)
    before = decide_nothing(rig, writer, added)
    rig.bridge.start()
    rig.decide(request)
    outcome_of(rig, request, "onboarded")
    after = [before, decide_nothing(rig, writer, added), *spread(rig, 1, 1, 1)]
    assert told(rig, paths + after) == (
        [["unknown_request"]] * len(paths + after))
    assert anew(rig) == 0
    assert ("event=kafka_joined_again" in rig.bridge.log()) != expired
    assert ("event=decisions_lost" in rig.bridge.log()) == (kept == "nothing")


@pytest.mark.parametrize("name", ["requests", "results"])
def test_written_topic_is_made_anew(rig, ca, name):
    """The producer continues without help."""
    rig.onboard(ca.leaf())
    recreate(rig, name)
    rig.onboard(ca.leaf())


def test_known_fault_of_librdkafka_is_told(rig):
    told = "event=librdkafka_known_fault" in rig.bridge.log()
    assert told == CRASHES_ON_NEW_TOPIC


def test_partitions_are_added(rig, ca):
    device, request = asked(rig, ca.leaf())
    added, writer = more_partitions(rig, 3)
    writer.send(
        rig.topics["decisions"],
        {"request_id": request.json()["request_id"],
         "device_path": device.path, "decision": "approve"},
        key=device.path, partition=added,
    )
    outcome_of(rig, request, "onboarded")
    wait_ready(rig)


def test_group_offsets_are_lost(rig, ca):
    """The store has the offsets, so no result is written twice."""
    device, request, *_ = rig.onboard(ca.leaf())
    rig.decide(request)
    outcome_of(rig, request, "duplicate")
    said = len(rig.reader.find(rig.topics["results"]))
    rig.bridge.stop()
    delete_group(rig.kafka.brokers, rig.bridge.settings["kafka"]["group"])
    rig.bridge.start()
    rig.onboard(ca.leaf())
    rig.reader.poll()
    assert len(rig.reader.find(rig.topics["results"])) == said + 1
    assert outcomes(rig, device.path) == ["onboarded", "duplicate"]
    assert len(device.messages) == 1


def test_store_is_new_and_the_group_is_not(rig_of, ca):
    """A new store continues from the group's offsets."""
    rig = rig_of().start()
    rig.onboard(ca.leaf())
    rig.bridge.stop()
    for name in os.listdir(rig.folder):
        if name.startswith("bridge.db"):
            os.unlink(rig.folder / name)
    rig.bridge.start()
    rig.onboard(ca.leaf())
    results = rig.reader.find(rig.topics["results"])
    assert {r.json()["outcome"] for r in results} == {"onboarded"}


def test_decision_topic_is_truncated(rig, ca):
    """The deleted records were never read; those after them count."""
    device, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    for _ in range(3):
        rig.decide(request, "reject", device_path=device_path())
    partition, offset = rig.decide(request)
    delete_records(
        rig.kafka.brokers, rig.topics["decisions"], {partition: offset}
    )
    rig.bridge.start()
    outcome_of(rig, request, "onboarded")
    assert outcomes(rig, device.path) == ["onboarded"]


def test_dead_letters_have_no_topic(rig_of, ca):
    """This affects no other record, and no dead letter is lost."""
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    rig = rig_of(topics=topics, create=False)
    create_topics(
        rig.kafka.brokers, [t for n, t in topics.items() if n != "dlq"]
    )
    rig.mosquitto.start()
    rig.bridge.start()
    rig.wait_intake()
    create_topics(rig.kafka.brokers, [f"{topics['dlq']}-not"])
    rig.topics = {**topics, "dlq": f"{topics['dlq']}-not"}
    rig.look()
    rig.decision(b"{", key="bad-1")
    rig.onboard(ca.leaf())
    until(lambda: ready(rig)[0] == 503 and "kafka" in ready(rig)[1],
          lambda: f"it says so: {ready(rig)}")
    create_topics(rig.kafka.brokers, [topics["dlq"]])
    rig.topics = topics
    rig.reader.close()
    rig.look_kafka()
    dead = rig.dead(timeout=60)
    assert dead.key == "bad-1"
    rig.onboard(ca.leaf())
    wait_ready(rig)


def test_topics_are_created(rig_of, ca):
    rig = rig_of({"kafka": {"create_topics": True}}, create=False).start()
    rig.onboard(ca.leaf())
    rig.decision(b"{", key="bad-1")
    assert rig.dead().key == "bad-1"
    found = admin(rig.kafka.brokers).list_topics(timeout=60).topics
    assert set(rig.topics.values()) <= set(found)


def test_killed_bridge_is_back_within_10_s(rig_of, ca):
    """With the default session timeouts."""
    rig = rig_of()
    for name in ("session.timeout.ms", "heartbeat.interval.ms",
                 "reconnect.backoff.max.ms", "fetch.wait.max.ms",
                 "topic.metadata.refresh.interval.ms"):
        del rig.bridge.settings["kafka"]["properties"][name]
    rig.bridge.write_config()
    rig.start()
    rig.onboard(ca.leaf())
    device, request = asked(rig, ca.leaf())
    rig.bridge.kill9()
    rig.decide(request)
    watch = Stopwatch(rig.bridge, rig.kafka)
    rig.bridge.start()
    outcome_of(rig, request, "onboarded")
    assert watch.read() < 10
    assert outcomes(rig, device.path) == ["onboarded"]
    device.exactly(1)


def test_idle_bridge_is_idle(rig, ca):
    wait_ready(rig)
    rig.onboard(ca.leaf())
    assert cpu_in(rig.bridge, 3) < 0.1
