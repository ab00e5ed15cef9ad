"""Kafka refuses a new producer's first batch and accepts the second.
librdkafka then concludes that Kafka has the first one, too, and reports it
delivered, although it is not (confluent-kafka-go #921; the broker's side is
KAFKA-14359)."""

import pytest

from fault.proxy import Net
from fault.refusal import Refusal
from fault.stage import ProxiedKafka
from harness.rig import Rig, device_path
from harness.until import until


@pytest.fixture(scope="module")
def kafka(children_gone, tmp_path_factory):
    net = Net()
    kafka = ProxiedKafka(tmp_path_factory.mktemp("kafka"), net).start()
    yield kafka
    kafka.stop()
    kafka.proxy.close()
    net.close()


class Through:
    """The same Kafka, reached by the bridge through the proxy."""

    def __init__(self, kafka):
        self.create = kafka.create
        self.brokers = kafka.proxied


@pytest.fixture
def refusing(tmp_path, kafka):
    """Makes (rig, refusal): a rig, and a refusal of the first record of one of
    its topics. A test that passes stops the rig."""

    def make(topic):
        rig = Rig(tmp_path / "rig", Through(kafka), partitions=1)
        refusal = Refusal(rig.topics[topic])
        kafka.proxy.make_filter = refusal
        return rig.start(), refusal

    return make


def one_behind_the_other(refusal, begin):
    """Two records, of which the second is sent while the first is
    unacknowledged."""
    first, second = device_path("first"), device_path("second")
    begin(first)
    until(refusal.first.is_set, "the first record is on its way")
    begin(second)
    until(refusal.second.is_set, "the second goes without waiting for it")
    return first, second


def one_of(rig, topic, path):
    """What was sent behind the refused one comes again behind it, under the
    same id."""
    found = rig.reader.wait(rig.topics[topic], path)
    assert len({record.header("ce_id") for record in found}) == 1
    return found[0]


def test_requests(refusing, ca):
    """They bypass the outbox."""
    rig, refusal = refusing("requests")
    first, second = one_behind_the_other(
        refusal, lambda path: rig.pending(path, ca.leaf().pem)
    )
    for path in (second, first):
        assert one_of(rig, "requests", path)
    rig.stop()


def test_results(refusing):
    """They come from the outbox."""
    rig, refusal = refusing("results")

    def decide(path):
        rig.decision({"request_id": "none", "device_path": path,
                      "decision": "reject"}, key=path)

    first, second = one_behind_the_other(refusal, decide)
    for path in (second, first):
        assert one_of(rig, "results", path).json()["outcome"] == (
            "unknown_request")
    rig.stop()


def ids_of(rig, path):
    """The requests that a device's results are about, in Kafka's order."""
    rig.reader.poll()
    return [record.json()["request_id"]
            for record in rig.reader.find(rig.topics["results"], path)]


def test_results_of_one_device_stay_in_order(refusing):
    """What was sent behind the refused one comes again behind it."""
    rig, refusal = refusing("results")
    path = device_path("one")
    for number, sent in ((1, refusal.first), (2, refusal.second)):
        rig.decision({"request_id": f"none-{number}", "device_path": path,
                      "decision": "reject"}, key=path)
        until(sent.is_set, f"result {number} is on its way")
    until(lambda: "none-1" in ids_of(rig, path), "the refused one is there")
    until(lambda: ids_of(rig, path)[-2:] == ["none-1", "none-2"],
          lambda: f"the last two are in order: {ids_of(rig, path)}")
    rig.stop()
