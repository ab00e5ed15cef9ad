"""How long a bridge without a disk takes to read the state, and what it holds in
memory then: requests are written by tests/cluster/ledger.c, and a real bridge
begins with an empty folder."""

import time

from bench.measure import peak_rss
from cluster.ledger import Ledger, Topics, opened
from cluster.real import RealBridge, settings_of
from harness.bridge import TOPICS
from harness.mosquitto import Mosquitto

FILL = 1500.0  # s for a million rows
SESSION = 10.0
STATE = {
    "cleanup.policy": "compact", "segment.bytes": 64 << 20,
    "min.cleanable.dirty.ratio": 0.2, "delete.retention.ms": 7 * 86400000,
    "max.compaction.lag.ms": 86400000,
    "message.timestamp.type": "LogAppendTime",
}


def fill(topics, folder, count):
    """Writes that many open requests, as turns of 4096."""
    ledger = opened(Ledger(topics, folder).start())
    for words in (("birth", "b"), ("turn",)):
        ledger.ask(*words)
    assert ledger.ask("fill", count, timeout=FILL) == f"filled {count}"
    ledger.end()


def rss(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


class Group(Topics):
    """With a state as a bridge makes it."""

    def create_state(self):
        self.kafka.create([self.state], 1, STATE)
        self.kafka.create([f"{self.name}.journal"], 1,
                          {"retention.ms": str(7 * 24 * 3600 * 1000)})

    def settings(self, folder):
        names = {"group": self.name, "state": self.state,
                 "journal": f"{self.name}.journal"}
        return {**settings_of(names, "wiped", SESSION, folder),
                "log": {"level": "info"}}

    def bridge(self, folder, url):
        topics = {name: f"{self.name}.{name}" for name in TOPICS}
        bridge = RealBridge(folder, url, self.kafka.brokers, topics,
                            self.settings(folder), "wiped")
        bridge.settings["kafka"]["properties"] = {}
        bridge.write_config()
        return bridge


def held(pid, when):
    return {f"rss_{when}": rss(pid), f"peak_{when}": peak_rss(pid)}


def read(bridge, count):
    """The figures of a bridge that reads them all, and becomes active."""
    began = time.monotonic()
    bridge.start()
    bridge.wait_log("event=standing_by before=out", FILL)
    seconds = time.monotonic() - began
    found = held(bridge.pid, "standing")
    bridge.wait_log("event=started ", 60)
    assert f"unfinished={count} " in bridge.log(), "it has not all"
    found.update(held(bridge.pid, "active"))
    return {"rows": count, "seconds": round(seconds, 2),
            "rows_per_s": round(count / seconds), **found}


def measure(kafka, folder, count):
    topics, broker = Group(kafka), Mosquitto(folder)
    fill(topics, folder, count)
    broker.start()
    bridge = topics.bridge(folder / "wiped", broker.url)
    found = read(bridge, count)
    bridge.stop()
    broker.stop()
    return found
