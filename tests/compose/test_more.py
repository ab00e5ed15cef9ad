"""More than one bridge in the stack: two that are one group, of which the active one
is killed in turn under load, and two cells."""

import json
import subprocess

import pytest

from harness.until import until

from compose.load import NAMES, Load, last_message
from compose.stack import Stack

PORTS = {"bridge": 9464, "bridge-b": 9465}
KILLS = 4
REASONABLE = 90  # seconds for three devices to arrive


def running(engine, compose, folder, kind):
    """It leaves nothing behind."""
    stack = Stack(engine, compose, kind, folder, NAMES)
    assert not stack.left()
    try:
        yield stack.up()
    finally:
        stack.down()
    assert not stack.left()


@pytest.fixture
def standby(engine, compose, tmp_path):
    yield from running(engine, compose, tmp_path, "standby")


@pytest.fixture
def cells(engine, compose, tmp_path):
    yield from running(engine, compose, tmp_path, "cells")


def get(stack, port, path):
    """A page as JSON, or None while there is none."""
    done = subprocess.run(
        stack.engine.enter("curl", "-sSf", f"http://127.0.0.1:{port}{path}"),
        capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def active(stack):
    """The one that says so of itself; None or two of them are waited for."""
    said = [name for name, port in PORTS.items()
            if (get(stack, port, "/v1/group") or {}).get("role") == "active"]
    return said[0] if len(said) == 1 else None


def test_the_active_one_is_killed_in_turn(standby):
    """No device that arrives meanwhile is lost, and none joins twice."""
    with Load(standby, NAMES) as load:
        until(lambda: load.arrived() >= 3, "devices arrive", REASONABLE)
        seen = []
        for _ in range(KILLS):
            name = until(lambda: active(standby), "one is active", 60)
            seen.append(name)
            standby.compose("kill", "-s", "KILL", name)
            until(lambda: active(standby) not in (None, name),
                  "the other one is active", 60)
            standby.compose("start", name)
            standby.wait_healthy()
        assert set(seen) == set(PORTS)
        told = load.finish()
    assert all(message["status"] == "approved" for message in told.values())
    found = get(standby, PORTS[active(standby)], "/v1/requests?limit=1000")
    requests = found["requests"]
    assert len({r["device"]["path"] for r in requests}) == len(requests)
    assert {r["state"] for r in requests} == {"onboarded"}


def test_two_cells(cells):
    """A device of the one is onboarded by its own bridge alone."""
    assert cells.status("device") == 0
    assert last_message(cells.logs("device"))["status"] == "approved"
    one = get(cells, 9464, "/v1/requests")["requests"]
    assert [r["state"] for r in one] == ["onboarded"]
    assert get(cells, 9466, "/v1/requests")["requests"] == []
