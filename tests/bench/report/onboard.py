"""The section about the whole chain, from onboard.json."""

import statistics

from . import svg
from .tables import count, figure, table, times

OURS, TINT = "#0b7285", "#4ba3b3"
WHO = ("broker", "bridge", "approver", "kafka")
NAMES = {"tcp": "TCP", "tls": "TLS", "connack": "CONNACK", "pending":
         "told to wait", "suback": "subscribed", "request": "request in Kafka", "decision":
         "decision in Kafka", "created": "createDevice", "accepted":
         "let in", "told": "told", "confirmed": "PUBACK at the bridge"}
HEAD = """\
## The whole chain: from a new device's CONNECT to its payload

Devices with TLS, Mosquitto with the gate, the bridge, Kafka and the reference
approver, everything on this machine (`make bench-onboard`). The **ceiling** is
what the same broker does in the same round when its own password file judges a
CONNECT over TLS. In **hold** and **refuse** a customer decides; **direct** needs
none; **unused** are provisioned devices that come again. Latency is from the
moment a device was due.
"""


def ceiling(one):
    return statistics.median(found["per_s"] for found in one["ceiling"])


def ceiling_cpu(one):
    return statistics.median(
        found["use"]["broker"]["cpu_us"] for found in one["ceiling"])


def rounds(report):
    """Each round's ways, those in refuse mode with their own ceiling."""
    for one in report["rounds"]:
        for part in (one, one.get("refused", {})):
            for name, found in part.items():
                if name not in ("ceiling", "refused"):
                    yield name, found, part


def by_name(report):
    found = {}
    for name, one, part in rounds(report):
        found.setdefault(name, []).append((one, part))
    return found


def middle(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def spread(values):
    values = list(values)
    return (statistics.median(values), min(values), max(values))


def last(found):
    step = "told" if "told" in found["since_due"] else "connack"
    return found["since_due"][step]


def has_rounds(report):
    return any(part["ceiling"] for part in report["rounds"])


def rates(report):
    if not has_rounds(report):
        return ""
    rows = []
    ceilings = [one["per_s"] for part in report["rounds"]
                for one in part["ceiling"]]
    plain = middle(one["use"]["broker"]["cpu_us"]
                   for part in report["rounds"] for one in part["ceiling"])
    rows.append(["ceiling: CONNECT with a password", count(middle(ceilings)),
                 "1.00", figure(plain), "1.00", *["–"] * 3])
    for name, some in by_name(report).items():
        rows.append([
            name, count(middle(one["per_s"] for one, _ in some)),
            times((middle(one["per_s"] / ceiling(part)
                          for one, part in some),)),
            figure(middle(one["use"]["broker"]["cpu_us"]
                          for one, _ in some)),
            times((middle(one["use"]["broker"]["cpu_us"] / ceiling_cpu(part)
                          for one, part in some),)),
            *(figure(middle(one["use"][who]["cpu_us"] for one, _ in some))
              for who in WHO[1:])])
    most = report["options"]["together"]
    return "\n".join([
        f"**As fast as {most} at a time go:**", "",
        "![Devices a second](benchmarks/onboard.svg)", "",
        table(["", "devices/s", "× ceiling", "broker CPU µs", "× ceiling's",
               "bridge µs", "approver µs", "Kafka µs"], rows), ""])


def steps(report):
    """Where the time goes, at the first rate."""
    some = [one for one in report["open"] if one["way"] == "hold"]
    if not some:
        return ""
    found = some[0]
    rows = [[NAMES[step], figure(late["p50"]), figure(late["p99"]),
             figure(late["max"]), figure(found["since_step"][step]["p50"])]
            for step, late in found["since_due"].items()]
    return "\n".join([
        f"**Each step at {count(found['rate'])} devices/s**, hold, P-256 "
        "(ms since the device was due; the last column is since the step "
        "above):", "", "![Steps](benchmarks/onboard-steps.svg)", "",
        table(["", "p50", "p99", "max", "of which here p50"], rows), ""])


def at_rates(report):
    if not report["open"] and "at_once" not in report:
        return ""
    rows = [[f"{one['way']}, {count(one['rate'])}/s", count(one["count"]),
             count(one["missing"]), figure(last(one)["p50"]),
             figure(last(one)["p99"]), figure(last(one)["max"]),
             figure(one["use"]["broker"]["cpu_us"]),
             figure(one["use"]["bridge"]["cpu_us"])]
            for one in report["open"]]
    text = ""
    for name, key in (("TLS CONNECTs, all at once", "at_once_ceiling"),
                      ("hold, all at once", "at_once")):
        found = report.get(key)
        if not found:
            continue
        rows.append([
            name, count(found["count"]),
            count(found["missing"]), figure(last(found)["p50"]),
            figure(last(found)["p99"]), figure(last(found)["max"]),
            figure(found["use"]["broker"]["cpu_us"]),
            figure(found["use"]["bridge"]["cpu_us"])])
        live = found["live"]
        text += (f"{name}: meanwhile {count(live['sent'])} messages of "
                 "devices that were there already had their PUBACK within p50 "
                 f"{figure(live['p50_us'] / 1e3)} ms and p99 "
                 f"{figure(live['p99_us'] / 1e3)} ms.\n")
    return "\n".join(["**As they come:**", "", table(
        ["", "devices", "missing", "p50 ms", "p99 ms", "max ms",
         "broker µs", "bridge µs"], rows), "", text])


def waits(report):
    some = by_name(report).get("hold, P-256")
    if not some:
        return ""
    rows = [[who, *(figure(middle(one["use"][who][key] for one, _ in some))
                    for key in ("user_us", "system_us", "waits", "preempted",
                                "run_delay_us", "syscr", "syscw"))]
            for who in WHO]
    return "\n".join([
        "**What each process does for a device** (hold, P-256): CPU in user "
        "and kernel mode, how often a thread went to sleep or was preempted, "
        "how long it was ready and had no core, and its read and write "
        "calls:", "", table(
            ["", "user µs", "kernel µs", "sleeps", "preempted",
             "no core µs", "reads", "writes"], rows), ""])


def calls(report):
    found = report.get("calls")
    if not found:
        return ""
    rows = []
    for way, some in found.items():
        for who, counts in some.items():
            most = [f"{figure(each)} {name}" for name, each in counts.items()
                    if each >= 0.95 and name != "fdatasync"][:8]
            if most:
                rows.append([f"{way}, {who}",
                             figure(counts.get("fdatasync", 0)),
                             ", ".join(most)])
    return "\n".join([
        "**System calls for a device**, counted by strace, which slows "
        "everything:", "", table(["", "fdatasync", "the others"], rows), ""])


def settings(report):
    some = report.get("settings")
    if not some:
        return ""
    first = some[0]
    rows = [[one["name"], count(one["password"]["per_s"]),
             figure(one["password"]["use"]["broker"]["cpu_us"]),
             count(one["hold"]["per_s"]),
             times((one["hold"]["per_s"] / first["hold"]["per_s"],)),
             figure(last(one["hold_open"])["p50"]),
             figure(last(one["hold_open"])["p99"])] for one in some]
    return "\n".join([
        "**What a setting is worth**, each by itself:", "",
        table(["", "ceiling/s", "broker µs", "hold/s", "× as shipped",
               f"told p50 ms at {count(first['hold_open']['rate'])}/s",
               "p99 ms"], rows), ""])


def section(report):
    if not report:
        return ""
    return "\n".join(part for part in (
        HEAD, rates(report), steps(report), at_rates(report), waits(report),
        calls(report), settings(report)) if part)


def pictures(report):
    if not report:
        return {}
    found = {}
    if has_rounds(report):
        groups = [("ceiling", [spread(
            one["per_s"] for part in report["rounds"]
            for one in part["ceiling"])])]
        groups += [(name, [spread(one["per_s"] for one, _ in some)])
                   for name, some in by_name(report).items()]
        found["onboard"] = svg.bars(
            "New devices a second", "as fast as they go; the ceiling is a "
            "CONNECT with a password", "devices per second", groups,
            [("", OURS)], ours="hold, P-256")
    some = [one for one in report["open"] if one["way"] == "hold"]
    if some:
        late = some[0]["since_due"]
        found["onboard-steps"] = svg.bars(
            f"Each step at {count(some[0]['rate'])} devices a second",
            "since the device was due; the axis is logarithmic",
            "milliseconds",
            [(NAMES[step], [(max(one[key], 0.01),) * 3
                            for key in ("p50", "p99")])
             for step, one in late.items()],
            [("p50", TINT), ("p99", OURS)], log=True)
    return found
