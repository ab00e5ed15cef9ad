"""A long outage of Kafka under load: back-pressure from end to end.

usage: outage.py [--seconds S] [--rate EVENTS_PER_SECOND]
                 [--max-requests N]

Measures the highest rate of the whole path first. Then stops Kafka (SIGSTOP)
for that long, with a restart of Mosquitto half-way, and continues it.
Everything has to arrive, the backlog at no less than half the highest rate,
and the bridge's memory has to stay flat."""

import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fault.campaign import Campaign  # noqa: E402
from fault.stage import Stage  # noqa: E402
from harness import process  # noqa: E402
from harness.until import until  # noqa: E402


class Sampler(threading.Thread):
    """Samples the bridge's memory twice a second."""

    def __init__(self, stage):
        super().__init__(daemon=True, name="sampler")
        self.stage = stage
        self.ending = threading.Event()
        self.kib = [stage.rss()]
        self.start()

    def run(self):
        while not self.ending.wait(0.5):
            self.kib.append(self.stage.rss())

    def close(self):
        self.ending.set()
        self.join(5)
        return max(self.kib)


def settled(stage):
    """The number of devices that have their result."""
    return sum(stage.oracle.results)


def offer(stage, count, late=False, timeout=120):
    """Offers that many events as fast as Mosquitto accepts them."""
    driver = stage.driver
    goal = len(stage.oracle.ids) + count
    rate, share = driver.rate, driver.late_share
    driver.rate, driver.late_share = 20000, 100 if late else 0
    driver.offer(True)
    until(lambda: len(stage.oracle.ids) >= goal, "offered", timeout, 0.002)
    driver.offer(False)
    driver.rate, driver.late_share = rate, share
    until(driver.idle, "Mosquitto has taken all", timeout)


def highest_rate(stage, count=10000):
    """Requests answered per second when events are offered without a pause."""
    first, began = settled(stage), time.monotonic()
    offer(stage, count)
    until(lambda: not stage.oracle.open(), "all are answered", 120, 0.05)
    return (settled(stage) - first) / (time.monotonic() - began)


def outage(stage, seconds, restart=True, at_least=0):
    """Until so many have been offered, which is later on a busy machine. Returns
    (offered, backlog, drain seconds, drained per second, peak RSS in MiB)."""
    driver, waiter = stage.driver, threading.Event()
    first = len(stage.oracle.ids)
    sampler = Sampler(stage)
    stage.kafka.pause()
    driver.offer(True)
    waiter.wait(seconds / 2)
    if restart:
        stage.mosquitto.stop()
        stage.mosquitto.start()
    waiter.wait(seconds / 2)
    until(lambda: len(stage.oracle.ids) - first > at_least,
          f"more than {at_least} are offered")
    driver.offer(False)
    process.verify_all()
    offered, backlog = len(stage.oracle.ids) - first, len(stage.oracle.open())
    stage.kafka.resume()
    began = time.monotonic()
    Campaign(stage, "outage", 0).rest()
    drained = time.monotonic() - began
    return offered, backlog, drained, backlog / drained, sampler.close() / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--max-requests", type=int, default=1000000)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="ztp-outage-")
    stage = Stage(folder, options.rate, {
        "store": {"max_requests": options.max_requests}
    }).start()
    try:
        stage.devices.late = True
        highest = highest_rate(stage)
        base = stage.rss() / 1024
        offered, backlog, drained, rate, peak = outage(stage, options.seconds)
        stage.oracle.judge()
        bad = stage.oracle.bad()
        stage.stop()
    finally:
        process.kill_all(process.Process.live)
    print(json.dumps({
        "highest_per_s": round(highest), "offered": offered,
        "backlog": backlog, "drain_s": round(drained, 1),
        "drained_per_s": round(rate), "rss_mib": round(base),
        "peak_rss_mib": round(peak), **stage.oracle.summary(),
    }))
    for text in stage.oracle.findings[:50]:
        print(text)
    if rate < highest / 2:
        print("drained at less than half the highest rate")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
