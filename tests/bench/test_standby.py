"""The programs of `make bench-standby` for a few seconds: nothing is lost."""

from bench import standby_state
from bench.measure import lost, write_certs
from bench.standby import Group, Single, compare, figures

ROWS = 3000


def test_a_pair(ca, tmp_path, real_kafka):
    certs = write_certs(ca, tmp_path / "certs", each=2)
    pair = []
    for kind in (Single, Group):
        with kind(tmp_path / kind.__name__, real_kafka, certs) as stage:
            pair.append(figures(stage, 0.2, 1000))
    assert not any(lost(found) for one in pair for found in one.values())
    compared = compare([pair])
    assert compared["up_usual"]["p50_ms"]["group"] > 0
    assert compared["down_usual"]["cpu_us"]["single"] > 0


def test_a_state_that_is_read_anew(tmp_path, real_kafka):
    found = standby_state.measure(real_kafka, tmp_path, ROWS)
    assert found["rows_per_s"] > 0 and found["rss_active"] > 1 << 20
