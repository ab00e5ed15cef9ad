"""Every attack for some seconds beside honest devices and customers.

usage: campaign.py [--rate R] [--gate-rate R] [--seconds S] [--only REGEX]
                   [--rounds N] [--elsewhere] [--out FILE]

There are three stages, and the attacks of each share it: topics and the admin
address, with a gate that is played (honest.py); the same with a decision topic
that lacks compression.type=uncompressed, for what that is to prevent; and a
real gate (gate.py). The
rate is that of all honest devices. At the real gate half of them are new and
half are known ones: 100 new devices a second, with everything on two cores and
without TLS, leave half of the machine to the attack.

Every few attacks there is a window without one. p99 is compared with the last
of those, and its median over the rounds is shown, because other work on the
machine is noise. --elsewhere also writes the records of each attack by customers
to a topic that nobody reads, for comparison. The exit status is 1 if something was lost or somebody honest
refused, if /healthz took longer than a second, if the attack made a log grow by
more than a megabyte a minute, or if memory went over its bound. Times are shown and
not judged."""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench.measure import write_certs  # noqa: E402
from harness import process  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from hostile import attacks, gate_attacks  # noqa: E402
from hostile.gate import gate_stage  # noqa: E402
from hostile.honest import topics_stage  # noqa: E402

LOG_MOST = 1000000  # bytes a minute more than without the attack
RSS_MOST = {"bridge": 128 << 20, "broker": 256 << 20}
HEALTH_MOST = 1000  # ms
QUIET_EVERY = 3  # attacks
TIMES = ("connack", "asked", "told", "result")
HEAD = f"  {'attack':<60} {'lost':>5} {'ref.':>5}" + "".join(
    f" {name + ' p99':>16}" for name in TIMES) + \
    f" {'healthz':>8} {'log/min':>14} {'RSS':>9}"


def faults_of(quiet, window):
    """What is not as it must be."""
    found = []
    if window["lost"]:
        found.append(f"lost {window['lost']}")
    if window["refused"]:
        found.append(f"refused {window['refused']}")
    if window["health_failed"] or window["health_ms"] > HEALTH_MOST:
        found.append(f"healthz {window['health_ms']:.0f} ms, "
                     f"{window['health_failed']} unanswered")
    for name, most in RSS_MOST.items():
        log = window["log"][name] - quiet["log"][name]
        if log > LOG_MOST:
            found.append(f"{log} bytes of log a minute by the {name}")
        if window["rss"][name] > most:
            found.append(f"RSS of the {name} {window['rss'][name] >> 20} MiB")
    return found


def show(name, quiet, hit):
    def pair(key):
        if key not in hit["p99_ms"]:
            return ""
        return f"{quiet['p99_ms'][key]:.0f} -> {hit['p99_ms'][key]:.0f} ms"

    log = "/".join(f"{(hit['log'][one] - quiet['log'][one]) >> 10:+}"
                   for one in RSS_MOST)
    rss = "/".join(str(hit["rss"][one] >> 20) for one in RSS_MOST)
    print(f"  {name:<60} {hit['lost']:>5} {hit['refused']:>5}"
          + "".join(f" {pair(key):>16}" for key in TIMES)
          + f" {hit['health_ms']:>6.0f}ms {log + ' kB':>14} {rss:>9}",
          flush=True)
    for fault in faults_of(quiet, hit):
        print(f"    FAULT: {fault}", flush=True)


def beside(enter, chosen, say, report):
    """All attacks of one stage. What an attack has broken is not the next one's
    fault: after a fault there is a new stage."""
    left = list(chosen)
    while left:
        with enter() as honest:
            quiet, since = None, 0
            while left:
                if not quiet or since == QUIET_EVERY:
                    quiet, since = honest.window(), 0
                attack = left.pop(0)
                hit = honest.window(attack())
                since += 1
                say(attack.name, quiet, hit)
                report.setdefault(attack.name, []).append((quiet, hit))
                if faults_of(quiet, hit):
                    break


class Stages:
    """Makes stages in folders of their own."""

    def __init__(self, folder, kafka, options):
        self.folder, self.kafka, self.options = folder, kafka, options
        self.ca = Ca(folder / "ca")
        self.stranger = Ca(folder / "stranger", "stranger").issue()
        self.certs = write_certs(self.ca, folder / "certs", each=4)
        self.count = 0

    def _place(self):
        self.count += 1
        return self.folder / f"stage-{self.count}"

    def topics(self, **more):
        return topics_stage(self._place(), self.kafka, self.certs,
                            self.options.rate, self.options.seconds, **more)

    def topics_not_recommended(self):
        return self.topics(topic_config={})

    def gate(self):
        return gate_stage(self._place(), self.kafka, self.ca, self.stranger,
                          self.options.gate_rate, self.options.seconds)


def compared(those, options):
    if not options.elsewhere:
        return those
    return [one for attack in those for one in (
        (attacks.elsewhere(attack), attack)
        if issubclass(attack, attacks.Decisions) else (attack,))]


def campaign(stages, options, say=show):
    report = {}
    for _ in range(options.rounds):
        for enter, those in (
                (stages.topics, compared(attacks.ALL, options)),
                (stages.topics_not_recommended,
                 compared(attacks.NOT_RECOMMENDED, options)),
                (stages.gate, gate_attacks.ALL)):
            chosen = [one for one in those if re.search(options.only, one.name)]
            beside(enter, chosen, say, report)
    return report


def ratio(rounds, key):
    return statistics.median(
        hit["p99_ms"][key] / max(quiet["p99_ms"][key], 1.0)
        for quiet, hit in rounds)


def show_ratios(report):
    print("  the median ratio of p99 with the attack to that without:")
    for name, rounds in report.items():
        print(f"  {name:<60} " + ", ".join(
            f"{key} {ratio(rounds, key):.1f}"
            for key in TIMES if key in rounds[0][1]["p99_ms"]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--gate-rate", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--elsewhere", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ztp-hostile-"))
    try:
        kafka = Kafka(folder / "kafka")
        kafka.start()
        print(HEAD)
        report = campaign(Stages(folder, kafka, options), options)
    finally:
        process.kill_all(process.Process.live)
        shutil.rmtree(folder, ignore_errors=True)
    show_ratios(report)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    bad = sum(bool(faults_of(quiet, hit)) for rounds in report.values()
              for quiet, hit in rounds)
    print(f"{len(report)} attacks, {bad} windows with a fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
