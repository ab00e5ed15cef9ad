"""The customer: reads requests and writes the plan's decisions, at least once.
It is a process of its own because it is killed, too.

usage: approver.py BROKERS GROUP REQUESTS DECISIONS [ISOLATION]

ISOLATION: read_uncommitted answers what may never be committed."""

import json
import os
import signal
import sys

from confluent_kafka import Consumer, Producer

sys.path.insert(
    0, os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)

from fault import plan  # noqa: E402

BATCH = 500


def answers(message):
    body = json.loads(message.value())
    path = body["device"]["path"]
    n = plan.number_of(path)
    yield plan.answer(n, body["request_id"], path)
    second = plan.second_answer(n, body["request_id"], path)
    if second:
        yield second


def serve(consumer, producer, topic, going):
    failed = []

    def delivered(error, _message):
        if error:
            failed.append(error)

    while going():
        batch = [m for m in consumer.consume(BATCH, 0.1) if not m.error()]
        if not batch:
            continue
        for message in batch:
            for body in answers(message):
                producer.produce(
                    topic, json.dumps(body), message.key(),
                    on_delivery=delivered,
                )
                producer.poll(0)
        # Offsets are committed only when every decision is in Kafka.
        while producer.flush(1) and going():
            pass
        if failed or len(producer):
            raise SystemExit(f"decisions not written: {failed[:3]}")
        commit(consumer)


def commit(consumer):
    try:
        consumer.commit(asynchronous=False)
    except Exception as error:  # after a rebalance they are read again
        print(f"not committed: {error}", flush=True)


def main(brokers, group, requests, decisions, isolation="read_committed"):
    state = {"going": True}

    def stop(_signal, _frame):
        state["going"] = False

    signal.signal(signal.SIGTERM, stop)
    common = {
        "bootstrap.servers": brokers,
        "reconnect.backoff.max.ms": 500,
        "topic.metadata.refresh.interval.ms": 1000,
        "log_level": 2,
    }
    consumer = Consumer(
        {
            **common,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 2000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 20,
            "isolation.level": isolation,
        }
    )
    producer = Producer(
        {**common, "enable.idempotence": True, "linger.ms": 5,
         "message.timeout.ms": 0}
    )
    consumer.subscribe([requests])
    serve(consumer, producer, decisions, lambda: state["going"])
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
