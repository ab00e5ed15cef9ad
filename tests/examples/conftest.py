"""The customer examples on a real Apache Kafka."""

import pytest

from harness.rig import Rig
from harness.schemas import valid_records, watching  # noqa: F401


@pytest.fixture
def rig(tmp_path, real_kafka):
    """One for each example, so that no other approver answers in its
    topics."""
    rig = Rig(tmp_path, real_kafka).start()
    yield rig
    rig.stop()
