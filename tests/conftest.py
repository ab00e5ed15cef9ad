"""Fixtures shared by all layers. Prints the logs of live children on
failure."""

import os
import pathlib
import resource
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# All that is asked here is on this machine, whatever proxy it has.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, (
        os.environ.get(name), "127.0.0.1", "localhost", "::1")))

pytest.register_assert_rewrite("harness.shape")

# For the ports that are held and many connections, where a shell's limit is 1024.
FILES = 16384
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if soft != resource.RLIM_INFINITY and soft < FILES:
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

from harness import process  # noqa: E402
from harness.certs import Ca  # noqa: E402
from harness.devkafka import DevKafka  # noqa: E402
from harness.kafka import EAGER, Kafka  # noqa: E402


# The files that take longest. Each worker takes the next file when it has finished
# one, so a long one must not come last.
LONGEST = (
    "local/test_sim.py", "fault/test_contract.py", "local/test_build.py",
    "cluster/test_move.py", "e2e/test_kafka.py", "e2e/test_kafka_silence.py",
    "local/test_hung.py", "cluster/test_journals.py", "e2e/test_time.py",
    "cluster/test_rights_lost.py", "hostile/test_smoke.py",
    "local/test_command_lines.py", "local/test_guides.py",
    "cluster/test_state_lost.py", "local/test_limits_walk.py",
    "e2e/test_gate_valgrind.py", "cluster/test_join.py",
    "local/test_broker_grants.py", "e2e/test_recovery.py",
    "cluster/test_silence.py", "cluster/test_two_groups.py",
    "e2e/test_standbys.py", "local/test_decision_topic.py",
    "e2e/test_handshake.py", "fault/test_gate_silent.py",
    "e2e/test_gate_device.py", "e2e/test_dead_letters_wait.py",
    "e2e/test_demo.py", "local/test_approver.py", "cluster/test_broker_away.py",
    "hostile/test_cells.py", "fault/test_smoke.py", "cluster/test_rights.py",
    "cluster/test_ledger.py", "cluster/test_serve_away.py",
    "local/test_serve_neighbours.py", "e2e/test_gate_ztpctl.py",
    "local/test_delivery.py", "cluster/test_chaos.py", "local/test_life.py",
    "e2e/test_approver_page_users.py", "e2e/test_kafka_rights.py",
    "e2e/test_gate_closed.py", "e2e/test_gate_access.py",
    "cluster/test_held.py", "cluster/test_rubbish.py",
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
