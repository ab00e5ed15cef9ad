"""The peer in Python: MQTT to Kafka as one would write it in an afternoon.

    forward.py PORT CLIENT_ID TOPIC BROKERS KAFKA_TOPIC

It acknowledges an event to the MQTT broker only after Kafka has acknowledged
the record (acks=all, idempotent)."""

import signal
import sys

import paho.mqtt.client as mqtt
from confluent_kafka import Producer


def main():
    port, client_id, topic, brokers, kafka_topic = sys.argv[1:]
    producer = Producer({
        "bootstrap.servers": brokers,
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 1,
    })

    def subscribe(client, *_):
        client.subscribe(topic, qos=1)

    def forward(client, _, message):
        def written(error, _):
            if error is not None:
                sys.exit(f"produce: {error}")
            client.ack(message.mid, message.qos)

        producer.produce(kafka_topic, message.payload, on_delivery=written)

    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=False,
        manual_ack=True,
    )
    client.on_connect = subscribe
    client.on_message = forward
    client.connect("127.0.0.1", int(port))
    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    client.loop_start()
    while running:
        producer.poll(0.1)
    producer.flush()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
