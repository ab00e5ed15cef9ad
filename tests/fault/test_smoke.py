"""A short campaign: every kind of fault once, under load, on a real Kafka;
`make fault` runs the long one."""

import pytest

from fault.campaign import Campaign
from fault.faults import Fault
from fault.outage import offer, outage
from fault.stage import Stage, pool
from harness.until import until

SECONDS = 2.6
ROUNDS = {
    "bridge-killed": [
        Fault("bridge", "kill", 0.5, 0.8),
        Fault("mqtt_proxy", "cut_in", 1.5, 2.0, 1000),
        Fault("bridge", "kill", 2.2, 2.4),
    ],
    "mosquitto-killed": [
        Fault("mosquitto", "kill", 0.7, 1.0),
        Fault("kafka_proxy", "cut_in", 0.3, 1.5, 300),
        Fault("kafka_proxy", "stall_cut", 1.6, 2.6),
    ],
    "kafka-killed": [
        Fault("kafka", "kill", 0.5, 1.0),
        Fault("approver", "kill", 0.8, 1.0),
        Fault("bridge", "term", 1.5, 1.6),
    ],
    "stopped-and-slow": [
        Fault("mqtt_proxy", "slow", 0.2, 1.2, 20000),
        Fault("mqtt_proxy", "stall", 1.3, 2.3),
        Fault("bridge", "stop", 1.5, 2.0),
        Fault("mosquitto", "stop", 2.1, 2.8),
        Fault("approver", "stop", 1.0, 1.8),
    ],
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage")
    stage = Stage(
        folder, 300,
        {"store": {"max_requests": 1500}, "log": {"level": "debug"}},
        pool(folder / "ca", 8),
    ).start()
    yield stage
    stage.stop()


def verdict(stage):
    assert stage.oracle.bad() == 0, stage.oracle.findings
    assert stage.oracle.open() == []


@pytest.mark.parametrize("name", ROUNDS)
def test_round(stage, name):
    asked = len(stage.oracle.ids)
    campaign = Campaign(stage, name, SECONDS)
    campaign.round(ROUNDS[name])
    verdict(stage)
    assert len(stage.oracle.ids) - asked > 300


def test_ends_in_time_while_kafka_is_mute(stage):
    """Outstanding answers from Kafka, such as for a copy of the offsets that
    has just become due, do not delay the exit."""
    stage.devices.late = True
    offer(stage, 50)
    until(lambda: not stage.oracle.open(), "all are answered", interval=0.001)
    stage.kafka.pause()
    # 10 s to drain, and a little to leave the group and to end a query.
    stage.bridge.stop(timeout=20.0)
    stage.kafka.resume()
    stage.bridge.start()
    offer(stage, 50)
    Campaign(stage, "mute", 0).rest()
    stage.oracle.judge()
    verdict(stage)


def test_back_pressure(stage):
    """Kafka is stopped for longer than the store has room: no event is
    dropped, memory stays flat, connections stay up, and commands decided
    before still go out."""
    stage.devices.late = False
    offer(stage, 60, late=True)
    waiting = stage.oracle.open()
    until(
        lambda: all(stage.oracle.ids[n] for n in waiting)
        and stage.oracle.counts["no_subscriber"] > 0,
        "late devices are approved and away",
    )
    base = stage.rss() / 1024
    stage.driver.rate = 400
    stage.devices.late = True
    # 2,400 with room for 1,500, and longer than the keepalive of 5 s.
    offered, backlog, _, _, peak = outage(stage, 6.0, False, 2000)
    assert offered > 2000 and backlog > 1500
    stage.oracle.judge()
    verdict(stage)
    assert peak < base + 24
    assert "ztp-bridge has exceeded timeout" not in stage.mosquitto.log()
