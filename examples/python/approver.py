#!/usr/bin/env python3
"""A customer's approver: a device may join if its certificate is on the list.

    KAFKA_BROKERS=127.0.0.1:9092 python approver.py allowed.txt

allowed.txt is read by allow_list.py. Each request is processed at
least once: its offset is committed after Kafka has acknowledged the decision.
After a crash the same decision is made again, which has no effect."""

import json
import os
import signal
import sys

from confluent_kafka import Consumer, KafkaException, Producer

import allow_list

BROKERS = os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092")
GROUP = os.environ.get("KAFKA_GROUP", "approver-python")
TOPIC = os.environ.get("REQUESTS_TOPIC", "ztp.requests")


def decide(request, fingerprints):
    """The fingerprint binds a decision to the key it was made for."""
    fingerprint = request["certificate"]["fingerprint_sha256"]
    decision = {
        "request_id": request["request_id"],
        "device_path": request["device"]["path"],
        "fingerprint_sha256": fingerprint,
        "decided_by": GROUP,
    }
    if fingerprint in fingerprints:
        return {**decision, "decision": "approve",
                "payload": {"ntp": "time.acme.example"}}
    return {**decision, "decision": "reject", "reason": "not_on_list"}


def send(producer, topic, key, decision):
    """Returns once Kafka has acknowledged it; raises if it has not."""
    failed = []
    producer.produce(topic, json.dumps(decision), key,
                     on_delivery=lambda error, _: error and failed.append(error))
    if producer.flush() or failed:
        raise KafkaException(*failed)


def main(path):
    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(True))
    producer = Producer({"bootstrap.servers": BROKERS,
                         "enable.idempotence": True, "linger.ms": 0})
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": GROUP,
                         "enable.auto.commit": False,
                         "auto.offset.reset": "earliest",
                         "session.timeout.ms": 10000})
    consumer.subscribe([TOPIC])
    try:
        while not stop:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                print(message.error(), file=sys.stderr)
                continue
            request = json.loads(message.value())
            # Read for each request: the list can change without a restart.
            decision = decide(request, allow_list.read(path))
            topic = request.get("decision_topic", "ztp.decisions")
            send(producer, topic, message.key(), decision)
            consumer.commit(message, asynchronous=False)
            print(decision["decision"], decision["device_path"], flush=True)
    finally:
        consumer.close()


if __name__ == "__main__":
    main(sys.argv[1])
