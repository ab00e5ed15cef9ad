"""The whole path on librdkafka's mock cluster: seconds, not minutes."""

import pytest

from harness.rig import Rig


@pytest.fixture(scope="module")
def rig_with(tmp_path_factory, mock_kafka):
    """Makes rigs with settings of their own; ended with the module."""
    rigs = []

    def make(settings=None, **more):
        folder = tmp_path_factory.mktemp("rig")
        rig = Rig(folder, mock_kafka, settings, **more)
        rigs.append(rig)
        return rig.start()

    yield make
    for rig in reversed(rigs):
        rig.stop()


@pytest.fixture(scope="module")
def rig(rig_with):
    """The one that most tests of a module share; their device paths differ."""
    return rig_with()
