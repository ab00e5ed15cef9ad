"""What Kafka does not allow a bridge of a group, or cannot do: said with the words
that an operator has to give to kafka-acls.

Whatever has an entry of somebody's is closed to all others here, so that each test
takes one right away."""

import re

import pytest

from cluster.pages import get
from cluster.pair import Plain, wait_active
from cluster.several import Bridge, new_names
from harness import acls
from harness.acls import ADVICE, ANONYMOUS, SOMEBODY
from harness.devkafka import DevKafka
from harness.kafka import Kafka
from harness.rig import device_path
from harness.until import until


def close(kafka, kind, name):
    acls.allow(kafka.brokers, kind, name, SOMEBODY, "Describe")


def open_again(kafka, kind, name):
    acls.withdraw(kafka.brokers, kind, name, SOMEBODY, "Describe")


def refused(kafka, names, folder):
    bridge = Bridge(kafka, names, "zulu", folder).start()
    bridge.wait_exit(expect=2)
    return bridge.log().splitlines()[-1]


def test_the_group(guarded, names, tmp_path):
    close(guarded, "group", names["group"])
    assert refused(guarded, names, tmp_path).endswith(
        f"{ADVICE} Read --group {names['group']}")


@pytest.mark.parametrize("topic", ["state", "journal"])
def test_a_topic(guarded, names, tmp_path, topic):
    close(guarded, "topic", names[topic])
    assert refused(guarded, names, tmp_path).endswith(
        f"{ADVICE} Read --topic {names[topic]}")


def test_to_make_a_topic(guarded, names, tmp_path):
    """Kafka itself is nobody in particular here."""
    cluster = ("cluster", acls.CLUSTER, ANONYMOUS, "ClusterAction", "Describe",
               "Alter", "DescribeConfigs", "AlterConfigs")
    acls.allow(guarded.brokers, "topic", names["state"], ANONYMOUS, "Read")
    acls.allow(guarded.brokers, *cluster)
    try:
        assert refused(guarded, names, tmp_path).endswith(
            f"{ADVICE} Create --topic {names['state']}")
    finally:
        acls.withdraw(guarded.brokers, *cluster)


def named(bridge, right):
    """It does not become active, and says why until it may."""
    bridge.wait_log(f"event=fenced while=.*{ADVICE} {right}")
    assert "active" not in bridge.words()
    return bridge


def test_transactions(guarded, names, tmp_path):
    close(guarded, "transactional-id", names["group"])
    bridge = named(Bridge(guarded, names, "zulu", tmp_path).start(),
                   f"Write --transactional-id {names['group']}")
    open_again(guarded, "transactional-id", names["group"])
    bridge.wait_active(60).stop()


def test_to_write(guarded, names, tmp_path):
    requests = f"requests-{names['group']}"
    guarded.create([requests], 1)
    close(guarded, "topic", requests)
    bridge = named(
        Bridge(guarded, {**names, "requests": requests}, "zulu",
               tmp_path).start(), f"Write --topic {requests}")
    open_again(guarded, "topic", requests)
    bridge.wait_active(60).stop()


def test_to_write_what_it_may_read(guarded, names, tmp_path):
    Bridge(guarded, names, "alpha", tmp_path).start().wait_active().stop()
    close(guarded, "topic", names["state"])
    acls.allow(guarded.brokers, "topic", names["state"], ANONYMOUS, "Read")
    named(Bridge(guarded, names, "zulu", tmp_path).start(),
          f"Write --topic {names['state']}").stop()


# --- a Kafka without transactions

def test_too_few_brokers_for_transactions(tmp_path):
    kafka = Kafka(tmp_path / "kafka", properties={
        "transaction.state.log.replication.factor": "3"}).start()
    try:
        said = refused(kafka, new_names(), tmp_path)
        assert "kafka has no transactions" in said
        assert "is 3, and there are 1 brokers" in said
    finally:
        kafka.stop()


def test_the_embedded_kafka(tmp_path, names):
    """It is named as what it is, not waited for."""
    kafka = DevKafka(tmp_path).start()
    assert "it must be 2.5 or later, and have transactions" in refused(
        kafka, names, tmp_path)
    kafka.stop()


def test_the_page_says_why(guarded, names, tmp_path):
    """While it tries again, and while it waits behind the others to do so."""
    rig = Plain(tmp_path, guarded, names)
    rig.mosquitto.start()
    close(guarded, "transactional-id", names["group"])
    right = f"Write --transactional-id {names['group']}"
    bridge = rig.bridge.start()
    try:
        bridge.wait_log("event=standing_by before=fenced", 60)
        until(lambda: right in get(bridge, "/readyz")[1], lambda: "it says why: "
              f"{get(bridge, '/readyz')}")
        open_again(guarded, "transactional-id", names["group"])
        wait_active(bridge, 60)
    finally:
        rig.stop()


def told(bridge):
    return re.findall("event=(decision_taken|request_ended) ", bridge.log())


def test_a_topic_that_takes_nothing(guarded, names, tmp_path, ca):
    """Whether it is still the active one, or was and tries to be again: it is not
    ready, and says why, as soon as its lease is over. Its log tells what has become of
    the request when that is so, and once."""
    rig = Plain(tmp_path, guarded, names)
    rig.start()
    bridge, results = rig.bridge, rig.topics["results"]
    try:
        path = device_path("closed")
        rig.pending(path, ca.leaf().pem)
        request = rig.request(path)
        close(guarded, "topic", results)
        try:
            rig.decide(request, "reject")
            until(lambda: re.search(f"group: .*{results}",
                                    get(bridge, "/readyz")[1]),
                  lambda: f"it says why: {get(bridge, '/readyz')}", 60)
            assert not told(bridge)
        finally:
            open_again(guarded, "topic", results)
        result = rig.reader.wait(results, path, timeout=120)[0].json()
        assert result["outcome"] == "rejected"
        until(lambda: get(bridge, "/readyz")[0] == 200, "it is ready", 60)
        assert told(bridge) == ["decision_taken", "request_ended"]
    finally:
        rig.stop()
