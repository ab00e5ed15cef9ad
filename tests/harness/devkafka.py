"""Runs build/ztp-devkafka: librdkafka's mock cluster in a process of its
own."""

from . import where
from .admin import ask_for_topics
from .ports import free_port
from .process import Process


class DevKafka(Process):
    """It keeps nothing after it ends, and creates topics on demand. Its port stays
    its own then: what looks for it there finds nobody."""

    def __init__(self, folder, name="devkafka", args=()):
        if "--port" not in args and "--brokers" not in args:
            args = ["--port", free_port(), *args]
        super().__init__(name, [where.binary("ztp-devkafka"), *args], folder)
        self.brokers = None
        self.partitions = 4

    def start(self):
        super().start()
        self.brokers = self.wait_log(r"^brokers=(\S+)$").group(1)
        return self

    def create(self, topics, partitions=None):
        """The mock cluster creates a topic on first use, with the number of
        partitions it was started with."""
        assert partitions is None or partitions == self.partitions
        ask_for_topics(self.brokers, topics)
