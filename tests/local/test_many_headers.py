"""Records with very many headers, which few bytes unpack to. librdkafka reads at
most 100,000 of one record."""

import json

from confluent_kafka import Producer

from limits.beside import Watch

MOST = 100000


def write(rig, records, value, count, key):
    """Some records at once, each with so many headers."""
    producer = Producer({
        "bootstrap.servers": rig.kafka.brokers, "compression.type": "gzip",
        "message.max.bytes": 64 << 20, "batch.size": 32 << 20,
        "queue.buffering.max.kbytes": 1 << 20, "linger.ms": 500,
        "log_level": 0})
    for _ in range(records):
        producer.produce(rig.topics["decisions"], value, key,
                         headers=[("a", b"")] * count)
    assert producer.flush(60) == 0


def test_what_cannot_be_read_may_say_something(rig, ca):
    """A decision whose headers nobody has read is not followed."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    decision = json.dumps({
        "request_id": request.json()["request_id"],
        "device_path": device.path, "decision": "approve"}).encode()
    write(rig, 1, decision, MOST + 1, device.path)
    dead = rig.dead(key=device.path)
    assert dead.value == decision
    assert dict(dead.headers)["__connect.errors.exception.message"] == \
        b"its headers cannot be read"
    write(rig, 1, decision, MOST, device.path)
    device.wait(device.command_topic)
    rig.result(device.path, lambda one: one.json()["outcome"] == "onboarded")


def test_they_take_little_memory_and_turns(rig):
    """30 times 100,000 would take 170 MB at once."""
    watch = Watch(rig.bridge)
    write(rig, 30, b"{", MOST, "many")
    rig.reader.wait(rig.topics["dlq"], key="many", count=30)
    watch.check()
