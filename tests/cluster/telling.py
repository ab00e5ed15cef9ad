"""What the rounds of chaos.py came to, disaster by disaster: as a table, and as
JSON for the report."""

import json
import math

SLACK = 5.0  # s, on top of a session, until another one is active
AT_ONCE = 1.0  # s, after SIGTERM
BAD = ("lost", "twice", "elsewhere", "wrong", "leaked")
NO_FAULT = ("gone", "unanswered", "forgotten_commands", "offered_again")

# Those whose longest time without service is promised, in a round of their own.
PROMISED = {"kill", "wipe", "freeze", "no_kafka", "no_network",
            "one_way_kafka"}


def longest_gap(times, begin, end):
    """s without anything, between begin and end."""
    seen = [begin, *(at for at in times if begin <= at <= end), end]
    return max(b - a for a, b in zip(seen, seen[1:]))


def percentile(values, share):
    """The nearest rank."""
    values = sorted(values)
    return values[max(0, math.ceil(share * len(values)) - 1)]


class Telling:
    def __init__(self, options):
        self.options = options
        self.rounds = []
        self.findings = []
        self.events = self.actives = 0

    @staticmethod
    def since(before, oracle):
        return {kind: oracle.counts[kind] - before[kind]
                for kind in (*BAD, *NO_FAULT)}

    def add(self, plan, quiet, counts):
        self.rounds.append({"disasters": [one.name for one in plan],
                            "quiet_s": round(quiet, 3), **counts})

    def overdue(self):
        """Single disasters after which service was away for too long."""
        out = []
        for one in self.rounds:
            what = one["disasters"][0].split()[0]
            most = AT_ONCE if what == "leave" else \
                self.options.session + SLACK
            if len(one["disasters"]) == 1 and one["quiet_s"] > most and (
                    what in PROMISED or what == "leave"):
                out.append(one)
        return out

    def rows(self):
        by_name = {}
        for one in self.rounds:
            for name in one["disasters"]:
                by_name.setdefault(name, []).append(one)
        for name, rounds in sorted(by_name.items()):
            alone = [one["quiet_s"] for one in rounds
                     if len(one["disasters"]) == 1]
            yield {
                "disaster": name, "rounds": len(rounds), "alone": len(alone),
                **{kind: sum(one[kind] for one in rounds)
                   for kind in (*BAD, *NO_FAULT)},
                "p50_s": percentile(alone, 0.5) if alone else None,
                "p99_s": percentile(alone, 0.99) if alone else None,
            }

    def show(self, say=print):
        say(f"{'disaster':22} {'rounds':>6} {'lost':>5} {'twice':>5} "
            f"{'elsew.':>6} {'wrong':>5} {'gone':>5}   without service, s: "
            "alone, p50, p99")
        rows = list(self.rows())
        for row in rows:
            p50, p99 = ("-" if row[name] is None else f"{row[name]:.1f}"
                        for name in ("p50_s", "p99_s"))
            say(f"{row['disaster']:22} {row['rounds']:6} {row['lost']:5} "
                f"{row['twice']:5} {row['elsewhere']:6} {row['wrong']:5} "
                f"{row['gone']:5}   {row['alone']:5} {p50:>6} {p99:>6}")
        say(f"{len(self.rounds)} rounds, {self.events} devices, "
            f"{self.actives} times active, {len(self.overdue())} overdue")
        for text in self.findings[:30]:
            say(text)
        if self.options.json:
            self._write(rows)

    def _write(self, rows):
        options = self.options
        self.options.json.write_text(json.dumps({
            "seed": options.seed, "brokers": options.brokers,
            "session_s": options.session, "rate": options.rate,
            "devices": self.events, "actives": self.actives,
            "overdue": self.overdue(), "disasters": rows,
            "rounds": self.rounds, "findings": self.findings,
        }, indent=1) + "\n")
