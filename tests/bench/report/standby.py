"""The section about several bridges, from standby.json."""

from .tables import count, figure, table

HEAD = """\
## One of several

The same events and decisions through a single bridge and through the active one of
two (`make bench-standby`), one after the other on one Kafka, {pairs} pairs. What one
of several does is a transaction of Kafka's, which its customers see when it is
committed; the other bridge keeps a copy of its state. p50 is from the moment an event
was due to its request, and from a decision to its command.
"""

NAMES = {"up_slow": "events, 50/s", "down_slow": "decisions, 50/s",
         "up_usual": "events, 2,000/s", "down_usual": "decisions, 2,000/s",
         "up_more": "more events than can get through"}


def costs(found):
    rows = []
    for name, one in found.items():
        us, p50, per_s = one["cpu_us"], one["p50_ms"], one["per_s"]
        late = name != "up_more"
        rows.append([
            NAMES[name], figure(us["single"]), figure(us["group"]),
            f"{one['cpu_ratio']:.2f}", f"{one['standby_ratio']:.2f}",
            *((figure(p50["single"]), figure(p50["group"]), "–", "–") if late
              else ("–", "–", count(per_s["single"]), count(per_s["group"])))])
    return table(["", "single, CPU µs", "active", "×", "standby × active",
                  "single, p50 ms", "active", "single, a second", "active"],
                 rows)


def state(found):
    return (f"A bridge that has lost its disk read {count(found['rows'])} rows "
            f"of open requests in {figure(found['seconds'])} s, "
            f"{count(found['rows_per_s'])} a second, with at most "
            f"{figure(found['peak_active'] / 2**20)} MiB of memory, and "
            f"{figure(found['rss_active'] / 2**20)} MiB when it was active.")


def section(report):
    if not report:
        return ""
    parts = []
    if "costs" in report:
        parts += [HEAD.format(pairs=len(report["costs"]["pairs"])),
                  costs(report["costs"]["compared"]), ""]
    if "state" in report:
        parts += [state(report["state"]), ""]
    return "\n".join(parts)
