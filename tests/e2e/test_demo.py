"""The first thing that anybody tries: the demo shows what it promises, keeps
secrets to itself, and leaves nothing behind."""

import os
import pathlib
import re
import subprocess

import pytest

from harness.where import ROOT, build

TOLD = ["ztp.requests", "ztp.decisions", "ztp.results", "ztp.audit",
        "subscriptions/acme/registries/plant-7/devices/pump-42",
        '"fingerprint_sha256": "', "approved at once", "onboarded", "rejected"]


def tree():
    """What git reports as changed; nothing in a tarball's tree, which has no
    git."""
    done = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT,
                          stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("line", ["make demo", "make demo KAFKA=apache"])
def test_demo(line, tmp_path):
    before = tree()
    env = {key: value for key, value in os.environ.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        [*line.split(), f"BUILD={build()}"], cwd=ROOT, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300,
        env={**env, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout
    for word in TOLD:
        assert word in done.stdout, word
    # A certificate in base64, or a JWT.
    assert not re.search(r"MII[A-Za-z0-9+/]{40}|eyJ[A-Za-z0-9_-]+\.",
                         done.stdout)
    assert list(tmp_path.iterdir()) == []
    assert tree() == before
    # No process that it started is still working in its directory.
    for link in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            assert not os.readlink(link).startswith(str(tmp_path)), link
        except (FileNotFoundError, PermissionError):
            continue
