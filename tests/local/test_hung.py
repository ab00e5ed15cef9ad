"""Who is told to end, or has a time limit, does not wait without end for a
neighbour that hangs: a Kafka that takes all and answers nothing."""

import pytest

from harness.bridge import Bridge, topic_names
from harness.deaf import Deaf
from harness.played import Played
from harness.rig import device_path
from harness.topics import Writer

WITHIN = 14.0  # s; nothing that is tested here takes 10


@pytest.fixture
def topics(mock_kafka):
    topics = topic_names("hung")
    mock_kafka.create(topics.values())
    writer = Writer(mock_kafka.brokers)
    for n in range(5):
        path = device_path(f"d{n}")
        writer.send(topics["requests"], key=path, value={
            "request_id": f"r-{n}", "device": {"path": path},
            "certificate": {"fingerprint_sha256": "ab" * 32},
            "expires_at": "2099-01-01T00:00:00.000Z"})
    return topics


def test_kafka_hangs_and_the_bridge_is_told_to_end(tmp_path, mock_kafka,
                                                   topics):
    """Its probe asks for the ends of ztp.decisions now and then, and is waited
    for."""
    with Played() as broker, Deaf(mock_kafka.brokers) as deaf:
        bridge = Bridge(tmp_path, broker.url, deaf.brokers, topics,
                        {"shutdown_timeout": "1s"}).start()
        # Its consumer asks for offsets, too, until it reads.
        Writer(mock_kafka.brokers).send(topics["decisions"], key="x", value={
            "request_id": "r-1", "device_path": device_path("d1"),
            "decision": "reject"})
        bridge.wait_log("event=decision_without_effect ")
        deaf.hang_at("ListOffsets")
        assert deaf.heard.wait(30)
        bridge.child.terminate()
        bridge.wait_exit(0, WITHIN)
