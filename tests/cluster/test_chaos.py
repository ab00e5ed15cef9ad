"""A short campaign on one broker: three bridges, with the gate; `make chaos` runs
the long one, on three."""

import argparse

import pytest

from cluster.chaos import Chaos, judge_epochs
from cluster.disasters import Disaster
from cluster.stage import Stage
from cluster.telling import Telling, longest_gap, percentile

SESSION = 2.0
ROUNDS = {
    "killed-with-its-disk": [Disaster("wipe", "active", 0.1, 0.5)],
    "zombie": [Disaster("freeze", "active", 0.1, 1.3 * SESSION)],
    "cut-off-one-way": [
        Disaster("one_way_kafka", "active", 0.1, 1.3 * SESSION),
        Disaster("kill", "standby", 0.3, 0.5),
    ],
}


@pytest.fixture(scope="module")
def telling():
    return Telling(argparse.Namespace(session=SESSION, json=None))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("stage"), 30, gate=True,
                  session=SESSION).start()
    yield stage
    stage.stop()
    _, back = judge_epochs(stage)
    stage.close()
    assert not back, "wrote after another"


@pytest.mark.parametrize("name", ROUNDS)
def test_round(stage, telling, name):
    Chaos(stage, name, telling).round(ROUNDS[name])
    assert stage.oracle.bad() == 0, stage.oracle.findings
    assert not stage.oracle.open()
    assert telling.rounds[-1]["disasters"] == [
        disaster.name for disaster in ROUNDS[name]]


def test_the_longest_gap():
    assert longest_gap([1.0, 2.0, 4.5], 0.5, 5.0) == 2.5
    assert longest_gap([3.0, 3.5], 0.5, 3.5) == 2.5
    assert longest_gap([], 1.0, 5.0) == 4.0


def test_percentiles():
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 0.99) == 3
