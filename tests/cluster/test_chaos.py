"""A short campaign on one broker of Kafka: three bridges, with the gate; with
ZTP_CLUSTER_BROKERS=3 (`make contract`) on three, of which one is killed and one
is stopped. `make chaos` runs the long one, on three."""

import argparse
import os
import random

import pytest

from cluster import disasters
from cluster.chaos import Chaos, judge_epochs
from cluster.disasters import Disaster
from cluster.stage import Stage
from cluster.telling import Telling, longest_gap, percentile

BROKERS = 3 if os.environ.get("ZTP_CLUSTER_BROKERS") == "3" else 1
SESSION = 2.0
ROUNDS = {
    "killed-with-its-disk": [Disaster("wipe", "active", 0.1, 0.5)],
    "zombie": [Disaster("freeze", "active", 0.1, 1.3 * SESSION)],
    "cut-off-one-way": [
        Disaster("one_way_kafka", "active", 0.1, 1.3 * SESSION),
        Disaster("kill", "standby", 0.3, 0.5),
    ],
}
if BROKERS == 3:
    ROUNDS["broker-killed"] = [
        Disaster("kafka_killed", "none", 0.1, 1.3 * SESSION)]
    ROUNDS["broker-stopped"] = [
        Disaster("kafka_stopped", "none", 0.1, 1.3 * SESSION, 1)]


@pytest.fixture(scope="module")
def telling():
    return Telling(argparse.Namespace(session=SESSION, json=None))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("stage"), 30, BROKERS,
                  gate=True, session=SESSION).start()
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


def plans(brokers, only=disasters.ALL):
    """What some seeds draw."""
    return [[one.what for one in
             disasters.draw(random.Random(seed), SESSION, brokers, only)]
            for seed in range(2000)]


def test_one_of_three_brokers_is_hit():
    """Never two of them at a time, and never the only one."""
    drawn = plans(3)
    assert {what for plan in drawn for what in plan} == set(disasters.ALL)
    for plan in drawn:
        assert sum(what in disasters.OF_KAFKA for what in plan) <= 1, plan
    for plan in plans(1):
        assert not set(plan) & set(disasters.OF_KAFKA), plan


@pytest.mark.parametrize("only", [
    ("kafka_killed",), ("hunted",), disasters.OF_KAFKA, ("kill", "hunted")])
def test_only_some_are_drawn(only):
    drawn = plans(3, only)
    assert {what for plan in drawn for what in plan} == set(only)
    assert all(drawn)


def test_the_longest_gap():
    assert longest_gap([1.0, 2.0, 4.5], 0.5, 5.0) == 2.5
    assert longest_gap([3.0, 3.5], 0.5, 3.5) == 2.5
    assert longest_gap([], 1.0, 5.0) == 4.0


def test_percentiles():
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 0.99) == 3
