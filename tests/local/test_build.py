"""How the installed programs are compiled and linked."""

import os
import re
import subprocess

import pytest

from harness.where import ROOT, binary

PLUGIN = "mosquitto_ztp_gate.so"
PROGRAMS = ("ztp-bridge", "ztpctl", "ztp-approver", "ztp-device")
EXPORTED = {"mosquitto_plugin_version", "mosquitto_plugin_init",
            "mosquitto_plugin_cleanup"}
FORTIFIED = "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"


def output(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def symbols(name, *options):
    """The symbols, without their versions."""
    return {re.sub("@.*", "", line.split()[-1]) for line in
            output("nm", *options, binary(name)).splitlines()}


def quiet_env():
    """The environment, without the variables of a make around this test."""
    return {key: value for key, value in os.environ.items()
            if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "WERROR", "CC",
                           "CFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS")}


def plan(folder, *settings, target="all"):
    """The commands of a full build, as make would run them."""
    done = subprocess.run(
        ["make", "-n", "V=1", f"BUILD={folder}", *settings, target], cwd=ROOT,
        env=quiet_env(), stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.replace("\\\n", " ").splitlines()


def compiling(lines):
    found = [line for line in lines if re.search(r" -c -o \S+\.o ", line)]
    assert found
    return found


def linking(lines):
    found = [line for line in lines if " -o " in line and line not in
             compiling(lines)]
    assert found
    return found


@pytest.mark.parametrize("header", sorted(
    path.name for path in (ROOT / "include/ztp").glob("*.h")))
def test_an_installed_header_needs_none_of_ours_before_it(tmp_path, header):
    source = tmp_path / "user.c"
    source.write_text(f'#include "ztp/{header}"\n'
                      f'#include "ztp/{header}"\nint nothing;\n')
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-c",
                    f"-I{ROOT}/include", "-o", tmp_path / "user.o", source],
                   check=True)


def test_the_plugin_exports_three_names():
    assert symbols(PLUGIN, "-D", "--defined-only") == EXPORTED


def test_the_plugin_brings_no_library_that_it_does_not_use():
    """base/ needs more libraries than the gate, and the broker would load them
    all."""
    dynamic = output("readelf", "-dW", binary(PLUGIN))
    assert "libsqlite3" in dynamic
    assert "libyaml" not in dynamic


@pytest.mark.parametrize("name", (PLUGIN, *PROGRAMS))
def test_nothing_is_bound_late_or_stays_writable(name):
    dynamic = output("readelf", "-dW", binary(name))
    assert "BIND_NOW" in dynamic
    assert "TEXTREL" not in dynamic
    assert "GNU_RELRO" in output("readelf", "-lW", binary(name))


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_position_independent(name):
    assert re.search(r"Type: +DYN", output("readelf", "-hW", binary(name)))
    assert re.search("FLAGS_1.* PIE", output("readelf", "-dW", binary(name)))


@pytest.mark.parametrize("name", ("ztp-bridge", PLUGIN))
def test_copies_are_checked(name):
    checked = {s for s in symbols(name, "-D", "--undefined-only")
               if re.fullmatch("__.*_chk", s)} - {"__stack_chk"}
    assert bool(checked) == ("ZTP_SANITIZER" not in os.environ)


def test_fortified_once_and_only_where_it_works(tmp_path):
    for settings, wanted in (
            ((), True), (("CFLAGS=-O3",), True), (("CFLAGS=-O0 -g",), False),
            (("CFLAGS=-g",), False), (("CFLAGS=-O2 -O0",), False),
            (("CFLAGS=-O1 -fsanitize=address",), False),
            (("CPPFLAGS=-D_FORTIFY_SOURCE=2",), False)):
        for line in compiling(plan(tmp_path, *settings)):
            assert (FORTIFIED in line) == wanted, (settings, line)


def test_warnings_are_errors_when_asked(tmp_path):
    assert not [line for line in plan(tmp_path) if "-Werror" in line]
    assert not [line for line in plan(tmp_path, "WERROR=0")
                if "-Werror" in line]
    for line in compiling(plan(tmp_path, "WERROR=1")):
        assert "-Werror" in line


@pytest.mark.parametrize("target", ("all", "helpers", "unit-run"))
def test_the_users_flags_are_everywhere(tmp_path, target):
    lines = plan(tmp_path, "CPPFLAGS=-DUSERS_CPP", "CFLAGS=-O3 -DUSERS_C",
                 "LDFLAGS=-Wl,--users-ld", "LDLIBS=-lusers", "CC=users-cc",
                 "AR=users-ar", target=target)
    for line in compiling(lines):
        assert re.search("users-cc .*-fPIC.* -DUSERS_CPP .*-DUSERS_C ", line)
    for line in linking(lines):
        assert re.search("users-cc .*-DUSERS_C .*-Wl,--users-ld ", line)
        assert line.rstrip().endswith("-lusers")
    archives = [line for line in lines if " rcs " in line]
    assert archives
    assert all("users-ar rcs" in line for line in archives)
    assert not [line for line in lines if re.search(r"(^|\s)(cc|gcc|ar) ", line)]


def test_a_new_version_is_compiled_in_everywhere(tmp_path):
    """And nothing else is compiled anew, nor anything while it is the same."""
    naming = [tmp_path / "o/gate/plugin.o",
              tmp_path / "san/tests/unit/test_bridge_http_page.o"]
    other = tmp_path / "o/policy/path.o"

    def build(version):
        subprocess.run(["make", f"BUILD={tmp_path}", f"VERSION={version}",
                        *naming, other], cwd=ROOT, env=quiet_env(),
                       stdout=subprocess.DEVNULL, check=True)
        assert all(version.encode() in path.read_bytes() for path in naming)
        return [path.stat().st_mtime_ns for path in (*naming, other)]

    first = build("v1.2.3")
    assert build("v1.2.3") == first
    second = build("v4.5.6")
    assert second[-1] == first[-1]


@pytest.mark.parametrize("settings", (
    ("CC=clang", "CFLAGS=-O0", "all", "helpers"), ("musl",)), ids=("clang", "musl"))
def test_other_compilers_do_not_warn(tmp_path, settings):
    done = subprocess.run(
        ["make", "-j2", f"BUILD={tmp_path}", "WERROR=1", *settings], cwd=ROOT,
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=quiet_env())
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout
