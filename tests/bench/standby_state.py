"""How long a bridge without a disk takes to read the state, and what it holds in
memory then: requests are written by tests/cluster/ledger.c, and a real bridge
begins with an empty folder."""

import time

from bench.measure import peak_rss
from cluster.ledger import Ledger, Topics, opened
from cluster.real import RealBridge, settings_of
from harness.until import until

FILL = 1500.0  # s for a million rows
SESSION = 10.0


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


def read(topics, folder, broker, count):
    """The figures of a bridge that reads them all."""
    names = {"group": topics.name, "state": topics.state,
             "journal": f"{topics.name}.journal"}
    topics.kafka.create([topics.audit], 1)
    bridge = RealBridge(
        folder, broker.url, topics.kafka.brokers,
        {name: f"{topics.name}.{name}" for name in (
            "requests", "decisions", "results", "dlq", "audit")},
        {**settings_of(names, "wiped", SESSION, folder),
         "log": {"level": "info"}}, "wiped")
    began = time.monotonic()
    bridge.start()
    bridge.wait_log("event=standing_by before=out", FILL)
    seconds = time.monotonic() - began
    standing = rss(bridge.pid), peak_rss(bridge.pid)
    bridge.wait_log("event=started ", 60)
    until(lambda: f"unfinished={count}" in bridge.log(), "it has all", 10)
    active = rss(bridge.pid), peak_rss(bridge.pid)
    bridge.stop()
    return {"rows": count, "seconds": round(seconds, 2),
            "rows_per_s": round(count / seconds),
            "rss_standing": standing[0], "peak_standing": standing[1],
            "rss_active": active[0], "peak_active": active[1]}
