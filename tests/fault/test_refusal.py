"""Kafka refuses a new producer's first batch and takes the second. From that
librdkafka concludes that it has the first one, too, and reports it delivered,
which it is not (confluent-kafka-go #921; the broker's side is KAFKA-14359)."""

import pytest

from fault.proxy import Net
from fault.refusal import Refusal
from fault.stage import ProxiedKafka
from harness.rig import Rig, device_path
from harness.until import until


@pytest.fixture
def kafka(tmp_path):
    net = Net()
    kafka = ProxiedKafka(tmp_path, net).start()
    yield kafka
    kafka.stop()
    kafka.proxy.close()
    net.close()


class Through:
    """The same Kafka for the bridge, by way of the proxy."""

    def __init__(self, kafka):
        self.create = kafka.create
        self.brokers = kafka.proxied


def test_requests(tmp_path, kafka, ca):
    rig = Rig(tmp_path / "rig", Through(kafka), partitions=1)
    refusal = Refusal(rig.topics["requests"])
    kafka.proxy.make_filter = refusal
    rig.start()
    first, second = device_path("first"), device_path("second")
    rig.pending(first, ca.leaf().pem)
    until(refusal.first.is_set, "the first record is on its way", 20)
    rig.pending(second, ca.leaf().pem)
    until(refusal.second.is_set, "the second goes without waiting for it", 20)
    assert rig.request(second)
    assert rig.request(first)
    rig.stop()
