"""docs/benchmarks.md and its pictures."""

import statistics

from . import chain_targets, onboard, standby, svg, targets
from .figures import Peers, cpu, cpu_of, p50, p99, per_s, rate, rss
from .tables import count, figure, spread as shown, table, times, words

OURS, OWN = "#0b7285", "ztp-bridge"
RATES = ["#99c9d3", "#4ba3b3", OURS]
EVENT, DECISION, EXPIRY = OURS, "#e8590c", "#868e96"

HEAD = """\
# Benchmarks

Throughput, latency, CPU, memory and loss of ztp-bridge and of other programs
that carry events from MQTT to Kafka, in one run, on one Mosquitto and one Kafka.
`make bench-report` writes this page and its pictures from the measurements of
`make bench-peers`, `bench-growth`, `bench-gate`, `bench-onboard` and `bench-standby`.
Nothing here is written by hand. What is not reached, and why, stands in
[where-the-time-goes.md](where-the-time-goes.md).

ztp-bridge does more with an event than its peers: it parses and checks a
certificate, keeps the request until it has ended, and writes a record of its
own. The peers pass the bytes on. Figures are medians over the rounds, with the
minimum and maximum in parentheses. Ratios are computed within each round, and
their median is shown.
"""

METHOD = """\
## How it is measured

- **Load**: pending events of {bytes} bytes, each with an RSA-2048 certificate
  made by plain `openssl` commands and a password (a JWT) that nobody reads, from
  {clients} MQTT connections at QoS 1. The load is open-loop: each event is sent
  when it is due, whatever happened to the events before it. Latency is measured
  **from the moment an event was due** to the arrival of its record at a Kafka
  consumer, so that queueing counts as latency.
- **Side by side**: in each of {rounds} rounds, each peer gets its own process,
  broker and topic (3 partitions) on one Kafka. The order changes from round to
  round. Mosquitto's settings are the same for all: no event is dropped because
  of a full queue, {window} may be in flight, and Nagle's algorithm is off.
- **Highest rate without loss**: the highest rate, offered for {max_seconds} s, at
  which every event arrives, and the last one within a twentieth of the run or
  250 ms of when it was due. It is found by doubling and bisection in the first
  round, and in steps of {near:.0%} from there in the other rounds, for all peers.
- **CPU** is the user and kernel time of the process per event. **Memory** is its
  peak.
- Everything shares the machine: the load generator, Mosquitto, Kafka's JVM, the
  consumer, and the peer. The highest rate is that of the whole chain.
"""

PROMISES = """\
## What each promises

What each program promises by its design and its settings here. The table above
shows what happened.
"""

AGAIN = """\
## Run it yourself

```sh
make bench-peers      # about 25 minutes; builds the peers first
make bench-growth     # a few minutes, a few gigabytes of disk
make bench-gate       # three minutes
make bench-onboard    # about ten minutes
make bench-standby    # about ten minutes
make bench-report     # writes this page
```

`PEER_ROUNDS` sets the number of rounds, `BENCH_ARGS="--kills 20"` the number of
kills. `make bench-peers-smoke` checks only for loss, in two minutes.

The peers' sources and versions are pinned in `tests/bench/peers/`, and are
built with the ordinary package clients of Go and Python. The floor is
`tests/bench/floor.c`. Leave the machine otherwise idle while it runs.
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


def short(peers, report, others):
    return "\n".join([
        "## Summary", "",
        words(["what", "target", "measured", "floor", "reached"],
              targets.rows(peers, report) + others), "",
        "The **floor** is the least work possible on this machine, measured "
        "as a peer: a program that only takes the event from Paho, writes "
        "once to a journal, parses the certificate and hands librdkafka a "
        "record of the same size, batch by batch. It parses no JSON, stores "
        "nothing and promises nothing. No target can be met below it. "
        f"Parsing the certificate takes {figure(report['certificate_us'])} µs "
        "of its CPU time.", ""])


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


def closed(peers):
    if not peers.has_closed():
        return ""
    m = peers.method
    rows = [[peers.titles[name],
             shown(peers.spread(name, "closed", per_s), count),
             times(peers.ratio(name, "closed", per_s)),
             shown(peers.spread(name, "closed", cpu)),
             times(peers.ratio(name, "closed", cpu)),
             figure((peers.spread(name, "closed", rss) or [None])[0])]
            for name in peers.names]
    return "\n".join([
        f"## As fast as it goes, {count(m['in_flight'])} events in flight", "",
        f"A closed loop: {count(m['closed'])} events, and a new one is sent as "
        "soon as one has arrived. Nothing waits for the load, so each program "
        "works in the largest batches that it makes, and none can end before "
        "it is saturated. Latency says nothing here.", "",
        table(["", "events/s", "× Go", "CPU µs per event", "× Go",
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
        "## Latency from the moment an event was due", "",
        "![Latency](benchmarks/latency.svg)", "",
        table(head + ["missing", "duplicates"], rows), "",
        "**Missing**: not there 10 s after the last event was due. At these "
        "rates, events are missing because a peer cannot keep up. Events lost "
        "for good are counted below.", ""])


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
                    + (f" ({hurt} of them lost events)" if hurt else ""),
                    count(sum(o["duplicates"] for o in found[way]))]
        rows.append(row)
    m = peers.method
    return "\n".join([
        "## kill -9", "",
        f"At {count(m['kill_rate'])} events/s the process is killed with -9 "
        "and started again, while the broker and the load continue. For the "
        "second pair of columns, Kafka is stopped (SIGSTOP) half a second "
        "before the kill and continued after it. An event is lost if it is "
        "not there when nothing has arrived for 8 s. A duplicate has the same "
        "id as the first event.", "",
        table(["", "lost", "duplicates", "lost, Kafka stopped", "duplicates"],
              rows), ""])


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
        "No peer does this. The bridge reads a decision from Kafka, commits "
        "it to the store with its offset, sends the command to the device's "
        "own topic (each device has a subscription), and writes the result to "
        "Kafka once the broker has acknowledged the command. It commits "
        "offsets to Kafka only after the store has them.", ""]
    if best:
        text += [
            f"**{count(found['max_rate'])} decisions/s** to "
            f"{count(best['count'])} devices, with every command and result "
            f"delivered: p50 {figure(best['listen']['p50_us'] / 1e3)} ms and "
            f"p99 {figure(best['listen']['p99_us'] / 1e3)} ms from the moment "
            "a decision was due to the device, "
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
    rows = [[("waiting for a decision" if one["kind"] == "outstanding"
              else "finished") + f": {count(one['count'])}",
             figure(one["event_us"]), figure(one["decision_us"]),
             figure(one["expiry_us"]), count(one["bytes_each"]),
             figure(one["start_s"]), figure(one["rss_bytes"] / 2**20)]
            for one in found]
    return "\n".join([
        "## Cost by the number of stored requests", "",
        "![CPU by the number of stored requests](benchmarks/growth.svg)", "",
        "CPU time in the bridge's own code, without the Kafka and MQTT "
        "libraries. An **event** is checked, journalled, stored, announced and "
        "acknowledged. A **decision** is read, its command is built and "
        "delivered, and its result is acknowledged. An **expiry** ends a "
        "request that nobody decided. Device paths arrive in random order, the "
        "worst case for an index. **start** is how long the store takes to "
        "open.", "",
        table(["requests", "event µs", "decision µs", "expiry µs",
               "bytes each", "start s", "memory MiB"], rows), "",
        "![Start](benchmarks/start.svg)", ""])


def gate(found):
    """The section about the gate, if scripts/bench-gate has been run."""
    if not found:
        return ""
    rows = [[row["name"], figure(row["with"]["cpu_us"]),
             figure(row["without"]["cpu_us"]), figure(row["crypto_us"]),
             f"{row['ratio']:.2f}"] for row in found["rows"]]
    starts = ", ".join(f"{figure(float(s))} s with {count(int(n))} devices"
                       for n, s in found["start_s"].items())
    return "\n".join([
        "## The gate by registered devices", "",
        "The broker's CPU time for a CONNECT over TLS, with the gate and "
        "without. The ratio is to the time without the gate plus the "
        "unavoidable cryptography. "
        f"The broker starts in {starts}.", "",
        table(["", "with µs", "without µs", "cryptography µs", "ratio"], rows),
        ""])


def share(result, who):
    """The share of a core it uses at that rate."""
    return result["cpu_us_per_event"][who] * result["rate"] / 1e6


def remembered(found):
    """How memory depends on the number of requests in the store."""
    some = [one for one in found or [] if one["kind"] == "finished"]
    if not some:
        return ""
    return (f"; the store's own part is {figure(some[0]['rss_bytes'] / 2**20)}"
            f" MiB with {count(some[0]['count'])} devices and "
            f"{figure(some[-1]['rss_bytes'] / 2**20)} MiB with "
            f"{count(some[-1]['count'])}")


def sizing(peers, report, found):
    lines = ["## For operators: sizing", ""]
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
            f"- **One core for the bridge** handles {count(1e6 / own)} "
            f"events/s at {figure(own)} µs each. At its highest rate here "
            f"({count(most)}/s), the bridge used {cores['peer']:.2f} cores, "
            f"Mosquitto {cores['mosquitto']:.2f} and Kafka "
            f"{cores['kafka']:.2f}; the load generator and the consumer used "
            "the rest.",
            f"- **The first limit** on one machine with "
            f"{peers.machine['cores']} cores is {named[first]}, which uses "
            "most of them. Mosquitto has one thread and reaches its limit at "
            f"about {count(1 / cores['mosquitto'] * most)} events/s, however "
            "many cores there are."]
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
            "- **`sync: full`** waits for the disk once per event: "
            f"{count(full[0])} events/s on this disk. Only its fdatasync "
            "limits the rate.")
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
            "The highest rate without loss", "median, minimum and maximum of "
            "the rounds; more is better", "events per second",
            groups(peers, ranked, rate, ["max"]), [("", OURS)],
            ours=OWN)
    places = [*peers.rates, *(["max"] if peers.has_max() else [])]
    pictures["cpu"] = svg.bars(
        "CPU per event", "user and kernel time of the process; less is "
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
        "Latency from when an event was due to the Kafka consumer",
        "less is better; the axis is logarithmic", "milliseconds",
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
            "CPU by the number of stored requests", "in the bridge's own code",
            panels, "microseconds of CPU"),
        "start": svg.lines(
            "How long the store takes to open", "after a clean stop; both axes "
            "are logarithmic", [("", "requests in the store", starts)],
            "seconds", log=True)}


def page(report, found, gated=None, onboarded=None, several=None):
    peers = Peers(report)
    method = METHOD.format(clients=200, rounds=len(peers.rounds), window="5,000",
                           bytes=count(peers.method["event_bytes"]),
                           max_seconds=peers.method["max_seconds"],
                           near=peers.method["max_near"])
    others = chain_targets.rows(onboarded, gated, several)
    parts = [HEAD, short(peers, report, others), machine(peers), method,
             throughput(peers), closed(peers), costs(peers), latencies(peers),
             memory(), kills(peers, report), promises(report),
             decisions(report), onboard.section(onboarded),
             standby.section(several), growth(found), gate(gated),
             sizing(peers, report, found), AGAIN]
    return "\n".join(part for part in parts if part), {
        **drawn(peers, found), **onboard.pictures(onboarded)}
