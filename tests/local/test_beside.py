"""What `make test` builds and runs beside these tests (scripts/beside): what goes
over the seeds of the fuzzing, and the torture."""

import os
import pathlib
import signal
import subprocess

import pytest

from harness.process import hear_all
from harness.until import until
from harness.where import ROOT

BESIDE = os.environ.get("ZTP_BESIDE")
SAY = 'echo "$0 says"; '


def both(folder, first, second):
    return subprocess.Popen(
        [ROOT / "scripts/beside", folder / "log", "sh", "-c", SAY + first, "one",
         "--", "sh", "-c", SAY + second, "other"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True, preexec_fn=hear_all)


@pytest.mark.parametrize("first, second, status", [
    ("exit 0", "exit 0", 0), ("exit 3", "exit 0", 3), ("exit 0", "exit 4", 4),
    ("exit 3", "exit 4", 4),
    ("exit 3", 'until grep 3 "$ZTP_BESIDE.status"; do sleep 0.01; done', 3),
    ('until [ -e "$0.ended" ]; do sleep 0.01; done; rm "$0.ended"',
     "touch one.ended", 0)])
def test_either_may_fail(tmp_path, monkeypatch, first, second, status):
    monkeypatch.chdir(tmp_path)
    child = both(tmp_path, first, second)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == status
    assert said.count("one says\n") == said.count("other says\n") == 1


def runs(pid):
    """What has ended without its parent waits for init to see that."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def sleeps(pid):
    """A shell can lose a SIGINT that comes while it starts a command."""
    return pid and pathlib.Path(f"/proc/{pid}/comm").read_text() == "sleep\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_it_ends_both(tmp_path, how):
    child = both(tmp_path, f"echo $$ >{tmp_path}/a; exec sleep 1000",
                 f"echo $$ >{tmp_path}/b; exec sleep 1000")
    files = [tmp_path / "a", tmp_path / "b"]
    until(lambda: all(file.exists() and sleeps(file.read_text().strip())
                      for file in files), "both run")
    pids = [int(file.read_text()) for file in files]
    child.send_signal(how)
    child.communicate(timeout=60)
    assert child.returncode != 0
    until(lambda: not any(runs(pid) for pid in pids), "neither runs")


if BESIDE:
    def test_smokes():
        status = pathlib.Path(f"{BESIDE}.status")
        until(status.exists, "they have ended", 1800, 0.1)
        said = pathlib.Path(BESIDE).read_text(errors="replace")
        assert status.read_text().strip() == "0", said[-20000:]
