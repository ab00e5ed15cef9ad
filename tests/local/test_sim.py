"""The simulation (tests/sim): the real bridge with simulated brokers, in one
thread and from one seed. It runs briefly here; `make sim` runs it for
longer."""

import pathlib
import re
import subprocess

import pytest

from harness.where import ROOT, binary

SIM = binary("sim/sim")
SEEDS = ROOT / "tests" / "sim" / "seeds"
OF_BRIDGES = ROOT / "tests" / "sim" / "seeds_bridges"
WITHOUT = ROOT / "tests" / "sim" / "seeds_without"
OBJECTS = pathlib.Path(binary("sim/o"))


def run(*args, timeout=900):
    """Its exit status and its output."""
    done = subprocess.run(
        [SIM, *args], capture_output=True, text=True, timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def found_nothing(*args):
    code, said = run(*args)
    assert code == 0, said
    assert re.search(r"; 0 findings$", said.strip()), said
    return said


def all_of(path, *args):
    said = found_nothing(*args, "--seeds", path)
    seeds = [line for line in path.read_text().split("\n")
             if line and not line.startswith("#")]
    assert said.startswith(f"{len(seeds)} seeds, ")


def test_seeds_that_found_something():
    all_of(SEEDS)


def test_seeds_of_several_bridges():
    all_of(OF_BRIDGES, "--bridges")


def missed():
    """Rules, the first seed that is known to miss them, and the rules that its kind
    is about."""
    for line in WITHOUT.read_text().split("\n"):
        if line and not line.startswith("#"):
            rules, seed, *about = line.split()
            yield pytest.param(rules.split("+"), seed,
                               [word for rule in about for word in
                                ("--about", rule)], id=rules)


@pytest.mark.parametrize("rules, seed, kind", missed())
def test_a_rule_that_is_taken_out_is_missed(rules, seed, kind):
    """By that seed or one that follows: what a seed does changes with the
    bridge, and with the libraries below it. A slow machine has time for ten times
    as many seeds as it takes to find one."""
    out = [word for rule in rules for word in ("--without", rule)]
    code, said = run("--bridges", *kind, *out, "--seed", seed, "--seconds",
                     "300", "--first")
    found = re.search(r"^seed (\d+): ", said, re.MULTILINE)
    assert code == 1 and found, said
    found_nothing("--bridges", *kind, "--seed", found.group(1), "--once")


def test_others():
    found_nothing("--seconds", "10", "--seed", "1")


def test_bridges_share_no_state():
    """Those in one address space are apart only if a bridge has no variable that
    is not one of its functions' or of what they are handed."""
    objects = [path for part in ("bridge", "base", "policy")
               for path in (OBJECTS / part).rglob("*.o")]
    assert len(objects) > 100
    said = subprocess.run(["nm", "-f", "sysv", *objects],
                          capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(\w+) .*\|\.(?:bss|data|tbss|tdata)\s*$", said,
                       re.MULTILINE)
    assert "OBJECT" in said and found == []


@pytest.mark.parametrize("of", [(), ("--bridges",)])
def test_a_seed_repeats_itself_to_the_bit(of):
    def told(seed):
        code, said = run(*of, "--seed", seed, "--once")
        assert code == 0, said
        return re.search(r"hash ([0-9a-f]{16})", said).group(1)

    first = [told(str(seed)) for seed in (1, 2, 3)]
    assert [told(str(seed)) for seed in (1, 2, 3)] == first
    assert len(set(first)) == 3


def test_the_steps_of_one_seed_are_told():
    code, said = run("--seed", "2", "--once", "--verbose")
    assert code == 0
    assert "event=started" in said and " calm " in said
