"""Something else than a file where the bridge keeps one: it says so and ends, and
does not wait for it."""

import os

import pytest

from harness.bridge import Bridge, run_bridge, topic_names

SUFFIXES = ("", "-wal", "-shm", "-journal", ".lock",
            ".intake-0000000000000009")
KINDS = (os.mkfifo, os.mkdir)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """It has run, and neither broker nor Kafka is there."""
    bridge = Bridge(tmp_path_factory.mktemp("bridge"), "mqtt://127.0.0.1:9",
                    "127.0.0.1:9", topic_names("t"))
    bridge.start()
    bridge.http()
    bridge.stop()
    return bridge


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_file(bridge, suffix, make, tmp_path):
    path = bridge.settings["store"]["path"] + suffix
    away = tmp_path / "away"
    if os.path.lexists(path):
        os.rename(path, away)
    make(path)
    try:
        done = run_bridge("--config", bridge.config, timeout=60)
    finally:
        (os.rmdir if os.path.isdir(path) else os.unlink)(path)
        if away.exists():
            os.rename(away, path)
    assert done.returncode == 1, done.stderr
    assert "event=cannot_start" in done.stderr
    assert f"{os.path.basename(path)} is not a regular file" in done.stderr


def test_a_journal_that_somebody_has_cut(tmp_path):
    """A file with entries has its whole size: one that is shorter was cut. It is
    said once; and of an empty one, which a kill may leave, it is not."""
    bridge = Bridge(tmp_path, "mqtt://127.0.0.1:9", "127.0.0.1:9",
                    topic_names("t"))
    bridge.start()
    bridge.http()
    bridge.stop()
    assert "event=journal_cut" not in bridge.log()
    last = max(tmp_path.glob("*.intake-0*"))
    last.write_bytes(bytes(range(1, 200)))
    bridge.start()
    bridge.wait_log("event=journal_cut files=1 ")
    bridge.stop()
    max(tmp_path.glob("*.intake-0*")).write_bytes(b"")
    bridge.start()
    bridge.http()
    bridge.stop()
    assert "event=journal_cut" not in bridge.log()
