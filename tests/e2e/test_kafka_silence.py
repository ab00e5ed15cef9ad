"""on_timeout: approve, where what a customer has said was not read: silence is no
consent then."""

import json

import pytest
from confluent_kafka import Producer

from harness.erase import delete_records
from harness.made_anew import (anew, asked, more_partitions, recreate, spread,
                               told, wait_ready)
from harness.results import outcome_of

APPROVES = {"onboarding": {"decision_timeout": "10s", "on_timeout": "approve"}}


@pytest.mark.parametrize("before", [0, 1, None])
def test_a_rejection_is_deleted_before_it_is_read(rig_of, ca, before):
    """Silence approves nothing any more that was asked before, whether the
    partition had been read before, was empty, or was not there (None)."""
    rig = rig_of(APPROVES).start()
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
    rig = rig_of(APPROVES).start()
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
    rig = rig_of(APPROVES).start()
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
    rig = rig_of(APPROVES).start()
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
    rig = rig_of(APPROVES).start()
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
