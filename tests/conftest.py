"""Fixtures shared by all layers. Prints the logs of live children on
failure."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

pytest.register_assert_rewrite("harness.shape")

from harness import process  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.devkafka import DevKafka  # noqa: E402
from harness.kafka import EAGER, Kafka  # noqa: E402


# The files that take longest, and those that start an Apache Kafka. Each worker
# takes the next file when it has finished one, so a long one must not come last.
LONGEST = (
    "local/test_limits_walk.py", "local/test_build.py",
    "e2e/test_recovery.py", "local/test_guides.py", "e2e/test_kafka.py",
    "hostile/test_smoke.py", "local/test_poison_commands.py",
    "e2e/test_time.py", "fault/test_smoke.py", "cluster/test_takeover.py",
    "cluster/test_move.py", "fault/test_handshake.py",
    "cluster/test_chaos.py", "e2e/test_standbys.py",
    "local/test_sim.py", "local/test_tool_files.py",
)
# It waits for what runs beside the others.
LAST = "local/test_beside.py"


def place_of(item):
    path = item.path.as_posix()
    if path.endswith(LAST):
        return len(LONGEST) + 1
    for n, name in enumerate(LONGEST):
        if path.endswith(name):
            return n
    return len(LONGEST)


def pytest_collection_modifyitems(items):
    items.sort(key=place_of)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.failed = True
        for name, text in process.tails():
            report.sections.append((f"log of {name}", text))


@pytest.fixture(autouse=True)
def children(request):
    """No child may die during a test without being noticed, and none that the
    test started may outlive it."""
    before = list(process.Process.live)
    yield
    left = [child for child in process.Process.live if child not in before]
    if getattr(request.node, "failed", False):
        process.kill_all(left)
        return
    process.verify_all()
    names = [child.name for child in left]
    process.stop_all(left)
    assert not names, f"left running: {names}"


@pytest.fixture(scope="session", autouse=True)
def children_gone():
    """Whatever went wrong, no child outlives the run."""
    yield
    process.kill_all(process.Process.live)


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return Ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def real_kafka(children_gone, tmp_path_factory):
    """The one Apache Kafka of this run. Each test uses topic names of its
    own."""
    kafka = Kafka(tmp_path_factory.mktemp("kafka"), properties=EAGER).start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="session")
def mock_kafka(children_gone, tmp_path_factory):
    """The one mock cluster of this run."""
    kafka = DevKafka(tmp_path_factory.mktemp("devkafka")).start()
    yield kafka
    kafka.stop()


@pytest.fixture(scope="session")
def browser(children_gone, tmp_path_factory):
    """The one browser of this run. It ends before children_gone kills what is
    left, whichever test was the last. Others need no Selenium."""
    from harness.browser import Browser
    browser = Browser(tmp_path_factory.mktemp("browser")).start()
    yield browser
    browser.stop()
