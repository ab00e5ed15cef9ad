"""The figures of peers.json, aggregated over the rounds."""

import statistics


def spread(values):
    """(median, minimum, maximum), or None."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return statistics.median(values), min(values), max(values)


class Peers:
    def __init__(self, report):
        self.report = report
        self.rounds = report["rounds"]
        self.machine, self.method = report["machine"], report["method"]
        self.titles = {name: peer["title"]
                       for name, peer in report["peers"].items()}
        self.names = [name for name in self.titles
                      if name in self.rounds[0]["peers"]]
        first = self.rounds[0]["peers"][self.names[0]]
        self.rates = sorted(first["fixed"], key=int)

    def of(self, name, at):
        """The results of each round; at is a rate, "max" or "closed"."""
        for one in self.rounds:
            peer = one["peers"].get(name, {})
            if at == "closed":
                yield peer.get("closed")
            elif at == "max":
                yield peer.get("max", {}).get("at_max")
            else:
                yield peer.get("fixed", {}).get(at)

    def has_max(self):
        return any(result for name in self.names
                   for result in self.of(name, "max"))

    def has_closed(self):
        return any(result for name in self.names
                   for result in self.of(name, "closed"))

    def values(self, name, at, what):
        return [what(result) if result else None
                for result in self.of(name, at)]

    def spread(self, name, at, what):
        return spread(self.values(name, at, what))

    def ratio(self, name, at, what, to="go"):
        """Median, minimum and maximum of the ratios, round by round."""
        return spread([
            a / b for a, b in zip(self.values(name, at, what),
                                  self.values(to, at, what))
            if a is not None and b])

    def lost(self, name):
        """At the fixed rates, all rounds together."""
        return sum(lost(result) for at in self.rates
                   for result in self.of(name, at) if result)

    def doubled(self, name):
        return sum(result["sink"]["duplicates"] for at in self.rates
                   for result in self.of(name, at) if result)


def rate(result):
    return result["rate"]


def per_s(result):
    return result["per_s"]


def cpu(result):
    return result["cpu_us_per_event"]["peer"]


def cpu_of(who):
    return lambda result: result["cpu_us_per_event"][who]


def p50(result):
    return result["sink"]["p50_us"] / 1e3


def p99(result):
    return result["sink"]["p99_us"] / 1e3


def rss(result):
    return result["peer_peak_rss"] / 2**20


def lost(result):
    return result["sink"]["expected"] - result["sink"]["received"]
