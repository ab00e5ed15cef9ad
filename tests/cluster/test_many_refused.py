"""More decisions in one turn than Kafka takes results of: ztp.results and ztp.dlq
are compacted, and who decides names no device (tests/e2e/test_kafka_refused.py, of
a single bridge)."""

import uuid

import pytest

from cluster import pair
from harness.admin import create_topics
from harness.bridge import topic_names
from harness.rig import Rig, device_path
from harness.shape import connect_headers
from harness.until import until

COUNT = 70
COMPACTED = {"cleanup.policy": "compact"}


class Compacted(pair.Plain):
    """Its session is long enough that no turn is fenced for the time it takes."""

    def __init__(self, folder, kafka, names):
        topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        for name, topic in topics.items():
            create_topics(kafka.brokers, [topic], 1,
                          COMPACTED if name in ("results", "dlq") else None)
        Rig.__init__(self, folder, kafka,
                     mosquitto={"extra": ["log_type debug"]}, topics=topics,
                     create=False)
        self.names = names
        self.bridges = {"zulu": pair.one_of(self, "zulu", self.mosquitto.port,
                                            {})}
        self.bridge = self.bridges["zulu"]


@pytest.fixture
def rig(tmp_path, kafka, names, monkeypatch):
    monkeypatch.setattr(pair, "SESSION", 10.0)
    rig = Compacted(tmp_path, kafka, names).start()
    yield rig
    rig.stop()


def test_they_stop_nobody(rig, ca):
    device = rig.device()
    rig.bridge.pause()
    for n in range(COUNT):
        rig.decision({"request_id": f"keyless-{n}", "isApprove": True})
    rig.pending(device.path, ca.leaf().pem)
    rig.bridge.resume()
    rig.request(device.path)
    until(lambda: len(letters(rig)) == COUNT,
          lambda: f"{len(letters(rig))} dead letters", 60)
    path = device_path("behind")
    rig.decision({"request_id": "nobody", "device_path": path,
                  "decision": "approve"}, key=path)
    assert rig.result(path).json()["outcome"] == "unknown_request"
    assert len(letters(rig)) == COUNT


def letters(rig):
    rig.reader.poll()
    return [record for record in rig.reader.find(rig.topics["dlq"])
            if connect_headers(record)["stage"] == "result"]
