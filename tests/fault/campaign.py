"""Rounds of random faults under load, each judged by the oracle.

usage: campaign.py [--rounds N] [--seed S] [--rate EVENTS_PER_SECOND]
                   [--seconds S] [--from-round N] [--first] [--keep DIR]

A round is some seconds of load during which its faults begin and end. Then
everything runs again, and what is still in flight may arrive. Whatever has not
arrived when nothing moves any more is lost. The faults of a run follow from
its seed, which is printed; what they hit depends on the machine."""

import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fault import faults  # noqa: E402
from fault.stage import Stage  # noqa: E402
from harness import process  # noqa: E402
from harness.until import until  # noqa: E402

STILL = 40.0  # seconds without progress after which the missing is lost
LONGEST = 240.0  # for a round to come to rest


class Campaign:
    def __init__(self, stage, seed, seconds, say=print):
        self.stage = stage
        self.seed = seed
        self.seconds = seconds
        self.say = say
        self.number = 0

    def round(self, plan=None):
        """Runs one round, with these faults or with those of its seed."""
        stage = self.stage
        self.number += 1
        draw = random.Random(f"{self.seed}-{self.number}")
        plan = plan or self.draw(draw)
        stage.devices.late = False
        stage.driver.late_share = draw.choice((0, 0, 0, 0, 10))
        first = len(stage.oracle.ids)
        began = time.monotonic()
        stage.driver.offer(True)
        self._break(plan, began)
        stage.driver.offer(False)
        stage.devices.late = True
        loaded = time.monotonic()
        self.rest()
        rested = time.monotonic()
        self.judge(plan)
        stage.scan_bridge()
        self.say(
            f"round {self.number}: "
            f"{' '.join(map(str, plan))}; "
            f"{len(stage.oracle.ids) - first} events, "
            f"at rest after {rested - loaded:.1f} s, "
            f"rss {stage.rss() // 1024} MiB, bad {stage.oracle.bad()}"
        )

    def draw(self, draw):
        """The faults of a round."""
        return faults.draw(draw, self.seconds)

    def judge(self, _plan):
        self.stage.oracle.judge()

    def _break(self, plan, began):
        moments = [(fault.begin, 0, i) for i, fault in enumerate(plan)]
        moments += [(fault.end, 1, i) for i, fault in enumerate(plan)]
        waiter = threading.Event()
        for at, is_end, i in sorted(moments):
            waiter.wait(max(0, began + at - time.monotonic()))
            (faults.end if is_end else faults.begin)(self.stage, plan[i])
        waiter.wait(max(0, began + self.seconds - time.monotonic()))

    def rest(self):
        """Waits until everything has arrived, or nothing moves any more."""
        stage = self.stage
        process.verify_all()
        stage.kafka.wait_ready()
        stage.wait_connected()
        began = moved = time.monotonic()
        last = -1

        def look():
            nonlocal last, moved
            process.verify_all()
            for n in stage.oracle.to_offer_again():
                stage.oracle.offer_again(n)
                stage.driver.again.append(n)
            now = time.monotonic()
            progress = stage.oracle.progress()
            if progress != last:
                last, moved = progress, now
            if stage.driver.idle() and not stage.oracle.open():
                return True
            return now - moved > STILL or now - began > LONGEST

        until(look, "the round comes to rest", LONGEST + 30, 0.1)


def report(stage, seed, rounds):
    print(json.dumps({"seed": seed, "rounds": rounds,
                      "peak_rss_mib": stage.peak_rss // 1024,
                      **stage.oracle.summary()}))
    for text in stage.oracle.findings[:50]:
        print(text)


def run(folder, options):
    stage = Stage(folder, options.rate).start()
    campaign = Campaign(stage, options.seed, options.seconds, say)
    campaign.number = options.from_round - 1
    try:
        for _ in range(options.rounds):
            campaign.round()
            if stage.oracle.bad() and options.first:
                break
        stage.stop()
    finally:
        report(stage, options.seed, campaign.number)
        process.kill_all(process.Process.live)
    return stage.oracle.bad()


def say(line):
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--from-round", type=int, default=1,
                        help="leave out the rounds before it")
    parser.add_argument("--seed", default=None)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--first", action="store_true",
                        help="end with the first round that is bad")
    parser.add_argument("--keep", help="work here and leave everything")
    options = parser.parse_args()
    options.seed = options.seed or str(random.SystemRandom().randrange(10**6))
    folder = options.keep or tempfile.mkdtemp(prefix="ztp-fault-")
    say(f"seed {options.seed}, {options.rounds} rounds, "
        f"{options.rate} events/s offered, in {folder}")
    bad = 1
    try:
        bad = run(folder, options)
    finally:
        if not options.keep and not bad:
            shutil.rmtree(folder)
    say(f"{bad} faults found by the oracle" if bad else "nothing lost")
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("ZTP_BUILD", "build")
    sys.exit(main())
