"""The gate end to end over TLS: direct and custom onboarding, and what
follows."""

import json
import time

import pytest

from harness.gate import Gate, NOT_AUTHORIZED, jwt, path_of
from harness.until import until

DIRECT, CUSTOM = "acme/direct", "acme/custom"


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca, server):
    gate = Gate(tmp_path_factory.mktemp("gate"), server).start()
    with gate.operator() as operator:
        for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
            operator.registry(registry, ca, onboarding=mode, audience="acme")
    yield gate
    gate.stop()


@pytest.fixture
def operator(gate):
    with gate.operator() as operator:
        yield operator


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
def test_direct(gate, operator, ca, kind, version):
    leaf, path = ca.issue(kind), path_of(DIRECT)
    with gate.first(path, leaf, version=version) as device:
        assert device.accepted
        device.subscribed(device.commands).wait_status("approved")
        device.publish(f"{path}/events/temperature")
        found = operator.do("getDevice", device_path=path)
        assert found["state"] == "active"
        assert found["onboarding"] == "direct"
        assert found["fingerprint_sha256"] == leaf.fingerprint
        assert found["spki_sha256"] == leaf.spki_sha256()
        assert found["live"] and found["subscribed"]
    operator.audit("created", path)
    with gate.unused(path, leaf, version=version) as device:
        assert device.accepted
        device.subscribed(device.commands)


@pytest.mark.parametrize("form", ["joined", "spaces", "escaped", "base64"])
def test_single_line_forms(gate, ca, form):
    leaf = ca.issue()
    path = path_of(DIRECT)
    with gate.first(path, leaf, username=leaf.forms[form].strip()) as device:
        assert device.accepted, form


def test_custom_approved_in_place(gate, operator, ca):
    leaf, path = ca.issue("rsa2048"), path_of(CUSTOM)
    with gate.first(path, leaf) as device:
        assert device.accepted
        device.subscribed(device.commands).wait_status("pending")
        event = operator.pending(path)
        assert set(event) == {"request_id", "device_path", "certificate",
                              "received_at", "attempt", "remote_addr"}
        assert event["certificate"] == leaf.base64
        assert event["attempt"] == 1
        operator.wait_on("ztp/v1/subscribed", device_path=path, state="held")
        assert operator.code("getDevice", device_path=path) == "NOT_FOUND"
        # held: it may use its own command topic only
        assert device.subscribe(f"{path}/config") >= 0x80
        assert device.subscribe(f"{path}/commands/#") >= 0x80
        assert device.subscribe("#") >= 0x80

        members = {"device_path": path, "fingerprint_sha256": leaf.fingerprint,
                   "request_id": "req-1"}
        made = operator.do("createDevice", **members, metadata={"a": "b"})
        assert made["created"] and made["live"] and made["subscribed"]
        assert not operator.do("createDevice", **members)["created"]
        assert operator.code("createDevice", **{**members, "request_id": "x"}
                             ) == "ALREADY_EXISTS"
        found = operator.do("getDevice", device_path=path)
        assert found["request_id"] == "req-1"
        assert found["metadata"] == {"a": "b"}
        # it gains its rights without a new connection
        assert device.subscribe(f"{path}/config") == 1
        operator.publish(device.commands, json.dumps({"status": "approved"}))
        device.wait_status("approved")
        assert device.alive()
    with gate.unused(path, leaf) as device:
        assert device.accepted


def test_custom_rejected(gate, operator, ca):
    leaf, path = ca.issue(), path_of(CUSTOM)
    members = {"device_path": path, "fingerprint_sha256": leaf.fingerprint}
    with gate.first(path, leaf) as device:
        device.subscribed(device.commands)
        first = operator.pending(path)["request_id"]
        assert operator.do("rejectDevice", **members, retry_after_s=3600) == {
            "rejected": True}
        device.wait_ended()
    assert operator.do("rejectDevice", **members)["rejected"] is False
    with gate.first(path, leaf, version=4) as device:
        assert device.connack == NOT_AUTHORIZED[4]
    operator.audit("rejected", path, 2)
    assert operator.code("createDevice", **members, request_id="r"
                         ) == "FAILED_PRECONDITION"
    # without a cool-down it may ask again, under another id
    other, path = ca.issue(), path_of(CUSTOM)
    members = {"device_path": path, "fingerprint_sha256": other.fingerprint}
    with gate.first(path, other):
        first = operator.pending(path)["request_id"]
        operator.do("rejectDevice", **members, retry_after_s=0)
    with gate.first(path, other):
        again = operator.pending(path, attempt=2)
        assert again["request_id"] != first


def test_offered_until_acknowledged(gate, operator, ca):
    leaf, path = ca.issue(), path_of(CUSTOM)
    with gate.first(path, leaf):
        request = operator.pending(path)["request_id"]
    # an operator that subscribes later is offered the event again
    with gate.operator() as late:
        assert late.pending(path)["request_id"] == request
        assert late.do("ackPending", request_ids=[request, "unknown"]) == {
            "acked": 1}
        assert late.do("ackPending", request_ids=[request]) == {"acked": 0}
    with gate.operator() as later:
        marker = path_of(CUSTOM)
        with gate.first(marker, ca.issue()):
            later.pending(marker)
        assert not later.on("ztp/v1/pending", device_path=path)
        listed = later.do("listPending", registry=CUSTOM, limit=1000)["pending"]
        assert [e["acked"] for e in listed if e["device_path"] == path] == [
            True]


def test_the_same_device_again_is_one_candidate(gate, operator, ca):
    leaf, path = ca.issue(), path_of(CUSTOM)
    for _ in range(3):
        with gate.first(path, leaf) as device:
            assert device.accepted
    listed = operator.do("listPending", registry=CUSTOM, limit=1000)["pending"]
    assert len([e for e in listed if e["device_path"] == path]) == 1


def test_block_unblock_delete(gate, operator, ca):
    leaf, path = ca.issue(), path_of(DIRECT)
    device = gate.first(path, leaf)
    operator.do("blockDevice", device_path=path)
    device.wait_ended()
    with gate.unused(path, leaf) as refused:
        assert refused.connack == 0x87
    operator.audit("blocked", path, 2)
    operator.do("unblockDevice", device_path=path)
    device = gate.unused(path, leaf)
    assert device.accepted
    operator.do("deleteDevice", device_path=path)
    device.wait_ended()
    with gate.unused(path, leaf) as refused:
        assert refused.connack == 0x87
    operator.audit("unknown_device", path)
    for again in (leaf, ca.issue()):
        with gate.first(path, again) as device:
            assert device.accepted
        operator.do("deleteDevice", device_path=path)


def test_a_late_create_of_a_deleted_device_has_no_effect(gate, operator, ca):
    leaf, path = ca.issue(), path_of(CUSTOM)
    members = {"device_path": path, "fingerprint_sha256": leaf.fingerprint,
               "request_id": "late"}
    with gate.first(path, leaf):
        operator.do("createDevice", **members)
    operator.do("deleteDevice", device_path=path)
    with gate.first(path, leaf) as device:
        assert device.accepted
        assert operator.code("createDevice", **members) == "FAILED_PRECONDITION"
        members["request_id"] = "anew"
        assert operator.do("createDevice", **members)["created"]


def test_jwt_expiry_ends_the_session(gate, operator, ca):
    leaf, path = ca.issue(), path_of(DIRECT)
    with gate.first(path, leaf):
        pass
    short = jwt(leaf, lifetime=5)
    with gate.unused(path, leaf, short) as device:
        assert device.accepted
        device.wait_ended()
    operator.audit("expired_proof", path)


def test_squatter(gate, operator, ca):
    """A genuine certificate for somebody else's path neither keeps the
    approved device out nor gets its payload."""
    path = path_of(CUSTOM)
    squatter_leaf, leaf = ca.issue(), ca.issue()
    squatter = gate.first(path, squatter_leaf, session=True)
    squatter.subscribed(squatter.commands)
    with gate.first(path, leaf) as refused:
        assert refused.connack == 0x87
    operator.audit("path_in_use", path)
    assert squatter.alive()
    events = {e["certificate"] for e in operator.wait_on(
        "ztp/v1/pending", 2, device_path=path)}
    assert events == {squatter_leaf.base64, leaf.base64}
    made = operator.do("createDevice", device_path=path,
                       fingerprint_sha256=leaf.fingerprint, request_id="r")
    assert made == {"created": True, "device_path": path,
                    "fingerprint_sha256": leaf.fingerprint,
                    "live": False, "subscribed": False}
    operator.publish(squatter.commands, json.dumps({"status": "approved"}))
    squatter.wait_ended()
    with gate.first(path, squatter_leaf, session=True) as refused:
        assert refused.connack == 0x87
    operator.audit("device_exists", path)
    with gate.unused(path, leaf, session=True) as device:
        assert device.accepted
        device.subscribed(device.commands)
        operator.publish(device.commands, json.dumps({"status": "approved"}))
        device.wait_status("approved")
        assert device.statuses() == ["approved"]
    assert "approved" not in squatter.statuses()


def test_an_idle_broker_is_woken_when_it_is_durable(tmp_path, server):
    """Otherwise every answer waits for the broker's next look at its plugins,
    100 ms after the command: nothing else wakes a broker whose only client
    waits for its answer. A machine that is busy can make many answers late, but
    without the waking no answer is ever sooner. Without Nagle's algorithm,
    which waits as well."""
    gate = Gate(tmp_path / "gate", server, extra=["set_tcp_nodelay true"])
    gate.start()
    waits = []

    def sooner(operator):
        start = time.monotonic()
        operator.do("modifyRegistry", registry=CUSTOM,
                    audience=f"a-{len(waits)}")
        waits.append(time.monotonic() - start)
        return waits[-1] < 0.09

    with gate.operator() as operator:
        operator.do("createRegistry", registry=CUSTOM)
        until(lambda: sooner(operator), lambda: f"an answer in time: {waits}")
    gate.stop()
