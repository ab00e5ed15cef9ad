"""Another member of a consumer group, in a thread; or in a process of its own,
which can be killed."""

import pathlib
import sys
import threading

from confluent_kafka import Consumer


def consumer(brokers, group, topic, on_assign):
    made = Consumer({
        "bootstrap.servers": brokers, "group.id": group,
        "partition.assignment.strategy": "range",
        "session.timeout.ms": 6000, "heartbeat.interval.ms": 1500,
        "enable.auto.commit": False, "log_level": 0,
    })
    made.subscribe([topic], on_assign=on_assign)
    return made


class Member(threading.Thread):
    def __init__(self, *args):
        super().__init__(daemon=True)
        self.consumer = consumer(*args, lambda *_: None)
        self.ending = threading.Event()
        self.start()

    def run(self):
        while not self.ending.is_set():
            self.consumer.poll(0.1)
        self.consumer.close()

    def close(self):
        self.ending.set()
        self.join(30)

    @staticmethod
    def command(*args):
        return [sys.executable, str(pathlib.Path(__file__).resolve()), *args]


if __name__ == "__main__":
    alone = consumer(*sys.argv[1:],
                     lambda *_: print("assigned", flush=True))
    while True:
        alone.poll(0.1)
