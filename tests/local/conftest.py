"""The whole path on librdkafka's mock cluster: it takes seconds, not
minutes."""

import pytest

from harness.rig import Rig
from harness.schemas import valid_records, watching  # noqa: F401


@pytest.fixture(scope="module")
def make_rig(tmp_path_factory, mock_kafka):
    """Makes rigs that live as long as the module."""
    rigs = []

    def make(settings=None, **more):
        folder = tmp_path_factory.mktemp("rig")
        rigs.append(Rig(folder, mock_kafka, settings, **more))
        return rigs[-1].start()

    yield make
    for rig in reversed(rigs):
        rig.stop()


@pytest.fixture(scope="module")
def rig(make_rig):
    """The rig shared by most tests of a module; their device paths differ."""
    return make_rig()


@pytest.fixture
def rig_with(tmp_path, mock_kafka):
    """Makes rigs with settings of their own, which end with the test."""
    rigs = []

    def make(settings=None, **more):
        folder = tmp_path / f"rig-{len(rigs)}"
        rigs.append(Rig(folder, mock_kafka, settings, **more))
        return rigs[-1].start()

    yield make
    for rig in reversed(rigs):
        rig.stop()
