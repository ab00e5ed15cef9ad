"""ztp-approver simulate with ztp-devkafka: a customer tries an approver without
an operator. What it writes is held against the schemas, as the bridge's records
are (harness/schemas.py)."""

import re
import socket
import struct
import subprocess
import threading
import uuid

import pytest

from harness.admin import admin
from harness.approver import Approver
from harness.bridge import topic_names
from harness.devkafka import DevKafka
from harness.ports import free_port
from harness.process import Process
from harness.topics import Reader, Writer
from harness.where import binary

KNOWN = ["ab" * 32, "cd" * 32]


@pytest.fixture
def kafka(tmp_path):
    port = free_port()
    kafka = DevKafka(tmp_path, args=["--port", str(port)]).start()
    assert kafka.brokers == f"127.0.0.1:{port}"
    yield kafka
    kafka.stop()


class Played:
    """A simulation, and what it writes."""

    def __init__(self, folder, kafka, *args):
        self.kafka = kafka
        self.topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        kafka.create(self.topics.values())
        self.reader = Reader(kafka.brokers, self.topics.values())
        names = [arg for name in ("requests", "decisions", "results", "dlq")
                 for arg in (f"--{name}", self.topics[name])]
        self.process = Process("simulate", [
            binary("ztp-approver"), "simulate", "--brokers", kafka.brokers,
            *names, *args], folder).start()

    def read(self, topic, count):
        return [record for record in
                self.reader.wait(self.topics[topic], count=count)]

    def close(self):
        self.reader.close()
        self.process.stop()


def test_an_approver_is_tried(tmp_path, kafka):
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(KNOWN))
    played = Played(tmp_path, kafka, "--count", "10", "--fingerprints", listed)
    (tmp_path / "rules.yaml").write_text(
        "rules: [{match: {fingerprints_file: list.txt}, action: approve}]")
    approver = Approver(tmp_path, kafka.brokers, played.topics, "--rules",
                        tmp_path / "rules.yaml").start()
    played.process.wait_exit()  # 0: all of them have ended
    requests = [record.json() for record in played.read("requests", 11)]
    assert len({request["request_id"] for request in requests}) == 10
    assert len({request["device"]["path"] for request in requests}) == 9
    # Who was asked twice may be answered twice.
    results = played.reader.wait(
        played.topics["results"], count=10,
        match=lambda result: result.json()["outcome"] != "duplicate")
    ended = {}
    for result in (record.json() for record in results):
        ended.setdefault(result["outcome"], set()).add(result["request_id"])
    known = {request["request_id"] for request in requests
             if request["certificate"]["fingerprint_sha256"] in KNOWN}
    assert len(known) == 5 and ended["onboarded"] == known
    assert len(ended["rejected"] | ended.get("conflict", set())) == 5
    approver.stop()
    played.close()


def test_mistakes_have_their_results(tmp_path, kafka):
    """As a bridge answers them."""
    played = Played(tmp_path, kafka, "--count", "1", "--expire", "12")
    request = played.read("requests", 1)[0].json()
    good = {"request_id": request["request_id"], "decision": "approve",
            "device_path": request["device"]["path"]}
    writer = Writer(kafka.brokers)
    for change in ({"request_id": "nobody"},
                   {"fingerprint_sha256": "00" * 32},
                   {"payload": 1, "payload_base64": "AA=="}):
        writer.send(played.topics["decisions"], {**good, **change})
    writer.send(played.topics["decisions"], "{")
    # Of OmniCore, without a path but in the key.
    writer.send(played.topics["decisions"], {
        "request_id": request["request_id"], "isApprove": "true"},
        key=good["device_path"])
    results = [record.json() for record in played.read("results", 5)]
    assert {r["device_path"] for r in results} == {good["device_path"]}
    assert {(r["outcome"], r["code"], r["status"]) for r in results} == {
        ("unknown_request", 404, "NOT_FOUND"),
        ("mismatch", 400, "INVALID_ARGUMENT"),
        ("invalid", 400, "INVALID_ARGUMENT"),
        ("expired", 504, "DEADLINE_EXCEEDED")}
    dead = played.read("dlq", 3)
    reasons = {r["message"] for r in results if r["outcome"] == "invalid"}
    assert len(reasons) == 2 and reasons < {record.header(
        "__connect.errors.exception.message") for record in dead}
    played.process.wait_exit()
    played.close()


def test_a_message_does_not_reach_the_terminal(tmp_path, kafka):
    """It is text from Kafka: an escape sequence in it is shown, not obeyed."""
    played = Played(tmp_path, kafka, "--count", "1")
    request = played.read("requests", 1)[0].json()
    message = "no\x1b[2J\nonboarded by nobody"
    writer = Writer(kafka.brokers)
    writer.send(played.topics["decisions"], {
        "request_id": request["request_id"], "decision": "reject",
        "device_path": request["device"]["path"], "message": message})
    played.process.wait_exit()
    assert played.read("results", 1)[0].json()["message"] == message
    assert played.process.log().splitlines()[-1].endswith(
        r": no\x1b[2J\x0aonboarded by nobody")
    played.close()


def test_a_port_that_is_in_use(kafka):
    port = int(kafka.brokers.rsplit(":", 1)[1])
    done = subprocess.run(
        [binary("ztp-devkafka"), "--port", str(port - 1), "--brokers", "2"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"ztp-devkafka: --port: \d+: Address already in use\n",
                        done.stderr)


def kafka_string(text):
    return struct.pack(">h", len(text)) + text.encode()


def name_topic(port, topic, answered):
    """As a client does that is there before its Kafka: it asks for a topic's
    metadata until it has an answer."""
    body = (struct.pack(">hhi", 3, 1, 7) + kafka_string("early") +
            struct.pack(">i", 1) + kafka_string(topic))
    request = struct.pack(">i", len(body)) + body
    while not answered.is_set():
        try:
            with socket.create_connection(
                    ("127.0.0.1", port), 20,
                    # Else it may meet itself at a port that is free.
                    source_address=("127.0.0.2", 0)) as link:
                link.sendall(request)
                if link.recv(1):
                    answered.set()
        except OSError:
            continue


def test_a_client_that_is_there_before_it(tmp_path):
    """It gets the topic that was asked for, not one that it makes by naming
    it."""
    answered, port = threading.Event(), free_port()
    names = [f"t{number:02}" for number in range(40)]
    client = threading.Thread(target=name_topic,
                              args=(port, names[-1], answered))
    client.start()
    try:
        kafka = DevKafka(tmp_path, args=[
            "--port", str(port),
            *(arg for name in names for arg in ("--topic", name))]).start()
        assert answered.wait(20)
    finally:
        answered.set()
        client.join()
    listed = admin(kafka.brokers).list_topics(timeout=60).topics
    assert [len(listed[name].partitions) for name in names] == [1] * 40
    kafka.stop()
