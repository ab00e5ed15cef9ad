"""The operator's guide, and for several bridges the page on them, name every
event that the bridge logs, and no event that it does not log."""

import re

import pytest

from harness.where import ROOT

GUIDE, GROUP = ((ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
                for page in ("operators-guide", "standbys"))
CALL = re.compile(r"\blog_(?:error|warn|info|debug|said)\(\s*([^;]*?);", re.S)
BOUNDED = re.compile(r"\blog_(?:error|warn|said)\(\s*([^;]*?);", re.S)
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


def events(text, calls=CALL):
    """The names in the calls of a source file. Where a call takes its name
    from elsewhere, each text of the file that looks like one counts."""
    names = set()
    for call in calls.finditer(text):
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


def slots():
    """How many events the log bounds one by one."""
    header = (ROOT / "base/log_flow.h").read_text(encoding="utf-8")
    return int(re.search(r"#define LOG_FLOW_EVENTS\s+(\d+)", header)[1])


def test_every_event_has_a_bound_of_its_own():
    """An event beyond the last slot would have lines without end."""
    found = {name for part in ("bridge", "base", "gate", "tools")
             for path in (ROOT / part).rglob("*.c")
             for name in events(path.read_text(encoding="utf-8"), BOUNDED)}
    assert len(found) <= slots()


@pytest.mark.parametrize("text, names", [
    ('log_warn(core->log, "disk_full");', {"disk_full"}),
    ('log_said(f(a, b), "x_y", LOG_STR("topic", t));', {"x_y"}),
    ('log_info(log, big ? "a_b"\n\t: "c_d", LOG_INT("n", 1));',
     {"a_b", "c_d"}),
    ('log_debug(log, event_of(e)); f("mqtt_lost", "left");', {"mqtt_lost"}),
])
def test_events_are_found(text, names):
    assert events(text) == names


def test_every_event_is_in_the_guides():
    found = logged()
    assert len(found) > 80
    assert [f"{name} in {path}" for name, path in found.items()
            if f"`{name}`" not in GUIDE + GROUP] == []


@pytest.mark.parametrize("text, heading, column", [
    (GUIDE, "## Failures", 2), (GROUP, "### What the log says", 1)],
    ids=["guide", "group"])
def test_the_guides_name_no_event_that_is_gone(text, heading, column):
    table = text.split(heading)[1].split("\n\n")[1]
    # Which log.c writes itself, and those that are the names of errors.
    known = set(logged()) | {"log_dropped", "state_lost", "state_newer"}
    lines = re.findall(r"^\| .*", table, re.M)[1:]
    assert len(lines) > 15
    for line in lines:
        named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`",
                               line.split("|")[column]))
        assert named <= known, line
