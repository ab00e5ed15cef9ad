"""What is watched of bridge and broker while a window lasts: /healthz, the
bytes they log, and the most memory they have."""

import threading
import time
import urllib.error
import urllib.request

from bench.measure import peak_rss

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


def forget_peak(pid):
    """Makes VmHWM begin anew: many windows share one process."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as out:
        out.write("5")


class Watch:
    """with Watch(bridge, broker) as watch: ...; then watch.figures."""

    def __init__(self, bridge, broker):
        self.watched = {"bridge": bridge, "broker": broker}
        self.health = Health(bridge.http())
        self.figures = {}

    def _logged(self):
        return {name: one.log_path.stat().st_size
                for name, one in self.watched.items()}

    def __enter__(self):
        for one in self.watched.values():
            forget_peak(one.pid)
        self.before, self.begin = self._logged(), time.monotonic()
        self.health.start()
        return self

    def __exit__(self, *_):
        self.health.end()
        took = time.monotonic() - self.begin
        self.figures = {
            "health_ms": 1e3 * self.health.slowest,
            "health_failed": self.health.failed,
            "log": {name: round((size - self.before[name]) * 60 / took)
                    for name, size in self._logged().items()},
            "rss": {name: peak_rss(one.pid)
                    for name, one in self.watched.items()},
        }
