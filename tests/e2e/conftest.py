"""The whole path on a real Apache Kafka."""

import pytest

from harness.rig import Rig
from harness.schemas import valid_records, watching  # noqa: F401


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    """One bridge and broker per module; the device paths of its tests
    differ."""
    rig = Rig(tmp_path_factory.mktemp("rig"), real_kafka).start()
    yield rig
    rig.stop()
