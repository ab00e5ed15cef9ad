"""The Kafka that the bridges of a group stand on: one broker, or three with
ZTP_CLUSTER_BROKERS=3 (`make contract`)."""

import os

import pytest

from cluster.pair import Pair, Plain
from cluster.several import Bridge, new_names
from harness.acls import AUTHORIZER
from harness.kafka import EAGER, Kafka
from harness.kafka_cluster import KafkaCluster


@pytest.fixture(scope="session")
def kafka(request):
    """With one broker the one Apache Kafka of this run: another JVM beside it
    would take a processor for seconds."""
    three = os.environ.get("ZTP_CLUSTER_BROKERS") == "3"
    return request.getfixturevalue("three_brokers" if three else "real_kafka")


@pytest.fixture(scope="session")
def three_brokers(children_gone, tmp_path_factory):
    kafka = KafkaCluster(tmp_path_factory.mktemp("kafka"), properties=EAGER)
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """One of its own, with access control lists, of which there are none yet."""
    kafka = Kafka(tmp_path_factory.mktemp("guarded"), properties=AUTHORIZER)
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


@pytest.fixture(scope="session")
def server(ca):
    """The broker's certificate."""
    return ca.server()


@pytest.fixture
def idle(tmp_path, kafka, names):
    """A broker without a gate, and two bridges, none of them started."""
    rig = Plain(tmp_path, kafka, names)
    yield rig
    rig.stop()


@pytest.fixture
def plain(idle):
    """The same: zulu is active, alpha stands by."""
    idle.start()
    idle.standby("alpha")
    return idle


@pytest.fixture
def gated(tmp_path, kafka, ca, server, names):
    """Likewise with a gate."""
    rig = Pair(tmp_path, kafka, ca, server, names).start()
    rig.standby("alpha")
    yield rig
    rig.stop()
