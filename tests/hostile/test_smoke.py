"""Every attack for a short time beside honest devices and customers, some at a
time, because each window costs a second more than it lasts. `make hostile`
runs each by itself for ten seconds and shows what they notice of it."""

import types

import pytest

from hostile import attacks, gate_attacks
from hostile.campaign import Stages, faults_of

RATE = 100
GATE_RATE = 60
SECONDS = 2
AT_ONCE = 4


@pytest.fixture(scope="module")
def stages(tmp_path_factory, real_kafka):
    return Stages(tmp_path_factory.mktemp("hostile"), real_kafka,
                  types.SimpleNamespace(rate=RATE, gate_rate=GATE_RATE,
                                        seconds=SECONDS))


@pytest.fixture(scope="module")
def topics(stages):
    with stages.topics() as honest:
        honest.quiet = honest.window()
        yield honest


@pytest.fixture(scope="module")
def not_recommended(stages):
    with stages.topics_not_recommended() as honest:
        honest.quiet = honest.window()
        yield honest


@pytest.fixture(scope="module")
def gate(stages):
    with stages.gate() as honest:
        honest.quiet = honest.window()
        yield honest


def some_at_a_time(those):
    groups = [those[i:i + AT_ONCE] for i in range(0, len(those), AT_ONCE)]
    return pytest.mark.parametrize(
        "group", groups,
        ids=["-".join(one.__name__ for one in group) for group in groups])


@some_at_a_time(attacks.ALL)
def test_nobody_else_is_stopped(topics, group):
    hit = topics.window(attacks.together(group)())
    assert not faults_of(topics.quiet, hit), hit


@some_at_a_time(attacks.NOT_RECOMMENDED)
def test_nobody_is_stopped_by_what_unpacks(not_recommended, group):
    hit = not_recommended.window(attacks.together(group)())
    assert not faults_of(not_recommended.quiet, hit), hit


def test_the_decision_topic_is_as_recommended(topics, not_recommended):
    """Otherwise the attacks with zeros are measured on another topic than
    their names say."""
    warned = "kafka_topic_compressed"
    not_recommended.stage.bridge.wait_log(warned)
    assert warned not in topics.stage.bridge.log()


@some_at_a_time(gate_attacks.ALL)
def test_nobody_is_stopped_at_the_gate(gate, group):
    hit = gate.window(attacks.together(group)())
    assert not faults_of(gate.quiet, hit), hit
