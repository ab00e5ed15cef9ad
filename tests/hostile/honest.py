"""Honest devices and customers: new devices ask at a steady rate, and what was
asked a window before is decided at the same rate. Every item has a time at
which it is due (tests/bench/part.h), and is late from then on.

Here the broker's gate is played: what asks is a pending event. The honest at a
real gate are in gate.py."""

import contextlib

from bench.measure import CLIENTS, PENDING, Part, Stage, measure
from hostile.attacks import AS_RECOMMENDED
from hostile.watch import LOST_AFTER, Watch


class Honest:
    """Runs on a bench.measure.Stage that has been entered."""

    def __init__(self, stage, rate):
        self.stage, self.rate = stage, rate
        self.asked = 0  # the first number of the next window
        self.count = 0  # the number of items in the last one

    def begin(self, seconds):
        """Fills the first window: there is nothing to decide yet."""
        self.count = int(self.rate * seconds)
        self.asked = self.count
        self.stage.announced = 0
        result = self.stage.uplink(self.rate, self.count)
        assert result["sink"]["received"] == self.count, result

    def _parts(self, count):
        stage, kafka = self.stage, {"brokers": self.stage.kafka.brokers}
        asks = {"prefix": stage.run, "rate": self.rate, "first": self.asked,
                "count": count}
        decides = {**asks, "first": self.asked - count}
        heard = Part("sink", stage.folder, asks, **kafka,
                     topic=stage.topics["requests"])
        heard.name = "asked"
        return [
            Part("listen", stage.folder, decides, port=stage.mosquitto.port,
                 topic="each"),
            Part("sink", stage.folder, decides, **kafka,
                 topic=stage.topics["results"]),
            heard,
            Part("load", stage.folder, asks, port=stage.mosquitto.port,
                 topic=PENDING, certs=stage.certs, clients=CLIENTS),
            Part("decide", stage.folder, decides, **kafka,
                 topic=stage.topics["decisions"]),
        ]

    def window(self, attack=None):
        """One window, during which attack (attacks.Attack) runs."""
        stage, count = self.stage, self.count

        def meanwhile():
            if attack:
                attack.run_for(stage, count / self.rate)

        with Watch(stage.bridge, stage.mosquitto) as watch:
            result = measure(self._parts(count), self.rate, count,
                             {"bridge": stage.bridge}, meanwhile, LOST_AFTER)
        self.asked += count
        ends = {"asked": result["asked"], "told": result["listen"],
                "result": result["sink"]}
        return {
            **watch.figures,
            "count": count,
            "refused": 0,
            "lost": sum(end["expected"] - end["received"]
                        for end in ends.values()),
            "p99_ms": {name: end["p99_us"] / 1e3
                       for name, end in ends.items()},
        }


@contextlib.contextmanager
def topics_stage(folder, kafka, certs, rate, seconds,
                 topic_config=AS_RECOMMENDED):
    """topic_config: of the decision topic."""
    stage = Stage(folder, kafka, certs)
    stage.lost_after = LOST_AFTER
    kafka.create([stage.topics["decisions"]], config=topic_config)
    with stage:
        honest = Honest(stage, rate)
        honest.begin(seconds)
        yield honest
