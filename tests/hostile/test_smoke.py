"""Every attack for a short time beside honest devices and customers. `make
hostile` runs each for ten seconds and shows what they notice of it."""

import pytest

from bench.measure import Stage, write_certs
from hostile import attacks
from hostile.campaign import faults_of
from hostile.honest import Honest

RATE = 100
SECONDS = 2


@pytest.fixture(scope="module")
def honest(ca, tmp_path_factory, real_kafka):
    folder = tmp_path_factory.mktemp("hostile")
    certs = write_certs(ca, folder / "certs", each=4)
    with Stage(folder / "stage", real_kafka, certs) as stage:
        honest = Honest(stage, RATE)
        honest.begin(SECONDS)
        honest.quiet = honest.window()
        yield honest


@pytest.mark.parametrize("attack", attacks.ALL, ids=lambda one: one.__name__)
def test_nobody_else_is_stopped(honest, attack):
    hit = honest.window(attack())
    assert not faults_of(honest.quiet, hit), hit
