"""Every command line in the documents is run by a test, or listed here with
the reason why not."""

import json
import re
import shutil
import subprocess

import pytest

from harness.guides import session, text_of
from harness.where import ROOT, build

# Files whose sh blocks are all run by test_guides.py, or by e2e/test_setup.py and
# e2e/test_standbys.py.
HERE = {"README.md", "CONTRIBUTING.md", "examples/README.md",
        "docs/operators-guide.md", "docs/device-guide.md",
        "docs/customers-guide.md", "examples/device/README.md",
        "docs/setup.md", "docs/standbys.md", "docs/maintenance.md"}
# Lines that another test runs: the file that has them.
ELSEWHERE = {
    "make demo": "tests/e2e/test_demo.py",
    "make demo KAFKA=apache": "tests/e2e/test_demo.py",
    "make up DEMO=1": "tests/compose/test_make.py",
    "make up DEMO=1 SECURE=1": "tests/compose/test_make.py",
    "make up DEMO=1 BRIDGES=2": "tests/compose/test_make.py",
    "make down": "tests/compose/test_make.py",
}
# Programs that our machine need not have.
NOT_HERE = {"docker", "docker-compose", "apt", "systemctl", "journalctl", "go",
            "mvn", "npm", "node", "pip", "promtool", "idf.py"}
# How a block with commands might be marked.
SHELLS = {"", "bash", "console", "shell", "text"}
# Lines that run the tests, or run a tool over all sources. A developer runs
# them by hand; here make only has to know them.
BY_HAND = ["make", "make unit", "make check", "make test", "make lint",
           "make format", "make test-examples", "make deb-test",
           "make compose-test", "make dist", "make instructions",
           "make bench-peers", "make bench-growth", "make bench-gate",
           "make bench-onboard", "make bench-standby", "make bench-report"]


def documents():
    """Every document in the tree, without fetched files."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard",
         "*.md"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    names = listed.stdout.split() or [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")
        if build() not in path.parents]
    assert HERE < set(names)
    return sorted(names)


def is_command(line):
    """True if its first word, after variables and sudo, is a program's
    name."""
    bare = re.sub(r"^\s*(?:\$ )?(?:sudo )?(?:[A-Z_]+=\S* )*", "", line)
    word = (bare.split() or [""])[0]
    return bool(word.startswith("ztp") or word in NOT_HERE
                or re.match(r"[\w./-]+$", word) and shutil.which(word))


def command_lines(name):
    """(sh or other, line) of each command in a fenced or indented block."""
    language = None
    for line in text_of(name).splitlines():
        fence = re.match(r"^\s*```(\w*)", line)
        if fence:
            language = None if language is not None else fence[1]
        elif language == "sh":
            if line.strip():
                yield "sh", line.split("  #")[0].strip()
        elif language is not None or line.startswith("    "):
            if language in (None, *SHELLS) and is_command(line):
                yield "other", line.strip()


def test_no_command_is_left_out():
    """Every command is in an sh block, and every sh block is run."""
    elsewhere = set()
    for name in documents():
        for kind, line in command_lines(name):
            assert kind == "sh", f"{name}: not in an sh block: {line}"
            if line in ELSEWHERE or line in BY_HAND:
                elsewhere.add(line)
            else:
                assert name in HERE, (
                    f"{name}: nobody runs: {line}\nrun it in "
                    "test_guides.py, or name in ELSEWHERE the file that does")
    assert elsewhere == set(ELSEWHERE) | set(BY_HAND)
    for line, where in ELSEWHERE.items():
        assert line in text_of(where), f"{where} does not run {line}"


@pytest.mark.parametrize("line", BY_HAND)
def test_by_hand(line):
    """make knows this command."""
    session(f"{line} --dry-run BUILD='{build()}' >/dev/null", ROOT)


def test_what_is_named_exists():
    """The targets and options that a document mentions in passing."""
    told = {name: session(f"{name} --help", ROOT) for name in
            ("ztp-bridge", "ztp-approver", "ztp-device", "ztpctl")}
    makefiles = "\n".join(path.read_text() for path in (
        ROOT / "Makefile", *(ROOT / "scripts").glob("*.mk")))
    for name in documents():
        text = text_of(name)
        for target in re.findall(r"`make ([a-z-]+)", text):
            assert re.search(rf"^[a-z -]*\b{target}\b[a-z -]*:", makefiles,
                             re.M), f"{name}: make {target}"
        for span in re.findall(r"`([^`\n]+)`", text):
            program, *words = span.split()
            for option in words if program in told else ():
                if option.startswith("--"):
                    assert option in told[program], f"{name}: {span}"


def test_json_blocks_are_json():
    for name in documents():
        for body in re.findall(r"^```json\n(.*?)^```$", text_of(name),
                               re.M | re.S):
            assert json.loads(body), name
