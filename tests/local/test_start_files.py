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
