"""The targets and the results, one line each."""

from .figures import cpu, lost, p50, p99, per_s, rate, rss
from .tables import count, figure

CPU_AT_FIXED = 0.6  # of Go's
CLOSED_RATE, CLOSED_CPU = 0.85, 2.0  # of Go's
P50_MORE_MS = 1  # than Go's
RSS_MIB = 48
DECISIONS = 10000


def line(what, target, found, holds, floor="", below=False):
    """below: the target is beyond what the floor achieves."""
    answer = "yes" if holds else "no: beyond the floor" if below else "**no**"
    return [what, target, found, floor, answer]


def highest(peers):
    if not peers.has_max():
        return []
    found = peers.ratio("bridge", "max", rate)
    if not found:
        return [line("highest rate without loss", "≥ 1.00 × Go", "none holds",
                     False)]
    own = peers.spread("bridge", "max", rate)
    go = peers.spread("go", "max", rate)
    floor = peers.spread("floor", "max", rate)
    return [line("highest rate without loss", "≥ 1.00 × Go",
                 f"{found[0]:.2f} × ({count(own[0])}/s)", found[0] >= 1,
                 f"{count(floor[0])}/s" if floor else "",
                 floor and floor[0] < go[0])]


def saturated(peers):
    fast, used = (peers.ratio("bridge", "closed", what)
                  for what in (per_s, cpu))
    if not fast or not used:
        return []
    floor = {what: peers.spread("floor", "closed", what)
             for what in (per_s, cpu)}
    go = {what: peers.spread("go", "closed", what) for what in (per_s, cpu)}
    own = {what: peers.spread("bridge", "closed", what)
           for what in (per_s, cpu)}
    return [
        line("rate in a closed loop", f"≥ {CLOSED_RATE:.2f} × Go",
             f"{fast[0]:.2f} × ({count(own[per_s][0])}/s)",
             fast[0] >= CLOSED_RATE,
             f"{count(floor[per_s][0])}/s" if floor[per_s] else "",
             floor[per_s] and floor[per_s][0] < CLOSED_RATE * go[per_s][0]),
        line("CPU per event in a closed loop", f"≤ {CLOSED_CPU:.2f} × Go",
             f"{used[0]:.2f} × ({figure(own[cpu][0])} µs)",
             used[0] <= CLOSED_CPU,
             f"{figure(floor[cpu][0])} µs" if floor[cpu] else "",
             floor[cpu] and floor[cpu][0] > CLOSED_CPU * go[cpu][0])]


def processor(peers):
    rows = []
    for at, most in [("max", 1.0)] + [(r, CPU_AT_FIXED) for r in peers.rates]:
        found = peers.ratio("bridge", at, cpu)
        if not found:
            continue
        own = peers.spread("bridge", at, cpu)
        go = peers.spread("go", at, cpu)
        floor = peers.spread("floor", at, cpu)
        where = "the highest rate" if at == "max" else f"{count(int(at))}/s"
        rows.append(line(
            f"CPU per event at {where}", f"≤ {most:.2f} × Go",
            f"{found[0]:.2f} × ({figure(own[0])} µs)", found[0] <= most,
            f"{figure(floor[0])} µs" if floor else "",
            floor and floor[0] > most * go[0]))
    return rows


def latency(peers):
    rows = []
    for at in peers.rates:
        # There is no floor for latency, because the floor program waits for
        # its batches.
        for name, what, more in (("p50", p50, P50_MORE_MS), ("p99", p99, 0)):
            go = peers.spread("go", at, what)
            own = peers.spread("bridge", at, what)
            if go and own:
                rows.append(line(
                    f"{name} at {count(int(at))}/s",
                    f"≤ {figure(go[0])} ms" + (f" + {more} ms" if more else "")
                    + ", Go's", f"{figure(own[0])} ms", own[0] <= go[0] + more))
    return rows


def everything(peers, name):
    return [result for at in [*peers.rates, "max", "closed"]
            for result in peers.of(name, at) if result]


def memory(peers):
    most = max(rss(result) for result in everything(peers, "bridge"))
    floors = [rss(result) for result in everything(peers, "floor")]
    return [line("memory at every rate", f"< {RSS_MIB} MiB",
                 f"at most {most:.1f} MiB", most < RSS_MIB,
                 f"{max(floors):.1f} MiB" if floors else "")]


def loss(peers, kills):
    gone = sum(lost(result) for result in everything(peers, "bridge"))
    killed = sum(one["lost"] for way in kills.get("bridge", {}).values()
                 for one in way)
    return [line("lost", "0", f"{gone}; with kill -9: {killed}",
                 gone == 0 and killed == 0)]


def decisions(downlink):
    if not downlink:
        return []
    found = downlink["max_rate"]
    return [line("decisions to commands", f"≥ {count(DECISIONS)}/s",
                 f"{count(found)}/s", found >= DECISIONS)]


def rows(peers, report):
    return (highest(peers) + saturated(peers) + processor(peers) + latency(peers)
            + memory(peers) + loss(peers, report["kills"])
            + decisions(report.get("downlink")))
