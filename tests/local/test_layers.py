"""scripts/layers, which make lint runs, finds every kind of violation."""

import importlib.machinery
import importlib.util
import subprocess

import pytest

from harness.where import ROOT


@pytest.fixture
def layers(tmp_path):
    """The script, applied to a tree of its own."""
    path = str(ROOT / "scripts/layers")
    loader = importlib.machinery.SourceFileLoader("layers", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("layers", loader))
    loader.exec_module(module)
    module.ROOT = tmp_path
    module.PARTS = {"low": (), "high": ("low",)}
    return module


def write(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def compiled(tree, part, **files):
    """Compiles {name: source} of one part into BUILD/o/PART."""
    objects = tree / "build/o" / part
    objects.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        source = write(tree, f"{part}/{name}.c", text)
        subprocess.run(["cc", "-c", "-o", objects / f"{name}.o", source],
                       check=True)


def test_what_runs_downward_is_right(layers, tmp_path):
    write(tmp_path, "include/ztp/all.h", "")
    write(tmp_path, "low/a.h", '#include "ztp/all.h"\n')
    write(tmp_path, "high/b.c", '#include "high/b.h"\n#include "low/a.h"\n')
    assert layers.check_includes() == []


def test_a_part_that_stands_on_a_later_one(layers):
    layers.PARTS = {"low": ("high",), "high": ()}
    (wrong,) = layers.check_table()
    assert wrong.startswith("low may not use high")


def test_a_folder_of_the_bridge_that_is_of_no_part(layers, tmp_path):
    write(tmp_path, "bridge/attic/a.c", "")
    assert list(layers.check_table()) == ["bridge/attic belongs to no part"]


@pytest.mark.parametrize("file, included", [
    ("low/a.c", "high/b.h"),
    ("low/a.h", "high/b.h"),
    ("high/b.c", "higher/c.h"),
    ("include/ztp/all.h", "low/a.h"),
])
def test_an_include_that_runs_upward(layers, tmp_path, file, included):
    write(tmp_path, file, f'#include <stdio.h>\n#include "{included}"\n')
    (wrong,) = layers.check_includes()
    assert wrong.startswith(f"{file} includes {included}")


def test_a_call_that_runs_upward(layers, tmp_path):
    compiled(tmp_path, "low", a="int b(void); int a(void) { return b(); }")
    compiled(tmp_path, "high", b="int a(void); int b(void) { return a(); }")
    assert list(layers.check_upward(tmp_path / "build/o")) == [
        "low needs b of high"]


def test_calls_one_way_are_no_circle(layers, tmp_path):
    compiled(tmp_path, "low", a="int a(void) { return 1; }")
    compiled(tmp_path, "high",
             a="int b(void); int a(void) { return b(); }",
             b="int c(void); int b(void) { return c(); }",
             c="static int own; int c(void) { return own++; }")
    assert list(layers.check_calls(tmp_path / "build/o")) == []


def test_a_circle_is_named_with_its_calls(layers, tmp_path):
    compiled(tmp_path, "low", z="int z;")
    compiled(tmp_path, "high",
             a="int b(void); int a(void) { return b(); }",
             b="int c(void); int b(void) { return c(); }",
             c="int (*held)(void); int a(void); int c(void) { return a(); }",
             d="int a(void); int d(void) { return a(); }")
    first, *calls = layers.check_calls(tmp_path / "build/o")
    assert first == "high: 3 files call each other in a circle: a b c"
    assert calls == ["  a -> b: b", "  b -> c: c", "  c -> a: a"]


def test_data_closes_a_circle_too(layers, tmp_path):
    compiled(tmp_path, "low", z="int z;")
    compiled(tmp_path, "high",
             a="extern int b; int a; int f(void) { return b; }",
             b="extern int a; int b; int g(void) { return a; }")
    first, *_ = layers.check_calls(tmp_path / "build/o")
    assert first == "high: 2 files call each other in a circle: a b"
