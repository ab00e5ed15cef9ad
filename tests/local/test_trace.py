"""A W3C trace context goes with a request from the pending event to the
result."""

import uuid

from harness.shape import TRACE


def trace():
    return f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"


def begun(rig, ca, **more):
    """A device that asks; (device, request)."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem, **more)
    return device, rig.request(device.path)


def test_kept_to_the_result(rig, ca):
    mine, customers = trace(), trace()
    device, request = begun(rig, ca, traceparent=mine)
    assert request.header("traceparent") == mine
    rig.decide(request, headers=[("traceparent", customers.encode())])
    result = rig.result(device.path)
    assert result.json()["outcome"] == "onboarded"
    assert result.header("traceparent") == mine


def test_kept_by_the_store(rig_with, ca):
    """The trace also survives a restart of the bridge in between."""
    rig = rig_with()
    mine = trace()
    device, request = begun(rig, ca, traceparent=mine)
    rig.bridge.restart()
    rig.decide(request, decision="reject")
    assert rig.result(device.path).header("traceparent") == mine


def test_made_where_none_was_begun(rig, ca):
    seen = set()
    for more in ({}, {"traceparent": "00-none-of-it-01"}):
        device, request = begun(rig, ca, **more)
        made = request.header("traceparent")
        assert TRACE.match(made)
        rig.decide(request)
        assert rig.result(device.path).header("traceparent") == made
        seen.add(made)
    assert len(seen) == 2


def test_of_a_decision_without_a_request(rig):
    """There is no other trace than the decision's own."""
    mine, path = trace(), f"subscriptions/a/registries/b/devices/{uuid.uuid4()}"
    rig.decision({"request_id": "nobody-asked", "device_path": path,
                  "decision": "approve"}, key=path,
                 headers=[("traceparent", mine.encode())])
    result = rig.result(path)
    assert result.json()["outcome"] == "unknown_request"
    assert result.header("traceparent") == mine
