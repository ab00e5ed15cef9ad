"""Drives tests/cluster/ledger.c: a bridge's copy and its turns, one command at a
time, so that it can be killed at any of its steps."""

import os
import re
import uuid

from harness import where
from harness.admin import create_topics
from harness.process import Process
from harness.until import until

CONFIG = """\
kafka:
  brokers: {brokers}
  group: {group}
  topics: {{requests: {name}.requests, decisions: {name}.decisions,
           results: {name}.results, dlq: {name}.dlq, audit: {name}.audit}}
store: {{path: {folder}/unused.db}}
"""


class Topics:
    """The topics of one test, and the group of its bridges."""

    def __init__(self, kafka):
        self.kafka = kafka
        self.name = f"t-{uuid.uuid4().hex[:8]}"
        self.state = f"{self.name}.state"
        kafka.create([f"{self.name}.{topic}" for topic in (
            "requests", "decisions", "results", "dlq")], 1)
        create_topics(kafka.brokers, [self.audit], 1,
                      {"cleanup.policy": "compact"})
        self.create_state()

    def create_state(self):
        self.kafka.create([self.state], 1)

    @property
    def requests(self):
        return f"{self.name}.requests"

    @property
    def audit(self):
        """It takes no record without a key."""
        return f"{self.name}.audit"


class Ledger(Process):
    """A bridge's ledger; `store` outlives it."""

    def __init__(self, topics, folder, name="ledger", store=None):
        folder = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "ledger.yaml"
        config.write_text(CONFIG.format(
            brokers=topics.kafka.brokers, group=topics.name, name=topics.name,
            folder=folder))
        self.commands = folder / "commands"
        if not self.commands.exists():
            os.mkfifo(self.commands)
        self.store = store or folder / "store.db"
        super().__init__(name, [where.binary("cluster/ledger"), config,
                                self.store, topics.state, self.commands],
                         folder)
        self.pipe = None
        self.answered = 0

    def begin(self):
        """Its first answer: it has started, or why it cannot."""
        super().start()
        self.answered = 0
        return self.answer()

    def start(self):
        assert self.begin() == "started"
        self.pipe = open(self.commands, "w", encoding="utf-8")
        return self

    def answers(self):
        lines = self.log().split("\n")[:-1]
        return [line for line in lines if not re.search(r"\bevent=", line)]

    def answer(self, timeout=30):
        def come():
            return len(self.answers()) > self.answered or self.gone()

        until(come, f"{self.name} answers", timeout, interval=0.005)
        self.answered += 1
        return self.answers()[self.answered - 1].strip()

    def gone(self):
        assert self.alive(), self.log()
        return False

    def send(self, *words):
        self.pipe.write(" ".join(map(str, words)) + "\n")
        self.pipe.flush()

    def ask(self, *words, timeout=30):
        self.send(*words)
        return self.answer(timeout)

    def end(self):
        """Of itself, as after SIGTERM."""
        self.pipe.close()
        self.wait_exit()

    def killed_at(self, point, *words):
        """Sends a command, and kills it where it gets to."""
        assert self.ask("hold", point) == "ok"
        assert self.ask(*words) == f"held {point}"
        self.pipe.close()
        self.kill9()


def read(ledger):
    """To the end, once the topic is known everywhere."""

    def done():
        answer = ledger.ask("read")
        assert not answer.startswith("error ") or answer.startswith(
            "error io"), answer
        return answer.startswith("read ")

    until(done, "the state is read")


def opened(ledger):
    """As a bridge becomes active: fences, reads, says that it is."""
    assert ledger.ask("open") == "opened"
    read(ledger)
    return ledger
