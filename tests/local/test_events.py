"""The operator's guide names every event that the bridge logs, and no event
that it does not log."""

import re

import pytest

from harness.where import ROOT

GUIDE = (ROOT / "docs/operators-guide.md").read_text(encoding="utf-8")
CALL = re.compile(r"\blog_(?:error|warn|info|debug|said)\(\s*([^;]*?);", re.S)
NAME = re.compile(r'"([a-z]+(?:_[a-z]+)+|[a-z]+)"')
OTHERS = re.compile(r'"((?:mqtt|kafka|gate)_[a-z_]+)"')


def arguments(text):
    """What is between the commas of a call, to the end of the second one."""
    depth, begin, found = 0, 0, []
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if (char == "," and depth == 0) or depth < 0:
            found.append(text[begin:at])
            begin = at + 1
            if depth < 0 or len(found) == 2:
                break
    return found


def events(text):
    """The names in the calls of a source file. Where a call takes its name
    from elsewhere, each text of the file that looks like one counts."""
    names = set()
    for call in CALL.finditer(text):
        given = arguments(call[1])
        assert len(given) == 2, call[0]
        names.update(NAME.findall(given[1]) or OTHERS.findall(text))
    return names


def logged():
    """Every event, and the first file that logs it."""
    found = {}
    for part in ("bridge", "base"):
        for path in sorted((ROOT / part).rglob("*.c")):
            for name in events(path.read_text(encoding="utf-8")):
                found.setdefault(name, path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("text, names", [
    ('log_warn(core->log, "disk_full");', {"disk_full"}),
    ('log_said(f(a, b), "x_y", LOG_STR("topic", t));', {"x_y"}),
    ('log_info(log, big ? "a_b"\n\t: "c_d", LOG_INT("n", 1));',
     {"a_b", "c_d"}),
    ('log_debug(log, event_of(e)); f("mqtt_lost", "left");', {"mqtt_lost"}),
])
def test_events_are_found(text, names):
    assert events(text) == names


def test_every_event_is_in_the_guide():
    found = logged()
    assert len(found) > 80
    assert [f"{name} in {path}" for name, path in found.items()
            if f"`{name}`" not in GUIDE] == []


def test_the_guide_names_no_event_that_is_gone():
    table = GUIDE.split("## Failures")[1].split("The other events")[0]
    known = set(logged()) | {"log_dropped"}  # which log.c writes itself
    for line in re.findall(r"^\| .*", table, re.M)[1:]:
        named = set(re.findall(r"`([a-z]+_[a-z_]+)`", line.split("|")[2]))
        assert named <= known, line
