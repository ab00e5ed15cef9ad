"""Begins a transaction, writes into it, and goes on until it is killed.

usage: writer.py BROKERS TRANSACTIONAL_ID TOPIC"""

import sys

from confluent_kafka import Producer


def producer(brokers, transactional_id, timeout_ms=10000):
    return Producer({
        "bootstrap.servers": brokers,
        "transactional.id": transactional_id,
        "transaction.timeout.ms": timeout_ms,
        "retry.backoff.ms": 5,
        "linger.ms": 0,
        "log_level": 0,
    })


def main(brokers, transactional_id, topic):
    made = producer(brokers, transactional_id)
    made.init_transactions(30)
    made.begin_transaction()
    made.produce(topic, b"never committed")
    made.flush(30)
    print("written", flush=True)
    while True:
        made.poll(1)


if __name__ == "__main__":
    main(*sys.argv[1:4])
