"""The command lines in the documents, and a bash session to run them."""

import os
import re
import signal
import subprocess

from .where import ROOT, build

DEADLINE = 600  # s; each of Kafka's own tools is a JVM, seconds of a processor


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def session(script, folder, **env):
    """Runs one session of bash, with the build directory first in PATH and no
    process left running, and returns its output."""
    variables = {key: value for key, value in os.environ.items()
                 if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    bash = subprocess.Popen(
        ["bash", "-c", "set -euo pipefail\n"
         f"trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT\n{script}"],
        cwd=folder, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**variables, "PATH": f"{build()}:{os.environ['PATH']}", **env},
    )
    try:
        printed, _ = bash.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        left = subprocess.run(["ps", "-s", str(bash.pid), "-o", "args="],
                              stdout=subprocess.PIPE, text=True, check=False)
        os.killpg(bash.pid, signal.SIGKILL)
        printed, _ = bash.communicate()
        raise AssertionError(f"{script}\n{printed}\nnot ended after "
                             f"{DEADLINE} s:\n{left.stdout}") from None
    assert bash.returncode == 0, f"{script}\n{printed}"
    return printed


def blocks(name, language="sh"):
    found = re.findall(rf"^```{language}\n(.*?)^```$", text_of(name),
                       re.M | re.S)
    assert found
    return found


def steps(text):
    """Each sh block with the output shown below it, or None."""
    return re.findall(
        r"^```sh\n(.*?)^```$(?:\s+^```text\n(.*?)^```$)?", text, re.M | re.S)
