"""scripts/strings, which make lint runs: it finds what it is there to find."""

import importlib.machinery
import importlib.util

import pytest

from harness.where import ROOT


@pytest.fixture
def strings(tmp_path):
    """The script, looking at a tree of its own."""
    loader = importlib.machinery.SourceFileLoader(
        "strings", str(ROOT / "scripts/strings"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("strings", loader))
    loader.exec_module(module)
    module.ROOT = tmp_path
    for folder in module.FOLDERS:
        (tmp_path / folder).mkdir()
    write(tmp_path, module.MEMBERS,
          '#define ZTP_M_STATE "state"\n#define ZTP_M_ID "request_id"\n')
    return module


def write(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def both(tree, one, other):
    write(tree, "bridge/kafka/a.c", one)
    write(tree, "gate/b.c", f"\n{other}")


@pytest.mark.parametrize("name", (
    "device_path", "correlationData", "NOT_FOUND", "$CONTROL/ztp/v1",
    "ztp.requests", "content-type", "mqtts://", "{device_path}", "ztp/#"))
def test_a_name_twice(strings, tmp_path, name):
    both(tmp_path, f'f("{name}");\n', f'static char a[] = "{name}";\n')
    assert strings.check_twice() == [
        f'bridge/kafka/a.c:1: "{name}" is written again in gate/b.c:2']


def test_a_name_in_the_code_that_a_header_has(strings, tmp_path):
    both(tmp_path, 'f(object, "request_id");\n', "")
    (wrong,) = strings.check_twice()
    assert "include/ztp/member.h:2" in wrong and "bridge/kafka/a.c:1" in wrong


def test_a_name_in_the_code_that_a_list_has(strings, tmp_path):
    both(tmp_path, '\tX(FULL, 4, "too_many") \\\n', 'f("too_many");\n')
    assert len(strings.check_twice()) == 1


def test_two_literals_side_by_side_are_one(strings, tmp_path):
    both(tmp_path, 'f("ztp/v1/"\n  "audit");\n', 'f("ztp/v1/");\n')
    assert strings.check_twice() == []


@pytest.mark.parametrize("text", (
    'f("out of memory");', 'f("%s_file");', 'f("state");', 'f("a_");',
    'f("-");', 'f("5.0");', '/* "request_id" */', '#include "a/b.h"',
    'log_info(b->log, "request_ended", LOG_STR("device_path", r->path));',
    '{"content-type", required_argument, NULL, 7},', 'f("--help");',
    '\tX(FULL, 4, "too_many") \\'))
def test_what_may_be_written_again(strings, tmp_path, text):
    both(tmp_path, text + "\n", text + "\n")
    assert strings.check_twice() == []


@pytest.mark.parametrize("call, wrong", (
    ('cJSON_AddStringToObject(o, "state", "held")', True),
    ('ztp_json_add_string(&o,\n\t"state", s)', True),
    ('cJSON_AddStringToObject(o, ZTP_M_TYPE, "state")', False),
    ('cJSON_AddStringToObject(o, "uptime", s)', False),
    ('own_branch(path, "state", topic)', False)))
def test_a_member_written_out(strings, tmp_path, call, wrong):
    both(tmp_path, f"{call};\n", "")
    assert [line.endswith('"state" is ZTP_M_STATE')
            for line in strings.check_members()] == [True] * wrong
