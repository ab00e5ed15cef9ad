"""Every Mosquitto that we ship, describe or test with has `set_tcp_nodelay
true`: without it an answer may wait 40 ms for the client's delayed
acknowledgement of the one before."""

import re

import pytest

from harness.where import ROOT

PLACES = ("README.md", "gate", "compose", "docs", "examples", "packaging",
          "scripts", "tests/harness")
LISTENER = re.compile(r"(?:^|[\"'])listener [\d{$]", re.MULTILINE)
SET = re.compile(r"^[ \t\"']*set_tcp_nodelay true\b", re.MULTILINE)


def files():
    for place in PLACES:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*"))


def configurations():
    """The files that hold a whole configuration of Mosquitto."""
    for path in files():
        if path.is_file() and path.suffix not in (".svg", ".png", ".jar"):
            text = path.read_text(errors="replace")
            if LISTENER.search(text) and "allow_anonymous" in text:
                yield pytest.param(text, id=str(path.relative_to(ROOT)))


def test_they_are_found():
    assert {found.id for found in configurations()} >= {
        "README.md", "gate/mosquitto.conf.example", "compose/mosquitto.conf",
        "tests/harness/mosquitto.py"}


@pytest.mark.parametrize("text", configurations())
def test_nodelay(text):
    assert SET.search(text)
