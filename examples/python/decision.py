"""What a decision needs of a request, and the decision."""

import json


def read(value):
    """The request in a record; KeyError, TypeError, ValueError or RecursionError if it is
    none."""
    request = json.loads(value)
    texts = [request["request_id"], request["device"]["path"],
             request["certificate"]["fingerprint_sha256"], topic_of(request)]
    if not all(map(str.encode, texts)):  # raises for what is not text
        raise ValueError("a member is empty")
    return request


def topic_of(request):
    return request.get("decision_topic") or "ztp.decisions"


def decide(request, fingerprints, decided_by):
    """The fingerprint binds a decision to the key it was made for."""
    decision = {
        "request_id": request["request_id"],
        "device_path": request["device"]["path"],
        "fingerprint_sha256": request["certificate"]["fingerprint_sha256"],
        "decided_by": decided_by,
    }
    if decision["fingerprint_sha256"] in fingerprints:
        return {**decision, "decision": "approve", "payload": {"ntp": "time.acme.example"}}
    return {**decision, "decision": "reject", "reason": "not_on_list"}
