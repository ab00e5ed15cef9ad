"""`ztpctl audit list --since` on a real Kafka, which finds records by time."""

import json
import subprocess
import time
import uuid

from confluent_kafka import Producer

from harness.admin import create_topics
from harness.where import binary
from harness.ztpctl import environment

HOUR = 3600 * 1000


def test_since_begins_where_kafka_says(real_kafka, tmp_path):
    """Only one of the partitions has young records."""
    topic = f"audit-{uuid.uuid4().hex[:8]}"
    create_topics(real_kafka.brokers, [topic], 3)
    producer = Producer({"bootstrap.servers": real_kafka.brokers})
    now = int(time.time() * 1000)

    def say(ago, code, **where):
        stamp = now - ago
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stamp / 1000))
        producer.produce(topic, json.dumps({
            "at": f"{at}.{stamp % 1000:03}Z", "verdict": "refused",
            "code": code}), timestamp=stamp, **where)

    for i in range(1200):
        say(50 * HOUR + i, "old", partition=i % 3)
    for i in range(3):
        say(HOUR, "young", partition=1)
    # the bridge wrote it by a clock that is late
    say(3 * HOUR, "late", partition=1)
    producer.flush()

    def codes(*args):
        done = subprocess.run(
            [binary("ztpctl"), "audit", "list", "--json", "--brokers",
             real_kafka.brokers, "--topic", topic, *args],
            stdout=subprocess.PIPE, timeout=60, check=True,
            env=environment(tmp_path))
        return [record["code"] for record in json.loads(done.stdout)]

    assert codes("--since", "2h") == ["young"] * 3
    assert codes("--since", "4h") == ["late", *["young"] * 3]
    assert codes("--since", "5m") == []
    assert len(codes("--count", "5000")) == 1204
