"""The pages of a bridge that reads a long state from its beginning: more rows
than are read one by one, so that indexes are made at the end."""

import os

import pytest

from bench.standby_state import fill
from cluster.ledger import Topics
from cluster.pages import Watch, get, page
from cluster.real import RealBridge, settings_of
from harness.mosquitto import Mosquitto
from harness.until import until

# By hand: ZTP_STATE_ROWS=1000000.
ROWS = int(os.environ.get("ZTP_STATE_ROWS", "80000"))
WAIT = 60 + ROWS / 2000  # s


class Compacted(Topics):
    def create_state(self):
        self.kafka.create([self.state], 1, {
            "cleanup.policy": "compact", "segment.bytes": "67108864",
            "min.cleanable.dirty.ratio": "0.2",
            "message.timestamp.type": "LogAppendTime",
            "delete.retention.ms": "604800000",
            "max.compaction.lag.ms": "86400000"})


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path).start()
    yield broker
    broker.stop()


def reader(topics, folder, broker):
    names = {"group": topics.name, "state": topics.state,
             "journal": f"{topics.name}.journal"}
    return RealBridge(
        folder, f"mqtt://127.0.0.1:{broker.port}", topics.kafka.brokers,
        {name: f"{topics.name}.{name}" for name in (
            "requests", "decisions", "results", "dlq", "audit")},
        settings_of(names, "reader", 10, folder), "reader")


def test_they_are_there_while_it_reads(kafka, tmp_path, broker):
    topics = Compacted(kafka)
    fill(topics, tmp_path / "writer", ROWS)
    bridge = reader(topics, tmp_path / "reader", broker).start()
    watches = [Watch(bridge, path)
               for path in ("/healthz", "/readyz", "/v1/group")]
    bridge.wait_log("event=active ", WAIT)
    until(lambda: get(bridge, "/readyz") == (200, "ok\nrole: active\n"),
          lambda: f"it is ready: {get(bridge, '/readyz')}")
    assert page(bridge, "/v1/status")["requests"]["requested"] == ROWS
    for watch in watches:
        assert watch.end().failed == []
        print(watch.path, f"{watch.slowest:.3f} s")
        assert watch.slowest < 1.0
    assert watches[0].answers == {(200, "ok\n")}
    assert any("is being read" in text for _, text in watches[1].answers)
    assert any("\"lag_records\":0" not in text
               for _, text in watches[2].answers)
    bridge.stop()
