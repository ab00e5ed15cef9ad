"""Every point at which the bridge can die in the life of one request.

usage: crashpoints.py [--every K] [--workers N] [--points A,B,...] [--half]

In one life, the bridge starts on an empty store, an event arrives, becomes a
request and is approved, the command and the result are sent, and the bridge
stops. crash.c counts its durable and network steps. Then, for every step, the
same life runs with the bridge killed before that step and restarted, and once
more with the step done half-way. Whatever the step, there must be one request
id, one and the same command, one result, and a second device must still be
onboarded.

Threads run in parallel, so step n is not always the same. The sum over all n
is what counts."""

import argparse
import concurrent.futures
import dataclasses
import json
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fault.preload import Control  # noqa: E402
from harness import process  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.devkafka import DevKafka  # noqa: E402
from harness.rig import Rig, device_path  # noqa: E402
from harness.until import until  # noqa: E402

SETTINGS = {
    # The mock cluster gives a group its first assignment after 3 s.
    "kafka": {"properties": {
        "session.timeout.ms": 4000, "heartbeat.interval.ms": 500,
        "reconnect.backoff.max.ms": 500, "fetch.wait.max.ms": 20,
        "topic.metadata.refresh.interval.ms": 1000,
    }},
}
PAYLOAD = {"answer": "this device's own"}


class Life:
    """One life in a rig of its own."""

    def __init__(self, folder, kafka, certificate, step=0, half=False):
        self.rig = Rig(
            folder, kafka, SETTINGS, mosquitto={"persistence": True}
        )
        self.control = Control(folder)
        self.control.crash_at(step, half)
        self.rig.bridge.env = self.control.env
        self.certificate = certificate
        self.died = 0  # the step at which it died
        self.repeated = 0
        self.revived = 0
        self.steps = 0

    def revive(self):
        """Starts the bridge again after it has died as it was told to."""
        bridge = self.rig.bridge
        if not bridge.alive():
            self.died = self.control.get("steps")
            bridge.wait_exit(expect=-signal.SIGKILL)
            self.control.crash_at(0)
            self.revived += 1
            assert self.revived == 1, "it died twice"
            bridge.start()

    def until(self, look, what):
        def check():
            self.revive()
            return look()

        return until(check, what, 120)

    def records(self, name, path):
        self.rig.reader.poll()
        return self.rig.reader.find(self.rig.topics[name], key=path)

    def run(self):
        """Runs one device and, if the bridge was to die, another one."""
        rig = self.rig
        rig.mosquitto.start()
        rig.bridge.start()
        rig.look()
        topic = f": {rig.bridge.client_id} 1 {rig.pending_topic}\n"
        self.until(lambda: topic in rig.mosquitto.log(), "intake")
        first = self.device()
        if self.control.get("crash_at") or self.revived:
            self.device()
        self.check(first)
        self.end()
        return self

    def device(self):
        rig = self.rig
        device = rig.device(device_path("crash"))
        path = device.path
        rig.pending(path, self.certificate)
        asked = self.until(
            lambda: self.records("requests", path), f"request for {path}"
        )[0]
        rig.decide(asked, payload=PAYLOAD)
        self.until(lambda: device.find(), f"command for {path}")
        self.until(
            lambda: self.records("results", path), f"result for {path}"
        )
        return device

    def check(self, device):
        path = device.path
        asked = self.records("requests", path)
        ids = {record.json()["request_id"] for record in asked}
        assert len(ids) == 1, ids
        commands = device.find()
        want = {
            "type": "provisioning", "request_id": ids.pop(),
            "status": "approved", "device_path": path, "payload": PAYLOAD,
        }
        for command in commands:
            assert command.topic == device.command_topic
            got = command.json()
            got.pop("content_type", None)
            assert got == want, got
        self.repeated = len(commands) - 1
        results = self.records("results", path)
        assert {r.json()["outcome"] for r in results} == {"onboarded"}, results
        assert len({r.header("ce_id") for r in results}) == 1, results
        dead = self.rig.reader.find(self.rig.topics["dlq"])
        assert not dead, dead

    def end(self):
        """Stops the bridge cleanly. The step at which it dies may be part of
        the stop."""
        bridge = self.rig.bridge
        self.revive()
        try:
            bridge.stop()
        except AssertionError:
            if not self.control.get("crash_at") or self.revived:
                raise
            self.died = self.control.get("steps")
            self.control.crash_at(0)
            self.revived += 1
            bridge.start().wait_log("event=started ")
            bridge.stop()
        self.steps = self.control.get("steps")
        self.rig.stop()
        self.control.close()


@dataclasses.dataclass
class Outcome:
    died: int  # the step, or 0
    repeated: int
    steps: int


class Points:
    """Runs lives in parallel, because they mostly wait."""

    def __init__(self, folder, kafka, certificate, workers=12):
        self.folder = pathlib.Path(folder)
        self.kafka = kafka
        self.certificate = certificate
        self.workers = workers
        self.count = 0

    def life(self, step=0, half=False):
        name = f"step-{step}{'-half' if half else ''}"
        folder = self.folder / name
        return self.outcome(folder, step, half)

    def outcome(self, folder, *point):
        # The life itself goes with its rig: Kafka clients hold many files.
        life = Life(folder, self.kafka, self.certificate, *point).run()
        return Outcome(life.died, life.repeated, life.steps)

    def measure(self):
        """The number of steps in a life."""
        self.count = self.outcome(self.folder / "whole").steps
        return self.count

    def run(self, points):
        """[(step, half)] -> ([Outcome], [(point, error)])"""
        lives, failures = [], []
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            futures = {
                pool.submit(self.life, *point): point for point in points
            }
            for future in concurrent.futures.as_completed(futures):
                error = future.exception()
                if error:
                    failures.append((futures[future], error))
                else:
                    lives.append(future.result())
        return lives, failures


def points_of(count, every=1, half=True):
    steps = range(1, count + 1, every)
    out = [(step, False) for step in steps]
    return out + [(step, True) for step in steps] if half else out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--points", help="these steps only: 17,42h,...")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="ztp-crash-")
    kafka = DevKafka(pathlib.Path(folder) / "kafka").start()
    leaf = Ca(pathlib.Path(folder) / "ca").leaf()
    points = Points(folder, kafka, leaf.base64, options.workers)
    try:
        if options.points:
            todo = [
                (int(point.rstrip("h")), point.endswith("h"))
                for point in options.points.split(",")
            ]
        else:
            print(f"{points.measure()} steps in a life", flush=True)
            todo = points_of(points.count, options.every)
        lives, failures = points.run(todo)
    finally:
        process.kill_all(process.Process.live)
    for point, error in failures:
        print(f"step {point[0]}{' half-way' if point[1] else ''}: {error!r}")
    print(json.dumps({
        "steps": points.count, "lives": len(lives) + len(failures),
        "died": sum(1 for life in lives if life.died),
        "repeated": sum(life.repeated for life in lives),
        "failed": len(failures), "folder": folder,
    }))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
