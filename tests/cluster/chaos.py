"""Rounds of disasters on three real bridges that are one group, under load: each
is judged by the oracle of tests/fault.

usage: chaos.py [--rounds N] [--seed S] [--brokers 1|3] [--gate yes|no|both]
                [--rate EVENTS_PER_SECOND] [--session S] [--from-round N]
                [--only DISASTER,...] [--minutes M] [--first]
                [--before BRIDGE] [--json FILE] [--keep DIR]

In each round one or two disasters (disasters.py) begin and end while devices come;
a customer who reads what is not committed answers at once. Then everything runs
again. What has not arrived when nothing moves any more is lost. The table at the
end tells it disaster by disaster. The seed, which is printed, draws the disasters;
what they hit depends on the machine."""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cluster import disasters  # noqa: E402
from cluster.epochs import epochs  # noqa: E402
from cluster.stage import Stage  # noqa: E402
from cluster.telling import Telling, longest_gap  # noqa: E402
from fault.campaign import Campaign  # noqa: E402
from harness import process  # noqa: E402


SHOWN, TEXT = 5, 300  # findings of a round, and characters of each


class Chaos(Campaign):
    """Rounds on one stage."""

    def __init__(self, stage, seed, telling, say=print, brokers=1,
                 only=disasters.ALL):
        super().__init__(stage, seed, 0, say)
        self.telling, self.brokers, self.only = telling, brokers, only
        self.began, self.loaded = 0.0, 0.0

    def draw(self, draw):
        return disasters.draw(draw, self.stage.session, self.brokers,
                              self.only)

    def _break(self, plan, began):
        stage = self.stage
        stage.wait_serves()
        self.began = began = time.monotonic()
        moments = sorted(
            [(one.begin, 0, i) for i, one in enumerate(plan)]
            + [(one.begin + one.hold, 1, i) for i, one in enumerate(plan)])
        waiter, hit = threading.Event(), []
        for at, is_end, i in moments:
            waiter.wait(max(0, began + at - time.monotonic()))
            if is_end:
                disasters.end(stage, plan[i])
                continue
            plan[i].host = disasters.pick(stage, plan[i], hit)
            hit.append(plan[i].host)
            disasters.begin(stage, plan[i])
        process.verify_all()
        stage.kafka.wait_ready()
        stage.wait_serves()
        self.loaded = time.monotonic()

    def judge(self, plan):
        oracle = self.stage.oracle
        before, found = dict(oracle.counts), len(oracle.findings)
        quiet = longest_gap(oracle.asked_at, self.began, self.loaded)
        super().judge(plan)
        self.telling.add(plan, quiet, self.telling.since(before, oracle))
        self.say(f"round {self.number}: {quiet:.1f} s without service")
        for text in oracle.findings[found:found + SHOWN]:
            self.say(f"  {text[:TEXT]}")


def judge_epochs(stage):
    """Of all lives together: nobody wrote after somebody else had begun."""
    order = epochs(stage.kafka.brokers, stage.names["state"])
    back = [who for who in set(order) if order.count(who) > 1]
    return len(order), back


def one_stage(options, folder, gate, telling):
    """The rounds of one stage; returns how much was bad."""
    stage = Stage(folder, options.rate, options.brokers, gate,
                  options.session, options.before).start()
    chaos = Chaos(stage, f"{options.seed}-{gate}", telling, say,
                  options.brokers, options.only)
    chaos.number = options.from_round - 1
    last = time.monotonic() + 60 * options.minutes
    for _ in range(options.rounds):
        chaos.round()
        if (stage.oracle.bad() and options.first) or time.monotonic() > last:
            break
    stage.stop()
    actives, back = judge_epochs(stage)
    stage.close()
    telling.actives += actives
    telling.events += len(stage.oracle.ids)
    telling.findings += stage.oracle.findings
    telling.findings += [f"wrote after another: {who}" for who in back]
    return stage.oracle.bad() + len(back)


def run(options, folder):
    telling = Telling(options)
    bad = 0
    gates = {"yes": [True], "no": [False], "both": [False, True]}
    try:
        for gate in gates[options.gate]:
            say("with the gate" if gate else "without a gate")
            where = folder / ("gate" if gate else "plain")
            bad += one_stage(options, where, gate, telling)
    finally:
        process.kill_all(process.Process.live)
        telling.show()
    return bad or len(telling.overdue())


def say(line):
    print(line, flush=True)


def some(text):
    """Names of disasters."""
    names = tuple(text.split(","))
    unknown = set(names) - set(disasters.ALL)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; there are "
            f"{', '.join(disasters.ALL)}")
    return names


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--from-round", type=int, default=1)
    parser.add_argument("--seed", default=str(random.randrange(10 ** 6)))
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument("--gate", choices=("yes", "no", "both"),
                        default="both")
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--session", type=float, default=3.0)
    parser.add_argument("--before", type=pathlib.Path)
    parser.add_argument("--only", type=some, default=disasters.ALL)
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="no round begins later, with or without a gate")
    parser.add_argument("--first", action="store_true",
                        help="end with the first round that is bad")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    if not disasters.kinds_of(options.brokers, options.only):
        parser.error("with one broker of Kafka nothing is left to draw")
    return options


def main():
    options = parse()
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
    say(f"seed {options.seed}, {options.rounds} rounds, in {folder}")
    bad = 1
    try:
        bad = run(options, folder)
    finally:
        if bad:
            say(f"logs: {folder}")
        elif not options.keep:
            shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("ZTP_BUILD", "build")
    sys.exit(main())
