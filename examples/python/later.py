"""Decisions that their topic does not take: it is not there, may not be written to, or
takes smaller ones only. With several bridges each has a topic of its own, and what is
wrong with one must not stop the requests of the others. Their requests wait here, and
are decided again after a while until they expire. No offset behind one that waits is
committed, so a restart forgets none."""

import sys
import time

from confluent_kafka import KafkaError, TopicPartition

from decision import topic_of

PAUSE = 5  # seconds
MOST = 1000  # requests that wait
TOPICS_FAULT = {
    KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_EXCEPTION, KafkaError.MSG_SIZE_TOO_LARGE}


def place(message):
    return message.topic(), message.partition()


class Later:
    def __init__(self):
        self.waiting = []  # messages, in their order
        self.read = {}  # place: the offset behind the last one
        self.again_at = self.tell_at = 0.0

    def due(self):
        """Those that are to be decided again now; they wait no more."""
        if time.monotonic() < self.again_at:
            return []
        due, self.waiting = self.waiting, []
        return due

    def keeps(self, error, message, request):
        """False: it is not the topic's fault."""
        if error.code() not in TOPICS_FAULT:
            return False
        self.again_at = time.monotonic() + PAUSE
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        if str(request.get("expires_at") or "9") < now:
            self.leave(message, "it has expired, and its topic did not take it")
            return True
        self.waiting.append(message)
        if len(self.waiting) > MOST:
            self.leave(self.waiting.pop(0), "too many wait for their topics")
        if time.monotonic() >= self.tell_at:
            self.tell_at = time.monotonic() + 60
            print(f"{topic_of(request)} does not take a decision: {error.str()}; it is made"
                  " again later, and others go on", file=sys.stderr)
        return True

    @staticmethod
    def leave(message, why):
        print(f"{message.topic()}[{message.partition()}] at offset {message.offset()} is"
              f" left undecided: {why}", file=sys.stderr)

    def ends(self, again, read):
        """Where to go on in the partitions of these, which have waited or were read."""
        ends = {}
        for message in again:
            ends[place(message)] = self.read[place(message)]
        for message in read:
            ends[place(message)] = self.read[place(message)] = message.offset() + 1
        for message in self.waiting:
            if place(message) in ends:
                ends[place(message)] = min(ends[place(message)], message.offset())
        return [TopicPartition(*where, offset) for where, offset in ends.items()]
