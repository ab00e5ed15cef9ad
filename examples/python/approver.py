#!/usr/bin/env python3
"""A customer's approver: a device may join if its certificate is on the list.

    KAFKA_BROKERS=127.0.0.1:9092 python approver.py allowed.txt

allowed.txt is read by allow_list.py. Offsets are committed after Kafka has acknowledged
the decisions; one that is made again has no effect. The key keeps a device's decisions
in order. What is not a request is printed and passed over."""

import json
import os
import sys

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

import allow_list
import told

BROKERS = os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092")
GROUP = os.environ.get("KAFKA_GROUP", "approver-python")
TOPIC = os.environ.get("REQUESTS_TOPIC", "ztp.requests")


def decide(request, fingerprints):
    """The fingerprint binds a decision to the key it was made for."""
    decision = {
        "request_id": request["request_id"],
        "device_path": request["device"]["path"],
        "fingerprint_sha256": request["certificate"]["fingerprint_sha256"],
        "decided_by": GROUP,
    }
    if not all(map(str.encode, decision.values())):  # raises for what is not text
        raise ValueError("a member is empty")
    if decision["fingerprint_sha256"] in fingerprints:
        return {**decision, "decision": "approve", "payload": {"ntp": "time.acme.example"}}
    return {**decision, "decision": "reject", "reason": "not_on_list"}


def answer(producer, messages, fingerprints):
    """Returns once Kafka has acknowledged every decision; raises if it has not."""
    failed, decisions = [], []
    for message in messages:
        try:
            request = json.loads(message.value())
            decision = decide(request, fingerprints)
            producer.produce(request.get("decision_topic") or "ztp.decisions",
                             json.dumps(decision), message.key(),
                             on_delivery=lambda error, _: error and failed.append(error))
            decisions.append(decision)
        except (KeyError, TypeError, ValueError, RecursionError):
            print(f"{message.topic()}[{message.partition()}] at offset {message.offset()}"
                  " is not a request", file=sys.stderr)
    if producer.flush() or failed:
        raise KafkaException(*failed)
    return decisions


def ends(messages):
    """Where to go on: behind the last message of each partition."""
    last = {(m.topic(), m.partition()): m.offset() + 1 for m in messages}
    return [TopicPartition(*where, offset) for where, offset in last.items()]


def main(path):
    stop = told.to_end()
    # Of several in flight, librdkafka may report a refused one as delivered.
    producer = Producer({"bootstrap.servers": BROKERS, "linger.ms": 0,
                         "enable.idempotence": True,
                         "max.in.flight.requests.per.connection": 1})
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": GROUP,
                         "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed",
                         "session.timeout.ms": 10000})
    consumer.subscribe([TOPIC])
    try:
        while not stop.is_set():
            first = consumer.poll(0.5)
            if first is None:
                continue
            # Whatever else has arrived; does not wait for more.
            messages = [first, *consumer.consume(500, 0)]
            for message in filter(Message.error, messages):
                print(message.error(), file=sys.stderr)
            messages = [message for message in messages if not message.error()]
            # Read each time: the list can change without a restart.
            decisions = answer(producer, messages, allow_list.read(path))
            if messages:
                consumer.commit(offsets=ends(messages), asynchronous=False)
            for decision in decisions:
                print(decision["decision"], decision["device_path"], flush=True)
    finally:
        consumer.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: approver.py LIST", file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1])
