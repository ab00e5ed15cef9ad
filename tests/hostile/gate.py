"""Honest devices at a real gate in `hold` mode, from their CONNECT to their
customer's approval, and known ones that come again (fleet.py). TLS is left out:
its cost would be most of what two cores do, and no attack here is on it."""

import contextlib
import itertools
import sys

from bench.measure import Part, measure
from harness.gate import Gate, jwt
from harness.handshake import Handshake
from hostile import fleet
from hostile.watch import LOST_AFTER, Watch

KEYS = 8  # of the honest devices; they share them


class ShippedGate(Gate):
    """Logs what the shipped configuration logs."""

    def write_conf(self):
        super().write_conf()
        text = self.conf.read_text()
        self.conf.write_text(text.replace("log_type subscribe\n", "", 1))


def write_keys(rig):
    """The file from which the honest devices of that rig have their keys."""
    rig.keys = rig.folder / "keys"
    rig.leaves = [rig.ca.issue() for _ in range(KEYS)]
    rig.keys.write_text("".join(
        f"{leaf.base64} {jwt(leaf, lifetime=3600)}\n"
        for leaf in rig.leaves))


class GateRig(Handshake):
    """stranger: a leaf of a CA that no registry trusts."""

    def __init__(self, folder, kafka, ca, stranger):
        self.stranger = stranger
        super().__init__(folder, kafka, ca, ca.server(),
                         {"log": {"level": "info"}},
                         {"max_per_certificate": 1000000})
        write_keys(self)

    def make_gate(self, server, options):
        return ShippedGate(self.folder / "gate", server, options)

    def watch(self):
        """The honest parts look for themselves."""


class FleetPart(Part):
    def program(self, name):
        return [sys.executable, fleet.__file__]


class GateHonest:
    """Runs on a GateRig that has been started."""

    serial = itertools.count(1)

    def __init__(self, rig, rate):
        self.rig, self.rate = rig, rate
        self.prefix = f"honest{next(self.serial)}"
        self.first, self.count = 0, 0

    def begin(self, seconds):
        """The devices that the first window knows."""
        self.count = int(self.rate * seconds) // 2 * 2
        found = self._run(known=0)
        assert found["lost"] == 0, found

    def known_path(self):
        """An honest device that has been onboarded."""
        return fleet.PATH.format(self.prefix, self.first - self.count)

    def window(self, attack=None):
        return self._run(1, attack)

    def _run(self, known, attack=None):
        rig, count = self.rig, self.count
        plan = {"prefix": self.prefix, "rate": self.rate, "first": self.first,
                "count": count}
        part = FleetPart("fleet", rig.folder, plan, port=rig.gate.port,
                         brokers=rig.kafka.brokers, known=known,
                         requests=rig.topics["requests"], keys=rig.keys,
                         decisions=rig.topics["decisions"])

        def meanwhile():
            if attack:
                attack.run_for(self, count / self.rate)

        with Watch(rig.bridge, rig.gate) as watch:
            result = measure([part], self.rate, count, {"bridge": rig.bridge},
                             meanwhile, LOST_AFTER)["fleet"]
        self.first += count
        ends = {name: result[name] for name in ("connack", "asked", "told")}
        return {
            **watch.figures,
            "count": count,
            "refused": result["refused"],
            "lost": sum(end["expected"] - end["received"]
                        for end in ends.values()),
            "p99_ms": {name: end["p99_us"] / 1e3
                       for name, end in ends.items()},
        }


@contextlib.contextmanager
def gate_stage(folder, kafka, ca, stranger, rate, seconds):
    rig = GateRig(folder, kafka, ca, stranger)
    try:
        rig.start()
        honest = GateHonest(rig, rate)
        honest.begin(seconds)
        yield honest
    finally:
        rig.stop()
