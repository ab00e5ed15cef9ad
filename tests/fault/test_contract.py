"""Each strictness that the bridge relies on, asserted twice: of the real
library, Kafka, Mosquitto or disk, and of the one that is played in the
simulation (tests/sim/contract)."""

import pytest

from fault import contract
from fault.contract import BrokerStage, DiskStage, KafkaStage, PairStage
from fault.proxy import Net
from fault.stage import ProxiedKafka
from harness.kafka import Kafka
from harness.ports import free_port
from harness.process import stop_all

NAMES = contract.names()
FIRST_OF = ("size_bound_to_the_byte", "session_keeps_what_came",
            "full_disk_takes_what_has_room", "synced_survives_a_power_cut")
KAFKA, MQTT, DISK, POWER = (
    NAMES[begin:end] for begin, end in zip(
        map(NAMES.index, FIRST_OF),
        [*map(NAMES.index, FIRST_OF[1:]), len(NAMES)])
)
LEADER = "leader_changes"
KAFKA.remove(LEADER)


def holds(result):
    code, said = result
    assert code == 0, said


@pytest.mark.parametrize("name", NAMES)
def test_played(name):
    holds(contract.played(name))


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    net = Net()
    kafka = ProxiedKafka(tmp_path_factory.mktemp("kafka"), net, properties={
        "authorizer.class.name":
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }).start()
    yield kafka
    kafka.stop()
    kafka.proxy.close()
    net.close()


@pytest.mark.parametrize("name", KAFKA)
def test_kafka(name, kafka, tmp_path):
    stage = KafkaStage(kafka, tmp_path)
    try:
        holds(contract.real(name, stage))
    finally:
        stage.close()


@pytest.fixture
def pair(tmp_path):
    """Two nodes, of which the first is the controller as well."""
    first, port = Kafka(tmp_path / "one"), free_port()
    second = Kafka(tmp_path / "two", "second", port, {
        "process.roles": "broker",
        "node.id": 2,
        "controller.quorum.voters": f"1@127.0.0.1:{first.controller}",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": f"PLAINTEXT://127.0.0.1:{port}",
    }, cluster=first.cluster)
    first.start()
    second.start()
    yield first, second
    stop_all([first] if second.child is None else [first, second])


def test_leader_changes(pair, tmp_path):
    holds(contract.real(LEADER, PairStage(*pair, tmp_path)))


@pytest.mark.parametrize("name", MQTT)
def test_mosquitto(name, tmp_path):
    stage = BrokerStage(tmp_path)
    try:
        holds(contract.real(name, stage))
    finally:
        stage.close()


@pytest.mark.parametrize("name", DISK)
def test_disk(name, tmp_path):
    """A tmpfs of 1 MiB, mounted where nobody else sees it."""
    mount = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "$0" "$@"'
    holds(contract.real(name, DiskStage(tmp_path),
                        ["unshare", "--user", "--map-root-user", "--mount",
                         "sh", "-c", mount]))
