"""Rounds of faults on three bridges without devices (standby.c), on a real Kafka.

usage: chaos.py [--rounds N] [--seed S] [--brokers 1|3] [--keep DIR]

In each round something happens to one or two of them, or to a broker of three;
then everything runs again. Judged is that no two told anything at the same time,
that nobody wrote into ztp.state after somebody else had, and how long nobody told
anything. The seed is printed; what a fault hits depends on the machine."""

import argparse
import pathlib
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cluster.epochs import epochs  # noqa: E402
from cluster.several import SESSION, Bridge, new_names  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from harness.kafka_cluster import KafkaCluster  # noqa: E402
from harness.process import kill_all, Process  # noqa: E402
from harness.until import until  # noqa: E402

INSTANCES = ("zulu", "mike", "alpha")
SLACK = 5.0  # s, on top of a session, until another one is active


class Stage:
    def __init__(self, brokers, folder):
        self.folder = folder
        self.kafka = (KafkaCluster if brokers == 3 else Kafka)(folder / "k")
        self.kafka.start()
        self.names = new_names()
        self.lives = []  # (instance, [ms]) of those that have ended
        self.bridges = {}
        for instance in INSTANCES:
            self.start(instance)
        self.wait_active()

    def start(self, instance):
        bridge = Bridge(self.kafka, self.names, instance, self.folder)
        self.bridges[instance] = bridge.start()

    def ended(self, bridge):
        """Keeps what it told: its log begins anew with its next life."""
        self.lives.append((bridge.instance, bridge.told()))
        del self.bridges[bridge.instance]

    def active(self):
        """The one that told something last; None, if it has just ended."""
        told = [(bridge.told()[-1], bridge)
                for bridge in self.bridges.values() if bridge.told()]
        return max(told, key=lambda pair: pair[0])[1] if told else None

    def told(self):
        """All that was ever told: (ms, instance), in order."""
        alive = [(bridge.instance, bridge.told())
                 for bridge in self.bridges.values()]
        return sorted((at, instance) for instance, times
                      in self.lives + alive for at in times)

    def wait_active(self, timeout=60.0):
        count = len(self.told())
        until(lambda: len(self.told()) > count + 3, "somebody is active",
              timeout)

    def stop(self):
        for bridge in list(self.bridges.values()):
            bridge.stop()
            self.ended(bridge)


# --- faults: what happens, to one of the bridges; then it is whole again

def leave(stage, bridge):
    bridge.stop()
    stage.ended(bridge)
    stage.start(bridge.instance)


def kill(stage, bridge):
    bridge.kill9()
    stage.ended(bridge)
    stage.start(bridge.instance)


def wipe(stage, bridge):
    """Killed, and its disk gone with it."""
    bridge.kill9()
    stage.ended(bridge)
    for path in stage.folder.glob(f"{bridge.instance}.db*"):
        path.unlink()
    stage.start(bridge.instance)


def freeze(stage, bridge):
    """Past two sessions: it wakes as a zombie, if it was active."""
    bridge.pause()
    time.sleep(2 * SESSION)
    bridge.resume()


def blink(stage, bridge):
    """For less than a session: it stays what it was."""
    bridge.pause()
    time.sleep(SESSION / 4)
    bridge.resume()


def lose_broker(stage, _bridge):
    node = random.choice(stage.kafka.nodes)
    node.kill9()
    time.sleep(SESSION)
    node.start()
    stage.kafka.wait_whole()


FAULTS = [leave, kill, wipe, freeze, blink]


# --- rounds

def silence(told, since):
    """The longest time in seconds without a word, from `since` (ms) on."""
    times = [since] + [at for at, _ in told if at >= since]
    return max((b - a for a, b in zip(times, times[1:])), default=0) / 1000


def one_round(stage, number, draw, faults):
    began = stage.told()[-1][0]
    done = []
    for _ in range(draw.choice((1, 1, 2))):
        fault = draw.choice(faults)
        active = stage.active()
        others = [bridge for bridge in stage.bridges.values()
                  if bridge is not active]
        bridge = draw.choice(others)
        if active and draw.random() < 0.75:
            bridge = active
        done.append(f"{fault.__name__} "
                    f"{'active' if bridge is active else 'standby'}")
        fault(stage, bridge)
    stage.wait_active()
    quiet = silence(stage.told(), began)
    print(f"round {number}: {', '.join(done)}: {quiet:.1f} s without service",
          flush=True)
    return done, quiet


def judge(stage):
    """Of all lives together, once all have ended."""
    order = epochs(stage.kafka.brokers, stage.names["state"])
    back = [who for who in set(order) if order.count(who) > 1]
    spoken = []
    for _, instance in stage.told():
        if spoken[-1:] != [instance]:
            spoken.append(instance)
    written = [instance for instance, _ in order]
    # Who became active may have had nothing to tell before its end.
    rest = iter(written)
    beside = not all(instance in rest for instance in spoken)
    print(f"{len(order)} times active, {len(back)} wrote after another, "
          f"{'two' if beside else 'none'} told beside another")
    return not back and not beside


def report(rounds):
    """Returns whether each single fault of a bridge was over in time."""
    by_fault = {}
    for done, quiet in rounds:
        if len(done) == 1:
            by_fault.setdefault(done[0], []).append(quiet)
    for name, times in sorted(by_fault.items()):
        times.sort()
        print(f"{name:22} {len(times):4} rounds, without service: p50 "
              f"{statistics.median(times):.1f} s, longest {times[-1]:.1f} s")
    return all(times[-1] < SESSION + SLACK for name, times in by_fault.items()
               if name.split()[0] != lose_broker.__name__)


def run(args, folder):
    faults = FAULTS + ([lose_broker] if args.brokers == 3 else [])
    stage = Stage(args.brokers, folder)
    rounds = []
    for number in range(1, args.rounds + 1):
        random.seed(f"{args.seed}-{number}")
        rounds.append(one_round(stage, number, random.Random(
            f"{args.seed}-{number}"), faults))
    stage.stop()
    good = judge(stage)
    stage.kafka.stop()
    return report(rounds) and good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    folder = args.keep or pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
    good = False
    try:
        good = run(args, folder)
    finally:
        kill_all(Process.live)
        if not good:
            print(f"logs: {folder}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
