"""The targets of the whole chain, the gate and several bridges, one line each."""

from . import onboard
from .tables import count, figure
from .targets import line

OF_CEILING = {"hold": 0.45, "direct": 0.6}
BROKER_CPU = 2.2    # times a CONNECT with a password
BRIDGE_CPU = 0.465  # of the broker's CPU for one: 200 us where that takes 430
SOON = (12, 25)     # ms, p50 and p99 at the first rate
HALF = (25, 80)     # ms, the same at half the highest
AT_ONCE = 1.3       # times as long as at the highest rate
LIVE_P99_MS = 250
FIRST = 1.3         # times its cryptography
EVENT_CPU = {"up_usual": 1.6, "up_more": 1.3}  # times a single bridge's
P50_MS = {"slow": 15, "usual": 35}
STANDBY_CPU = 0.5   # of the active one's
STATE_RSS_MIB = 64


def at_most(what, most, found, form=figure, unit=""):
    return line(what, f"≤ {form(most)}{unit}", f"{form(found)}{unit}",
                found <= most)


def by_ceiling(report):
    some = onboard.by_name(report)
    rows = []
    for way, least in OF_CEILING.items():
        found = onboard.middle(one["per_s"] / onboard.ceiling(part)
                               for one, part in some.get(f"{way}, P-256", []))
        if found:
            rows.append(line(f"devices a second, {way}",
                             f"≥ {least:.2f} × ceiling", f"{found:.2f} ×",
                             found >= least))
    for who, most in (("broker", BROKER_CPU), ("bridge", BRIDGE_CPU)):
        found = onboard.middle(
            one["use"][who]["cpu_us"] / onboard.ceiling_cpu(part)
            for one, part in some.get("hold, P-256", []))
        if found:
            rows.append(at_most(f"{who}'s CPU for a device, hold", most, found,
                                unit=" × a CONNECT's"))
    return rows


def as_they_come(report):
    rows = []
    held = [one for one in report["open"] if one["way"] == "hold"]
    for one, most in zip(held, (SOON, HALF)):
        rows += [at_most(f"told at {count(one['rate'])}/s, {key}", ms,
                         onboard.last(one)[key], unit=" ms")
                 for key, ms in zip(("p50", "p99"), most)]
    once = report.get("at_once")
    if once:
        rate = onboard.middle(
            one["per_s"] for one, _ in
            onboard.by_name(report).get("hold, P-256", []))
        if rate:
            rows.append(at_most(
                f"{count(once['count'])} at once, all told after",
                AT_ONCE * once["count"] / rate,
                onboard.last(once)["max"] / 1e3, unit=" s"))
        rows.append(at_most("live devices' p99 meanwhile", LIVE_P99_MS,
                            once["live"]["p99_us"] / 1e3, unit=" ms"))
    return rows


def gate(found):
    first = [row["ratio"] for row in found["rows"] if "first" in row["name"]]
    return [at_most("a first connection", FIRST, max(first),
                    unit=" × its cryptography")] if first else []


def standby(report):
    rows = []
    found = report.get("costs", {}).get("compared", {})
    for name, most in EVENT_CPU.items():
        if name in found:
            where = "2,000/s" if name == "up_usual" else "saturation"
            rows.append(at_most(f"one of several, CPU at {where}", most,
                                found[name]["cpu_ratio"],
                                unit=" × a single one's"))
    if "up_more" in found:
        per_s = found["up_more"]["per_s"]
        rows.append(line("one of several, events a second",
                         f"≥ {count(per_s['single'])}, as a single one",
                         count(per_s["group"]),
                         per_s["group"] >= per_s["single"]))
    for kind, what in (("up", "an event to its request"),
                       ("down", "a decision to its command")):
        for at, most in P50_MS.items():
            if f"{kind}_{at}" in found:
                where = "50/s" if at == "slow" else "2,000/s"
                rows.append(at_most(
                    f"one of several, {what}, p50 at {where}", most,
                    found[f"{kind}_{at}"]["p50_ms"]["group"], unit=" ms"))
    if "up_usual" in found:
        rows.append(at_most("a standby's CPU at 2,000/s", STANDBY_CPU,
                            found["up_usual"]["standby_ratio"],
                            unit=" × the active one's"))
    if "state" in report:
        rows.append(at_most("memory when the state is read anew",
                            STATE_RSS_MIB,
                            report["state"]["peak_active"] / 2**20,
                            unit=" MiB"))
    return rows


def rows(onboarded, gated, several):
    return ((by_ceiling(onboarded) + as_they_come(onboarded)
             if onboarded else [])
            + (gate(gated) if gated else [])
            + (standby(several) if several else []))
