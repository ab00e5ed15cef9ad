"""The stack, started as its README says."""

import pytest

from harness.where import ROOT

from compose.load import last_message
from compose.stack import Stack


@pytest.mark.parametrize("line, kind", [
    ("make up DEMO=1", "plain"),
    ("make up DEMO=1 SECURE=1", "secure"),
    ("make up DEMO=1 BRIDGES=2", "standby"),
])
def test_up_and_down(engine, compose, tmp_path, line, kind):
    stack = Stack(engine, compose, kind, tmp_path, project="ztp-bridge")
    assert not stack.left()

    def make(line):
        engine.docker.call(["make", "-C", str(ROOT), *line.split()[1:]], 900,
                           env=stack.env)

    try:
        make(line)
        stack.wait_healthy()
        assert stack.status("device") == 0
        assert last_message(stack.logs("device"))["status"] == "approved"
    finally:
        make("make down")
    assert not stack.left()
