"""Every attack for some seconds beside honest devices and customers.

usage: campaign.py [--rate R] [--seconds S] [--only TEXT] [--rounds N]
                   [--out FILE]

Before each attack there is a window without one, on the same bridge. What is
compared is the p99 of the two, and its median over the rounds, because other
work on the machine is noise. The exit status is 1 if something was lost, if
/healthz took longer than a second, if the attack made the log grow by more than
a MiB a minute, or if memory went over its bound. Times are shown and not
judged."""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench.measure import Stage, write_certs  # noqa: E402
from harness import process  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from hostile import attacks  # noqa: E402
from hostile.honest import Honest  # noqa: E402

LOG_MOST = 1 << 20  # bytes a minute more than without the attack
RSS_MOST = 128 << 20
HEALTH_MOST = 1000  # ms
HEAD = f"  {'attack':<52} {'lost':>5} {'asked p99':>14} {'told p99':>14}" \
       f" {'healthz':>8} {'log/min':>8} {'RSS':>5}"


def faults_of(quiet, window):
    """What is not as it must be."""
    found = []
    log = window["log_bytes_a_minute"] - quiet["log_bytes_a_minute"]
    if window["lost"]:
        found.append(f"lost {window['lost']}")
    if window["health_failed"] or window["health_ms"] > HEALTH_MOST:
        found.append(f"healthz {window['health_ms']:.0f} ms, "
                     f"{window['health_failed']} unanswered")
    if log > LOG_MOST:
        found.append(f"{log} bytes of log a minute")
    if window["peak_rss"] > RSS_MOST:
        found.append(f"RSS {window['peak_rss'] >> 20} MiB")
    return found


def show(name, quiet, hit):
    def pair(key):
        return f"{quiet[key]:.0f} -> {hit[key]:.0f} ms"

    log = hit["log_bytes_a_minute"] - quiet["log_bytes_a_minute"]
    print(f"  {name:<52} {hit['lost']:>5} {pair('asked_p99_ms'):>14}"
          f" {pair('told_p99_ms'):>14} {hit['health_ms']:>6.0f}ms"
          f" {log >> 10:>+6}kB"
          f" {hit['peak_rss'] >> 20:>5}", flush=True)
    for fault in faults_of(quiet, hit):
        print(f"    FAULT: {fault}", flush=True)


def one_attack(folder, kafka, certs, attack, rate, seconds):
    with Stage(folder, kafka, certs) as stage:
        honest = Honest(stage, rate)
        honest.begin(seconds)
        quiet = honest.window()
        hit = honest.window(attack())
    return quiet, hit


def ratio(rounds, key):
    return statistics.median(
        hit[key] / max(quiet[key], 1.0) for quiet, hit in rounds)


def campaign(folder, kafka, chosen, options, say=show):
    certs = write_certs(Ca(folder / "ca"), folder / "certs")
    report = {}
    for number in range(options.rounds):
        for attack in chosen:
            place = folder / f"{attack.__name__}-{number}"
            quiet, hit = one_attack(place, kafka, certs, attack, options.rate,
                                    options.seconds)
            say(attack.name, quiet, hit)
            report.setdefault(attack.name, []).append((quiet, hit))
            shutil.rmtree(place, ignore_errors=True)
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    chosen = [attack for attack in attacks.ALL if options.only in attack.name]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ztp-hostile-"))
    try:
        kafka = Kafka(folder / "kafka")
        kafka.start()
        print(HEAD)
        report = campaign(folder, kafka, chosen, options)
    finally:
        process.kill_all(process.Process.live)
        shutil.rmtree(folder, ignore_errors=True)
    if options.rounds > 1:
        print("  the median ratio of p99 with the attack to that without:")
        for name, rounds in report.items():
            print(f"  {name:<52} asked {ratio(rounds, 'asked_p99_ms'):.1f},"
                  f" told {ratio(rounds, 'told_p99_ms'):.1f}")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    bad = sum(bool(faults_of(quiet, hit)) for rounds in report.values()
              for quiet, hit in rounds)
    print(f"{len(report)} attacks, {bad} windows with a fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
