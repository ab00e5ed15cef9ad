"""Two real bridges that are one group, on a real Mosquitto with the gate and a
real Kafka."""

import re
import urllib.request

from cluster.real import RealBridge, settings_of
from harness.bridge import merge
from harness.gate import OPERATOR, PASSWORD, path_of
from harness.handshake import CUSTOM, Handshake
from harness.until import until

SESSION = 2.0  # s


def ready(bridge):
    """Asked where it listens since it was last active."""
    found = re.findall(r"event=http_listening addr=(\S+)", bridge.log())
    try:
        with urllib.request.urlopen(f"http://{found[-1]}/readyz", timeout=5):
            return True
    except (IndexError, OSError):
        return False


class Pair(Handshake):
    def __init__(self, folder, kafka, ca, server, names):
        self.names = names
        self.bridges = {}
        super().__init__(folder, kafka, ca, server)

    def make_bridge(self, port, settings):
        for name in ("zulu", "alpha"):
            self.bridges[name] = self.one_of(name, port)
        return self.bridges["zulu"]

    def one_of(self, name, port):
        folder = self.folder / name
        settings = merge(settings_of(self.names, name, SESSION, folder), {
            "mqtt": {"registrar": "gate", "username": OPERATOR,
                     "password": PASSWORD},
            "onboarding": {"reject_cooldown": "0s", "renotify_interval": "1h"},
        })
        return RealBridge(folder, f"mqtt://127.0.0.1:{port}",
                          self.kafka.brokers, self.topics, settings, name)

    def wait_ready(self, timeout=30.0):
        self.wait_active(self.bridge)

    def wait_active(self, bridge, timeout=30.0):
        """It serves, and says that it is ready."""
        bridge.wait_log("event=active ", timeout)
        until(lambda: ready(bridge), f"{bridge.name} is ready", timeout)

    def standby(self, name):
        bridge = self.bridges[name].start()
        bridge.wait_log("event=standing_by")
        return bridge

    def knock(self):
        device, _ = self.held(path_of(CUSTOM))
        return device, self.request_of(device.path)

    def told_once(self, device, request):
        """Its customer's decision, once in each place."""
        device.wait_status("approved")
        self.ended(request, "onboarded")
        for topic in ("requests", "results"):
            assert len(self.reader.find(self.topics[topic],
                                        key=device.path)) == 1

    def stop(self):
        for bridge in self.bridges.values():
            bridge.stop()
        self.gate.stop()
        for client in self.clients:
            client.close()
        self.reader.close()
