"""The engine, the images, and both variants of the stack."""

import os
import subprocess

import pytest

from harness.where import ROOT, build

from compose.engine import Docker, Engine, Running, find_compose
from compose.load import NAMES
from compose.stack import FOLDER, Stack


@pytest.fixture(scope="session")
def compose():
    return find_compose()


def build_images(docker, compose, base, log):
    """Builds the base images, unless they are pulled, and the stack's own
    images."""
    argv = [*compose, "-f", FOLDER / "docker-compose.yml"]
    if base == "build":
        argv += ["-f", FOLDER / "offline" / "build.yml"]
        run(docker, [FOLDER / "offline" / "bases", build() / "compose"], log)
    run(docker, [*argv, "--profile", "demo", "build"], log)


def run(docker, argv, log):
    """The output is long and goes to a file."""
    with open(log, "ab") as out:
        done = subprocess.run(list(map(str, argv)), cwd=ROOT, env=docker.env,
                              stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, check=False)
    tail = log.read_text(errors="replace")[-4000:]
    assert done.returncode == 0, f"{argv}: {tail}"


@pytest.fixture(scope="session")
def engine(tmp_path_factory, compose):
    """An engine with the images. ZTP_BASE says whether Debian's and Kafka's
    are pulled or built; an engine of our own builds them."""
    folder = tmp_path_factory.mktemp("docker")
    log = folder / "build.log"
    if Docker().answers():
        running = Running()
        build_images(running.docker, compose,
                     os.environ.get("ZTP_BASE", "pull"), log)
        yield running
        return
    data = build() / "compose" / "docker"
    builder = Engine(folder / "builder", data, building=True).start()
    builder.clear()
    build_images(builder.docker, compose, os.environ.get("ZTP_BASE", "build"),
                 log)
    builder.stop()
    own = Engine(folder / "engine", data).start()
    yield own
    own.stop()


@pytest.fixture(scope="module", params=["plain", "secure"])
def stack(request, engine, compose, tmp_path_factory):
    """The stack, up from nothing; nothing is left after it is down."""
    made = Stack(engine, compose, request.param,
                 tmp_path_factory.mktemp(request.param), NAMES)
    assert not made.left()
    try:
        yield made.up()
    finally:
        made.down()
    assert not made.left()
