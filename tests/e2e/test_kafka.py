"""Kafka in practice: a group shared by mistake, topics that are deleted,
created, changed or refuse records, lost offsets, and a bridge that was
killed."""

import json
import os
import urllib.error
import urllib.request
import uuid

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import NewPartitions

from harness.admin import (CRASHES_ON_NEW_TOPIC, admin, create_topics,
                           delete_topics)
from harness.bridge import topic_names
from harness.cpu import Stopwatch, cpu_in
from harness.erase import delete_group, delete_records
from harness.results import nothing_for, outcome_of, outcomes
from harness.rig import Rig, device_path
from harness.topics import Writer
from harness.until import until


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    rig = Rig(tmp_path_factory.mktemp("kafka-rig"), real_kafka, {
        "onboarding": {"on_timeout": "approve"},
    }).start()
    yield rig
    rig.stop()


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


@pytest.mark.parametrize("before", [0, 1, None])
def test_a_rejection_is_deleted_before_it_is_read(rig_of, ca, before):
    """Silence approves nothing any more that was asked before, whether the
    partition had been read before, was empty, or was not there (None)."""
    rig = rig_of({"onboarding": {"decision_timeout": "10s",
                                 "on_timeout": "approve"}}).start()
    topic = rig.topics["decisions"]
    wait_ready(rig)
    told(rig, spread(rig, before or 0))
    device, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    partition, writer = ((0, rig.writer) if before is not None
                         else more_partitions(rig, 1))
    _, offset = writer.send(
        topic,
        {"request_id": request.json()["request_id"], "decision": "reject",
         "device_path": device.path},
        key=device.path, partition=partition)
    delete_records(rig.kafka.brokers, topic, {partition: offset + 1})
    rig.bridge.start()
    rig.bridge.wait_log(f"event=decisions_lost .*last_offset={offset}")
    rig.bridge.stop()
    assert rig.bridge.log().count("event=decisions_lost") == 1
    rig.bridge.start()
    outcome_of(rig, request, "expired")
    _, later = asked(rig, ca.leaf())
    outcome_of(rig, later, "onboarded")


def test_a_rejection_goes_with_its_topic(rig_of, ca):
    """It is written while the bridge is stopped, and then the topic is deleted
    and made anew: silence approves nothing that was asked before."""
    rig = rig_of({"onboarding": {"decision_timeout": "10s",
                                 "on_timeout": "approve"}}).start()
    wait_ready(rig)
    told(rig, spread(rig, 1))
    _, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    rig.decide(request, "reject")
    recreate(rig, "decisions", stopped=True)
    rig.bridge.start()
    outcome_of(rig, request, "expired")
    assert anew(rig) == 1
    _, later = asked(rig, ca.leaf())
    outcome_of(rig, later, "onboarded")


def take_back(rig, topic, *values):
    """Writes them into the first partition in a transaction that it aborts."""
    producer = Producer({"bootstrap.servers": rig.kafka.brokers,
                         "transactional.id": topic, "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, partition=0)
    producer.flush(30)
    producer.abort_transaction(30)


def test_a_rejection_goes_with_its_topic_unseen(rig_of, ca):
    """The new topic has the end of a transaction where the last record was that
    was read, and goes on behind it as if nothing were missing."""
    rig = rig_of({"onboarding": {"decision_timeout": "15s",
                                 "on_timeout": "approve"}}).start()
    wait_ready(rig)
    topic = rig.topics["decisions"]
    paths = spread(rig, 2)
    told(rig, paths)
    last = rig.result(paths[1]).json()["decision"]["offset"]
    _, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    rig.decide(request, "reject")
    recreate(rig, "decisions", stopped=True)
    take_back(rig, topic, *[b"of another topic"] * last)
    paths = spread(rig, 1)
    rig.bridge.start()
    assert told(rig, paths) == [["unknown_request"]]
    assert anew(rig) == 1
    outcome_of(rig, request, "expired")


def test_a_topic_that_goes_before_anything_is_read(rig_of, ca):
    """Whoever was asked before is not approved by silence."""
    rig = rig_of({"onboarding": {"decision_timeout": "15s",
                                 "on_timeout": "approve"}}).start()
    wait_ready(rig)
    _, request = asked(rig, ca.leaf())
    recreate(rig, "decisions", slowly=True)
    outcome_of(rig, request, "expired")
    _, later = asked(rig, ca.leaf())
    outcome_of(rig, later, "onboarded")


@pytest.mark.parametrize("end", ["nothing", "a rejection"])
def test_aborted_decisions_are_not_lost(rig_of, ca, end):
    """What a customer took back in a transaction is passed over, also where the
    partition had been empty: silence is consent all the same."""
    rig = rig_of({"onboarding": {"decision_timeout": "10s",
                                 "on_timeout": "approve"}}).start()
    topic = rig.topics["decisions"]
    wait_ready(rig)
    device, request = asked(rig, ca.leaf())
    rig.bridge.stop()
    decision = json.dumps({
        "request_id": request.json()["request_id"], "decision": "reject",
        "device_path": device.path})
    take_back(rig, topic, decision)
    if end == "a rejection":
        rig.writer.send(topic, decision, partition=0)
    rig.bridge.start()
    outcome_of(rig, request,
               "rejected" if end == "a rejection" else "onboarded")
    assert "event=decisions_lost" not in rig.bridge.log()


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
