"""One of the machines of tests/cluster/chaos.py: a bridge with its disk, its
clock and its ways to Kafka and to the MQTT broker, each of which can fail."""

import shutil
import time

from cluster.real import RealBridge, settings_of
from fault.preload import Control
from fault.proxy import Proxy
from harness.bridge import merge


class Host:
    def __init__(self, stage, name):
        self.stage, self.name = stage, name
        self.folder = stage.folder / name
        self.control = Control(stage.folder, f"{name}.control")
        self.mqtt = Proxy(stage.net, stage.broker.port,
                          stage.oracle.tap_of(name))
        self.kafka = stage.kafka_proxies(name)
        self.scanned = 0
        self.bridge = self._bridge(self.folder)
        self.twin = self._bridge(stage.folder / f"{name}-twin")

    def _bridge(self, folder):
        stage = self.stage
        settings = merge(
            settings_of(stage.names, self.name, stage.session, folder),
            stage.settings)
        bridge = RealBridge(
            folder, f"mqtt://127.0.0.1:{self.mqtt.port}",
            ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.kafka),
            stage.topics, settings, folder.name)
        bridge.env = self.control.env
        if stage.before and self.name == stage.before_on:
            bridge.argv[0] = stage.before
        return bridge

    def role(self):
        return self.bridge.role() if self.bridge.alive() else "dead"

    def start(self):
        self.stage.oracle.starts(self.name)
        self.bridge.start()
        return self

    def stop(self):
        self.bridge.stop()

    def kill(self):
        self.bridge.kill9()

    def lose_disk(self):
        """Of a killed one: store and journal."""
        if not self.stage.gated:
            self.stage.oracle.disk_lost(self.name, time.monotonic())
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.bridge.write_config()
        self.scanned = 0

    def pause(self):
        self.bridge.pause()

    def resume(self):
        self.bridge.resume()

    def cut(self, proxies, directions, rst):
        for proxy in proxies:
            proxy.stall(directions)
            if rst:
                proxy.cut(rst=True)

    def heal(self, proxies, rst):
        for proxy in proxies:
            if rst:
                proxy.cut(rst=True)
            proxy.heal()

    def scan(self):
        """Nothing secret is in its log."""
        if not self.bridge.log_path.exists():
            return
        with open(self.bridge.log_path, "rb") as log:
            log.seek(self.scanned)
            text = log.read()
        self.scanned += len(text)
        self.stage.oracle.scan(text, f"log of {self.name}")

    def rss(self):
        """KiB."""
        with open(f"/proc/{self.bridge.pid}/status", encoding="ascii") as f:
            line = next(x for x in f if x.startswith("VmRSS"))
        return int(line.split()[1])

    def close(self):
        for proxy in (self.mqtt, *self.kafka):
            proxy.close()
        self.control.close()
