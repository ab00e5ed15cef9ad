"""Records that Kafka refuses, and records that cannot be read: each is its own
fate, and the records before and behind it go on."""

import pathlib
import resource
import uuid

import pytest
from confluent_kafka import KafkaError, Producer

from cluster.pages import get
from harness.admin import create_topics
from harness.bridge import topic_names
from harness.erase import delete_records
from harness.rig import Rig, device_path
from harness.shape import connect_headers
from harness.until import until

MIB = 1 << 20
# What each topic has that the others do not; see the tests.
CONFIGS = {
    "results": {"cleanup.policy": "compact"},
    "dlq": {"cleanup.policy": "compact"},
    "requests": {"max.message.bytes": "3000"},
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    for name, topic in topics.items():
        create_topics(real_kafka.brokers, [topic], 2, CONFIGS.get(name))
    rig = Rig(tmp_path_factory.mktemp("rig"), real_kafka, {
        "kafka": {"properties": {"fetch.error.backoff.ms": 50}},
    }, topics=topics, create=False).start()
    yield rig
    rig.stop()


def refused(rig, stage, match):
    dead = rig.dead(
        lambda r: connect_headers(r)["stage"] == stage and match(r)
    )
    assert not dead.value
    return connect_headers(dead)["exception.class.name"]


def test_a_result_without_a_key_in_a_compacted_topic(rig, ca):
    rig.decision({"request_id": "keyless", "isApprove": True})
    assert refused(rig, "result", lambda r: True) == "refused"
    rig.onboard(ca.leaf())
    rig.bridge.wait_log(f"record_refused.*{rig.topics['results']}")


def test_a_dead_letter_without_a_key_in_a_compacted_topic(rig, ca):
    rig.decision(b"approve it")
    dead = rig.dead(lambda r: connect_headers(r)["stage"] == "decision")
    assert dead.key == dead.header("ztp.sha256")
    rig.onboard(ca.leaf())


def test_a_request_above_its_topics_bound(rig, ca):
    names = ",".join(f"DNS:d{n}.some-long-name.example.com" for n in range(60))
    leaf = ca.issue(extensions=f"subjectAltName={names}")
    path = device_path()
    devices = [rig.device() for _ in range(4)]
    rig.bridge.pause()
    for device in devices[:2]:
        rig.pending(device.path, ca.leaf().pem)
    rig.pending(path, leaf.pem)
    for device in devices[2:]:
        rig.pending(device.path, ca.leaf().pem)
    rig.bridge.resume()
    for device in devices:
        rig.request(device.path)
    assert refused(rig, "request", lambda r: r.key == path) == "too_large"
    rig.bridge.wait_log(f"record_too_large.*{rig.topics['requests']}")


# --- what cannot be read

def write_batch(rig, values, codec, partition=0):
    """All of them in one batch; returns the offset of the first, or the error
    with which the broker refuses it."""
    producer = Producer({
        "bootstrap.servers": rig.kafka.brokers, "compression.codec": codec,
        "message.max.bytes": 200 * MIB, "batch.size": 200 * MIB,
        "linger.ms": 60000, "queue.buffering.max.kbytes": 400 * 1024,
        "log_level": 0,
    })
    done = []
    for value in values:
        producer.produce(rig.topics["decisions"], value=value, key="k",
                         partition=partition,
                         on_delivery=lambda *report: done.append(report))
    assert producer.flush(60) == 0
    errors = {error.code() for error, _ in done if error}
    return errors.pop() if errors else min(m.offset() for _, m in done)


def unreadable(rig, offset):
    dead = rig.dead(
        lambda r: connect_headers(r)["offset"] == str(offset)
        and connect_headers(r)["exception.class.name"] == "unreadable",
        timeout=60,
    )
    told = connect_headers(dead)
    assert told["topic"] == rig.topics["decisions"]
    assert (told["stage"], told["partition"]) == ("decision", "0")
    assert not dead.value
    return int(dead.header("ztp.last_offset"))


@pytest.mark.parametrize("count", [1, 7])
def test_a_batch_that_unpacks_to_too_much(rig, count):
    """It is passed by, however many records it has."""
    before, behind = device_path(), device_path()

    def decide(path):
        return rig.writer.send(
            rig.topics["decisions"], key=path, partition=0,
            value={"request_id": "none", "decision": "reject",
                   "device_path": path},
        )[1]

    decide(before)
    first = write_batch(rig, [bytes(40 * MIB // count)] * count, "zstd")
    decide(behind)
    rig.result(before)
    assert unreadable(rig, first) == first + count - 1
    rig.result(behind, timeout=60)
    rig.bridge.wait_log("decisions_unreadable")
    decide(device_path())


def test_uncompressed_topic_bounds_what_is_unpacked(rig_of_topic):
    """The operator's guide recommends it: the broker refuses the batch, and
    the bridge does not warn."""
    rig = rig_of_topic({"compression.type": "uncompressed"})
    told = write_batch(rig, [bytes(4 * MIB)], "gzip")
    assert told == KafkaError.MSG_SIZE_TOO_LARGE
    assert "kafka_topic_compressed" not in rig.bridge.log()


def test_records_that_nobody_could_read_are_warned_about(rig, rig_of_topic):
    """One larger record, and the partition stands: librdkafka fetches it again
    for ever."""
    large = rig_of_topic({"max.message.bytes": "33554000"})
    large.bridge.wait_log(
        f"kafka_topic_large topic={large.topics['decisions']} bytes=33554000 "
        "received=33554432 ")
    rig.bridge.wait_log("kafka_topic_compressed")
    assert "kafka_topic_large" not in rig.bridge.log()


def test_a_record_that_nobody_can_read_is_not_ready(rig_of_topic, ca):
    """Until the operator removes it."""
    rig = rig_of_topic({"max.message.bytes": f"{40 * MIB}"})
    topic = rig.topics["decisions"]
    rig.onboard(ca.leaf())
    first = write_batch(rig, [bytes(36 * MIB)], "none")
    stands = (503, f"kafka: partition 0 of {topic} is not read\n")
    until(lambda: get(rig.bridge, "/readyz") == stands,
          lambda: get(rig.bridge, "/readyz"), timeout=90)
    rig.bridge.wait_log(f"kafka_partition_stands partition=0 position={first} ")
    delete_records(rig.kafka.brokers, topic, {0: first + 1})
    rig.onboard(ca.leaf())
    until(lambda: get(rig.bridge, "/readyz") == (200, "ok\n"), "ready")


def test_other_compression_is_warned_about(rig):
    rig.bridge.wait_log(
        f"kafka_topic_compressed topic={rig.topics['decisions']}"
    )


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
def test_a_compacted_topic_is_warned_about(rig_of_topic, policy):
    """What nobody has read yet may be removed from it, and nothing says so."""
    rig = rig_of_topic({"cleanup.policy": policy})
    rig.bridge.wait_log(
        f"kafka_topic_compacted topic={rig.topics['decisions']} "
        f"policy={policy} ")


def test_a_topic_that_is_not_is_not(rig):
    rig.bridge.wait_log("kafka_topic_compressed")
    assert "kafka_topic_compacted" not in rig.bridge.log()


def garbage(rig, n, size):
    return rig.decision(b"{" + b"%06d" % n * (size // 6), key=f"bad-{n}")


def test_dead_letter_is_too_large(rig_of, ca):
    """It is too large for the topic, whose limit no client can know. Its value
    is left out; smaller dead letters stay complete, even if they were sent in
    one batch with it."""
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    rig = rig_of(topics=topics, create=False)
    create_topics(
        rig.kafka.brokers, [topics["dlq"]], 1, {"max.message.bytes": "2500"}
    )
    create_topics(
        rig.kafka.brokers, [t for n, t in topics.items() if n != "dlq"]
    )
    rig.start()
    rig.bridge.pause()
    for n in range(8):
        garbage(rig, n, 6000 if n == 4 else 900)
    rig.bridge.resume()
    dead = rig.reader.wait(topics["dlq"], count=8)
    assert sorted(r.key for r in dead) == [f"bad-{n}" for n in range(8)]
    for record in dead:
        if record.key == "bad-4":
            assert not record.value
            assert record.header("ztp.size") == "6001"
            assert len(record.header("ztp.sha256")) == 64
        else:
            assert len(record.value) == 901
    rig.onboard(ca.leaf())


def test_requests_come_together_and_are_too_large(rig_of, ca):
    """A topic that accepts each record, but not many in one batch."""
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    rig = rig_of(topics=topics, create=False)
    create_topics(
        rig.kafka.brokers, [topics["requests"]], 1,
        {"max.message.bytes": "3000"},
    )
    create_topics(
        rig.kafka.brokers, [t for n, t in topics.items() if n != "requests"]
    )
    rig.start()
    devices = [rig.device() for _ in range(10)]
    rig.bridge.pause()
    for device in devices:
        rig.pending(device.path, ca.leaf().pem)
    rig.bridge.resume()
    for device in devices:
        rig.request(device.path)


@pytest.fixture
def rig_of_topic(tmp_path, real_kafka):
    rigs = []

    def make(config):
        topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        create_topics(real_kafka.brokers, [topics["decisions"]], 1, config)
        create_topics(real_kafka.brokers,
                      [t for n, t in topics.items() if n != "decisions"])
        rigs.append(Rig(tmp_path, real_kafka, topics=topics, create=False))
        return rigs[-1].start()

    yield make
    for rig in rigs:
        rig.stop()


@pytest.mark.parametrize("codec", ["gzip", "lz4"])
def test_a_record_that_unpacks_to_much(rig, codec):
    """Nothing bounds these before librdkafka has unpacked them. The record
    behind is heard, a dead letter without the value tells of it, and the
    memory is given back."""
    first = write_batch(rig, [bytes(64 * MIB)], codec)
    behind = device_path()
    rig.writer.send(
        rig.topics["decisions"], key=behind, partition=0,
        value={"request_id": "none", "decision": "reject",
               "device_path": behind})
    rig.result(behind, timeout=60)
    dead = rig.dead(lambda r: connect_headers(r)["offset"] == str(first)
                    and connect_headers(r)["partition"] == "0")
    assert not dead.value
    assert dead.header("ztp.size") == str(64 * MIB)
    until(lambda: resident(rig.bridge.pid) < 64 * MIB,
          "the memory is given back")


def resident(pid):
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()
