"""The Kafka that the bridges of a group stand on: one broker, or three with
ZTP_CLUSTER_BROKERS=3 (`make contract`)."""

import os

import pytest

from cluster.several import Bridge, new_names
from harness.kafka import Kafka
from harness.kafka_cluster import KafkaCluster

PROPERTIES = {
    # So that Kafka looks at once for a transaction that took too long.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200,
}


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kafka")
    three = os.environ.get("ZTP_CLUSTER_BROKERS") == "3"
    kafka = (KafkaCluster if three else Kafka)(folder, properties=PROPERTIES)
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture
def names():
    return new_names()


@pytest.fixture
def start(kafka, names, tmp_path):
    return lambda name: Bridge(kafka, names, name, tmp_path).start()


@pytest.fixture
def pair(start):
    """The active one, and one that stands by."""
    active = start("zulu").wait_active()
    return active, start("alpha").wait_standby()
