"""docs/faults.md names tests that are there."""

import re

import pytest

from harness.where import ROOT

PAGE = ROOT / "docs/faults.md"
NAMED = re.compile(r"`((?:[\w/]+\.(?:py|c))?)((?:::\w+)?)`")


def rows():
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| what was"):
            yield number, line.strip("| ").split(" | ")


def named(cell):
    """(file, test or "") of each; "::test" is of the file before it."""
    file = None
    for name in cell.split(", "):
        found = NAMED.fullmatch(name)
        assert found and (found[1] or (file and found[2])), name
        file = found[1] or file
        yield file, found[2][2:]


def is_there(file, test):
    path = ROOT / "tests" / file
    if not path.exists():
        return False
    begin = "def" if file.endswith(".py") else r"static void"
    return not test or re.search(rf"^{begin} {test}\(", path.read_text(),
                                 re.MULTILINE) is not None


@pytest.mark.parametrize("number, cells", rows(),
                         ids=lambda value: str(value)[:40])
def test_each_line_has_its_tests(number, cells):
    assert len(cells) == 3, number
    missing = [pair for pair in named(cells[2]) if not is_there(*pair)]
    assert not missing


def test_a_name_that_is_gone_is_found():
    assert is_there("local/test_faults.py", "test_each_line_has_its_tests")
    assert not is_there("local/test_faults.py", "test_each_line")
    assert not is_there("local/test_no_such.py", "")
    assert list(named("`a.c`, `::b`, `::d`")) == [
        ("a.c", ""), ("a.c", "b"), ("a.c", "d")]
    with pytest.raises(AssertionError):
        list(named("`::b`"))
