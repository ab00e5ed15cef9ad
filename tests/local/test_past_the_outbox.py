"""Requests that bypass the outbox: what happens to them if Kafka does not
answer, and if the bridge dies before it does."""

import sqlite3

import pytest

from harness.devkafka import DevKafka
from harness.rig import Rig, device_path
from harness.until import holds_for, until

COUNT = 20


@pytest.fixture
def rig(tmp_path):
    """A rig with a Kafka of its own, which can be stopped."""
    kafka = DevKafka(tmp_path).start()
    rig = Rig(tmp_path, kafka).start()
    yield rig
    rig.stop()
    kafka.stop()


def ask(rig, sql):
    """One number from the store of a running bridge."""
    path = rig.bridge.settings["store"]["path"]
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return store.execute(sql).fetchone()[0]
    finally:
        store.close()


def outbox(rig):
    return ask(rig, "SELECT count(*) FROM outbox")


def requests(rig, state):
    return ask(rig, f"SELECT count(*) FROM request WHERE state={state}")


RECEIVED, REQUESTED = 1, 2


def knock(rig, leaf, count=COUNT):
    paths = [device_path() for _ in range(count)]
    for path in paths:
        rig.pending(path, leaf.pem)
    return paths


def ids(rig, path):
    """The request ids published for a path, one per record."""
    return [record.json()["request_id"] for record in
            rig.reader.find(rig.topics["requests"], path)]


def all_arrive(rig, paths):
    def arrived():
        rig.reader.poll()
        return all(ids(rig, path) for path in paths)

    until(arrived, "every request is in Kafka")


def first_one(rig, leaf):
    """After this, the producer has its id and knows the topic's leader."""
    all_arrive(rig, knock(rig, leaf, 1))
    until(lambda: requests(rig, REQUESTED) == 1, "the store knows")


def test_the_short_way(rig, ca):
    first_one(rig, ca.leaf())
    paths = knock(rig, ca.leaf())
    all_arrive(rig, paths)
    until(lambda: requests(rig, REQUESTED) == COUNT + 1, "all are announced")
    assert all(len(ids(rig, path)) == 1 for path in paths)


def test_kafka_is_mute(rig, ca):
    first_one(rig, ca.leaf())
    for _ in range(2):
        mute_for_a_while(rig, ca)
    # And requests bypass the outbox again.
    all_arrive(rig, knock(rig, ca.leaf()))


def mute_for_a_while(rig, ca):
    rig.kafka.pause()
    paths = knock(rig, ca.leaf())
    until(lambda: outbox(rig) == COUNT, "they have moved into the outbox")
    more = knock(rig, ca.leaf())
    until(lambda: outbox(rig) == 2 * COUNT, "those that came later, too")
    assert requests(rig, RECEIVED) == 2 * COUNT
    rig.kafka.resume()
    all_arrive(rig, paths + more)
    until(lambda: outbox(rig) == 0, "the outbox is empty")
    until(lambda: requests(rig, RECEIVED) == 0, "all are announced")
    assert all(len(ids(rig, path)) == 1 for path in paths + more)


def test_killed_before_kafka_answers(rig, ca):
    first_one(rig, ca.leaf())
    rig.kafka.pause()
    paths = knock(rig, ca.leaf())
    until(lambda: requests(rig, RECEIVED) == COUNT, "they are in the store")
    rig.bridge.kill9()
    rig.kafka.resume()
    rig.bridge.start()
    all_arrive(rig, paths)
    until(lambda: requests(rig, REQUESTED) == COUNT + 1, "all are announced")
    # A record that Kafka accepted but could not acknowledge may be there
    # twice, with the same id.
    assert all(len(set(ids(rig, path))) == 1 for path in paths)


def test_killed_while_kafka_is_mute_for_long(rig, ca):
    first_one(rig, ca.leaf())
    rig.kafka.pause()
    paths = knock(rig, ca.leaf())
    until(lambda: outbox(rig) == COUNT, "they have moved into the outbox")
    rig.bridge.kill9()
    rig.bridge.start()
    rig.wait_intake()
    assert outbox(rig) == COUNT
    rig.kafka.resume()
    all_arrive(rig, paths)
    until(lambda: outbox(rig) == 0, "the outbox is empty")
    assert all(len(set(ids(rig, path))) == 1 for path in paths)


def test_stopped_while_kafka_is_mute(rig, ca):
    """The shutdown times out, and nothing is lost by that."""
    rig.bridge.settings["shutdown_timeout"] = "300ms"
    rig.bridge.write_config()
    rig.bridge.restart()
    rig.wait_intake()
    first_one(rig, ca.leaf())
    rig.kafka.pause()
    paths = knock(rig, ca.leaf(), 3)
    until(lambda: requests(rig, RECEIVED) == 3, "they are in the store")
    rig.bridge.stop()
    rig.kafka.resume()
    rig.bridge.start()
    all_arrive(rig, paths)
    until(lambda: requests(rig, RECEIVED) == 0, "all are announced")
    holds_for(lambda: all(len(set(ids(rig, path))) == 1 for path in paths),
              0.3, "one id for each")
