"""Every attack for a short time beside honest devices and customers. `make
hostile` runs each for ten seconds and shows what they notice of it."""

import types

import pytest

from hostile import attacks, gate_attacks
from hostile.campaign import Stages, faults_of

RATE = 100
GATE_RATE = 60
SECONDS = 1.5


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
def gate(stages):
    with stages.gate() as honest:
        honest.quiet = honest.window()
        yield honest


def name_of(attack):
    return attack.__name__


@pytest.mark.parametrize("attack", attacks.ALL, ids=name_of)
def test_nobody_else_is_stopped(topics, attack):
    hit = topics.window(attack())
    assert not faults_of(topics.quiet, hit), hit


@pytest.mark.parametrize("attack", gate_attacks.ALL, ids=name_of)
def test_nobody_is_stopped_at_the_gate(gate, attack):
    hit = gate.window(attack())
    assert not faults_of(gate.quiet, hit), hit
