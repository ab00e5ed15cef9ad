"""build/ztp-devkafka: librdkafka's mock cluster in a process."""

from . import where
from .process import Process


class DevKafka(Process):
    """It forgets everything when it ends; topics make themselves."""

    def __init__(self, folder, name="devkafka", args=()):
        super().__init__(name, [where.binary("ztp-devkafka"), *args], folder)
        self.brokers = None

    def start(self):
        super().start()
        self.brokers = self.wait_log(r"^brokers=(\S+)$").group(1)
        return self

    def create(self, topics, partitions=4):
        """The mock cluster makes a topic when it is first asked for."""
