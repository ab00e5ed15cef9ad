"""The manual is right: its page of settings matches the table, and every
option and exit status in a program's help is in its page."""

import re
import subprocess

import pytest

from harness.where import ROOT, binary

PAGES = sorted((ROOT / "docs" / "man").glob("*.[1-8]"))
NAMES = ["mosquitto_ztp_gate.8", "ztp-approver.1", "ztp-bridge.8",
         "ztp-bridge.yaml.5", "ztp-device.1", "ztp-devkafka.1", "ztpctl.1"]
PROGRAMS = ["ztp-approver", "ztp-bridge", "ztp-device", "ztp-devkafka",
            "ztpctl"]


def output(*argv):
    done = subprocess.run([str(arg) for arg in argv], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_all_are_there():
    assert [page.name for page in PAGES] == NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lint(page):
    assert output("mandoc", "-Tlint", "-Wwarning", page) == ""


def test_settings_are_the_table_s():
    made = output(binary("gen-config-manual"),
                  ROOT / "scripts" / "ztp-bridge.yaml.5.in")
    page = ROOT / "docs" / "man" / "ztp-bridge.yaml.5"
    assert page.read_text(encoding="utf-8") == made, "run make manual"


def as_text(page):
    shown = output("mandoc", "-Tascii", page)
    return re.sub(r".\x08", "", shown)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_has_its_place(program):
    told = set(re.findall(r"--[a-z-]+", output(binary(program), "--help")))
    page = as_text(next(p for p in PAGES if p.stem == program))
    assert told
    assert not {option for option in told - {"--help", "--version"}
                if option not in page}


def test_every_option_of_the_gate_has_its_place():
    source = (ROOT / "gate" / "options.c").read_text(encoding="utf-8")
    keys = re.findall(r'\{"([a-z_]+)", set_', source)
    page = as_text(ROOT / "docs" / "man" / "mosquitto_ztp_gate.8")
    assert keys
    assert not [key for key in keys if f"plugin_opt_{key}" not in page]
