"""docs/benchmarks.md and its pictures."""

import statistics

from . import svg, targets
from .figures import Peers, cpu, cpu_of, p50, p99, rate, rss
from .tables import count, figure, spread as shown, table, times, words

OURS, OWN = "#0b7285", "ztp-bridge"
RATES = ["#99c9d3", "#4ba3b3", OURS]
EVENT, DECISION, EXPIRY = OURS, "#e8590c", "#868e96"

HEAD = """\
# Benchmarks

How much, how late, at what cost, and what is lost: ztp-bridge beside other
programs that carry events from MQTT to Kafka, in one run, on one Mosquitto and
one Kafka. This page and its pictures are written by `make bench-report` from
what `make bench-peers` and `make bench-growth` measured; nothing in it is by
hand.

ztp-bridge does more for an event than its peers: it reads and checks a
certificate, keeps the request until it has ended, and writes a record of its
own. The peers pass the bytes on. Figures are medians of the rounds, with the
least and the most of them in brackets; ratios are taken in each round, and
their median is shown.
"""

METHOD = """\
## How it is measured

- **Load**: pending events of {bytes} bytes, each with an RSA-2048 certificate
  by `openssl`'s plain recipe and a password (a JWT) that nobody reads, from
  {clients} MQTT connections at QoS 1. The schedule is open: an event is sent
  when it is due, whatever became of those before it. Latency counts **from the
  moment that an event was due** to the arrival of its record at a Kafka
  consumer, so that what waits is late and not unseen.
- **Side by side**: each peer gets, in each of {rounds} rounds, a process, a
  broker and a topic (3 partitions) of its own on one Kafka, and the order is
  another one in every round. Mosquitto is the same for all: no event is dropped
  for a full queue, {window} may be under way, no delay for small packets.
- **Highest rate without loss**: offered for {max_seconds} s, everything
  arrives, and what was due last is there within a twentieth of the run or
  250 ms. Found by doubling and bisection in the first round, and from there in
  steps of {near:.0%} in the others, for all alike.
- **CPU** is user and kernel time of the process per event; **memory** its peak.
- Everything shares the machine: the load, Mosquitto, Kafka's JVM, the consumer,
  and what is measured. The highest rate is that of the whole chain.
"""

PROMISES = """\
## What each promises

By its design and its settings here; what happened is in the table above.
"""

AGAIN = """\
## Again

```sh
make bench-peers      # some 25 minutes; builds the peers first
make bench-growth     # some minutes, some gigabytes of disk
make bench-report     # this page
```

`PEER_ROUNDS` is the number of rounds, `BENCH_ARGS="--kills 20"` that of the
kills; `make bench-peers-smoke` looks at loss alone, in two minutes.

The peers' sources and versions are pinned in `tests/bench/peers/`; they are
built by the ordinary package clients of Go and Python. The floor is
`tests/bench/floor.c`. Leave the machine alone while it runs.
"""


def machine(peers):
    m = peers.machine
    return "\n".join([
        "## The machine", "",
        f"{m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB of memory, "
        f"Linux {m['kernel']}. Mosquitto {m['mosquitto']}, Apache Kafka "
        f"{m['kafka']} (one node, Java {m['java']}), librdkafka "
        f"{m['librdkafka'].split('-')[0]}, Eclipse Paho C "
        f"{m['paho'].split('-')[0]}. Load average before the run: "
        f"{m['load_average_before']:.1f}.", ""])


def short(peers, report):
    return "\n".join([
        "## In short", "",
        words(["what", "was to be", "is", "floor", "reached"],
              targets.rows(peers, report)), "",
        "The **floor** is what cannot be done without on this machine, "
        "measured as if it were a peer: a program that only takes the event "
        "from Paho, writes once to a journal, reads the certificate and hands "
        "librdkafka a record of the same size, batch by batch. It reads no "
        "JSON, keeps nothing and promises nothing. No target can be met below it. Of its "
        f"CPU time {figure(report['certificate_us'])} µs are the "
        "certificate.", ""])


def throughput(peers):
    if not peers.has_max():
        return ""
    rows = []
    for name in peers.names:
        rows.append([
            peers.titles[name], shown(peers.spread(name, "max", rate), count),
            times(peers.ratio(name, "max", rate)),
            figure((peers.spread(name, "max", cpu) or [None])[0]),
            figure((peers.spread(name, "max", p99) or [None])[0]),
            figure((peers.spread(name, "max", rss) or [None])[0])])
    return "\n".join([
        "## The highest rate without loss", "",
        "![The highest rate without loss](benchmarks/rate.svg)", "",
        table(["", "events/s", "× Go", "CPU µs per event", "p99 ms",
               "memory MiB"], rows), ""])


def costs(peers):
    rows = []
    places = ([*peers.rates, "max"] if peers.has_max() else peers.rates)
    for name in peers.names:
        row = [peers.titles[name]]
        for at in places:
            row += [shown(peers.spread(name, at, cpu)),
                    times(peers.ratio(name, at, cpu))]
        rows.append(row)
    head = [""]
    for at in places:
        head += ["µs at " + ("the highest" if at == "max"
                             else f"{count(int(at))}/s"), "× Go"]
    return "\n".join([
        "## CPU per event", "", "![CPU per event](benchmarks/cpu.svg)", "",
        table(head, rows), ""])


def latencies(peers):
    rows = []
    for name in peers.names:
        row = [peers.titles[name]]
        for at in peers.rates:
            row += [shown(peers.spread(name, at, what)) for what in (p50, p99)]
        rows.append(row + [count(peers.lost(name)),
                           count(peers.doubled(name))])
    head = [""]
    for at in peers.rates:
        head += [f"p50 ms at {count(int(at))}/s", f"p99 ms at {count(int(at))}/s"]
    return "\n".join([
        "## Latency from the moment that an event was due", "",
        "![Latency](benchmarks/latency.svg)", "",
        table(head + ["not there", "twice"], rows), "",
        "**Not there**: 10 s after the last was due. At these rates that is "
        "who cannot keep up; what is lost for good is counted below.", ""])


def memory():
    return "\n".join(["## Memory", "", "![Memory](benchmarks/memory.svg)", ""])


def kills(peers, report):
    if not report["kills"]:
        return ""
    rows = []
    for name, found in report["kills"].items():
        row = [peers.titles[name]]
        for way in ("kill", "kafka_stopped"):
            hurt = sum(one["lost"] > 0 for one in found[way])
            row += [f"{count(sum(o['lost'] for o in found[way]))} in "
                    f"{len(found[way])} kills"
                    + (f" ({hurt} of them lost something)" if hurt else ""),
                    count(sum(o["duplicates"] for o in found[way]))]
        rows.append(row)
    m = peers.method
    return "\n".join([
        "## kill -9", "",
        f"In the middle of {count(m['kill_rate'])} events/s the process is "
        "killed with -9 and started again; the broker and the load go on. In "
        "the second pair of columns Kafka is stopped (SIGSTOP) half a second "
        "before the kill, and goes on after it. Lost is what "
        "was not there when nothing more had come for 8 s; an "
        "event that arrives twice has the same id both times.", "",
        table(["", "lost", "twice", "lost, Kafka stopped", "twice"], rows),
        ""])


def promises(report):
    return PROMISES + "\n" + words(["", "promise"], [
        [peer["title"], peer["promise"]]
        for name, peer in report["peers"].items() if name != "floor"]) + "\n"


def decisions(report):
    found = report.get("downlink")
    if not found:
        return ""
    best = found["at_max"]
    text = [
        "## From a decision to the device", "",
        "What no peer does: a decision is read from Kafka, is in the store "
        "with its offset, the command goes to the device's own topic (each "
        "device has a subscription), and when the broker has acknowledged it "
        "the result is written to Kafka. Offsets are committed to Kafka only "
        "after the store has them.", ""]
    if best:
        text += [
            f"**{count(found['max_rate'])} decisions/s** to "
            f"{count(best['count'])} devices, all commands and all results "
            f"there: p50 {figure(best['listen']['p50_us'] / 1e3)} ms, p99 "
            f"{figure(best['listen']['p99_us'] / 1e3)} ms from due to device, "
            f"{figure(cpu_of('bridge')(best))} µs of CPU each.", ""]
    rows = [[count(one["rate"]), count(one["count"]),
             count(one["listen"]["expected"] - one["listen"]["received"]),
             figure(one["listen"]["p50_us"] / 1e3),
             figure(one["listen"]["p99_us"] / 1e3),
             figure(cpu_of("bridge")(one)),
             figure(one["bridge_peak_rss"] / 2**20)]
            for one in sorted(found["tried"], key=rate)]
    return "\n".join([*text, table(
        ["decisions/s", "devices", "lost", "p50 ms", "p99 ms",
         "CPU µs", "memory MiB"], rows), ""])


def growth(found):
    if not found:
        return ""
    rows = [[("that wait for a decision" if one["kind"] == "outstanding"
              else "that have theirs") + f": {count(one['count'])}",
             figure(one["event_us"]), figure(one["decision_us"]),
             figure(one["expiry_us"]), count(one["bytes_each"]),
             figure(one["start_s"]), figure(one["rss_bytes"] / 2**20)]
            for one in found]
    return "\n".join([
        "## What it costs by how much there is", "",
        "![CPU by how much there is](benchmarks/growth.svg)", "",
        "CPU time in the bridge's own code, without Kafka's and MQTT's "
        "libraries: an **event** is checked, journalled, stored, announced and "
        "acknowledged; a **decision** is taken, its command built and "
        "delivered, its result acknowledged; an **expiry** ends a request that "
        "nobody decided. Device paths come in no order, the worst case for an "
        "index. **start** is how long the store takes to open.", "",
        table(["requests", "event µs", "decision µs", "expiry µs",
               "bytes each", "start s", "memory MiB"], rows), "",
        "![Start](benchmarks/start.svg)", ""])


def gate(found):
    """Of scripts/bench-gate, where that has been run."""
    if not found:
        return ""
    rows = [[row["name"], figure(row["with"]["cpu_us"]),
             figure(row["without"]["cpu_us"]), figure(row["crypto_us"]),
             f"{row['ratio']:.2f}"] for row in found["rows"]]
    starts = ", ".join(f"{figure(float(s))} s with {count(int(n))} devices"
                       for n, s in found["start_s"].items())
    return "\n".join([
        "## The gate by registered devices", "",
        "The broker's CPU for a CONNECT over TLS, with the gate and without; "
        "the ratio is to (without + the cryptography that cannot be done "
        f"without). The broker starts in {starts}.", "",
        table(["", "with µs", "without µs", "cryptography µs", "ratio"], rows),
        ""])


def share(result, who):
    """Of a core, at that rate."""
    return result["cpu_us_per_event"][who] * result["rate"] / 1e6


def remembered(found):
    """What memory has to do with how much is in the store."""
    some = [one for one in found or [] if one["kind"] == "finished"]
    if not some:
        return ""
    return (f"; the store's own part is {figure(some[0]['rss_bytes'] / 2**20)}"
            f" MiB with {count(some[0]['count'])} devices and "
            f"{figure(some[-1]['rss_bytes'] / 2**20)} MiB with "
            f"{count(some[-1]['count'])}")


def sizing(peers, report, found):
    lines = ["## For operators: how much one needs", ""]
    best = [one for one in peers.of("bridge", "max") if one]
    if best:
        own = statistics.median(cpu(one) for one in best)
        cores = {who: statistics.median(share(one, who) for one in best)
                 for who in ("peer", "mosquitto", "kafka")}
        first = max(cores, key=cores.get)
        named = {"peer": "the bridge", "mosquitto": "Mosquitto",
                 "kafka": "Kafka"}
        most = statistics.median(rate(one) for one in best)
        lines += [
            f"- **One core for the bridge** is worth {count(1e6 / own)} "
            f"events/s at {figure(own)} µs each. At its highest rate here "
            f"({count(most)}/s) the bridge used {cores['peer']:.2f} cores, "
            f"Mosquitto {cores['mosquitto']:.2f}, Kafka {cores['kafka']:.2f}; "
            "load and consumer the rest.",
            f"- **What limits first** on one machine of {peers.machine['cores']} "
            f"cores: {named[first]}, which takes the most of them. Mosquitto "
            "has one thread: it ends at about "
            f"{count(1 / cores['mosquitto'] * most)} events/s, however many "
            "cores there are."]
    for kind, words_ in (("outstanding", "that waits for its decision"),
                         ("finished", "that has ended")):
        last = [one for one in found or [] if one["kind"] == kind]
        if last:
            each = last[-1]["bytes_each"]
            lines.append(
                f"- **A request {words_}** takes {count(each)} bytes of disk: "
                f"{each * 1e6 / 2**30:.1f} GiB per million, and with "
                f"{count(last[-1]['count'])} of them the bridge opens its store "
                f"in {figure(last[-1]['start_s'])} s.")
    own = [peers.spread("bridge", at, rss)[0] for at in peers.rates]
    lines.append(
        "- **Memory**: " + ", ".join(
            f"{figure(mib)} MiB at {count(int(at))}/s"
            for at, mib in zip(peers.rates, own)) + remembered(found) + ".")
    full = peers.spread("bridge-full", "max", rate)
    if full:
        lines.append(
            "- **`sync: full`** waits for the disk once for each event: "
            f"{count(full[0])} events/s on this disk. What limits is its "
            "fdatasync, nothing else.")
    return "\n".join(lines + [""])


# --- pictures

def groups(peers, names, what, places):
    return [(peers.titles[name],
             [peers.spread(name, at, what) for at in places])
            for name in names]


def drawn(peers, found):
    names = peers.names
    rates = [(f"{count(int(at))}/s", color)
             for at, color in zip(peers.rates, RATES)]
    pictures = {}
    if peers.has_max():
        ranked = sorted(
            (n for n in names if peers.spread(n, "max", rate)),
            key=lambda n: -peers.spread(n, "max", rate)[0])
        pictures["rate"] = svg.bars(
            "The highest rate without loss", "median, least and most of the "
            "rounds; more is better", "events per second",
            groups(peers, ranked, rate, ["max"]), [("", OURS)],
            ours=OWN)
    places = [*peers.rates, *(["max"] if peers.has_max() else [])]
    pictures["cpu"] = svg.bars(
        "CPU per event", "user and kernel, of the process alone; less is "
        "better", "microseconds per event", groups(peers, names, cpu, places),
        rates + ([("highest rate", RATES[2])] if peers.has_max() else []),
        ours=OWN)
    pictures["memory"] = svg.bars(
        "Memory", "peak resident set; less is better", "MiB",
        groups(peers, names, rss, places),
        rates + ([("highest rate", RATES[2])] if peers.has_max() else []),
        limit=(targets.RSS_MIB, f"{targets.RSS_MIB} MiB"), ours=OWN)
    series, values = [], {name: [] for name in names}
    shades = iter(["#4ba3b3", OURS, "#f4a261", "#e8590c"])
    for at in peers.rates[:2]:
        for label, what in (("p50", p50), ("p99", p99)):
            series.append((f"{label} at {count(int(at))}/s", next(shades)))
            for name in names:
                values[name].append(peers.spread(name, at, what))
    pictures["latency"] = svg.bars(
        "Latency from due to Kafka consumer", "less is better; the axis is "
        "logarithmic", "milliseconds",
        [(peers.titles[name], values[name]) for name in names], series,
        log=True, ours=OWN)
    if found:
        pictures.update(grown(found))
    return pictures


def grown(found):
    panels, starts = [], []
    for kind, heading in (("outstanding", "waiting for a decision"),
                          ("finished", "finished")):
        some = [one for one in found if one["kind"] == kind]
        if not some:
            continue
        panels.append((heading, "requests in the store", [
            (name, color, [(one["count"], one[f"{key}_us"]) for one in some])
            for name, key, color in (("event", "event", EVENT),
                                     ("decision", "decision", DECISION),
                                     ("expiry", "expiry", EXPIRY))]))
        starts.append((heading, EVENT if kind == "outstanding" else DECISION,
                       [(one["count"], one["start_s"]) for one in some]))
    return {
        "growth": svg.lines(
            "CPU by how much there is", "in the bridge's own code", panels,
            "microseconds of CPU"),
        "start": svg.lines(
            "How long the store takes to open", "after a stop; both axes are "
            "logarithmic", [("", "requests in the store", starts)], "seconds",
            log=True)}


def page(report, found, gated):
    peers = Peers(report)
    method = METHOD.format(clients=200, rounds=len(peers.rounds), window="5,000",
                           bytes=count(peers.method["event_bytes"]),
                           max_seconds=peers.method["max_seconds"],
                           near=peers.method["max_near"])
    parts = [HEAD, short(peers, report), machine(peers), method,
             throughput(peers), costs(peers), latencies(peers), memory(),
             kills(peers, report), promises(report), decisions(report),
             growth(found), gate(gated), sizing(peers, report, found), AGAIN]
    return "\n".join(part for part in parts if part), drawn(peers, found)
