"""A sample of the points at which the bridge can die; `make fault` runs
all."""

from fault.crashpoints import Points, points_of

EVERY = 15


def test_sample(tmp_path, mock_kafka, ca):
    points = Points(tmp_path, mock_kafka, ca.leaf().base64, workers=16)
    count = points.measure()
    assert count > 50
    todo = points_of(count, EVERY, half=False)
    todo += [(step + EVERY // 2, True) for step, _ in todo[::2]]
    lives, failures = points.run(todo)
    assert not failures, failures
    died = [life for life in lives if life.died]
    assert len(died) >= len(todo) * 2 // 3
