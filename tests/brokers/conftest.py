"""Each test runs with every broker, in each version of MQTT that it has."""

import datetime
import platform

import pytest

from .rows import rows
from .stage import Stage


def pytest_generate_tests(metafunc):
    if "row" in metafunc.fixturenames:
        found = rows()
        metafunc.parametrize("row", found, ids=[row.name for row in found],
                             scope="module")


@pytest.fixture
def stage(tmp_path, mock_kafka, row):
    """Makes stages that end with the test."""
    stages = []
    row.note(
        title=row.kind.title, version=row.version,
        release=row.kind.release(),
        at=datetime.date.today().isoformat(), machine=platform.machine(),
    )

    def make(settings=None, **more):
        folder = tmp_path / f"stage-{len(stages)}"
        stages.append(Stage(folder, mock_kafka, row, settings, **more))
        return stages[-1].start()

    yield make
    for made in reversed(stages):
        made.stop()
