"""What is watched of bridge and broker while a window lasts: /healthz, the
bytes they log, and the most memory they have."""

import json
import pathlib
import subprocess
import sys
import time

from bench.measure import peak_rss

LOST_AFTER = 60.0  # s after the last was due: what is only late is not lost
HEALTH = pathlib.Path(__file__).with_name("health.py")


class Health:
    """health.py, from here to end()."""

    def __init__(self, address, pid):
        self.child = subprocess.Popen(
            [sys.executable, HEALTH, address, str(pid)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.child.stdout.readline() == "begun\n"

    def end(self):
        told, _ = self.child.communicate(timeout=60)
        assert self.child.returncode == 0
        return json.loads(told)


def forget_peak(pid):
    """Makes VmHWM begin anew: many windows share one process."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as out:
        out.write("5")


class Watch:
    """with Watch(bridge, broker) as watch: ...; then watch.figures."""

    def __init__(self, bridge, broker):
        self.watched = {"bridge": bridge, "broker": broker}
        self.address = bridge.http()
        self.figures = {}

    def _logged(self):
        return {name: one.log_path.stat().st_size
                for name, one in self.watched.items()}

    def __enter__(self):
        for one in self.watched.values():
            forget_peak(one.pid)
        self.health = Health(self.address, self.watched["bridge"].pid)
        self.before, self.begin = self._logged(), time.monotonic()
        return self

    def __exit__(self, *_):
        health = self.health.end()
        took = time.monotonic() - self.begin
        self.figures = {
            "health_ms": 1e3 * health["slowest"],
            "health_failed": health["failed"],
            "health_late_ms": 1e3 * health["late"],
            "log": {name: round((size - self.before[name]) * 60 / took)
                    for name, size in self._logged().items()},
            "rss": {name: peak_rss(one.pid)
                    for name, one in self.watched.items()},
        }
