"""Whatever stderr is, the bridge goes on: a pipe that nobody reads, one whose
reader is gone, a full disk, nothing at all. The broker is away, which it keeps
saying."""

import fcntl
import os
import re
import signal
import subprocess
import uuid

import pytest
import requests

from harness import where
from harness.bridge import Bridge, topic_names
from harness.ports import free_port
from harness.until import until

PIPE = 4096


class Silent:
    """A bridge whose stderr the test holds. stderr: a descriptor; -1: it is
    closed."""

    def __init__(self, folder, kafka, topics, stderr):
        self.port = free_port()
        made = Bridge(folder, f"mqtt://127.0.0.1:{free_port()}",
                      kafka.brokers, topics,
                      {"http": {"listen": f"127.0.0.1:{self.port}"},
                       "kafka": {"group": f"g{self.port}"}})
        argv = [where.binary("ztp-bridge"), "--config", made.config]
        if stderr < 0:
            argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", *argv]
        self.child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=stderr if stderr >= 0 else subprocess.DEVNULL)
        until(lambda: self.get("/healthz") == "ok\n", "it runs")

    def get(self, path):
        try:
            return requests.get(f"http://127.0.0.1:{self.port}{path}",
                                timeout=60).text
        except requests.ConnectionError:
            assert self.child.poll() is None, self.child.returncode
            return None

    def dropped(self):
        return int(re.search(r"^ztp_log_dropped_total (\d+)$",
                             self.get("/metrics"), re.MULTILINE).group(1))

    def log_more(self):
        """One line at least."""
        self.child.send_signal(signal.SIGHUP)

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(20) == 0


@pytest.fixture(scope="module")
def topics(mock_kafka):
    names = topic_names(f"t{uuid.uuid4().hex[:10]}")
    mock_kafka.create(names.values())
    return names


@pytest.fixture
def silent(tmp_path, mock_kafka, topics):
    made = []

    def make(stderr):
        made.append(Silent(tmp_path, mock_kafka, topics, stderr))
        return made[-1]

    yield make
    for one in made:
        if one.child.poll() is None:
            one.child.kill()
            one.child.wait()


def fill(bridge):
    """Logs until a line is dropped."""
    def dropped():
        bridge.log_more()
        return bridge.dropped()

    return until(dropped, "a line is dropped")


def test_a_pipe_that_nobody_reads(silent):
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE)
    bridge = silent(into)
    fill(bridge)
    assert not fcntl.fcntl(into, fcntl.F_GETFL) & os.O_NONBLOCK
    bridge.get("/readyz")
    os.set_blocking(out, False)
    text = b""

    def read():
        nonlocal text
        try:
            text += os.read(out, 1 << 16)
        except BlockingIOError:
            pass
        return re.search(rb"level=warn event=log_dropped n=(\d+)\n", text)

    assert int(until(read, "it says what is missing").group(1)) > 0
    bridge.stop()
    read()
    assert b"event=stopped" in text
    for line in text.decode().splitlines():
        assert re.match(r"ts=\S+ level=\w+ event=\w+", line), line
    os.close(out)
    os.close(into)


def test_it_stops_while_nobody_reads(silent):
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE)
    bridge = silent(into)
    fill(bridge)
    bridge.stop()
    os.close(out)
    os.close(into)


def test_a_reader_that_is_gone(silent):
    out, into = os.pipe()
    bridge = silent(into)
    os.close(out)
    fill(bridge)
    bridge.stop()
    os.close(into)


def test_a_full_disk(silent):
    full = os.open("/dev/full", os.O_WRONLY)
    bridge = silent(full)
    assert bridge.dropped() > 0
    bridge.stop()
    os.close(full)


def test_no_stderr_at_all(silent, tmp_path):
    """Nothing else gets its number and the log lines with it."""
    bridge = silent(-1)
    bridge.log_more()
    assert bridge.dropped() == 0
    assert os.readlink(f"/proc/{bridge.child.pid}/fd/2") == "/dev/null"
    bridge.stop()
    for file in tmp_path.iterdir():
        assert b"event=" not in file.read_bytes(), file
