"""ztp-approver, where the decision topic takes small records only: a decision
that Kafka refuses for its size is said to be too large, and not to be sent
again."""

import json
import uuid

import pytest

from harness.admin import create_topics
from harness.approver import decide
from harness.bridge import topic_names
from harness.door import Door, Written, path_of
from harness.until import until

LARGE = "x" * 8000


@pytest.fixture(scope="module")
def topics(real_kafka):
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    for name, topic in topics.items():
        create_topics(real_kafka.brokers, [topic], 2, {
            "max.message.bytes": "3000"} if name == "decisions" else None)
    return topics


@pytest.fixture(scope="module")
def written(real_kafka, topics):
    written = Written(real_kafka, topics)
    yield written
    written.close()


def test_the_door_says_so(tmp_path, real_kafka, topics, written):
    door = Door(tmp_path, real_kafka, topics).start()
    written.ask("large", path_of("large"))
    until(lambda: "large" in door.open_ids(), "it is open")
    answer = door.decide("large", {"decision": "approve", "payload": LARGE},
                         Idempotency_Key="one")
    assert answer.status_code == 413, answer.text
    assert "too large for its topic" in answer.json()["error"]["message"]
    assert door.decide("large", {"decision": "reject"},
                       Idempotency_Key="one",
                       Prefer="respond-async").status_code == 202
    door.stop()


def test_decide_says_so(tmp_path, real_kafka, topics):
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps(LARGE), encoding="utf-8")
    ended = decide(real_kafka.brokers, topics, "by-hand", "--approve",
                   "--device", path_of("by-hand"), "--payload", payload)
    assert ended.returncode == 1
    assert topics["decisions"] in ended.stderr
    assert "size too large" in ended.stderr.lower()
