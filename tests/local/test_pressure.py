"""Back-pressure: reaching the bound on open requests, or losing Kafka, costs
nothing but time."""

import signal

import pytest

from harness.cpu import cpu_in
from harness.devkafka import DevKafka
from harness.results import outcome_of
from harness.rig import Rig
from harness.until import holds_for, until

BOUND = 5


def requests(rig):
    rig.reader.poll()
    return rig.reader.find(rig.topics["requests"])


@pytest.mark.parametrize("restart", [False, True])
def test_max_requests(rig_with, ca, restart):
    """The bound is strict. Events that had to wait become requests as others
    end, and none is lost."""
    rig = rig_with({"store": {"max_requests": BOUND}})
    devices = [rig.device() for _ in range(3 * BOUND)]
    for device in devices:
        rig.pending(device.path, ca.leaf().pem)
    until(lambda: len(requests(rig)) == BOUND, "as many as may be are asked")
    if restart:
        rig.bridge.restart()
    holds_for(lambda: len(requests(rig)) == BOUND, 0.7, "the bound is strict")
    done = 0
    while done < len(devices):
        asked = until(
            lambda: len(requests(rig)) > done and requests(rig),
            f"more than {done} are asked",
        )
        assert len(asked) <= done + BOUND
        rig.decide(asked[done])
        outcome_of(rig, asked[done], "onboarded")
        done += 1
    assert sorted(r.key for r in requests(rig)) == sorted(
        device.path for device in devices
    )
    for device in devices:
        device.exactly(1)


@pytest.fixture
def away(tmp_path):
    """A rig whose Kafka can be taken away."""
    kafka = DevKafka(tmp_path / "kafka").start()
    rig = Rig(tmp_path / "rig", kafka).start()
    yield rig
    rig.stop()
    kafka.stop()


def test_kafka_is_away(away, ca):
    """The bridge waits without spinning and continues by itself."""
    rig = away
    rig.onboard(ca.leaf())
    rig.kafka.child.send_signal(signal.SIGUSR1)
    devices = [rig.device() for _ in range(20)]
    for device in devices:
        rig.pending(device.path, ca.leaf().pem)
    assert cpu_in(rig.bridge, 3) < 0.15
    rig.kafka.child.send_signal(signal.SIGUSR2)
    for device in devices:
        rig.decide(rig.request(device.path))
    for device in devices:
        device.wait(device.command_topic)
        assert rig.result(device.path).json()["outcome"] == "onboarded"


def test_idle(rig, ca):
    rig.onboard(ca.leaf())
    assert cpu_in(rig.bridge, 3) < 0.1


def test_broker_is_away(rig_with, ca):
    rig = rig_with()
    rig.onboard(ca.leaf())
    rig.mosquitto.stop()
    assert cpu_in(rig.bridge, 2) < 0.1
    rig.mosquitto.start()
    rig.wait_intake()
    rig.onboard(ca.leaf())
