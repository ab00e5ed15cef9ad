"""The list of brokers, and a file of measurements for each."""

import json

from harness import where

from .aedes import Aedes
from .artemis import Artemis
from .hivemq import HiveMq
from .mochi import Mochi, MochiTruthful
from .moquette import Moquette
from .mosquitto import Mosquitto
from .rabbitmq import RabbitMq

BROKERS = [Mosquitto, HiveMq, Artemis, Mochi, MochiTruthful, RabbitMq,
           Moquette, Aedes]


# The cells of docs/brokers.md.
CELLS = ("title", "version", "release", "at", "machine", "nobody", "ack",
         "late_s", "rate", "burst", "burst_stock", "backlog", "stock",
         "kept")


class Row:
    """One broker in one version of MQTT."""

    def __init__(self, kind, version):
        self.kind, self.version = kind, version
        self.name = f"{kind.__name__.lower()}-{version}"
        self.path = where.build() / "brokers" / f"{self.name}.json"

    @property
    def level(self):
        """The protocol level, as in tests/harness/mqtt.py."""
        return 5 if self.version == "5" else 4

    def measured(self):
        if not self.path.exists():
            return {}
        return json.loads(self.path.read_text(encoding="utf-8"))

    def complete(self):
        return set(CELLS) <= set(self.measured())

    def note(self, **cells):
        """Records measurements for docs/brokers.md."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(
            json.dumps({**self.measured(), **cells}, indent=1) + "\n",
            encoding="utf-8",
        )


def rows():
    return [Row(kind, version) for kind in BROKERS for version in kind.speaks()]
