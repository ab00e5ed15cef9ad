"""A record that is too large for Kafka, or for librdkafka's own limit, affects
no other record."""

import hashlib

from confluent_kafka import Producer

from harness.rig import device_path


def write(rig, key, value):
    """Writes as a client whose own limit is larger."""
    producer = Producer({"bootstrap.servers": rig.kafka.brokers,
                         "message.max.bytes": 2000000})
    producer.produce(rig.topics["decisions"], key=key, value=value)
    assert producer.flush(20) == 0


def same(record, name, original):
    """Checks that these headers identify the part that was left out."""
    assert record.header(f"{name}.size") == str(len(original))
    digest = hashlib.sha256(original.encode()).hexdigest()
    assert record.header(f"{name}.sha256") == digest


def test_a_key_that_a_result_would_repeat(rig, ca):
    key, path = "k" * 999600, device_path()
    write(rig, key, '{"request_id":"none-1","decision":"approve",'
                    f'"device_path":"{path}"}}')
    result = rig.result(path)
    assert result.json()["outcome"] == "unknown_request"
    same(result, "ztp.key", key)
    rig.onboard(ca.leaf())


def test_a_key_that_a_dead_letter_would_repeat(rig, ca):
    key = "d" * 999900
    write(rig, key, "approve")
    dead = rig.dead(lambda r: r.value == b"approve")
    assert dead.key is None
    same(dead, "ztp.key", key)
    rig.onboard(ca.leaf())


def test_headers_that_a_dead_letter_would_repeat(rig, ca):
    headers = [(f"h{n}", b"x" * 8000) for n in range(12)]
    headers.insert(3, ("large", b"x" * 9000))
    rig.decision(b"reject", key="headers", headers=headers)
    dead = rig.dead(key="headers")
    names = [name for name, _ in dead.headers]
    assert "h0" in names and "large" not in names
    assert int(dead.header("ztp.headers.left_out")) == 13 - sum(
        name.startswith("h") for name in names
    )
    rig.onboard(ca.leaf())


def test_a_request_above_the_operators_bound(rig_with, ca):
    """A certificate with many names is too large; all other devices are asked
    about."""
    rig = rig_with({"kafka": {"properties": {"message.max.bytes": 3000}}})
    names = ",".join(f"DNS:d{n}.some-long-name.example.com" for n in range(60))
    leaf = ca.issue(extensions=f"subjectAltName={names}")
    path = device_path()
    rig.pending(path, leaf.pem)
    dead = rig.dead(key=path)
    assert dead.header("__connect.errors.stage") == "request"
    assert dead.header("__connect.errors.topic") == rig.topics["requests"]
    assert dead.header("ce_subject") == path
    assert not dead.value
    rig.onboard(ca.leaf())
    assert "record_too_large" in rig.bridge.log()
