"""ztp-approver serve, where the producer takes small records only: a decision that
is larger is not to be sent again, so it is not answered with 503."""

import pytest

from harness.door import Door, Written, fresh_topics, path_of
from harness.until import until

LARGE = "x" * 4000
PATH = path_of("large")


@pytest.fixture
def door(tmp_path, mock_kafka):
    topics = fresh_topics(mock_kafka)
    written = Written(mock_kafka, topics)
    door = Door(tmp_path, mock_kafka, topics, "-X",
                "message.max.bytes=2000").start()
    written.ask("large", PATH)
    until(lambda: "large" in door.open_ids(), "the request is open")
    yield door
    door.stop()
    written.close()


def test_it_is_refused_and_the_request_stays_open(door):
    large = {"decision": "approve", "payload": LARGE}
    answer = door.decide("large", large, Idempotency_Key="large-1")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, 413), answer.text
    assert error["status"] == "INVALID_ARGUMENT"
    assert "too large for its topic" in error["message"]
    assert "Retry-After" not in answer.headers
    answer = door.omnicore(PATH, {"isApprove": True,
                                  "customOnboardData": LARGE})
    assert answer.status_code == 413, answer.text
    assert door.get("/v1/requests/large").json()["state"] == "open"
    answer = door.decide("large", {"decision": "reject", "reason": "no"},
                         Idempotency_Key="large-1", Prefer="respond-async")
    assert answer.status_code == 202
