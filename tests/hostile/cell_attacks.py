"""What makes one of two cells useless. `stage` is a cells.CellHonest, whose
`neighbour` is the cell that is hit."""

import itertools
import json

from harness.attack import Connect, knock
from harness.gate import Operator, jwt, path_of
from harness.until import until
from hostile.attacks import Attack, Garbage, GarbageWithLargeKeys
from hostile.attacks import UnknownWithLargeKeys

FULL = 5  # open requests


class Poison(Attack):
    """By its customer: decisions that say nothing or are large, and approvals
    that cannot be followed, of a device that waits."""

    name = "poisoned decisions"
    a_second = 500
    kinds = (Garbage, GarbageWithLargeKeys, UnknownWithLargeKeys)

    def begin(self, stage):
        self.cell = stage.neighbour
        self.parts = [kind() for kind in self.kinds]
        for part in self.parts:
            part.begin(self.cell)
        _, _, request = self.cell.knock()
        self.key = request.key
        self.open = request.json()["request_id"]

    def step(self, n):
        garbage, *large = self.parts
        garbage.step(n)
        if n % 100 == 0:
            for part in large:
                part.step(n)
        if n % 10 == 0:
            garbage.producer.produce(garbage.topic, json.dumps({
                "request_id": self.open, "device_path": self.key,
                "decision": "approve", "payload_base64": "no base64"}),
                self.key)

    def end(self):
        for part in self.parts:
            part.end()


class PoisonedEvents(Attack):
    """By who may publish them: events that nobody can read."""

    name = "poisoned events"
    a_second = 300

    def begin(self, stage):
        self.cell = stage.neighbour
        self.operator = Operator(self.cell.gate, listen=False)
        self.topic = self.cell.bridge.settings["mqtt"].get(
            "pending_topic", "ztp/v1/pending")
        self.bodies = itertools.cycle((
            b"", b"{", b"\xff" * 200, b'{"x":"' + b"y" * 20000 + b'"}',
            json.dumps({"device_path": path_of(self.cell.registry),
                        "certificate": "none"}).encode()))

    def step(self, n):
        self.operator.client.publish(self.topic, next(self.bodies), 1)

    def end(self):
        self.operator.close()


class Flood(Attack):
    """New devices without end, whom nobody decides about. One key has proven
    them all, so what they cost is the cell's and not the gate's."""

    name = "a flood of new devices"
    a_second = 200

    def begin(self, stage):
        self.cell = cell = stage.neighbour
        leaf = cell.ca.issue()
        self.proof = leaf.base64, jwt(leaf)
        self.port = cell.gate.port

    def step(self, n):
        path = path_of(self.cell.registry, "flood")
        assert knock(self.port, Connect(path, *self.proof)) == 0


class Full(Flood):
    """As many requests are open as may be, and devices go on coming."""

    name = "a full state"
    a_second = 50

    def begin(self, stage):
        super().begin(stage)
        self._restart({"max_requests": FULL})
        self.cell.wait_ready()
        for n in range(2 * FULL):
            self.step(n)
        until(self._is_full, lambda: f"it is full: {self.cell.ready()}")

    def _is_full(self):
        return "max_requests has been reached" in self.cell.ready()[1]

    def _restart(self, store):
        bridge = self.cell.bridge
        bridge.stop()
        bridge.settings["store"] = {"path": bridge.settings["store"]["path"],
                                    **store}
        bridge.write_config()
        bridge.start()

    def end(self):
        assert self._is_full(), "it was full to the end"
        self._restart({})
        self.cell.wait_ready()


ALL = (Poison, PoisonedEvents, Flood, Full)
