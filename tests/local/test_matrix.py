"""docs/platforms.md, and what `make matrix` reads from a run's output."""

import importlib.machinery
import importlib.util
import subprocess

from harness.where import ROOT


def script(name):
    """Loads a program of scripts/ as a module."""
    loader = importlib.machinery.SourceFileLoader(
        name.replace("-", "_"), str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


LOG = """\
  ok     test_cert (15 tests)
  FAILED test_chain
  ok     test_json (14 tests)
12 passed in the middle of a line
===== 1 failed, 562 passed, 2 warnings in 447.19s (0:07:27) =====
make: *** [scripts/on.mk:13: on] Error 2
"""


def test_counts():
    assert script("matrix").counts(LOG) == {
        "units": 29, "units_failed": 1, "failed": 1, "passed": 562}
    assert script("matrix").counts("") == {"units": 0, "units_failed": 0}


def seen(row, code, counts, **more):
    return {"row": row, "targets": "demo test", "code": code, "warning": False,
            "facts": {"name": "Debian", "arch": "x86_64", "gcc": "14.2.0"},
            "counts": {"units": 0, "units_failed": 0, **counts},
            "seconds": 610, "date": "2026-11-28", "tree": "v1", **more}


def test_page():
    """A failed row says so, even if nothing was counted."""
    text = script("platforms-page").page([
        seen("bookworm", 0, {"passed": 900, "units": 300}),
        seen("trixie", 2, {"passed": 899, "failed": 1}),
        seen("sid", 2, {}, warning=True)])
    assert "| bookworm | Debian | x86_64 | the demo and all tests | 300 | " \
        "900 | passed | 10 min | 2026-11-28 | `v1` |" in text
    assert "| 899 | 1 failed |" in text
    assert "| sid | Debian | x86_64 | the demo and all tests | - | - | " \
        "failed |" in text
    assert "sid is not supported" in text


def test_unknown_row(tmp_path):
    done = subprocess.run(
        [ROOT / "scripts" / "matrix", "--build", tmp_path, "woody"],
        check=False, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert line.startswith("matrix: no row woody: bookworm trixie sid")


def test_every_row_has_its_place_on_the_page():
    page = script("platforms-page")
    assert set(page.ORDER) == set(script("matrix").ROWS)
    assert {row["targets"] for row in script("matrix").ROWS.values()} \
        == set(page.WHAT)
