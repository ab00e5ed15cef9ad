"""The smallest part of `make model`: the promises hold with all rules, and
three rules taken out are found missing."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def test_the_rules_hold_and_are_needed():
    done = subprocess.run([sys.executable, HERE / "check.py", "--small"],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    print(done.stdout)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 5  # the heading and four searches
