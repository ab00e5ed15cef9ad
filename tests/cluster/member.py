"""A member of a group as a standby is one: it never fetches, and commits the
position of its copy now and then, which Kafka takes from members of the present
generation only.

usage: member.py BROKERS GROUP TOPIC CLIENT_ID SESSION_MS

Prints "assigned N" for each assignment, "lost" or "revoked", and "check CODE"
when the answer to a commit is another than the one before. SIGTERM: leaves."""

import signal
import sys

from confluent_kafka import Consumer, KafkaException, TopicPartition

CHECK_EVERY = 0.2  # s


class Member:
    def __init__(self, brokers, group, topic, client_id, session_ms):
        self.topic = topic
        self.position = 0
        self.answer = None
        self.over = False
        self.consumer = Consumer({
            "bootstrap.servers": brokers,
            "group.id": group,
            "client.id": client_id,
            "partition.assignment.strategy": "roundrobin",
            "session.timeout.ms": session_ms,
            "max.poll.interval.ms": session_ms,
            "heartbeat.interval.ms": 500,
            "enable.auto.commit": False,
            "log_level": 0,
        })
        self.consumer.subscribe([topic], on_assign=self.assigned,
                                on_revoke=self.revoked, on_lost=self.lost)

    def assigned(self, consumer, partitions):
        consumer.assign([])
        print("assigned", len(partitions), flush=True)

    @staticmethod
    def revoked(_consumer, _partitions):
        print("revoked", flush=True)

    @staticmethod
    def lost(_consumer, _partitions):
        print("lost", flush=True)

    def check(self):
        self.position += 1
        try:
            self.consumer.commit(
                offsets=[TopicPartition(self.topic, 0, self.position)],
                asynchronous=False)
            answer = "OK"
        except KafkaException as error:
            answer = error.args[0].name()
        if answer != self.answer:
            print("check", answer, flush=True)
        self.answer = answer

    def run(self):
        while not self.over:
            self.consumer.poll(CHECK_EVERY)
            self.check()
        self.consumer.close()

    def end(self, *_):
        self.over = True


if __name__ == "__main__":
    member = Member(*sys.argv[1:5], int(sys.argv[5]))
    signal.signal(signal.SIGTERM, member.end)
    member.run()
