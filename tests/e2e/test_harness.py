"""The harness's real Kafka: records come out as they went in, and it recovers
from each way of ending."""

from harness.kafka import Kafka
from harness.topics import Reader, Writer


def test_records_come_out_as_they_went_in(real_kafka):
    topic = "harness-round-trip"
    real_kafka.create([topic])
    writer = Writer(real_kafka.brokers)
    for number in range(10):
        writer.send(topic, {"n": number}, key="k", headers=[("h", b"v")])
    reader = Reader(real_kafka.brokers, [topic])
    records = reader.wait(topic, key="k", count=10)
    assert [record.json()["n"] for record in records] == list(range(10))
    assert records[0].header("h") == "v"
    reader.close()


def test_comes_back_on_its_port(tmp_path):
    kafka = Kafka(tmp_path).start()
    kafka.create(["kept"])
    writer = Writer(kafka.brokers)
    writer.send("kept", "1")
    kafka.restart()
    writer.send("kept", "2")
    kafka.kill9()
    kafka.start()
    writer.send("kept", "3")
    reader = Reader(kafka.brokers, ["kept"])
    values = {record.value for record in reader.wait("kept", count=3)}
    assert values == {b"1", b"2", b"3"}
    reader.close()
    kafka.stop()
