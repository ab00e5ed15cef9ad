#!/usr/bin/env python3
"""A customer's approver: a device may join if its certificate is on the list.

    KAFKA_BROKERS=127.0.0.1:9092 python approver.py allowed.txt

allowed.txt is read by allow_list.py. Offsets are committed after Kafka has acknowledged
the decisions; one that is made again has no effect. The key keeps a device's decisions
in order. What is not a request is printed and passed over."""

import json
import os
import sys

from confluent_kafka import Consumer, KafkaException, Message, Producer

import allow_list
import decision
import told
from later import Later

BROKERS = os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092")
GROUP = os.environ.get("KAFKA_GROUP", "approver-python")
TOPIC = os.environ.get("REQUESTS_TOPIC", "ztp.requests")


def answer(producer, messages, fingerprints, later):
    """Returns once Kafka has taken every decision, or its topic does not, and it waits;
    raises otherwise."""
    failed, decisions = [], []
    for message in messages:
        try:
            request = decision.read(message.value())
        except (KeyError, TypeError, ValueError, RecursionError):
            print(f"{message.topic()}[{message.partition()}] at offset {message.offset()}"
                  " is not a request", file=sys.stderr)
            continue
        decided = decision.decide(request, fingerprints, GROUP)

        def done(error, _, message=message, request=request, decided=decided):
            if not error:
                decisions.append(decided)
            elif not later.keeps(error, message, request):
                failed.append(error)

        try:
            producer.produce(decision.topic_of(request), json.dumps(decided),
                             message.key(), on_delivery=done)
        except KafkaException as refused:  # it is known by now that there is no such topic
            done(refused.args[0], None)
    if producer.flush() or failed:
        raise KafkaException(*failed)
    return decisions


def main(path):
    stop = told.to_end()
    # Of several in flight, librdkafka may report a refused one as delivered.
    producer = Producer({"bootstrap.servers": BROKERS, "linger.ms": 0,
                         "enable.idempotence": True,
                         "max.in.flight.requests.per.connection": 1,
                         "batch.size": 100000,  # Kafka bounds what a topic takes at once
                         "topic.metadata.propagation.max.ms": 5000})
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": GROUP,
                         "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed",
                         "session.timeout.ms": 10000})
    consumer.subscribe([TOPIC])
    later = Later()
    try:
        while not stop.is_set():
            first = consumer.poll(0.5)
            # Whatever else has arrived; does not wait for more.
            read = [] if first is None else [first, *consumer.consume(500, 0)]
            for message in filter(Message.error, read):
                print(message.error(), file=sys.stderr)
            read = [message for message in read if not message.error()]
            again = later.due()
            if not read and not again:
                continue
            # Read each time: the list can change without a restart.
            decisions = answer(producer, [*again, *read], allow_list.read(path), later)
            consumer.commit(offsets=later.ends(again, read), asynchronous=False)
            for one in decisions:
                print(one["decision"], one["device_path"], flush=True)
    finally:
        consumer.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: approver.py LIST", file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1])
