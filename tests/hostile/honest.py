"""Honest devices and customers: new devices ask at a steady rate, and what was
asked a window before is decided at the same rate. Every item has a time at
which it is due (tests/bench/part.h), and is late from then on."""

import threading
import time
import urllib.error
import urllib.request

from bench.measure import CLIENTS, PENDING, Part, measure, peak_rss

HEALTH_EVERY = 0.2  # s


class Health(threading.Thread):
    """Asks /healthz again and again. `slowest` is in seconds, `failed` counts
    what was not answered at all."""

    def __init__(self, address):
        super().__init__(daemon=True, name="health")
        self.page = f"http://{address}/healthz"
        self.ending = threading.Event()
        self.slowest, self.failed = 0.0, 0

    def run(self):
        while not self.ending.wait(HEALTH_EVERY):
            begin = time.monotonic()
            try:
                with urllib.request.urlopen(self.page, timeout=5) as answer:
                    self.failed += answer.status != 200
            except (urllib.error.URLError, OSError):
                self.failed += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)

    def end(self):
        self.ending.set()
        self.join(10)


class Honest:
    """Runs on a bench.measure.Stage that has been entered."""

    def __init__(self, stage, rate):
        self.stage, self.rate = stage, rate
        self.asked = 0  # the first number of the next window
        self.count = 0  # the number of items in the last one

    def begin(self, seconds):
        """Fills the first window: there is nothing to decide yet."""
        self.count = int(self.rate * seconds)
        self.asked = self.count
        self.stage.announced = 0
        result = self.stage.uplink(self.rate, self.count)
        assert result["sink"]["received"] == self.count, result

    def _parts(self, count):
        stage, kafka = self.stage, {"brokers": self.stage.kafka.brokers}
        asks = {"prefix": stage.run, "rate": self.rate, "first": self.asked,
                "count": count}
        decides = {**asks, "first": self.asked - count}
        heard = Part("sink", stage.folder, asks, **kafka,
                     topic=stage.topics["requests"])
        heard.name = "asked"
        return [
            Part("listen", stage.folder, decides, port=stage.mosquitto.port,
                 topic="each"),
            Part("sink", stage.folder, decides, **kafka,
                 topic=stage.topics["results"]),
            heard,
            Part("load", stage.folder, asks, port=stage.mosquitto.port,
                 topic=PENDING, certs=stage.certs, clients=CLIENTS),
            Part("decide", stage.folder, decides, **kafka,
                 topic=stage.topics["decisions"]),
        ]

    def window(self, attack=None):
        """One window, during which attack (attacks.Attack) runs."""
        stage, count = self.stage, self.count
        health = Health(stage.bridge.http())
        log_before = stage.bridge.log_path.stat().st_size
        begin = time.monotonic()
        health.start()

        def meanwhile():
            if attack:
                attack.run_for(stage, count / self.rate)

        try:
            result = measure(self._parts(count), self.rate, count,
                             {"bridge": stage.bridge}, meanwhile)
        finally:
            health.end()
        self.asked += count
        took = time.monotonic() - begin
        log = stage.bridge.log_path.stat().st_size - log_before
        return {
            "count": count,
            "lost": sum(result[end]["expected"] - result[end]["received"]
                        for end in ("asked", "listen", "sink")),
            "asked_p99_ms": result["asked"]["p99_us"] / 1e3,
            "told_p99_ms": result["listen"]["p99_us"] / 1e3,
            "health_ms": 1e3 * health.slowest,
            "health_failed": health.failed,
            "log_bytes_a_minute": round(log * 60 / took),
            "peak_rss": peak_rss(stage.bridge.pid),
            "cpu_us": result.get("cpu_us_per_event", {}).get("bridge"),
        }
