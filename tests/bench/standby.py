"""What a bridge costs as one of several: the active one and one that stands by,
beside the single bridge. scripts/bench-standby and its smoke test use it."""

import statistics

from bench.measure import Stage, cpu_seconds
from cluster.real import RealBridge, settings_of
from cluster.several import new_names
from harness.bridge import merge
from harness.process import stop_all

SESSION = 10.0  # s, as shipped
SLOW, USUAL, MORE = 50, 2000, 40000  # events a second; the last: too many
DRAIN = 120.0  # s for what is too much to get through
WARM = (500, 1000)


class Single(Stage):
    lost_after = DRAIN


class Group(Stage):
    """self.bridge is the active one."""

    lost_after = DRAIN

    def __init__(self, folder, kafka, certs, settings=None):
        super().__init__(folder, kafka, certs, settings)
        names = new_names()
        self.bridge, self.standby = (
            self._one(name, names) for name in ("zulu", "alpha"))

    def _one(self, name, names):
        folder = self.folder / name
        settings = merge(settings_of(names, name, SESSION, folder),
                         {"log": {"level": "info"}})
        bridge = RealBridge(folder, self.mosquitto.url, self.kafka.brokers,
                            self.topics, settings, name)
        bridge.settings["kafka"]["properties"] = {}
        bridge.write_config()
        return bridge

    def __enter__(self):
        super().__enter__()
        self.bridge.wait_log("event=active ")
        self.standby.start()
        self.standby.wait_log("event=standing_by ")
        return self

    def __exit__(self, *_):
        stop_all([self.mosquitto, self.bridge, self.standby])

    def _measure(self, parts, rate, count):
        before = cpu_seconds(self.standby.pid)
        result = super()._measure(parts, rate, count)
        used = cpu_seconds(self.standby.pid) - before
        result["cpu_us_per_event"]["standby"] = round(used * 1e6 / count, 1)
        return result


def figures(stage, seconds, more=80000):
    """Of one stage, at each of the rates, both ways."""
    stage.uplink(*WARM)
    out = {}
    for name, rate in (("slow", SLOW), ("usual", USUAL)):
        first, count = stage.announced, int(rate * seconds)
        out[f"up_{name}"] = stage.uplink(rate, count)
        out[f"down_{name}"] = stage.downlink(rate, first, count)
    if more:
        out["up_more"] = stage.uplink(MORE, more)
    return out


def cpu(result, who="bridge"):
    return result["cpu_us_per_event"][who]


def p50_ms(result):
    end = result.get("listen") or result["sink"]
    return end["p50_us"] / 1000


def per_second(result):
    """How many came through a second, to the last one."""
    drained = result["sink"]["drain_us"] / 1e6
    return result["count"] / (result["count"] / result["rate"] + drained)


def compare(pairs):
    """The medians over all pairs of (single, group)."""
    def median(of):
        return round(statistics.median(map(of, pairs)), 3)

    def pair(name, of):
        return {"single": median(lambda p: of(p[0][name])),
                "group": median(lambda p: of(p[1][name]))}

    out = {}
    for name in pairs[0][0]:
        out[name] = {
            "cpu_us": pair(name, cpu),
            "cpu_ratio": median(
                lambda p, n=name: cpu(p[1][n]) / max(cpu(p[0][n]), 0.1)),
            "standby_ratio": median(
                lambda p, n=name: cpu(p[1][n], "standby")
                / max(cpu(p[1][n]), 0.1)),
            "p50_ms": pair(name, p50_ms),
            "per_s": pair(name, per_second),
        }
    return out
