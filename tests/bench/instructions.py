"""Instructions per request, step by step, in tests/bench/hot.c."""

import os
import pathlib
import re
import subprocess

from harness import where

from .measure import write_certs

RECORDED = where.ROOT / "tests/bench/instructions.json"
STEPS = ("event", "request", "announced", "decision", "command", "delivered")
# Runs the same code on every machine, whatever its processor supports.
PLAIN = {
    "OPENSSL_ia32cap": "0:0",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-ERMS,-FSRM",
}


def count(ca, folder):
    """{step: instructions}"""
    folder = pathlib.Path(folder)
    certs = write_certs(ca, folder / "certs", each=8, kinds=("rsa2048",))
    done = subprocess.run(
        [
            "valgrind", "--tool=callgrind", "--collect-atstart=no",
            "--toggle-collect=hot_*",
            *(f"--dump-after=hot_{step}" for step in STEPS),
            f"--callgrind-out-file={folder}/out",
            where.binary("bench/hot"), folder, certs,
        ],
        env={**os.environ, **PLAIN},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    times = int(done.stdout)
    found = {}
    for path in sorted(folder.glob("out.*")):
        text = path.read_text()
        step = re.search(r"^desc: Trigger: --dump-after=hot_(\w+)$", text,
                         re.MULTILINE)
        if step:
            total = re.search(r"^summary: (\d+)$", text, re.MULTILINE)
            found[step.group(1)] = round(int(total.group(1)) / times)
    assert tuple(found) == STEPS and all(found.values()), found
    return found
