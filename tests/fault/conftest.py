"""Rigs whose bridge runs with libcrash.so preloaded."""

import pytest

from fault.preload import Control
from harness.ports import free_port
from harness.rig import Rig
from harness.schemas import valid_records, watching  # noqa: F401

# Short keepalives show that the connections are alive.
SETTINGS = {"mqtt": {"keepalive": "5s"}}


@pytest.fixture
def steered(tmp_path, real_kafka):
    """Makes (rig, control) on the real Kafka, where a group assembles at once.
    The rig is not started yet, and a test that passes stops it."""
    rigs = []

    def make(**settings):
        folder = tmp_path / f"rig-{len(rigs)}"
        merged = {**SETTINGS, **settings}
        merged["http"] = {"listen": f"127.0.0.1:{free_port()}"}
        rig = Rig(folder, real_kafka, merged,
                  mosquitto={"persistence": True})
        control = Control(folder)
        rig.bridge.env = control.env
        rigs.append((rig, control))
        return rig, control

    yield make
    for _, control in rigs:
        control.close()
