"""Telling a device that it was rejected is best effort, but our own queue is
no reason not to tell it."""

import pytest

from harness.rig import device_path
from harness.until import holds_for

COUNT = 60  # more than Mosquitto accepts unacknowledged
PATIENCE = 6.5  # longer than a notice waits for its PUBACK


@pytest.fixture
def rejected(steered, ca):
    """A rig, and devices that will all be rejected."""
    rig, _ = steered(mqtt={"keepalive": "60s"})
    rig.start()
    paths = [device_path("no") for _ in range(COUNT)]
    rig.listen("subscriptions/#")
    for path in paths:
        rig.pending(path, ca.leaf().base64)
    requests = [rig.request(path) for path in paths]
    yield rig, requests
    rig.stop()


def check_told(rig, requests):
    listener = rig.clients[0]
    listener.wait(count=COUNT)
    got = {message.json()["device_path"] for message in listener.find()}
    assert got == {request.key for request in requests}
    assert {m.json()["status"] for m in listener.find()} == {"rejected"}


def test_behind_a_full_window(rejected):
    """The broker is stopped for longer than a notice may take. Notices that
    were never published are not given up."""
    rig, requests = rejected
    rig.mosquitto.pause()
    for request in requests:
        rig.decide(request, "reject")
    rig.reader.wait(rig.topics["results"], count=COUNT)
    holds_for(rig.bridge.alive, PATIENCE, "the bridge runs")
    rig.mosquitto.resume()
    check_told(rig, requests)


