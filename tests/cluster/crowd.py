"""New devices at a gate, at a rate: each is a connection with a bootstrap
certificate and a proof, stays until it is told, and comes back if it is thrown
out; and once it is told, until its customer knows, as a device comes again that
has been switched off. All are tasks of one thread."""

import asyncio
import collections
import json
import random
import threading
import time

from fault import plan, wire
from harness.certs import Ca
from harness.gate import Gate, jwt

REGISTRIES = 5  # as plan.path_of has them
LEAVES = 8
LIMITS = {"max_per_certificate": 100000000, "max_per_registry": 100000000}
STEP = 0.02  # s
BACK = (0.2, 1.0)  # s until a device comes back
SILENT = 120.0  # s without a word, after which it comes anew
KEEPALIVE = 600


class Crowd:
    """Both driver and devices of a campaign."""

    def __init__(self, stage):
        self.stage, self.oracle = stage, stage.oracle
        self.ca = Ca(stage.folder / "ca")
        self.gate = Gate(stage.folder / "gate", self.ca.server(),
                         {**LIMITS, "pending_mode": "hold"})
        self.leaves = [self.ca.long_valid() for _ in range(LEAVES)]
        self.tokens = [jwt(leaf, lifetime=80000) for leaf in self.leaves]
        self.rate = stage.rate
        self.late_share, self.late = 0, False
        self.offering = False
        self.again = collections.deque()  # a device comes again by itself
        self.refused = 0
        self.ending = threading.Event()
        self.trouble = None
        self.tasks = set()
        self.thread = threading.Thread(target=self._run, daemon=True,
                                       name="crowd")

    def set_up(self):
        with self.gate.operator(listen=False) as operator:
            for number in range(REGISTRIES):
                for who in ("acme", "late"):
                    name = f"{who}/r{number}"
                    operator.registry(name, self.ca, onboarding="custom",
                                      audience="acme")

    def start(self):
        self.thread.start()

    def offer(self, on):
        self.offering = on

    def idle(self):
        self.again.clear()
        return True

    def close(self):
        self.ending.set()
        if self.thread.is_alive():
            self.thread.join(30)
        if self.trouble:
            raise self.trouble

    # the thread

    def _run(self):
        try:
            asyncio.run(self._come())
        except Exception as error:  # reported by close()
            self.trouble = error
            raise

    async def _come(self):
        budget, since = 0.0, time.monotonic()
        while not self.ending.is_set():
            await asyncio.sleep(STEP)
            now = time.monotonic()
            budget = min(self.rate, budget + (now - since) * self.rate)
            since = now
            while self.offering and budget >= 1:
                budget -= 1
                late = random.randrange(100) < self.late_share
                task = asyncio.create_task(self._device(self.oracle.new(late)))
                self.tasks.add(task)
                task.add_done_callback(self._done)
        for task in self.tasks:
            task.cancel()

    def _done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.trouble = task.exception()
            self.ending.set()

    def _is_over(self, n):
        return self.oracle.results[n] and (
            self.oracle.commands[n] or not plan.approved(n))

    async def _device(self, n):
        while not self._is_over(n):
            try:
                await asyncio.wait_for(self._visit(n), SILENT)
            except (OSError, EOFError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(random.uniform(*BACK))

    async def _visit(self, n):
        epoch, port = self.oracle.epoch, self.gate.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            path, leaf = self.oracle.path(n), n % LEAVES
            writer.write(wire.connect(
                path, keepalive=KEEPALIVE, user=self.leaves[leaf].base64,
                password=self.tokens[leaf]))
            stream, told = wire.Splitter(), False
            while not told and not self._is_over(n):
                data = await reader.read(65536)
                if not data:
                    raise EOFError
                for first, body in stream.feed(data):
                    told |= bool(await self._got(n, epoch, writer, first, body))
            writer.write(wire.packet(wire.DISCONNECT, b""))
        finally:
            writer.close()

    async def _got(self, n, epoch, writer, first, body):
        """Returns whether it has been told."""
        kind = first & 0xF0
        if kind == wire.CONNACK:
            if body[1]:
                self.refused += 1
                raise EOFError
            self.oracle.mosquitto_took(n, epoch)
            while self.oracle.late[n] and not self.late:
                await asyncio.sleep(STEP)
            writer.write(
                wire.subscribe(f"{self.oracle.path(n)}/commands", 1))
        elif kind == wire.PUBLISH:
            topic, mid, payload = wire.read_publish(first, body)
            pending = json.loads(payload).get("status") == "pending"
            if not pending:
                self.oracle.device_got(topic, payload, dup=bool(first & 8))
            if first & 6:
                writer.write(wire.puback(mid))
            return not pending
        return False
