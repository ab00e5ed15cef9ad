"""One of several that is started while Kafka is away."""

import json
import socket

from cluster.pages import get, metric
from cluster.pair import SESSION
from cluster.real import RealBridge, settings_of
from harness.bridge import merge, topic_names
from harness.until import until

NOBODY = "127.0.0.1:1"


def lonely(folder, names, http=None):
    settings = settings_of(names, "zulu", SESSION, folder)
    if http is not None:
        settings = merge(settings, {"http": {"listen": http}})
    return RealBridge(folder, f"mqtt://{NOBODY}", NOBODY, topic_names("t"),
                      settings, "zulu")


def test_it_says_that_kafka_is_away(tmp_path, names):
    """And nothing of what it has not looked at yet."""
    bridge = lonely(tmp_path, names).start()
    until(lambda: "kafka: no answer\n" in get(bridge, "/readyz")[1],
          lambda: f"it says so: {get(bridge, '/readyz')}")
    assert metric(bridge, "ztp_kafka_connected") == 0
    assert metric(bridge, "ztp_mqtt_connected") is None
    status, text = get(bridge, "/v1/status", 20)
    assert status == 200
    assert [(part["name"], part["ready"])
            for part in json.loads(text)["parts"]] == [
                ("kafka", False), ("group", False)]
    bridge.stop()


def test_the_service_manager_does_not_end_it(tmp_path, names):
    """Also without pages: it waits for Kafka as long as that takes, and is alive
    during a step that takes longer than a service manager may wait."""
    bridge = lonely(tmp_path, names, http="")
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        bridge.env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        bridge.start()
        assert manager.recv(100) == b"READY=1"
        manager.settimeout(3)
        for _ in range(6):
            assert manager.recv(100) == b"WATCHDOG=1"
        bridge.stop()
