"""Everybody trusts the oracle, so these tests first show it every kind of
fault."""

import json

import pytest

from fault import plan, wire
from fault.oracle import Oracle
from harness.bridge import topic_names

TOPICS = topic_names("o")


def number(approve):
    return next(n for n in range(1000) if plan.approved(n) is approve
                and plan.draw(n) % 8 not in (3, 5))


def as_bytes(body):
    return json.dumps(body).encode()


class World:
    """An oracle that has seen one device all the way."""

    def __init__(self, approve=True, skip=()):
        self.oracle = Oracle(TOPICS)
        self.n = number(approve)
        for _ in range(self.n + 2):
            self.oracle.new()
        self.oracle.first = self.n  # the earlier ones do not matter
        self.path = self.oracle.path(self.n)
        self.id = plan.own_id(self.n) or "r-1"
        self.oracle.first = self.n
        for step in ("took", "ack", "request", "command", "result"):
            if step not in skip:
                getattr(self, step)()

    def took(self):
        self.oracle.mosquitto_took(self.n, self.oracle.epoch)

    def ack(self):
        tap = self.oracle.tap()
        event = plan.event(self.n, self.path, "MIIcert")
        tap(1, wire.publish("ztp/v1/pending", event, 7))
        tap(0, wire.puback(7))

    def request(self, **more):
        body = {"request_id": self.id, "device": {"path": self.path}, **more}
        self.record("requests", body)

    def record(self, topic, body, ce_id="c-1", path=None):
        self.oracle.record(
            TOPICS[topic], (path or self.path).encode(), as_bytes(body),
            [("ce_id", ce_id.encode())],
        )

    def command(self, path=None, **more):
        body = {**plan.command(self.n, self.id, self.path), **more}
        self.oracle.device_got(
            f"{path or self.path}/commands", as_bytes(body)
        )

    def result(self, ce_id="c-1", **more):
        self.record("results", {
            "request_id": self.id, "device_path": self.path,
            "outcome": plan.outcome(self.n), "decision": {}, **more,
        }, ce_id)

    def counts(self):
        """The counters that are not zero, after judging."""
        # The last device only exists to be another one.
        self.oracle.ids.pop()
        self.oracle.judge()
        return {
            name: count for name, count in self.oracle.summary().items()
            if count and name not in ("events", "records")
        }


@pytest.mark.parametrize("approve", [True, False])
def test_all_is_well(approve):
    world = World(approve)
    assert world.counts() == {}
    assert world.oracle.open() == []


@pytest.mark.parametrize("step", ["request", "command", "result"])
def test_lost(step):
    assert World(skip=[step]).counts() == {"lost": 1}


def test_event_that_mosquitto_kept_and_nobody_asked():
    world = World(skip=["ack", "request", "command", "result"])
    assert world.oracle.to_offer_again() == []
    assert world.counts() == {"lost": 1}


def test_event_that_mosquitto_may_have_forgotten():
    world = World(skip=["ack", "request", "command", "result"])
    world.oracle.mosquitto_killed()
    assert world.oracle.to_offer_again() == [world.n]
    world.oracle.offer_again(world.n)
    assert world.oracle.to_offer_again() == []
    world.request()
    world.command()
    world.result()
    assert world.counts() == {"offered_again": 1}


def test_event_that_the_bridge_owns_is_not_offered_again():
    world = World(skip=["request", "command", "result"])
    world.oracle.mosquitto_killed()
    assert world.oracle.to_offer_again() == []
    assert world.counts() == {"lost": 1}


def test_command_that_mosquitto_forgot():
    world = World(skip=["command"])
    tap = world.oracle.tap()
    tap(0, wire.publish(f"{world.path}/commands", b"{}", 9))
    tap(1, wire.puback(9))
    world.oracle.mosquitto_killed()
    assert world.counts() == {"forgotten_commands": 1}


def test_command_that_a_living_mosquitto_took():
    world = World(skip=["command"])
    tap = world.oracle.tap()
    tap(0, wire.publish(f"{world.path}/commands", b"{}", 9))
    tap(1, wire.puback(9))
    assert world.counts() == {"lost": 1}


def test_again_is_only_counted():
    world = World()
    world.command()
    world.request()
    world.result()
    assert world.counts() == {"repeated": 1, "reasked": 1, "retold": 1}


def test_twice():
    world = World()
    world.command(status="rejected")
    assert world.counts() == {"twice": 1}


def test_two_results():
    world = World()
    world.result(ce_id="c-2")
    world.result(outcome="rejected")
    assert world.counts() == {"twice": 2}


def test_another_request_for_the_same():
    world = World()
    world.id = "somebody-else"
    world.request()
    assert world.counts()["wrong"] >= 1


@pytest.mark.parametrize("more", [
    {"payload": "another"}, {"status": "rejected"}, {"request_id": "x"},
    {"extra": 1},
])
def test_wrong_command(more):
    world = World(skip=["command"])
    world.command(**more)
    assert world.counts() == {"wrong": 1, "lost": 1}


def test_elsewhere():
    world = World()
    world.command(path=world.oracle.path(world.n + 1))
    assert world.counts() == {"elsewhere": 1}


def test_on_no_device_topic():
    world = World()
    world.command(path="subscriptions/acme/registries/r9/devices/other")
    assert world.counts() == {"elsewhere": 1}


@pytest.mark.parametrize("outcome", ["failed", "mismatch", "rejected",
                                     "unknown_request", "undeliverable"])
def test_wrong_result(outcome):
    world = World(skip=["result"])
    world.result(outcome=outcome)
    assert world.counts() == {"wrong": 1, "lost": 1}


@pytest.mark.parametrize("text", [
    plan.SECRET, plan.PAYLOAD, "MIIBxyz", "-----BEGIN CERTIFICATE",
])
def test_leaks(text):
    world = World()
    world.request(more=text)
    assert world.counts() == {"leaked": 1, "reasked": 1}
    world.oracle.scan(f"a log line with {text}".encode(), "log")
    assert world.oracle.counts["leaked"] == 2


def test_dead_letter():
    world = World()
    world.record("dlq", {})
    assert world.counts() == {"wrong": 1}


def test_a_stream_in_any_pieces():
    world = World(skip=["ack"])
    event = plan.event(world.n, world.path, "MII" + "x" * 300)
    down = wire.publish("ztp/v1/pending", event, 300)
    for size in (1, 2, 3, 100):
        world.oracle.owned[world.n] &= 2
        tap = world.oracle.tap()
        for at in range(0, len(down), size):
            tap(1, down[at : at + size])
        tap(0, wire.puback(300)[:3])
        assert not world.oracle.owned[world.n] & 1
        tap(0, wire.puback(300)[3:])
        assert world.oracle.owned[world.n] & 1
