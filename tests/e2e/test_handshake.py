"""The handshake between bridge and gate, step by step, numbered as in
DESIGN."""

import json

import pytest

from harness.gate import RESPONSE, path_of
from harness.handshake import CUSTOM, DIRECT, Handshake, ends, made, results
from harness.until import holds_for, until


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka, ca, server):
    """The rig shared by most tests; their device paths differ."""
    rig = Handshake(tmp_path_factory.mktemp("handshake"), real_kafka, ca,
                    server).start()
    yield rig
    rig.stop()


@pytest.fixture
def rig_with(tmp_path, real_kafka, ca, server):
    with made(tmp_path, real_kafka, ca, server) as make:
        yield make


def responses(rig, command):
    """The gate's responses to that command so far, whoever sent it."""
    return [
        response
        for message in list(rig.operator.seen) if message.topic == RESPONSE
        for response in json.loads(message.payload)["responses"]
        if response["command"] == command
    ]


def answer_for(rig, command, request):
    """The gate's response to the bridge about a request."""
    request_id = request.json()["request_id"]

    def look():
        return [r for r in responses(rig, command)
                if r["correlationData"].endswith(request_id)]

    return until(look, f"an answer to {command} for {request_id}")[-1]


def place(rig, kind, predicate=lambda body: True):
    """The position of the first match among the messages the operator
    received."""
    for n, message in enumerate(list(rig.operator.seen)):
        if message.topic == kind and predicate(json.loads(message.payload)):
            return n
    raise AssertionError(f"not seen on {kind}")


# ---- the whole


def test_approved(rig):
    device, leaf = rig.held()
    device.wait_status("pending")
    request = rig.request(device.path)
    body = request.json()
    assert body["certificate"]["fingerprint_sha256"] == leaf.fingerprint
    assert body["request_id"] == rig.operator.pending(device.path)[
        "request_id"]
    rig.decide(request, payload={"wifi": "plant"},
               metadata={"site": "north \"7\"", "owner": "ä"})
    device.wait_status("approved")
    told = json.loads(device.seen[-1].payload)
    assert told["payload"] == {"wifi": "plant"}
    assert told["request_id"] == body["request_id"]
    assert rig.ended(request, "onboarded")["code"] == 200
    shown = rig.operator.do("getDevice", device_path=device.path)
    assert shown["request_id"] == body["request_id"]
    assert shown["onboarding"] == "custom"
    assert shown["metadata"] == {"site": "north \"7\"", "owner": "ä"}
    assert device.statuses() == ["pending", "approved"]
    device.close()
    rig.unused(device.path, leaf)


def test_more_metadata_than_the_gate_keeps(rig):
    device, _ = rig.held()
    request = rig.request(device.path)
    rig.decide(request, metadata={"much": "x" * 17000})
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    assert "metadata" not in rig.operator.do("getDevice",
                                             device_path=device.path)


def test_direct_needs_no_customer(rig):
    path, leaf = path_of(DIRECT), rig.ca.issue("rsa2048")
    ends(rig.ztp_device(path, leaf), 0)
    ends(rig.ztp_device(path, leaf, "--unused"), 0)
    # a later event has arrived, so this one never will
    device, _ = rig.held()
    rig.request(device.path)
    assert not rig.reader.find(rig.topics["requests"], path)


# ---- 1: candidates


def test_1_offered_until_acknowledged(rig_with):
    rig = rig_with(start=False)
    rig.gate.start()
    rig.set_up()
    device, _ = rig.held()
    first = rig.operator.pending(device.path)
    rig.operator.pending(device.path, count=2)  # nobody has taken it
    rig.bridge.start()
    rig.look_kafka()
    request = rig.request(device.path)
    assert request.json()["request_id"] == first["request_id"]

    def acked():
        listed = rig.operator.do("listPending")["pending"]
        return [e["acked"] for e in listed] == [True]

    until(acked, "the candidate is acknowledged")
    # an operator that subscribes now is offered other events, but not this one
    with rig.gate.operator() as late:
        other, _ = rig.held()
        late.pending(other.path)
        assert not late.on("ztp/v1/pending", device_path=device.path)


def test_1_every_disposal_is_acknowledged(rig):
    """Also for an event that is merged, and for one within the rest of its
    cool-down at the gate."""
    device, leaf = rig.held()
    request = rig.request(device.path)
    device.close()
    again, _ = rig.held(device.path, leaf)
    rig.decide(request, "reject")
    rig.ended(request, "rejected")
    again.wait_ended()
    third, _ = rig.held(device.path, leaf)
    second = rig.request_of(device.path, attempt=2)
    assert second.json()["request_id"] != request.json()["request_id"]

    def acked():
        listed = rig.operator.do("listPending", limit=1000)["pending"]
        return all(e["acked"] for e in listed
                   if e["device_path"] == device.path)

    until(acked, "all of the path is acknowledged")
    assert third.alive()


# ---- 2: createDevice


def test_2_created_before_the_approval(rig):
    device, _ = rig.held()
    request = rig.request(device.path)
    rig.decide(request)
    device.wait_status("approved")
    assert answer_for(rig, "createDevice", request)["data"]["created"] is True
    rig.ended(request, "onboarded")


def test_2_a_device_that_exists_is_a_conflict(rig):
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.operator.do("createDevice", device_path=device.path,
                    fingerprint_sha256=leaf.fingerprint, request_id="by-hand")
    rig.decide(request)
    body = rig.ended(request, "conflict")
    assert (body["code"], body["status"]) == (409, "ALREADY_EXISTS")
    # the existing device is not told about it, and stays connected
    answer_for(rig, "rejectDevice", request)
    rig.operator.do("getDevice", device_path=device.path)
    device.wait_status("pending")
    assert device.alive()
    assert device.statuses() == ["pending"]


def test_2_a_refusal_is_failed_with_the_gates_code(rig):
    device, _ = rig.held()
    request = rig.request(device.path)
    rig.operator.do("modifyRegistry", registry=CUSTOM, onboarding="off")
    try:
        rig.decide(request)
        body = rig.ended(request, "failed")
    finally:
        rig.operator.do("modifyRegistry", registry=CUSTOM, onboarding="custom")
    assert (body["code"], body["status"]) == (500, "INTERNAL")
    assert "FAILED_PRECONDITION" in body["message"]
    assert "approved" not in device.statuses()


def test_2_who_is_no_operator_is_not_ready_and_tries_on(rig_with):
    rig = rig_with({"mqtt": {"client_id": "first"}})
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.gate.options["operators"] = "ztp-admin"
    rig.gate.write_conf()
    rig.operator.close()
    rig.gate.restart()
    rig.decide(request, payload="late")
    until(lambda: "gate" in rig.ready()[1] and rig.ready()[0] == 503,
          lambda: f"not ready because of the gate: {rig.ready()}")
    rig.bridge.wait_log("decision_taken")
    assert rig.bridge.alive()
    rig.gate.options["operators"] = "ztp-admin,ztp-bridge"
    rig.gate.write_conf()
    rig.gate.restart()
    rig.wait_ready(60)
    device = rig.unused_or_first(device.path, leaf)
    device.wait_status("approved")
    rig.ended(request, "onboarded")


def test_2_command_topics_must_agree(rig_with):
    rig = rig_with({"mqtt": {"command_topic": "{device_path}/other"}},
                   start=False)
    rig.gate.start()
    rig.set_up()
    rig.bridge.start()
    rig.look_kafka()
    rig.bridge.wait_log("gate_disagrees")
    status, text = rig.ready()
    assert status == 503 and "gate" in text
    # nothing is created, and nothing is sent on a topic that the gate does not
    # guard
    device, _ = rig.held()
    request = rig.request(device.path)
    with rig.gate.operator() as spy:
        spy.subscribed("subscriptions/#")
        rig.decide(request, payload="secret")
        rig.bridge.wait_log("decision_taken")
        holds_for(lambda: not [m for m in spy.seen if b"secret" in m.payload],
                  1, "nothing is said")
        assert spy.code("getDevice", device_path=device.path) == "NOT_FOUND"


# ---- 3: only the approved key


def test_3_a_squatter_gets_nothing(rig):
    path = path_of(CUSTOM)
    squatter, _ = rig.held(path)
    leaf = rig.ca.issue()
    refused = rig.gate.first(path, leaf)
    assert not refused.accepted
    asked = rig.reader.wait(rig.topics["requests"], path, count=2)
    of_key = {r.json()["certificate"]["fingerprint_sha256"]: r for r in asked}
    mine = of_key.pop(leaf.fingerprint)
    (lost,) = of_key.values()
    rig.decide(mine, payload="secret")
    squatter.wait_ended()
    rig.ended(lost, "conflict")
    device = rig.unused(path, leaf)
    device.wait_status("approved")
    assert rig.ended(mine, "onboarded")
    # the loser was told before its session ended, and received nothing else
    assert squatter.statuses() == ["pending", "rejected"]
    assert json.loads(squatter.seen[-1].payload)["reason"] == "conflict"
    assert device.statuses() == ["approved"]
    assert not [m for m in squatter.seen if b"secret" in m.payload]


# ---- 4: the command


@pytest.mark.parametrize("session", [False, True])
def test_4_a_device_that_is_away_gets_it_later(rig, session):
    """With and without a session that the broker keeps for it."""
    device, leaf = rig.held(session=session)
    request = rig.request(device.path)
    device.drop()
    until(lambda: not rig.operator.do("listPending", limit=1000)["pending"][-1]
          ["live"], "the gate knows that it is gone")
    rig.decide(request, payload="kept")
    answer_for(rig, "createDevice", request)
    holds_for(lambda: not results(rig, request), 1,
              "nothing counts as delivered")
    device = rig.unused(device.path, leaf, session=session)
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    assert device.statuses() == ["approved"]


def test_4_also_after_undeliverable(rig_with):
    rig = rig_with({"onboarding": {"delivery_timeout": "1s"}})
    device, leaf = rig.held()
    request = rig.request(device.path)
    device.drop()
    until(lambda: not rig.operator.do("listPending")["pending"][0]["live"],
          "the gate knows that it is gone")
    rig.decide(request, payload="kept")
    rig.ended(request, "undeliverable")
    rig.bridge.restart()  # and the new process does not know the device is away
    rig.wait_ready()
    device = rig.unused(device.path, leaf)
    device.wait_status("approved")
    until(lambda: len(results(rig, request)) == 2, "a second result")
    assert results(rig, request)[1].json()["outcome"] == "onboarded"


def test_4_asked_for_after_a_reconnect(rig_with):
    """The device subscribed while the bridge was down, so ztp/v1/subscribed is
    lost."""
    rig = rig_with()
    device, leaf = rig.held()
    request = rig.request(device.path)
    device.drop()
    until(lambda: not rig.operator.do("listPending")["pending"][0]["live"],
          "the gate knows that it is gone")
    rig.decide(request)
    answer_for(rig, "createDevice", request)
    rig.bridge.stop()
    device = rig.unused(device.path, leaf)
    rig.operator.wait_on("ztp/v1/subscribed", device_path=device.path,
                         state="device")
    rig.bridge.start()
    device.wait_status("approved")
    rig.ended(request, "onboarded")


# ---- 5: rejection, expiry


def test_5_rejected(rig):
    path, leaf = path_of(CUSTOM), rig.ca.issue()
    child = rig.ztp_device(path, leaf)
    request = rig.request(path)
    rig.decide(request, "reject", reason="not_ours", message="Not ours.")
    out = ends(child, 3)
    assert "not_ours" in out
    rig.ended(request, "rejected")
    assert answer_for(rig, "rejectDevice", request)["code"] == "OK"
    rig.operator.audit("rejected", path)


def test_5_a_decision_faster_than_the_devices_subscription(rig):
    leaf, path = rig.ca.issue(), path_of(CUSTOM)
    device = rig.gate.first(path, leaf)
    rig.clients.append(device)
    request = rig.request(path)
    rig.decide(request, "reject", reason="quick")
    rig.ended(request, "rejected")
    device.subscribed(device.commands)
    device.wait_status("rejected")
    device.wait_ended()


def test_5_a_device_that_is_away_is_not_waited_for(rig):
    device, leaf = rig.held()
    request = rig.request(device.path)
    device.drop()
    until(lambda: not rig.operator.do("listPending", limit=1000)["pending"][-1]
          ["live"], "the gate knows that it is gone")
    rig.decide(request, "reject")
    assert answer_for(rig, "rejectDevice", request)["data"]["rejected"] is True


def test_5_expired(rig_with):
    rig = rig_with({"onboarding": {"decision_timeout": "1s"}})
    path, leaf = path_of(CUSTOM), rig.ca.issue()
    child = rig.ztp_device(path, leaf)
    request = rig.request(path)
    assert '"expired"' in ends(child, 3)
    rig.ended(request, "expired")
    answer_for(rig, "rejectDevice", request)


def test_5_the_cool_down_holds_at_the_gate(rig_with):
    """And the device that comes back after it makes attempt 2."""
    rig = rig_with({"onboarding": {"reject_cooldown": "1500ms"}})
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.decide(request, "reject")
    device.wait_ended()
    rig.operator.audit("rejected", device.path)

    def accepted():
        again = rig.gate.first(device.path, leaf)
        if again.accepted:
            rig.clients.append(again)
        return again.accepted

    until(accepted, "it may ask again", interval=0.3)
    rig.request_of(device.path, attempt=2)


# ---- told again


def test_who_comes_again_with_its_certificate_is_told_again(rig):
    """It may have lost what it was told: until it has answered, and once for
    each connection. There is one `onboarded`."""
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.decide(request, payload="once more")
    device.wait_status("approved")
    assert rig.ended(request, "onboarded")["delivery"] == "subscriber"
    device.drop()
    again, _ = rig.held(device.path, leaf)
    again.wait_status("approved")
    [told] = [json.loads(message.payload)
              for message in again.wait_message(again.commands)]
    assert told["payload"] == "once more"
    assert told["request_id"] == request.json()["request_id"]
    again.publish(f"{device.path}/events/provisioning", json.dumps(
        {"request_id": told["request_id"], "status": "applied"}))
    assert [record.json()["outcome"] for record in rig.reader.wait(
        rig.topics["results"], device.path, count=2)] == [
            "onboarded", "applied"]


def test_an_operator_has_a_device_told_again(rig):
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.decide(request, payload="on demand")
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    device.drop()
    device = rig.unused(device.path, leaf)  # with its key alone: not told
    rig.operator.do("resendDevice", device_path=device.path)
    device.wait_status("approved")
    assert device.statuses() == ["approved"]


# ---- afterwards


def test_deleted_by_the_operator_and_onboarded_anew(rig):
    for attempt in (1, 2, 3):
        if attempt == 1:
            device, leaf = rig.held()
        else:
            device, _ = rig.held(device.path, leaf)
        request = rig.request_of(device.path, attempt)
        rig.decide(request, payload={"n": attempt})
        device.wait_status("approved")
        rig.ended(request, "onboarded")
        rig.operator.do("deleteDevice", device_path=device.path)
        device.wait_ended()
        payloads = [json.loads(m.payload).get("payload") for m in device.seen
                    if b"approved" in m.payload]
        assert payloads == [{"n": attempt}]


def test_deleted_before_the_command_and_onboarded_anew(rig):
    """What was kept for the deleted device does not go to the new one."""
    device, leaf = rig.held()
    first = rig.request(device.path)
    device.drop()
    until(lambda: not rig.operator.do("listPending", limit=1000)["pending"][-1]
          ["live"], "the gate knows that it is gone")
    rig.decide(first, payload="old")
    answer_for(rig, "createDevice", first)
    rig.operator.do("deleteDevice", device_path=device.path)
    device, _ = rig.held(device.path, leaf)
    second = rig.request_of(device.path, attempt=2)
    assert "deleted" in rig.ended(first, "undeliverable")["message"]
    rig.decide(second, payload="new")
    device.wait_status("approved")
    rig.ended(second, "onboarded")
    payloads = [json.loads(m.payload).get("payload") for m in device.seen
                if b"approved" in m.payload]
    assert payloads == ["new"]


def test_audit_records_arrive_unchanged(rig):
    device, leaf = rig.held()
    request = rig.request(device.path)
    rig.decide(request)
    rig.ended(request, "onboarded")
    body = rig.operator.audit("created", device.path)
    record = rig.reader.wait(
        rig.topics["audit"], device.path,
        lambda r: r.json()["code"] == "created")[0]
    (message,) = [m for m in rig.operator.seen if m.topic == "ztp/v1/audit"
                  and json.loads(m.payload) == body]
    assert record.value == message.payload
    # It is subscribed to the arrays alone, so each comes once.
    assert len(rig.reader.find(rig.topics["audit"], device.path,
                               lambda r: r.value == record.value)) == 1
