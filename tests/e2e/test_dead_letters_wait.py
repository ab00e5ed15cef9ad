"""One topic of Kafka cannot be written, and everything else can."""

import json
import urllib.request
import uuid

import pytest
from confluent_kafka import Producer

from harness.bridge import topic_names
from harness.rig import Rig, device_path
from harness.topics import Reader, Writer
from harness.until import until


@pytest.fixture
def rig_without(tmp_path, real_kafka):
    """One topic is missing."""
    rigs = []

    def start(missing):
        topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        there = {name: topic for name, topic in topics.items()
                 if name != missing}
        real_kafka.create(there.values())
        rig = Rig(tmp_path, real_kafka, {"store": {"max_requests": 10}},
                  topics=topics, create=False)
        rigs.append(rig)
        rig.mosquitto.start()
        rig.bridge.start()
        rig.wait_intake()
        rig.reader = Reader(real_kafka.brokers, there.values())
        rig.writer = Writer(real_kafka.brokers)
        rig.publisher = rig.client()
        return rig

    yield start
    for rig in rigs:
        rig.stop()


@pytest.fixture
def rig(rig_without):
    return rig_without("dlq")


def invalid(rig, count, size):
    """Decisions that nobody can read, written by one customer."""
    producer = Producer({"bootstrap.servers": rig.kafka.brokers,
                         "message.max.bytes": 2_000_000})
    for n in range(count):
        producer.produce(rig.topics["decisions"], key=f"k{n}",
                         value=b"x" * size)
        if n % 10 == 9:
            assert producer.flush(60) == 0
    assert producer.flush(60) == 0


def metric(rig, name):
    with urllib.request.urlopen(f"http://{rig.bridge.http()}/metrics") as page:
        for line in page.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
    return 0


def dead(rig, stage):
    return metric(rig, f'ztp_dlq_total{{stage="{stage}"}}')


def read(rig, count):
    until(lambda: sum(dead(rig, stage) for stage in ("decision", "dropped"))
          >= count, "so many decisions are read", 180)


def test_the_disk_is_not_filled(rig, ca):
    """Decisions of 300 MB that nobody can read."""
    rig.onboard(ca.leaf())
    invalid(rig, 600, 250_000)
    read(rig, 600)
    assert metric(rig, "ztp_store_bytes") < 100 << 20
    assert "dead_letter_cut" in rig.bridge.log()
    rig.onboard(ca.leaf())
    rig.bridge.restart()
    rig.wait_intake()
    invalid(rig, 600, 250_000)
    read(rig, 600)
    assert metric(rig, "ztp_store_bytes") < 100 << 20
    assert dead(rig, "dropped") == 0
    rig.onboard(ca.leaf())
    # The topic is there at last: each has its letter.
    rig.kafka.create([rig.topics["dlq"]])
    reader = Reader(rig.kafka.brokers, [rig.topics["dlq"]])
    letters = reader.wait(rig.topics["dlq"], count=1200, timeout=180)
    reader.close()
    assert sorted({len(letter.value) for letter in letters}) == [0, 250_000]
    for letter in letters:
        assert letter.value or letter.header("ztp.size") == "250000"


def test_the_intake_goes_on(rig, ca):
    """More than the records that may wait in the outbox."""
    invalid(rig, 1200, 10)
    read(rig, 1200)
    rig.onboard(ca.leaf())
    rig.bridge.restart()
    rig.wait_intake()
    rig.onboard(ca.leaf())


def for_nobody(rig, count):
    """Decisions for requests that are not there, and those that are read."""
    unknown = 'ztp_results_total{outcome="unknown_request"}'
    before = metric(rig, unknown)
    producer = Producer({"bootstrap.servers": rig.kafka.brokers})
    for n in range(count):
        path = device_path()
        producer.produce(rig.topics["decisions"], key=path, value=json.dumps(
            {"request_id": f"none-{n}", "device_path": path,
             "decision": "approve"}))
    assert producer.flush(60) == 0
    until(lambda: metric(rig, unknown) == before + count,
          "so many decisions are read", 180)


def told(rig, ca):
    """A device has its command."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    rig.decide(rig.request(device.path))
    device.wait(device.command_topic)
    return device


def test_results_for_nobody_stop_nobody(rig_without, ca):
    """More than the records of requests that may wait."""
    rig = rig_without("results")
    devices = [told(rig, ca)]
    for_nobody(rig, 1200)
    devices.append(told(rig, ca))
    rig.bridge.restart()
    rig.wait_intake()
    devices.append(told(rig, ca))
    # The topic is there at last: each has its result.
    rig.kafka.create([rig.topics["results"]])
    reader = Reader(rig.kafka.brokers, [rig.topics["results"]])
    results = reader.wait(rig.topics["results"], count=1203, timeout=180)
    reader.close()
    assert {device.path for device in devices} <= {r.key for r in results}
