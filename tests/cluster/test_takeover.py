"""Two bridges and more on a real Kafka: who is active, what ends that, and that
one tells nothing while another does. More of it: contract_takeover.py."""

import pytest

from cluster.several import interleaved
from harness.until import until


def test_who_leaves_is_followed_at_once(pair):
    active, heir = pair
    until(lambda: active.members() == 2 == heir.members(), "both see both")
    told = len(active.told())
    until(lambda: len(active.told()) > told + 3, "it goes on beside a standby")
    active.stop()
    heir.wait_active()
    said = [word for word in active.words() if word != "members"]
    assert said[-2:] == ["left", "gone"]
    assert heir.told()[0] - active.told()[-1] < 1000
    assert interleaved(active, heir) == ["zulu", "alpha"]
    heir.stop()


@pytest.mark.parametrize("topic, partitions, settings, says", [
    ("state", 3, {}, "has 3 partitions, and must have one"),
    ("state", 1, {"cleanup.policy": "delete"},
     "cleanup.policy is delete, and must be compact"),
    ("journal", 1, {"retention.ms": "1000"},
     "retention.ms is 1000, and must be at least 604800000"),
])
def test_topics_of_another_kind_are_refused(kafka, names, start, topic,
                                            partitions, settings, says):
    made = {"cleanup.policy": "compact", "segment.bytes": "67108864",
            "min.cleanable.dirty.ratio": "0.2",
            "message.timestamp.type": "LogAppendTime",
            "delete.retention.ms": "604800000",
            "max.compaction.lag.ms": "86400000"} if topic == "state" else {}
    kafka.create([names[topic]], partitions, {**made, **settings})
    bridge = start("zulu")
    bridge.wait_exit(expect=2)
    assert f"refused: {names[topic]}" in bridge.log() and says in bridge.log()
