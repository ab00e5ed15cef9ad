"""The paths of the tree, the build and the cache."""

import functools
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build():
    """The build directory, ZTP_BUILD or build/."""
    return ROOT / os.environ.get("ZTP_BUILD", "build")


def binary(name):
    path = build() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: run make all helpers")
    return str(path)


@functools.lru_cache
def kafka_jars():
    """Apache Kafka's jars, which are fetched if they are missing."""
    done = subprocess.run(
        [ROOT / "scripts" / "kafka-fetch"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()
