"""Broker and Kafka start late, go away and come back. The bridge neither dies
nor needs help, and every event published meanwhile gets its request."""

import urllib.error
import urllib.request

import pytest

from harness.cpu import Stopwatch, cpu_in
from harness.kafka import Kafka
from harness.rig import Rig, device_path
from harness.topics import Writer
from harness.until import holds_for, until


@pytest.fixture
def own_kafka(tmp_path):
    """A Kafka of its own that a test may stop."""
    return Kafka(tmp_path / "kafka-home")


@pytest.fixture
def late(tmp_path, own_kafka):
    """Only the configuration exists yet."""
    return Rig(
        tmp_path, own_kafka, mosquitto={"persistence": True}, create=False
    )


def stop(rig):
    rig.stop()
    rig.kafka.stop()


def test_bridge_first(late, ca):
    late.bridge.start()
    holds_for(late.bridge.alive, 1.5, "the bridge waits for its brokers")
    late.mosquitto.start()
    late.wait_intake()
    late.kafka.start()
    late.kafka.create(late.topics.values())
    late.look()
    late.onboard(ca.leaf())
    stop(late)


def test_bridge_ends_well_while_it_waits(late):
    late.bridge.start()
    holds_for(late.bridge.alive, 0.5, "the bridge waits for its brokers")
    late.bridge.stop()


@pytest.fixture
def kept(rig_of):
    """A broker that keeps what it has, and that a test may stop."""
    return rig_of(mosquitto={"persistence": True}).start()


def test_mosquitto_restarts(kept, ca):
    rig = kept
    rig.onboard(ca.leaf())
    waiting = rig.device()
    rig.pending(waiting.path, ca.leaf().pem)
    request = rig.request(waiting.path)
    rig.mosquitto.stop()
    rig.decide(request, payload={"n": 1})
    rig.mosquitto.start()
    # paho reconnects the test's device, but its subscription is lost.
    back = rig.listen(waiting.command_topic)
    command = back.wait(waiting.command_topic)[0].json()
    assert command["payload"] == {"n": 1}
    assert rig.result(waiting.path).json()["outcome"] == "onboarded"
    rig.mosquitto.wait_connected(rig.bridge.client_id)
    rig.onboard(ca.leaf())


def test_mosquitto_forgets_everything(kept, ca):
    rig = kept
    rig.onboard(ca.leaf())
    rig.mosquitto.kill9()
    (rig.folder / "mosquitto.db").unlink(missing_ok=True)
    rig.mosquitto.start()
    rig.wait_intake()
    rig.onboard(ca.leaf())


def start(rig):
    rig.kafka.start()
    rig.kafka.create(rig.topics.values())
    return rig.start()


def test_kafka_restarts(late, ca):
    rig = start(late)
    rig.onboard(ca.leaf())
    rig.kafka.stop()
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    holds_for(rig.bridge.alive, 1.0, "the bridge waits for Kafka")
    rig.kafka.start()
    rig.decide(rig.request(device.path, timeout=60))
    device.wait(device.command_topic)
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    stop(rig)


def accepts_records(rig):
    """Returns once Kafka has all its leaders: when it has taken a record."""
    Writer(rig.kafka.brokers).send(rig.topics["decisions"], b"{}")


def is_ready(rig):
    try:
        with urllib.request.urlopen(
            f"http://{rig.bridge.http()}/readyz", timeout=60
        ) as page:
            return page.status == 200
    except urllib.error.HTTPError:
        return False


def test_ready_within_3_s_of_kafka(late, ca):
    """With the default properties, and after an outage that is longer than
    the group's patience: the bridge does not wait for the group to miss it."""
    late.bridge.settings["kafka"]["properties"] = {}
    late.bridge.write_config()
    rig = start(late)
    until(lambda: is_ready(rig), "the bridge is ready")
    rig.kafka.kill9()
    rig.bridge.wait_log("kafka_revoked")
    assert not is_ready(rig)
    assert cpu_in(rig.bridge, 0.5) < 0.1
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    rig.kafka.start(wait=False)
    accepts_records(rig)
    watch = Stopwatch(rig.bridge, rig.kafka, rig.mosquitto)
    until(lambda: is_ready(rig), "the bridge is ready again")
    rig.decide(rig.request(device.path))
    assert watch.read() < 3
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    stop(rig)


def test_bridge_restarts(rig, ca):
    """A request from before is decided after it, and an event that arrived
    meanwhile becomes a request."""
    before = rig.device()
    rig.pending(before.path, ca.leaf().pem)
    request = rig.request(before.path)
    rig.bridge.stop()
    meanwhile = rig.device()
    rig.pending(meanwhile.path, ca.leaf().pem)
    rig.decide(request, payload="after")
    rig.bridge.start()
    assert before.wait(before.command_topic)[0].json()["payload"] == "after"
    rig.decide(rig.request(meanwhile.path))
    meanwhile.wait(meanwhile.command_topic)
    assert rig.result(before.path).json()["outcome"] == "onboarded"
    assert len(rig.reader.find(rig.topics["requests"], before.path)) == 1


def test_bridge_killed(rig, ca):
    """The same after kill -9 between request and decision."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.bridge.kill9()
    rig.decide(request)
    watch = Stopwatch(rig.bridge, rig.kafka, rig.mosquitto)
    rig.bridge.start()
    device.wait(device.command_topic)
    assert watch.read() < 15
    assert rig.result(device.path).json()["outcome"] == "onboarded"
    assert len(device.messages) == 1


def test_device_that_comes_late(rig, ca):
    """A command without a subscriber is not delivered: it waits for the
    device."""
    path = device_path()
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path), payload={"late": True})
    def undelivered():
        rig.reader.poll()
        return not rig.reader.find(rig.topics["results"], path)

    holds_for(undelivered, 1.0, "no result without a delivery")
    device = rig.device(path)
    command = device.wait(device.command_topic)[0].json()
    assert command["payload"] == {"late": True}
    assert rig.result(path).json()["outcome"] == "onboarded"
