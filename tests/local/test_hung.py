"""Who is told to end, or has a time limit, does not wait without end for a
neighbour that hangs: a Kafka or a broker that takes all and answers nothing, a
peer that drips, a pipe that nobody reads, a terminal where nobody types."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from confluent_kafka import Producer

from harness.bridge import Bridge, topic_names
from harness.certs import Ca
from harness.deaf import Deaf
from harness.listening import Listening
from harness.played import Played
from harness.process import Process
from harness.rig import device_path
from harness.topics import Writer
from harness.until import until
from harness.where import ROOT, binary

WITHIN = 20.0  # s; nothing that is tested here takes more than 10
# What tools/common/cli.h does when nothing else has helped.
LAST_RESORT = "still waits for somebody else"


@pytest.fixture
def topics(mock_kafka):
    topics = topic_names("hung")
    mock_kafka.create(topics.values())
    writer = Writer(mock_kafka.brokers)
    for n in range(5):
        path = device_path(f"d{n}")
        writer.send(topics["requests"], key=path, value={
            "request_id": f"r-{n}", "device": {"path": path},
            "certificate": {"fingerprint_sha256": "ab" * 32},
            "expires_at": "2099-01-01T00:00:00.000Z"})
    return topics


def approver(folder, command, brokers, topics, *args):
    return Process(command, [
        binary("ztp-approver"), command, *args, "--brokers", brokers,
        *(word for name in ("requests", "decisions", "results")
          for word in (f"--{name}", topics[name]))], folder)


ALL = ("--all", "--match", "any", "--approve")


@pytest.mark.parametrize("command, args, kind, status", [
    ("run", ("--approve-all", "--group", "hung-1"), "ListOffsets", 0),
    ("run", ("--approve-all", "--group", "hung-2"), "Produce", 1),
    ("run", ("--approve-all", "--group", "hung-3", "--from", "now"),
     "OffsetCommit", 0),
    ("watch", ("--from-beginning",), "ListOffsets", 0),
    ("decide", ("r-1", "--approve"), "ListOffsets", 1),
    ("decide", ALL, "InitProducerId", 1),
    ("simulate", ("--count", "5"), "ListOffsets", 0),
    ("serve", ("--listen", "127.0.0.1:0"), "ListOffsets", 0),
])
def test_kafka_hangs_and_it_is_told_to_end(tmp_path, mock_kafka, topics,
                                           command, args, kind, status):
    with Deaf(mock_kafka.brokers, kind) as deaf:
        running = approver(tmp_path, command, deaf.brokers, topics, *args)
        running.start()
        assert deaf.heard.wait(30)
        running.child.terminate()
        running.wait_exit(status, WITHIN)
        assert LAST_RESORT not in running.log()


@pytest.mark.parametrize("args, kind", [
    (("r-1", "--approve"), "ListOffsets"),
    (ALL, "ListOffsets"),
    (ALL, "InitProducerId"),
])
def test_kafka_hangs_and_there_is_a_time_limit(tmp_path, mock_kafka, topics,
                                               args, kind):
    with Deaf(mock_kafka.brokers, kind) as deaf:
        deciding = approver(tmp_path, "decide", deaf.brokers, topics, *args,
                            "--timeout", "2").start()
        deciding.wait_exit(1, WITHIN)
        assert "was not " in deciding.log()


def list_audit(folder, deaf, topics):
    return Process("list", [
        binary("ztpctl"), "audit", "list", "--brokers", deaf.brokers,
        "--topic", topics["requests"]], folder).start()


def test_kafka_hangs_while_the_audit_is_listed(tmp_path, mock_kafka, topics):
    with Deaf(mock_kafka.brokers, "ListOffsets") as deaf:
        listing = list_audit(tmp_path, deaf, topics)
        listing.wait_exit(1, WITHIN)
        assert "Timed out" in listing.log()


def test_a_list_of_which_a_part_was_read_is_not_printed(tmp_path, mock_kafka,
                                                         topics):
    with Deaf(mock_kafka.brokers, "Fetch") as deaf:
        listing = list_audit(tmp_path, deaf, topics)
        assert deaf.heard.wait(30)
        listing.child.terminate()
        listing.wait_exit(1, WITHIN)
        assert "was not read to its end" in listing.log()


def test_a_decision_is_not_sent_by_who_is_told_to_end(tmp_path, mock_kafka,
                                                      topics):
    with Deaf(mock_kafka.brokers, "Metadata") as deaf:
        deciding = approver(
            tmp_path, "decide", deaf.brokers, topics, "r-1", "--approve",
            "--device", device_path("d1"), "--fingerprint", "ab" * 32).start()
        assert deaf.heard.wait(30)
        deciding.child.terminate()
        deciding.wait_exit(1, WITHIN)
        assert "the decision is not sent" in deciding.log()


def test_kafka_hangs_and_the_bridge_is_told_to_end(tmp_path, mock_kafka,
                                                   topics):
    """Its probe asks for the ends of ztp.decisions now and then, and is waited
    for."""
    with Played() as broker, Deaf(mock_kafka.brokers) as deaf:
        bridge = Bridge(tmp_path, broker.url, deaf.brokers, topics,
                        {"shutdown_timeout": "1s"}).start()
        # Its consumer asks for offsets, too, until it reads.
        Writer(mock_kafka.brokers).send(topics["decisions"], key="x", value={
            "request_id": "r-1", "device_path": device_path("d1"),
            "decision": "reject"})
        bridge.wait_log("event=decision_without_effect ")
        deaf.hang_at("ListOffsets")
        assert deaf.heard.wait(30)
        bridge.child.terminate()
        bridge.wait_exit(0, WITHIN)


def python_example(folder, deaf, topics, group):
    return Process("example", [
        "/usr/bin/python3", ROOT / "examples" / "python" / "approver.py",
        folder / "allowed.txt"], folder, env={
            "KAFKA_BROKERS": deaf.brokers, "KAFKA_GROUP": group,
            "REQUESTS_TOPIC": topics["requests"]})


@pytest.mark.parametrize("kind", ["Produce", "OffsetCommit"])
def test_kafka_hangs_and_the_example_is_told_to_end(tmp_path, mock_kafka,
                                                    topics, kind):
    """The others: tests/examples."""
    with Deaf(mock_kafka.brokers, kind) as deaf:
        (tmp_path / "allowed.txt").write_text("ab" * 32 + "\n",
                                              encoding="utf-8")
        example = python_example(tmp_path, deaf, topics,
                                 f"hung-{kind}").start()
        assert deaf.heard.wait(30)
        example.child.terminate()
        example.wait_exit(1, WITHIN)


def test_the_example_has_one_batch_in_flight(tmp_path, mock_kafka):
    """If Kafka refuses the first of several and takes the second, librdkafka
    may report both as delivered."""
    topics = topic_names("flight")
    mock_kafka.create(topics.values())
    to = [topics[name] for name in ("decisions", "results", "dlq")]
    writer = Producer({"bootstrap.servers": mock_kafka.brokers,
                       "linger.ms": 200})

    def ask():
        """As one batch, of which each decision is a batch again."""
        for topic in to:
            writer.produce(topics["requests"], json.dumps({
                "request_id": topic, "device": {"path": device_path("d")},
                "certificate": {"fingerprint_sha256": "ab" * 32},
                "decision_topic": topic}), "same partition")
        writer.flush(30)

    with Deaf(mock_kafka.brokers) as deaf:
        (tmp_path / "allowed.txt").touch()
        example = python_example(tmp_path, deaf, topics, "flight").start()
        ask()
        until(lambda: example.log().count("reject") == 3, "all are decided")
        deaf.hang_at("Produce")
        ask()
        assert deaf.heard.wait(30)
        time.sleep(1)
        assert deaf.times == 1
        example.kill9()


# --- stdin and stdout


def full_pipe():
    """Both ends of a pipe that has no room."""
    reader, writer = os.pipe()
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (65536, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"\n" * size)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    return reader, writer


@contextlib.contextmanager
def unread(argv, **more):
    """A child whose stdout nobody reads."""
    reader, writer = full_pipe()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=writer,
                             stderr=subprocess.PIPE, text=True, **more)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()
        os.close(reader)
        os.close(writer)


def waits_for_the_pipe(child):
    with open(f"/proc/{child.pid}/wchan", encoding="utf-8") as wchan:
        return "pipe_w" in wchan.read()


@pytest.fixture
def watcher(mock_kafka, topics):
    """ztp-approver watch, which waits in a write."""
    argv = approver("/", "watch", mock_kafka.brokers, topics,
                    "--from-beginning").argv
    with unread(argv) as child:
        until(lambda: waits_for_the_pipe(child), "it waits")
        yield child


def test_nobody_reads_stdout(watcher):
    watcher.terminate()
    assert LAST_RESORT in watcher.communicate(timeout=WITHIN)[1]
    assert watcher.returncode == 1


def test_the_second_signal_is_obeyed_at_once(watcher):
    """A signal that is still pending takes in the next one of its kind, but not
    one of the other kind."""
    watcher.send_signal(signal.SIGINT)
    watcher.send_signal(signal.SIGTERM)
    assert "interrupted twice" in watcher.communicate(timeout=WITHIN)[1]
    assert watcher.returncode == 1


def test_nobody_writes_to_stdin():
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [binary("ztp-approver"), "test", "--approve-all"], stdin=reader,
        stdout=subprocess.DEVNULL)
    try:
        os.close(reader)
        until(lambda: "pipe_read" in open(
            f"/proc/{child.pid}/wchan", encoding="utf-8").read(), "it waits")
        child.terminate()
        assert child.wait(WITHIN) == -signal.SIGTERM
    finally:
        child.kill()
        child.wait()
        os.close(writer)


def test_who_reads_stdout_has_gone(tmp_path):
    """As in `| head -1`; SIGPIPE is ignored."""
    reader, writer = os.pipe()
    os.close(reader)
    with Played() as broker:
        child = subprocess.Popen(
            [binary("ztpctl"), "--url", broker.url, "audit", "tail"],
            stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
            text=True)
        os.close(writer)
        try:
            until(lambda: "ztp/v1/audit" in broker.subscribers, "it listens")
            broker.publish("ztp/v1/audit", b'{"verdict":"allow"}')
            assert child.communicate(timeout=WITHIN)[1] == ""
            assert child.returncode == 1
        finally:
            child.kill()
            child.wait()


@pytest.mark.parametrize("command, status", [("watch", 1), ("run", 1)])
def test_stdout_has_no_room(mock_kafka, topics, command, status):
    more = {"watch": ["--from-beginning"],
            "run": ["--approve-all", "--group", "full"]}[command]
    argv = approver("/", command, mock_kafka.brokers, topics, *more).argv
    with open("/dev/full", "wb") as full:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, text=True,
                              timeout=30, check=False)
    assert done.returncode == status
    assert done.stderr.count("stdout cannot be written: No space") == 1


@pytest.mark.parametrize("name", ["ztpctl", "ztp-approver", "ztp-device",
                                  "ztp-devkafka"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_for_a_full_disk(name, option):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary(name), option], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30,
                              check=False)
    assert done.returncode == 1
    assert "stdout cannot be written" in done.stderr


# --- MQTT brokers


class Silent(Listening):
    """Takes connections and says nothing, or one byte of `words` after the
    other, slowly."""

    def __init__(self, words=b""):
        self.words = words
        self.asked = threading.Event()
        self.over = threading.Event()
        super().__init__()

    def __exit__(self, *how):
        self.over.set()
        super().__exit__(*how)

    def _serve(self, link):
        if link.recv(1):
            self.asked.set()
        for byte in self.words:
            link.sendall(bytes([byte]))
            if self.over.wait(0.5):
                return


@pytest.mark.parametrize("words, status", [
    (("registry", "list"), -signal.SIGTERM),
    (("doctor",), -signal.SIGTERM),
    (("audit", "tail"), 1),
])
def test_a_broker_says_nothing(tmp_path, words, status):
    with Silent() as silent:
        asking = Process("ztpctl", [
            binary("ztpctl"), "--url", f"mqtt://{silent.address}", *words],
            tmp_path).start()
        assert silent.asked.wait(30)
        asking.child.terminate()
        asking.wait_exit(status, 10)  # and not paho's 15
        if status == 1:
            assert "interrupted" in asking.log()


@pytest.fixture
def device(tmp_path):
    leaf = Ca(tmp_path).leaf()
    return [binary("ztp-device"), "--id", device_path("d1"), "--cert",
            str(leaf.path), "--key", str(leaf.key_path)]


def test_a_broker_drips_its_handshake(tmp_path, device):
    """Each byte came in time for a limit of each read."""
    record = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb" + bytes(1000)
    with Silent(record) as slow:
        asking = Process("device", [
            *device, "--url", f"mqtts://{slow.address}", "--wait", "2"],
            tmp_path).start()
        asking.wait_exit(4, WITHIN)
        assert "does not finish the handshake" in asking.log()


def test_a_device_whose_stdout_nobody_reads(device):
    """15 s after --wait, which are for an answer that is on its way."""
    with Played() as broker:
        argv = [*device, "--url", broker.url, "--wait", "1"]
        with unread(argv) as child:
            until(lambda: broker.subscribers, "it listens")
            broker.publish(*broker.subscribers, b'{"status":"rejected"}')
            assert LAST_RESORT in child.communicate(timeout=30)[1]
            assert child.returncode == 1


def test_a_device_whose_file_has_no_room_leaves_no_half(tmp_path, device):
    """Half a payload could be taken for the whole."""
    out = tmp_path / "payload"
    code = ("import resource, signal, os, sys;"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
            "os.execv(sys.argv[1], sys.argv[1:])")
    with Played() as broker:
        child = subprocess.Popen(
            [sys.executable, "-c", code, *device, "--url", broker.url,
             "--wait", "30", "--out", str(out)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: broker.subscribers, "it listens")
            broker.publish(*broker.subscribers, json.dumps({
                "status": "approved", "request_id": "r-1",
                "payload": "x" * 1000}).encode())
            assert "cannot write" in child.communicate(timeout=WITHIN)[1]
            assert child.returncode == 1
            assert not out.exists()
        finally:
            child.kill()
            child.communicate()
