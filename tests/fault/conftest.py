"""Rigs whose bridge has libcrash.so in front of it."""

import pytest

from fault.preload import Control
from harness.ports import free_port
from harness.rig import Rig

# The mock cluster's groups want more than 3 s here; short keepalives show
# that the connections live.
SETTINGS = {
    "mqtt": {"keepalive": "5s"},
    "kafka": {"properties": {
        "session.timeout.ms": 4000, "heartbeat.interval.ms": 500,
        "reconnect.backoff.max.ms": 500, "fetch.wait.max.ms": 20,
        "topic.metadata.refresh.interval.ms": 1000,
    }},
}


@pytest.fixture
def steered(tmp_path, mock_kafka):
    """Makes (rig, control); the rig is not started yet, and a test that goes
    well stops it."""
    rigs = []

    def make(**settings):
        folder = tmp_path / f"rig-{len(rigs)}"
        merged = {**SETTINGS, **settings}
        merged["http"] = {"listen": f"127.0.0.1:{free_port()}"}
        rig = Rig(folder, mock_kafka, merged,
                  mosquitto={"persistence": True})
        control = Control(folder)
        rig.bridge.env = control.env
        rigs.append((rig, control))
        return rig, control

    yield make
    for _, control in rigs:
        control.close()
