"""One measurement: a broker, a Kafka, a bridge, and the benchmark's programs
around them. tests/bench/part.h says what is measured: every item has a time at
which it is due, and is late from then on.

Each figure gets a fresh Stage (store, topics, process), so that none pays for
another's. scripts/bench and the smoke test use it."""

import contextlib
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from harness import where
from harness.bridge import Bridge, topic_names
from harness.mosquitto import Mosquitto
from harness.process import stop_all
from harness.until import until

CLIENTS = 200
PENDING = "ztp/v1/pending"
LOST_AFTER = 10.0  # s after the last was due
LEAD = 0.2  # s from the start to the first item
TICKS = os.sysconf("SC_CLK_TCK")

serial = itertools.count(1)


def write_certs(ca, path, each=16, kinds=("rsa2048", "p256"), **more):
    """A pool of single-line certificates that cycles through the kinds of key;
    more goes to Ca.issue."""
    with open(path, "w", encoding="ascii") as out:
        for _ in range(each):
            for kind in kinds:
                out.write(ca.issue(kind, **more).forms["spaces"] + "\n")
    return path


class Part:
    """One of the programs load, sink, decide and listen."""

    def __init__(self, name, folder, plan, **more):
        argv = self.program(name)
        for key, value in {**plan, **more}.items():
            argv += [f"--{key}", str(value)]
        guard = ["setpriv", "--pdeathsig", "KILL", "--"]
        if not shutil.which("setpriv"):
            guard = []
        self.name = name
        self.trouble = pathlib.Path(folder) / f"{name}-{next(serial)}.log"
        with open(self.trouble, "wb") as log:
            self.child = subprocess.Popen(
                guard + argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.result = None

    def program(self, name):
        return [where.binary(f"bench/{name}")]

    def ready(self):
        line = self.child.stdout.readline()
        assert line == "ready\n", f"{self.name}: {self.trouble.read_text()}"

    def begin(self, start):
        self.child.stdin.write(f"{start}\n")
        self.child.stdin.flush()

    def finish(self, deadline):
        """Its report. At the deadline it is asked for a report of what has
        arrived."""
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self.child.stdout], [], [], left)[0]:
            self.child.stdin.close()
        line = self.child.stdout.readline()
        status = self.child.wait(30)
        assert status == 0, (
            f"{self.name} ended with {status}: {self.trouble.read_text()}"
        )
        self.result = json.loads(line)
        return self.result

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            with contextlib.suppress(OSError):
                stream.close()


def cpu_seconds(pid):
    """utime + stime of a process, all threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss(pid):
    """VmHWM in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def measure(parts, rate, count, watched, meanwhile=None,
            lost_after=LOST_AFTER):
    """Runs the parts and reports the cost to the watched processes, of which
    the first is the measured one. meanwhile() is called while the load runs.
    After it, the first may be another process, whose cost is then not
    reported."""
    about = next(iter(watched))
    pid = watched[about].pid
    try:
        for part in parts:
            part.ready()
        before = {k: cpu_seconds(p.pid) for k, p in watched.items()}
        begin = time.monotonic()
        start = int((begin + LEAD) * 1e6)
        for part in parts:
            part.begin(start)
        if meanwhile:
            meanwhile()
        deadline = begin + LEAD + count / rate + lost_after
        reports = {part.name: part.finish(deadline) for part in parts}
    finally:
        for part in parts:
            part.end()
    result = {
        "rate": rate,
        "count": count,
        "seconds": time.monotonic() - begin,
        "load_average": os.getloadavg()[0],
        **reports,
    }
    if watched[about].pid == pid:
        result["cpu_us_per_event"] = {
            k: round((cpu_seconds(p.pid) - before[k]) * 1e6 / count, 1)
            for k, p in watched.items()
        }
        result[f"{about}_peak_rss"] = peak_rss(pid)
    return result


# As in gate/mosquitto.conf.example.
SHIPPED = ["max_inflight_messages 1000", "set_tcp_nodelay true"]


class Stage:
    """kafka: a running one. certs: a file made by write_certs."""

    lost_after = LOST_AFTER

    def __init__(self, folder, kafka, certs, settings=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = kafka
        self.certs = certs
        self.run = f"b{os.getpid()}-{next(serial)}"
        self.topics = topic_names(self.run)
        self.announced = 0
        self.mosquitto = Mosquitto(self.folder, extra=SHIPPED)
        self.bridge = Bridge(
            self.folder, self.mosquitto.url, kafka.brokers, self.topics,
            settings,
        )
        if settings is None:
            # As shipped, without the settings that make tests quick.
            self.bridge.settings["kafka"]["properties"] = {}
            self.bridge.settings["log"]["level"] = "info"
            self.bridge.write_config()

    def __enter__(self):
        self.kafka.create(self.topics.values())
        self.mosquitto.start()
        self.bridge.start()
        page = f"http://{self.bridge.http()}/readyz"

        def ready():
            try:
                with urllib.request.urlopen(page, timeout=5) as answer:
                    return answer.status == 200
            except (urllib.error.URLError, OSError):
                return False

        until(ready, "the bridge is ready", 60)
        return self

    def __exit__(self, *_):
        stop_all([self.mosquitto, self.bridge])

    def _plan(self, rate, first, count):
        return {"prefix": self.run, "rate": rate, "first": first,
                "count": count}

    def _measure(self, parts, rate, count):
        return measure(parts, rate, count, {
            "bridge": self.bridge,
            "mosquitto": self.mosquitto,
            "kafka": self.kafka,
        }, lost_after=self.lost_after)

    def uplink(self, rate, count):
        """From pending events to records in ztp.requests."""
        plan = self._plan(rate, self.announced, count)
        self.announced += count
        parts = [
            Part("sink", self.folder, plan, brokers=self.kafka.brokers,
                 topic=self.topics["requests"]),
            Part("load", self.folder, plan, port=self.mosquitto.port,
                 topic=PENDING, certs=self.certs, clients=CLIENTS),
        ]
        return self._measure(parts, rate, count)

    def downlink(self, rate, first, count, topic="subscriptions/#"):
        """From decisions to commands, for outstanding requests."""
        plan = self._plan(rate, first, count)
        kafka = {"brokers": self.kafka.brokers}
        parts = [
            Part("listen", self.folder, plan, port=self.mosquitto.port,
                 topic=topic),
            Part("sink", self.folder, plan, **kafka,
                 topic=self.topics["results"]),
            Part("decide", self.folder, plan, **kafka,
                 topic=self.topics["decisions"]),
        ]
        return self._measure(parts, rate, count)


def lost(result):
    """Items that did not arrive, at each of the ends that count them."""
    ends = [result[name] for name in ("sink", "listen") if name in result]
    return sum(end["expected"] - end["received"] for end in ends)


def sustained(result):
    """Nothing is lost and no backlog grows: the last item was there within a
    twentieth of the run after it was due."""
    ends = [result[name] for name in ("sink", "listen") if name in result]
    room = max(250000, 0.05e6 * result["count"] / result["rate"])
    return lost(result) == 0 and all(end["drain_us"] <= room for end in ends)
