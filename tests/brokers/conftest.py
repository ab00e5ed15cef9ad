"""Each test runs with every broker, in each version of MQTT that it
supports."""

import datetime
import platform

import pytest

from .rows import rows
from .stage import Stage


def pytest_generate_tests(metafunc):
    if "row" not in metafunc.fixturenames:
        return
    names, cases = "row", rows()
    ids = [row.name for row in cases]
    if "stock" in metafunc.fixturenames:
        # Twice, if it has a queue worth configuring.
        names = "row,stock"
        cases = [(row, stock) for row in cases
                 for stock in [False] + [True] * bool(row.kind.settings)]
        ids = [f"{row.name}{'-stock' * stock}" for row, stock in cases]
    metafunc.parametrize(names, cases, ids=ids)


def pytest_collection_modifyitems(items):
    """One broker after the other, in the order of the page."""
    order = [row.name for row in rows()]

    def place(item):
        call = getattr(item, "callspec", None)
        row = call and call.params.get("row")
        return order.index(row.name) if row else -1

    items.sort(key=place)


@pytest.fixture
def stage(tmp_path, mock_kafka, row):
    """Makes stages that end with the test."""
    stages = []
    row.note(
        title=row.kind.title, version=row.version,
        release=row.kind.release(),
        **({} if row.kind.settings else {"stock": None, "burst_stock": None}),
        at=datetime.date.today().isoformat(), machine=platform.machine(),
    )

    def make(settings=None, **more):
        folder = tmp_path / f"stage-{len(stages)}"
        stages.append(Stage(folder, mock_kafka, row, settings, **more))
        return stages[-1].start()

    yield make
    for made in reversed(stages):
        made.stop()
