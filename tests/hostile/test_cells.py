"""What makes one of two cells useless costs the other nothing, and ends with
what did it. `make hostile-cells` shows what it costs in time."""

import pytest

from hostile import cell_attacks
from hostile.campaign import faults_of
from hostile.cells import LAYOUTS, cells_stage

RATE = 40
SECONDS = 2


@pytest.fixture(scope="module", params=LAYOUTS)
def honest(tmp_path_factory, real_kafka, ca, request):
    with cells_stage(tmp_path_factory.mktemp("cells"), real_kafka, ca,
                     LAYOUTS[request.param], RATE, SECONDS) as honest:
        honest.quiet = honest.window()
        yield honest


@pytest.mark.parametrize("attack", cell_attacks.ALL)
def test_the_other_cell_goes_on(honest, attack):
    hit = honest.window(attack())
    assert hit["count"] == RATE * SECONDS
    assert not faults_of(honest.quiet, hit), hit
    honest.neighbour.onboard()
