"""The benchmark's own programs at a low rate: nothing is lost in either
direction. scripts/bench measures, on an otherwise idle machine."""

from bench.measure import Stage, lost, write_certs
from harness.until import DEADLINE

RATE = 200
COUNT = 800


def test_no_loss_up_and_down(ca, tmp_path, mock_kafka):
    certs = write_certs(ca, tmp_path / "certs", each=2)
    with Stage(tmp_path / "stage", mock_kafka, certs, settings={}) as stage:
        stage.lost_after = DEADLINE
        up = stage.uplink(RATE, COUNT)
        down = stage.downlink(RATE, 0, COUNT)
    assert up["load"] == {**up["load"], "sent": COUNT, "acked": COUNT}
    assert lost(up) == 0, up
    assert up["sink"]["duplicates"] == 0, up
    assert down["decide"]["acked"] == COUNT and not down["decide"]["failed"]
    assert lost(down) == 0, down
    assert down["listen"]["duplicates"] == 0, down
    assert down["sink"]["duplicates"] == 0, down
