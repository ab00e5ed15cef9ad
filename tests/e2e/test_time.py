"""Deadlines: when they pass and when they must not, on a real Kafka that can
be silent, keep transactions open, and be away."""

import datetime
import uuid

import pytest
from confluent_kafka import Producer

from cluster.pages import get
from harness.kafka import Kafka
from harness.results import nothing_for, outcome_of, outcomes
from harness.rig import Rig, device_path
from harness.shape import now, stamp, when
from harness.until import until

BOTH = ["reject", "approve"]
# The outcome of a request without a decision, and the status sent to the
# device.
END = {"reject": ("expired", "rejected"), "approve": ("onboarded", "approved")}
# Seconds to a deadline by which a request is in Kafka, also on a machine that does
# other things: who was not asked in time is never approved by silence.
ASKED = 4
DONE = 8  # and several requests, and what is done to bridge or Kafka


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory):
    """A Kafka of its own that may be stopped."""
    kafka = Kafka(tmp_path_factory.mktemp("kafka-home")).start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="module")
def rigs(tmp_path_factory, own_kafka):
    """One rig for each value of on_timeout, with short timeouts otherwise."""
    made = {
        way: Rig(tmp_path_factory.mktemp(way), own_kafka, {
            "onboarding": {
                "on_timeout": way,
                "delivery_timeout": "2s",
                "renotify_interval": "1s",
                "reject_cooldown": "2s",
            },
        }).start()
        for way in BOTH
    }
    yield made
    for rig in made.values():
        rig.stop()


@pytest.fixture(params=BOTH)
def rig(request, rigs):
    rig = rigs[request.param]
    rig.end, rig.told = END[request.param]
    return rig


@pytest.fixture
def strict(rigs):
    return rigs["reject"]


def soon(seconds):
    return stamp(now() + datetime.timedelta(seconds=seconds))


def asked(rig, leaf, seconds=ASKED):
    """A request that waits that long for its decision."""
    device = rig.device()
    rig.pending(device.path, leaf.pem, expires_at=soon(seconds))
    return device, rig.request(device.path)


def passed(request):
    """Waits until expires_at has passed."""
    at = when(request.json()["expires_at"])
    until(lambda: now() > at, "the deadline passes", interval=0.05)


def ends_in_silence(rig, device, request):
    outcome_of(rig, request, rig.end)
    told = device.wait(device.command_topic)[0].json()
    assert told["status"] == rig.told
    assert outcomes(rig, device.path) == [rig.end]


def test_no_decision(rig, ca):
    device, request = asked(rig, ca.leaf())
    ends_in_silence(rig, device, request)
    result = outcome_of(rig, request, rig.end).json()
    assert when(result["at"]) >= when(request.json()["expires_at"])


def test_already_past_whatever_on_timeout_says(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem, expires_at=soon(-1))
    assert rig.result(device.path).json()["outcome"] == "expired"


def opposite(rig):
    """A decision other than the one by timeout."""
    return "approve" if rig.told == "rejected" else "reject"


def test_bridge_was_down(rigs, ca):
    """Deadlines that passed while the bridge was down, with a decision written
    before it came back and without."""
    stories = []
    for rig in rigs.values():
        decided = asked(rig, ca.leaf(), DONE)
        silent = asked(rig, ca.leaf(), DONE)
        rig.bridge.stop()
        stories.append((rig, decided, silent))
    for (rig, (device, request), (other, silence)), way in zip(stories, BOTH):
        rig.end, rig.told = END[way]
        passed(request)
        rig.decide(request, opposite(rig))
        rig.bridge.start()
        ends_in_silence(rig, other, silence)
        good = "onboarded" if way == "reject" else "rejected"
        outcome_of(rig, request, good)
        assert outcomes(rig, device.path) == [good]


def test_kafka_was_away(rigs, own_kafka, ca):
    """Nothing expires while Kafka is away. A decision that the bridge could
    not read yet was in time."""
    stories = []
    for way, rig in rigs.items():
        rig.end, rig.told = END[way]
        decided = asked(rig, ca.leaf(), DONE)
        silent = asked(rig, ca.leaf(), DONE)
        stories.append((rig, decided, silent))
    for rig, (_, request), _ in stories:
        # Written, but the bridge is stopped and cannot have read it.
        rig.bridge.pause()
        rig.decide(request, opposite(rig))
    own_kafka.stop()
    for rig, *_ in stories:
        rig.bridge.resume()
    for rig, (_, request), (device, silence) in stories:
        passed(request)
        passed(silence)
        nothing_for(rig, device.path, 0.7, "nobody can have been heard")
        assert device.messages == []
    own_kafka.start()
    for rig, (device, request), (other, silence) in stories:
        good = "onboarded" if rig.told == "rejected" else "rejected"
        outcome_of(rig, request, good, timeout=60)
        assert outcomes(rig, device.path) == [good]
        ends_in_silence(rig, other, silence)
        assert "kafka_topic_anew" not in rig.bridge.log()


def test_asked_too_late_whatever_on_timeout_says(rigs, own_kafka, ca):
    """Kafka is away from before the event until after its deadline: the
    silence of a customer who could not be asked approves nobody."""
    own_kafka.stop()
    devices = [rig.device() for rig in rigs.values()]
    for rig, device in zip(rigs.values(), devices):
        at = now() + datetime.timedelta(seconds=1)
        rig.pending(device.path, ca.leaf().pem, expires_at=stamp(at))
    until(lambda: now() > at, "the deadlines pass", interval=0.05)
    own_kafka.start()
    for rig, device in zip(rigs.values(), devices):
        result = rig.result(device.path, timeout=60).json()
        assert result["outcome"] == "expired"
        told = device.wait(device.command_topic)[0].json()
        assert (told["status"], told["reason"]) == ("rejected", "expired")


def transaction(rig):
    producer = Producer({
        "bootstrap.servers": rig.kafka.brokers,
        "transactional.id": f"tx-{uuid.uuid4()}",
        "log_level": 0,
    })
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer


def write(rig, producer, request, decision):
    body = (
        f'{{"request_id":"{request.json()["request_id"]}",'
        f'"device_path":"{request.key}","decision":"{decision}"}}'
    )
    producer.produce(rig.topics["decisions"], body, request.key)
    producer.flush(30)


def test_open_transaction_holds_expiry_back(rig, ca):
    producer = transaction(rig)
    device, request = asked(rig, ca.leaf())
    write(rig, producer, request, opposite(rig))
    passed(request)
    nothing_for(rig, device.path, 1.0, "the transaction is open")
    producer.commit_transaction(30)
    good = "onboarded" if rig.told == "rejected" else "rejected"
    outcome_of(rig, request, good)
    assert outcomes(rig, device.path) == [good]


def test_an_open_transaction_is_not_ready(rigs):
    """What others write behind it is not read before it ends."""
    rig = rigs["reject"]
    producer = transaction(rig)
    path = device_path()
    producer.produce(rig.topics["decisions"], "in vain", path, partition=0)
    producer.flush(30)
    stands = f"kafka: partition 0 of {rig.topics['decisions']} is not read\n"
    until(lambda: get(rig.bridge, "/readyz") == (503, stands),
          lambda: get(rig.bridge, "/readyz"), timeout=90)
    producer.commit_transaction(30)
    until(lambda: get(rig.bridge, "/readyz") == (200, "ok\n"), "ready")


def test_aborted_transaction(rig, ca):
    """It decides nothing, and the bridge does not wait for an end behind
    it."""
    producer = transaction(rig)
    device, request = asked(rig, ca.leaf())
    write(rig, producer, request, opposite(rig))
    passed(request)
    producer.abort_transaction(30)
    ends_in_silence(rig, device, request)
    again, request = asked(rig, ca.leaf())
    ends_in_silence(rig, again, request)


def test_times_last_across_a_restart(strict, ca):
    """The cool-down of a rejection, the interval between two announcements and
    the delivery deadline."""
    rig = strict
    refused, request = asked(rig, ca.leaf(), 60)
    rig.decide(request, "reject")
    ended = when(outcome_of(rig, request, "rejected").json()["at"])
    away = device_path("away")
    rig.pending(away, ca.leaf().pem)
    absent = rig.request(away)
    rig.decide(absent)
    rig.bridge.wait_log(rf"command_done.*{absent.json()['request_id']}")
    waiting, first = asked(rig, ca.leaf(), 60)
    rig.bridge.restart()
    rig.wait_intake()

    def knocked():
        for path in (refused.path, waiting.path):
            rig.pending(path, ca.leaf().pem)
        rig.reader.poll()
        found = rig.reader.find(rig.topics["requests"], waiting.path)
        more = rig.reader.find(rig.topics["requests"], refused.path)
        return len(found) >= 3 and len(more) >= 2 and found, more

    found, more = until(lambda: knocked()[0] and knocked(), "asked again",
                        interval=0.1)
    assert {r.json()["request_id"] for r in found} == {
        first.json()["request_id"]
    }
    assert {r.json()["attempt"] for r in found} == {1}
    assert [r.json()["attempt"] for r in more[:2]] == [1, 2]
    assert len({r.json()["request_id"] for r in more[:2]}) == 2
    waited = when(more[1].json()["received_at"]) - ended
    assert waited.total_seconds() >= 1.99, "nothing is asked in the cool-down"
    outcome_of(rig, absent, "undeliverable")
    assert outcomes(rig, away) == ["undeliverable"]


def test_announced_at_most_once_in_an_interval(strict, ca):
    """Publishes events all the time for several intervals."""
    rig = strict
    device, request = asked(rig, ca.leaf(), 60)

    def knocked():
        rig.pending(device.path, ca.leaf().pem)
        rig.reader.poll()
        found = rig.reader.find(rig.topics["requests"], device.path)
        return len(found) >= 3 and found

    found = until(knocked, "announced three times", interval=0.03)
    assert found[2].written_at - found[0].written_at >= 1900
    for member in ("request_id", "attempt", "expires_at", "received_at"):
        assert len({r.json()[member] for r in found}) == 1
    assert len({r.header("ce_id") for r in found}) == 1
    rig.decide(request)
    outcome_of(rig, request, "onboarded")
    device.exactly(1)


@pytest.mark.parametrize("store", [
    {"retention": "1s"}, {"retention": "1h", "max_finished": 1},
])
def test_finished_requests_are_forgotten(tmp_path, own_kafka, ca, store):
    """But the bridge never forgets which device owns a path, and its key."""
    rig = Rig(tmp_path, own_kafka, {
        "store": store, "onboarding": {"reject_cooldown": "1s"}}).start()
    device, mine, *_ = rig.onboard(ca.leaf("p256"))
    refused, request = asked(rig, ca.leaf(), 60)
    rig.decide(request, "reject")
    outcome_of(rig, request, "rejected")

    def forgotten():
        if "max_finished" in store:  # one more that ends
            rig.onboard(ca.leaf("p256"))
        rig.decide(request, "reject")
        rig.reader.poll()
        return "unknown_request" in outcomes(rig, refused.path)

    until(forgotten, "the rejection is forgotten", interval=0.2)
    rig.pending(device.path, ca.leaf("p384").pem)
    said = rig.reader.wait(
        rig.topics["results"], device.path,
        lambda r: r.json()["outcome"] == "conflict",
    )
    assert len(said) == 1
    assert len(rig.reader.find(rig.topics["requests"], device.path)) == 1
    rig.stop()
