"""Two cells at one gate and one Kafka. What makes one of them useless is not to
be noticed in the other, whose devices and customer go on at a steady rate.

usage: cells.py [--rate R] [--seconds S] [--rounds N] [--out FILE]

The cells have a pending topic each, then one in common. Shown are p99 in a window
without trouble and in the one with it; times are not judged. The exit status is 1
if something of the steady cell was lost or somebody refused, if its /healthz was
slow (campaign.faults_of), or if the other cell did not recover."""

import argparse
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import process  # noqa: E402
from harness.cell import APART, Cell  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from hostile import cell_attacks  # noqa: E402
from hostile.campaign import HEAD, faults_of, show  # noqa: E402
from hostile.gate import GateHonest, ShippedGate, write_keys  # noqa: E402

STEADY, TROUBLED = "acme", "beta"  # the fleet's subscription, and another
LIMITS = {"max_per_certificate": 1000000, "max_per_registry": 1000000}
LAYOUTS = {"a topic each": True, "one topic": False}


class CellHonest(GateHonest):
    """Devices of the steady cell; `neighbour` is the other one."""

    def __init__(self, rig, neighbour, rate):
        super().__init__(rig, rate)
        self.neighbour = neighbour


@contextlib.contextmanager
def cells_stage(folder, kafka, ca, apart, rate, seconds):
    gate = ShippedGate(folder / "gate", ca.server(),
                       {**LIMITS, **(APART if apart else {})})
    rigs = [Cell(folder, kafka, ca, gate, name, apart,
                 {"log": {"level": "info"}}) for name in (STEADY, TROUBLED)]
    write_keys(rigs[0])
    try:
        gate.start()
        for rig in rigs:
            rig.start()
        honest = CellHonest(*rigs, rate)
        honest.begin(seconds)
        yield honest
    finally:
        process.stop_all([gate, *(rig.bridge for rig in rigs)])
        for rig in rigs:
            for client in rig.clients:
                client.close()
            if rig.reader:
                rig.reader.close()


def windows(honest, attacks):
    """(name, the window before, the one with it) of each."""
    for attack in attacks:
        quiet = honest.window()
        yield attack.name, quiet, honest.window(attack())
        honest.neighbour.onboard()


def run(options, folder):
    kafka = Kafka(folder / "kafka")
    kafka.start()
    ca, report = Ca(folder / "ca"), []
    for number in range(options.rounds):
        for layout, apart in LAYOUTS.items():
            place = folder / f"{number}-{apart}"
            with cells_stage(place, kafka, ca, apart, options.rate,
                             options.seconds) as honest:
                for name, quiet, hit in windows(honest, cell_attacks.ALL):
                    show(f"{layout}: {name}", quiet, hit)
                    report.append((layout, name, quiet, hit))
    kafka.stop()
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ztp-cells-"))
    print(HEAD, flush=True)
    try:
        report = run(options, folder)
    finally:
        process.kill_all(process.Process.live)
        shutil.rmtree(folder, ignore_errors=True)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any(faults_of(*one[2:]) for one in report) else 0


if __name__ == "__main__":
    sys.exit(main())
