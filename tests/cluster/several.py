"""Several bridges without devices (standby.c) on a real Kafka, and what must hold
of what they say."""

import json
import re
import uuid

from harness import where
from harness.process import Process
from harness.until import until

SESSION = 2.0  # s
LINE = re.compile(r"^(\d+) ([a-z]+)(?: (\d+))?$", re.MULTILINE)
SERVING = {"active", "yielding", "leaving"}


def new_names():
    """Of a group and of its topics, which the first of its bridges makes."""
    tag = uuid.uuid4().hex[:8]
    return {name: f"{name}-{tag}" for name in ("group", "state", "journal")}


class Bridge(Process):
    def __init__(self, kafka, names, instance, folder):
        self.instance = instance
        topics = {name: topic for name, topic in names.items()
                  if name != "group"}
        config = folder / f"{instance}.yaml"
        config.write_text(
            f"kafka:\n  brokers: {kafka.brokers}\n  group: {names['group']}\n"
            f"  topics: {json.dumps(topics)}\n"
            "  create_topics: true\n"
            f"store: {{path: {folder}/{instance}.db}}\n"
            f"standby: {{instance: {instance}, session_timeout: 2s}}\n")
        super().__init__(instance, [where.binary("cluster/standby"), config],
                         folder)

    def said(self):
        """(ms, word, number or None) since its last start."""
        return [(int(at), word, int(number) if number else None)
                for at, word, number in LINE.findall(self.log())]

    def words(self):
        return [word for _, word, _ in self.said()]

    def role(self):
        """The last one that it said."""
        roles = [word for word in self.words()
                 if word not in ("told", "left", "members")]
        return roles[-1] if roles else "out"

    def members(self):
        """How many there are in the group, as it saw last."""
        seen = [number for _, word, number in self.said() if word == "members"]
        return seen[-1] if seen else 0

    def told(self):
        """When it told somebody something; ms."""
        return [at for at, word, _ in self.said() if word == "told"]

    def wait_active(self, timeout=20.0):
        until(lambda: self.role() == "active" and self.told(),
              f"{self.name} is active", timeout, interval=0.02)
        return self

    def wait_standby(self):
        self.wait_log("standing_by")
        return self


def interleaved(*bridges):
    """The order in which they told something, without repetitions: with one
    active after the other, each appears once for each time it was active."""
    all_told = sorted((at, bridge.instance) for bridge in bridges
                      for at in bridge.told())
    order = []
    for _, name in all_told:
        if order[-1:] != [name]:
            order.append(name)
    return order
