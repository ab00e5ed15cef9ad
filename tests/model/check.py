#!/usr/bin/env python3
"""Searches the model of several bridges, once with all rules and once without
each of them, and prints which promise that breaks. Fails when anything is not
as expected here.

    tests/model/check.py [--small] [--jobs N] [--memory GIB] [NAME...]
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
KEPT = "-"  # no promise is broken
CYCLE = "no_endless_quarrel"
DEADLINE_S = 1800


@dataclasses.dataclass(frozen=True)
class Run:
    """A search. `without` are the rules that are taken out, `breaks` the
    promise that has to break then. `flags` are of bounds.pml."""
    name: str
    breaks: str = KEPT
    without: tuple = ()
    gate: bool = False
    inputs: int = 1
    faults: int = 2
    flags: tuple = ()
    cycles: bool = False

    def macros(self):
        return [f"-DINPUTS={self.inputs}", f"-DFAULTS={self.faults}",
                *(["-DGATE"] if self.gate else []),
                *(f"-D{flag}" for flag in self.flags),
                *(f"-DWITHOUT_{rule}" for rule in self.without)]


def rule(name, breaks, *more, **others):
    """Takes out the rule of that name."""
    return Run(name, breaks, (name, *more), **others)


# Every rule is there: the promises hold. The first two are the smoke.
WHOLE = [
    Run("all rules, gate", gate=True),
    Run("all rules, no gate", faults=1),
    Run("all rules, no gate, two faults"),
    Run("all rules, gate, two inputs", gate=True, inputs=2, faults=1),
    Run("all rules, no gate, two inputs", inputs=2, faults=1),
    Run("all rules, deadline", faults=1, flags=("DEADLINE",)),
    Run("all rules, deadline, gate", gate=True, faults=1,
        flags=("DEADLINE",)),
    Run("all rules, markers late", gate=True, faults=1,
        flags=("MARKERS_LATE",)),
    Run("all rules, no cycle, gate", gate=True, faults=1, cycles=True),
    Run("all rules, no cycle", faults=1, cycles=True),
]

# One rule is taken out. `flags` and `gate` choose the variant that needs it.
BROKEN = [
    rule("FENCE", "zombie_silent", gate=True),
    Run("FENCE, zombies may speak", "answer_heard", ("FENCE",), gate=True,
        flags=("MAY_SPEAK",)),
    rule("READING_AFTER_FENCE", "asked_once", gate=True),
    rule("UNCOMMITTED_END", "asked_once", gate=True,
         flags=("MARKERS_LATE",)),
    rule("TRYING_AGAIN", "one_active_in_the_end", gate=True, faults=1),
    Run("CHECKS", CYCLE, ("FIRST_CHECK", "SECOND_CHECK"), gate=True,
        faults=1, cycles=True),
    rule("ROW_ACTIVE", "zombie_silent", gate=True),
    rule("WAIT_FOR_LEASE", "zombie_silent", gate=True),
    rule("LEASE", "zombie_silent", gate=True),
    rule("LEASE_FROM_BEGIN", "zombie_silent", gate=True),
    rule("ROW_IN_IDLE_TURN", "zombie_silent", gate=True),
    rule("SILENCE_AFTER_LEFT", "zombie_silent", gate=True),
    rule("TURN_AFTER_LOSS", "zombie_silent", gate=True),
    rule("LEASE_FOR_INTAKE", "nothing_lost"),
    rule("COMMIT_BEFORE_EFFECTS", "nothing_lost", gate=True),
    rule("ASKING_AGAIN_COMMITTED", "nothing_lost", gate=True),
    rule("ASKING_AGAIN_ABORTED", "asked_once", gate=True),
    rule("POSITION_IN_ROWS", "result_once", gate=True),
    rule("WAIT_AFTER_ABORT", "answer_heard", gate=True),
    rule("HELD", "answer_heard", gate=True),
    rule("WINDOW_KEPT", "answer_heard", gate=True),
    rule("SAME_IDS", "shown_again", faults=1, flags=("SHOWN_AGAIN",)),
    rule("LAST_TURN", "answer_heard"),
    rule("HANDING_OVER", "all_answered"),
    rule("OLD_CHANGES_NOTHING", "asked_once"),
    rule("JOINING_ORDER", "nobody_pushed_out", gate=True, faults=1),
    rule("BACK_OF_LINE", "one_active_in_the_end", gate=True, faults=1),
    rule("REACHING_END", "deadline_heard", faults=0, flags=("DEADLINE",)),
    rule("OPEN_HOLDS_BACK", "deadline_heard", faults=0,
         flags=("DEADLINE",)),
]

# Taken out alone, these break no promise of the model. docs/standbys-model.md
# says what they are for.
SPARE = [
    rule("FIRST_CHECK", KEPT, gate=True, faults=1),
    rule("SECOND_CHECK", KEPT, gate=True, faults=1),
    rule("MARK", KEPT, faults=1),
    Run("LEASE, zombies may speak", KEPT, ("LEASE",), gate=True,
        faults=1, flags=("MAY_SPEAK",)),
    Run("LEASE, zombies may speak, no gate", KEPT, ("LEASE",), faults=1,
        flags=("MAY_SPEAK",)),
]

# What the rules keep with a gate only.
KNOWN = [
    Run("shown again, gate", KEPT, gate=True, faults=1,
        flags=("SHOWN_AGAIN",)),
    Run("shown again, no gate", faults=1, flags=("SHOWN_AGAIN",)),
    Run("shown again, strictly", "shown_again", faults=1,
        flags=("SHOWN_AGAIN", "STRICTLY")),
]

SMALL = ("all rules, no gate", "TRYING_AGAIN", "WAIT_AFTER_ABORT",
         "BACK_OF_LINE")


@dataclasses.dataclass
class Found:
    broken: str
    states: int
    seconds: float
    trail: str = ""


def limited(memory):
    def limit():
        os.nice(19)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    return limit


def called(command, folder, memory):
    done = subprocess.run(command, cwd=folder, text=True, timeout=DEADLINE_S,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=limited(memory), check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
    return done.stdout


def how(run):
    """How pan is compiled, and how it is called. A rule that is missing is
    searched breadth first, so that its trail is the shortest. The compiler
    takes longer to optimize than most searches take without."""
    if run.cycles:
        return ["-O0", "-DNP"], ["-l", "-m100000"]
    if run.breaks != KEPT:
        return ["-O0", "-DSAFETY", "-DBFS"], []
    return ["-O0" if run.faults < 2 and run.inputs < 2 else "-O2",
            "-DSAFETY", "-DCOLLAPSE"], ["-m100000"]


def read(text):
    """What pan says. It has to have searched everything, or found something."""
    broken = re.search(r"assertion violated (\w+)", text)
    cycle = "non-progress cycle" in re.sub(r"non-progress cycles", "", text)
    states = re.search(r"^\s*(\S+) states, stored", text, re.M)
    if not states or ("Search not completed" in text
                      and not (broken or cycle)):
        raise RuntimeError(text)
    name = broken.group(1) if broken else CYCLE if cycle else KEPT
    return name, int(float(states.group(1)))


def search(run, memory):
    compiled, options = how(run)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for source in HERE.glob("*.pml"):
            shutil.copy(source, folder)
        begin = time.monotonic()
        called(["spin", *run.macros(), "-a", "cluster.pml"], folder, memory)
        called(["gcc", "-w", "-DVECTORSZ=2048", *compiled, "-o", "pan",
                "pan.c"], folder, memory)
        text = called(["./pan", "-E", "-w22", *options], folder, memory)
        broken, states = read(text)
        found = Found(broken, states, time.monotonic() - begin)
        if broken != KEPT:
            found.trail = called(["spin", *run.macros(), "-g", "-p", "-t",
                                  "cluster.pml"], folder, memory)
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true",
                        help="the model and three rules, in some seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--memory", type=int, default=8,
                        help="GiB for each search")
    parser.add_argument("--trails", type=pathlib.Path,
                        help="a folder for what spin says of each trail")
    parser.add_argument("names", nargs="*", help="only these searches")
    return parser.parse_args()


def chosen(args):
    runs = WHOLE + BROKEN + SPARE + KNOWN
    names = SMALL if args.small else args.names
    unknown = set(names) - {run.name for run in runs}
    if unknown:
        sys.exit(f"check.py: no such search: {', '.join(sorted(unknown))}")
    return [run for run in runs if not names or run.name in names]


def keep(trails, run, found):
    trails.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "_", run.name)
    (trails / f"{name}.txt").write_text(found.trail)


def main():
    args = arguments()
    runs = chosen(args)
    wrong = 0
    print(f"{'taken out':34} {'broken':22} {'states':>11} {'seconds':>8}")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = [pool.submit(search, run, args.memory << 30)
                   for run in runs]
        for run, future in zip(runs, waiting):
            found = future.result()
            line = (f"{run.name:34} {found.broken:22} {found.states:11,} "
                    f"{found.seconds:8.1f}")
            if found.broken != run.breaks:
                wrong += 1
                line += f"  expected: {run.breaks}"
            print(line, flush=True)
            if args.trails and found.trail:
                keep(args.trails, run, found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
