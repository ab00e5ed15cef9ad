"""docs/limits.md says what the sources do (scripts/limits)."""

import importlib.machinery
import importlib.util

import pytest

from harness.where import ROOT
from limits import table


@pytest.fixture
def limits(tmp_path):
    """The script, looking at a tree of its own."""
    loader = importlib.machinery.SourceFileLoader(
        "limits", str(ROOT / "scripts/limits"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("limits", loader))
    loader.exec_module(module)
    module.ROOT = tmp_path
    (tmp_path / "a.h").write_text(
        "#define SMALL 64\n#define LARGE (64u * 1024) /* bytes */\n"
        "#define TWICE (2 * LARGE)\n#define TIME_MS 5000\n"
        '#define TEXT "64"\n#define ROUND (ROUND + 1)\n#define BIG (1 << 20)\n'
        "#define CALL (sizeof(int))\n")
    return module


def test_the_page_is_right(limits):
    limits.ROOT = ROOT
    lines = limits.PAGE.read_text().splitlines()
    assert sum(len(limits.LINK.findall(line)) for line in lines) > 60
    assert [wrong for line in lines for wrong in limits.check(line)] == []


@pytest.mark.parametrize("text", [
    "64 [`SMALL`](../a.h)", "64 bytes [`SMALL`](../a.h)",
    "64 KiB [`LARGE`](../a.h)", "65,536 [`LARGE`](../a.h)",
    "128 KiB [`TWICE`](../a.h); 5 s [`TIME_MS`](../a.h)",
    "5000 ms [`TIME_MS`](../a.h), 1 MiB [`BIG`](../a.h)",
])
def test_right(limits, text):
    assert list(limits.check(f"| a | {text} | b |")) == []


@pytest.mark.parametrize("text, says", [
    ("65 [`SMALL`](../a.h)", "SMALL is 64, not 65"),
    ("64 KiB [`SMALL`](../a.h)", "SMALL is 64, not 65536"),
    ("64 MiB [`LARGE`](../a.h)", "LARGE is 65536"),
    ("64 [`GONE`](../a.h)", "not defined"),
    ("64 [`SMALL`](../b.h)", "No such file"),
    ("64 [`TEXT`](../a.h)", "no number"),
    ("64 [`ROUND`](../a.h)", "not defined"),
    ("4 [`CALL`](../a.h)", "no"),
    ("[`SMALL`](../a.h)", "no number"),
    ("64 pounds [`SMALL`](../a.h)", "no number and unit"),
])
def test_wrong(limits, text, says):
    [wrong] = limits.check(f"| a | {text} | b |")
    assert says in wrong


# --- the walk

def test_each_row_has_a_walk():
    """No row without one, and no walk of a row that is gone."""
    here = {(section, name) for section, name, _ in table.rows()}
    assert here == {(section, name) for section, part in table.TABLE.items()
                    for name in part}


@pytest.mark.parametrize("how", sorted(
    {how for part in table.TABLE.values() for how in part.values()
     if not how.startswith((table.WALK, table.NO))}))
def test_a_walk_elsewhere_is_there(how):
    path, _, name = how.partition("::")
    assert not name or f"def {name}(" in (ROOT / path).read_text()
    assert (ROOT / path).is_file()
