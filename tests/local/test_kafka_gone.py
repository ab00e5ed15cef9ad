"""Who is told to end does not wait for a Kafka that is gone. librdkafka would: to
commit what has been read, and to leave its group. Nor does a bridge wait for a
controller that is not there."""

import pytest

from harness.approver import Approver
from harness.bridge import topic_names
from harness.devkafka import DevKafka
from harness.process import Process
from harness.rig import device_path
from harness.topics import Writer
from harness.where import binary

WITHIN = 9.0  # s; tools/common/kafka.c allows 3


@pytest.fixture
def kafka(tmp_path):
    return DevKafka(tmp_path).start()


@pytest.fixture
def topics(kafka):
    topics = topic_names("gone")
    kafka.create(topics.values())
    return topics


def ask(kafka, topics, count):
    writer = Writer(kafka.brokers)
    for n in range(count):
        path = device_path(f"d{n}")
        writer.send(topics["requests"], key=path, value={
            "request_id": f"r-{n}", "device": {"path": path},
            "certificate": {"fingerprint_sha256": "ab" * 32},
            "expires_at": "2099-01-01T00:00:00.000Z"})


def end(kafka, process):
    kafka.kill9()
    process.child.terminate()
    process.wait_exit(timeout=WITHIN)


@pytest.mark.parametrize("count", [1, 50])
def test_an_approver(tmp_path, kafka, topics, count):
    running = Approver(tmp_path, kafka.brokers, topics, "--approve-all")
    running.start()
    ask(kafka, topics, count)
    running.wait_log(" approve ")
    end(kafka, running)
    assert "decided last may be decided again" in running.log()


def test_who_watches(tmp_path, kafka, topics):
    ask(kafka, topics, 1)
    watching = Process("watch", [
        binary("ztp-approver"), "watch", "--brokers", kafka.brokers,
        "--from-beginning", *(word for name in ("requests", "decisions", "results")
                              for word in (f"--{name}", topics[name]))],
        tmp_path).start()
    watching.wait_log("r-0")
    end(kafka, watching)


def test_a_kafka_without_a_controller(rig_with):
    """The embedded one names none that there is. librdkafka would look for it, for
    as long as the bridge waits for an answer, also at its end."""
    rig_with().bridge.wait_log(
        "event=kafka_topic_config_unknown .*error=.*not supported")
