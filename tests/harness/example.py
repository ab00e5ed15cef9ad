"""The customer examples, built and run by their lines in examples/README.md."""

import functools
import os
import re
import shutil
import subprocess
import venv

from . import where
from .process import Process

ROOT = where.ROOT / "examples"
LANGUAGES = ["python", "go", "java", "node"]


def table():
    """language: (build, run), from the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return {name: commands for name, *commands in re.findall(
        r"^\| `(\w+)` \|[^|]*\| `([^`]+)` \| `([^`]+)` \|$", text, re.M)}


@functools.lru_cache(None)
def built(language):
    """A copy of that example, built there."""
    folder = where.build() / "examples" / language
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / language, folder, ignore=shutil.ignore_patterns(
        "node_modules", "target", "approver"))
    if language == "python":
        venv.create(folder / "venv", with_pip=True)
    done = subprocess.run(
        ["sh", "-c", table()[language][0]], cwd=folder, env=environment(folder),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout
    return folder


def environment(folder):
    """A small and quick JVM; Python from its own venv."""
    return {**os.environ,
            "PATH": f"{folder}/venv/bin:{os.environ['PATH']}",
            "JAVA_TOOL_OPTIONS": "-Xmx128m -XX:TieredStopAtLevel=1"}


class Example(Process):
    def __init__(self, language, rig, group="approver"):
        folder = built(language)
        # A JVM ended by SIGTERM exits with 128 + 15.
        super().__init__(
            f"{language}-{group}",
            ["sh", "-c", f"cd '{folder}' && exec {table()[language][1]}"],
            rig.folder,
            env={
                **environment(folder),
                "KAFKA_BROKERS": rig.kafka.brokers,
                "KAFKA_GROUP": f"{rig.topics['requests']}-{group}",
                "REQUESTS_TOPIC": rig.topics["requests"],
            },
            clean_exit=143 if language == "java" else 0,
        )
