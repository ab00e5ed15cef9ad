"""Somebody else writes to ztp.state. What no bridge can have written stops none of
them, and is named."""

import pytest
from confluent_kafka import Producer

from cluster.pair import wait_active
from harness.rig import device_path
from harness.until import until


def write(rig, key, value):
    producer = Producer({"bootstrap.servers": rig.kafka.brokers})
    producer.produce(rig.names["state"], key=key, value=value, partition=0)
    assert producer.flush(10) == 0


def asked_of(rig, ca):
    path = device_path("rubbish")
    rig.pending(path, ca.leaf().pem)
    return path, rig.request(path)


@pytest.mark.parametrize("key, value", [
    (b"hello", b"world"), (b"hello", None), (b"r/none", b""),
    (b"active", b"\x01rubbish"), (b"active", b"me"),
])
def test_who_comes_passes_it_by(plain, ca, key, value):
    """And knows all that was written before and after it."""
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    before, first = asked_of(plain, ca)
    write(plain, key, value)
    alpha.wait_log("event=state_unreadable .*offset=")
    after, second = asked_of(plain, ca)
    zulu.kill9()
    wait_active(alpha)
    for path, request in ((before, first), (after, second)):
        plain.decide(request, "reject")
        assert plain.result(path).json()["outcome"] == "rejected"
    # One without a copy reads it all.
    for file in zulu.folder.glob("store.db*"):
        file.unlink()
    zulu.start().wait_log("event=state_unreadable .*offset=")
    until(lambda: zulu.role() == "standing_by", "it stands by")
