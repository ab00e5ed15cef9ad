"""ztp-approver serve: requests and decisions over HTTP. The bridge is played,
its records are written here or by simulate."""

import concurrent.futures
import contextlib
import json
import selectors

import pytest

from bench.serve import Link, request
from harness.devkafka import DevKafka
from harness.door import (
    KEY,
    Door,
    Simulated,
    Written,
    fresh_topics,
    path_of,
)
from harness.until import until

APPROVE = {"decision": "approve", "payload": {"n": 1}}
REJECT = {"decision": "reject", "reason": "no"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def topics(mock_kafka):
    return fresh_topics(mock_kafka)


@pytest.fixture(scope="module")
def bridge(mock_kafka, topics):
    written = Written(mock_kafka, topics)
    yield written
    written.close()


@pytest.fixture(scope="module")
def door(folder, mock_kafka, topics):
    served = Door(folder, mock_kafka, topics).start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def second(folder, mock_kafka, topics):
    """Another instance."""
    served = Door(folder, mock_kafka, topics, name="second").start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(32) as made:
        yield made


def error_of(answer):
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert set(error) == {"code", "message", "status"}
    return error["status"]


def asked(bridge, door, name, **more):
    """An open request of a device with that name; its path."""
    path = path_of(name)
    bridge.ask(name, path, **more)
    until(lambda: name in door.open_ids(), f"{name} is open", interval=0.02)
    return path


def state(door, name):
    """open, decided or ended; None: not read yet."""
    return door.get(f"/v1/requests/{name}").json().get("state")


# --- lists

def test_lists_what_is_open(door, bridge):
    names = [f"list-{number}" for number in range(5)]
    for name in names:
        bridge.ask(name, path_of(name, "acme/lists"))
    query = "/v1/requests?registry=acme/lists"
    until(lambda: len(door.get(query).json()["requests"]) == 5, "all are open")
    whole = door.get(query).json()
    assert [one["request_id"] for one in whole["requests"]] == names
    assert whole["requests"][0]["device"]["path"] == path_of(
        "list-0", "acme/lists")
    assert "next" not in whole
    first = door.get(query + "&limit=2").json()
    assert first["next"] == "list-1"
    rest = door.get(query + "&limit=3&after=list-1").json()
    assert [one["request_id"] for one in rest["requests"]] == names[2:]
    assert "next" not in rest


@pytest.mark.parametrize("query, reason", [
    ("regisrty=acme/lists", "parameters are limit, after and registry"),
    ("state=open", "parameters are limit, after and registry"),
    ("registry=acme/lists&registry=acme/plant-7", "more than once")])
def test_a_list_of_others_than_were_meant(door, query, reason):
    answer = door.get(f"/v1/requests?{query}")
    assert error_of(answer) == "INVALID_ARGUMENT"
    assert reason in answer.text


def test_what_has_ended_or_expired_is_not_listed(door, bridge):
    asked(bridge, door, "ends")
    bridge.ask("too-late", path_of("too-late"),
               expires_at="2020-01-01T00:00:00.000Z")
    bridge.end("ends", path_of("ends"), "expired", 504, "DEADLINE_EXCEEDED")
    until(lambda: "ends" not in door.open_ids(), "it has ended")
    assert "too-late" not in door.open_ids()
    one = door.get("/v1/requests/ends").json()
    assert one["state"] == "ended" and one["result"]["outcome"] == "expired"


def test_one_request(door, bridge):
    path = asked(bridge, door, "one")
    one = door.get("/v1/requests/one").json()
    assert one["state"] == "open" and one["device_path"] == path
    assert one["request"]["certificate"]["fingerprint_sha256"] == "ab" * 32
    assert "result" not in one


# --- decisions

def test_answers_with_the_result_of_this_very_decision(door, bridge, pool):
    path = asked(bridge, door, "very")
    answer = pool.submit(door.decide, "very", APPROVE)
    record, = bridge.decisions("very")
    assert record.key == path
    value = record.json()
    assert value["device_path"] == path
    assert value["fingerprint_sha256"] == "ab" * 32
    assert value["payload"] == {"n": 1}
    assert record.header("ce_type") == "io.ztp.provisioning.decided.v1"
    assert record.header("ce_subject") == path
    # The end by somebody else's decision is not the answer to this one.
    bridge.end("very", path, "withdrawn", 409, "ABORTED")
    until(lambda: state(door, "very") == "ended",
          "the request has ended")
    assert not answer.done()
    result = bridge.answer(record, "onboarded", 200, "OK")
    assert answer.result().status_code == 200
    assert answer.result().json() == result


@pytest.mark.parametrize("outcome, code, status", [
    ("rejected", 200, "OK"), ("conflict", 409, "ALREADY_EXISTS"),
    ("expired", 504, "DEADLINE_EXCEEDED"),
    ("undeliverable", 503, "UNAVAILABLE"), ("failed", 500, "INTERNAL"),
    ("withdrawn", 409, "ABORTED"), ("mismatch", 400, "INVALID_ARGUMENT"),
    ("invalid", 400, "INVALID_ARGUMENT"), ("duplicate", 200, "OK"),
    ("already_decided", 409, "FAILED_PRECONDITION")])
def test_the_code_is_the_status(door, bridge, pool, outcome, code, status):
    name = f"status-{outcome}"
    path = asked(bridge, door, name)
    for number, ask in enumerate((lambda: door.decide(name, APPROVE),
                                  lambda: door.omnicore(
                                      path, {"isApprove": True}))):
        if number and outcome not in ("mismatch", "invalid"):
            break  # it has ended
        answer = pool.submit(ask)
        record = bridge.decisions(name, 1 + number)[number]
        result = bridge.answer(record, outcome, code, status)
        assert answer.result().status_code == code
        if number:
            assert error_of(answer.result()) == status
        else:
            assert answer.result().json() == result
    open_again = outcome in ("mismatch", "invalid")
    until(lambda: (name in door.open_ids()) == open_again,
          f"open again: {open_again}")


def test_numbers_keep_their_digits(door, bridge, pool):
    asked(bridge, door, "digits")
    body = ('{"decision":"approve", "payload":'
            '{"z":123456789012345678901234567890,"a":1.50}}')
    answer = pool.submit(door.decide, "digits", body)
    record, = bridge.decisions("digits")
    assert b'{"z":123456789012345678901234567890,"a":1.50}' in record.value
    bridge.answer(record, "onboarded", 200, "OK")
    assert answer.result().status_code == 200


def test_a_byte_order_mark_is_no_part_of_a_decision(door, bridge):
    """As editors write one. It is so in Kafka."""
    asked(bridge, door, "mark")
    answer = door.decide("mark", b'\xef\xbb\xbf{"decision": "reject"}',
                         Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    assert bridge.decisions("mark")[0].json()["decision"] == "reject"


@pytest.mark.parametrize("body", [
    "", "{", "[]", "{}", '{"decision":"perhaps"}', '{"decision":1}',
    '{"decision":"approve","decision":"reject"}',
    '{"decision":"approve","isApprove":true,"payload":1,"payload_base64":"A"}',
    '{"decision":"approve","payload_base64":"***"}',
    '{"decision":"approve","request_id":"another"}',
    '{"decision":"approve","device_path":"another"}',
    '{"decision":"approve","fingerprint_sha256":"ab"}',
    '{"decision":"approve","metadata":1}', '{"decision":"approve\\u0000"}',
    '{"decision":"approve","payload":' + "[" * 20 + "]" * 20 + "}",
    json.dumps({"decision": "approve", "payload": "x" * 65536})])
def test_mistakes_are_answered_at_once(door, bridge, body):
    if "mistakes" not in door.open_ids():
        asked(bridge, door, "mistakes")
    answer = door.decide("mistakes", body)
    assert (answer.status_code, error_of(answer)) == (400, "INVALID_ARGUMENT")
    assert "mistakes" in door.open_ids()


def test_nobody_asked_for_this(door):
    assert error_of(door.decide("nobody", APPROVE)) == "NOT_FOUND"
    assert error_of(door.get("/v1/requests/nobody")) == "NOT_FOUND"
    assert door.get("/v1/requests/a%00b").status_code == 404
    assert door.get("/v1/requests/" + "a" * 200).status_code == 404


# --- waiting

def test_who_does_not_wait_finds_it_later(door, bridge):
    asked(bridge, door, "async")
    answer = door.decide("async", APPROVE, Prefer="respond-async")
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.json() == {"request_id": "async"}
    where = answer.headers["Location"]
    assert where == "/v1/requests/async"
    record, = bridge.decisions("async")
    until(lambda: state(door, "async") == "decided", "it is read")
    assert "async" not in door.open_ids()
    result = bridge.answer(record, "onboarded", 200, "OK")
    until(lambda: door.get(where).json().get("result") == result,
          "its result is there")


def test_waits_as_long_as_it_is_told(door, bridge):
    asked(bridge, door, "wait")
    answer = door.decide("wait", APPROVE, Prefer="wait=1")
    assert answer.status_code == 202
    assert 0.9 < answer.elapsed.total_seconds() < 10
    assert answer.headers["Preference-Applied"] == "wait"


def test_more_wait_than_may(folder, mock_kafka):
    """256 wait; the others are told at once that Kafka has their decisions."""
    topics = fresh_topics(mock_kafka)
    door = Door(folder, mock_kafka, topics, name="many").start()
    bridge = Written(mock_kafka, topics)
    for number in range(300):
        bridge.ask(f"r{number}", path_of(f"r{number}"))
    bridge.close()
    until(lambda: len(door.open_ids()) == 300, "all are open")
    where = door.url.removeprefix("http://")
    host, port = where.split(":")
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as seen:
        for number in range(300):
            link = Link((host, int(port)))
            stack.enter_context(link.socket)
            seen.register(link.socket, selectors.EVENT_READ, link)
            link.ask(request(where, f"r{number}"))
        answered = set()

        def some_are_answered():
            for key, _ in seen.select(0.1):
                if key.data.answer() == 202:
                    answered.add(key.data)
            return len(answered) >= 44

        until(some_are_answered, "those beyond 256 are answered", interval=0)
        until(lambda: not door.open_ids(), "all decisions are read")
        some_are_answered()
        assert len(answered) == 44
    door.stop()


def test_stops_while_others_wait(folder, mock_kafka, topics, bridge, pool):
    """Who waits is told that the decision has been taken."""
    door = Door(folder, mock_kafka, topics, name="stops").start()
    asked(bridge, door, "stops")
    answer = pool.submit(door.decide, "stops", APPROVE)
    bridge.decisions("stops")
    until(lambda: state(door, "stops") == "decided",
          "it is read")
    door.stop()
    assert answer.result().status_code == 202


def test_kafka_is_away(tmp_path):
    """The client is told that it is not known, and asks the same again."""
    kafka = DevKafka(tmp_path).start()
    topics = fresh_topics(kafka)
    door = Door(tmp_path, kafka, topics, "-X",
                "message.timeout.ms=1000").start()
    bridge = Written(kafka, topics)
    asked(bridge, door, "away")
    bridge.close()
    kafka.stop()
    answer = door.decide("away", APPROVE, **{KEY: "k"})
    assert (answer.status_code, error_of(answer)) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert door.open_ids() == ["away"]
    door.stop()


# --- the same again

def test_a_retry_gets_the_first_answer(folder, mock_kafka, topics, door,
                                       second, bridge, pool):
    """While the first one waits, after it, at another instance, and at one that
    was started later; never twice in Kafka."""
    asked(bridge, door, "retry")
    waits = [pool.submit(door.decide, "retry", APPROVE, **{KEY: "k-1"})]
    until(lambda: all(state(served, "retry") == "decided"
                      for served in (door, second)), "it is read")
    waits += [pool.submit(served.decide, "retry", APPROVE, **{KEY: "k-1"})
              for served in (door, second)]
    result = bridge.answer(bridge.decisions("retry")[0], "onboarded", 200,
                           "OK")
    assert [wait.result().json() for wait in waits] == [result] * 3
    later = Door(folder, mock_kafka, topics, name="later").start()
    for served in (door, second, later):
        again = served.decide("retry", APPROVE, **{KEY: '"k-1"'})
        assert again.json() == result
    # Of the same device, so in the same partition and behind all others.
    bridge.ask("marker", path_of("retry"))
    until(lambda: "marker" in door.open_ids(), "it is open")
    door.decide("marker", APPROVE, Prefer="respond-async")
    bridge.decisions("marker")
    assert len(bridge.decisions("retry")) == 1
    later.stop()


def test_a_decision_that_is_read_before_its_request(door, bridge):
    """Then nobody is asked for what is decided."""
    path = asked(bridge, door, "behind")
    for name in ("early", "behind"):  # of one device, so one after the other
        bridge.writer.send(bridge.topics["decisions"], {
            "request_id": name, "device_path": path,
            "fingerprint_sha256": "ab" * 32, **REJECT}, key=path)
    until(lambda: state(door, "behind") == "decided", "both are read")
    bridge.ask("early", path)
    until(lambda: state(door, "early"), "the request is read")
    assert state(door, "early") == "decided"
    assert "early" not in door.open_ids()


def test_a_key_is_one_decision_s(door, bridge, pool):
    path = asked(bridge, door, "key")
    answer = pool.submit(door.decide, "key", APPROVE, **{KEY: "k-2"})
    bridge.answer(bridge.decisions("key")[0], "onboarded", 200, "OK")
    assert answer.result().status_code == 200
    for again in (door.decide("key", REJECT, **{KEY: "k-2"}),
                  door.omnicore(path, {"isApprove": False}, **{KEY: "k-2"})):
        assert (again.status_code, error_of(again)) == (
            422, "INVALID_ARGUMENT")
    for wrong in ("", "a b", "x" * 256, "\u00e4".encode()):
        assert door.decide("key", APPROVE, **{KEY: wrong}).status_code == 400


# --- OmniCore

def test_omnicore_approves_with_a_payload(door, bridge, pool):
    path = asked(bridge, door, "omni")
    body = {"isApprove": True, "customOnboardData": "hello \"you\""}
    answer = pool.submit(door.omnicore, path, body, **{KEY: "o-1"})
    record, = bridge.decisions("omni")
    value = record.json()
    assert value["isApprove"] is True
    assert value["customOnboardData"] == "hello \"you\""
    assert value["fingerprint_sha256"] == "ab" * 32
    result = bridge.answer(record, "onboarded", 200, "OK")
    assert (answer.result().status_code, answer.result().json()) == (200,
                                                                     result)
    # The device exists now; who did not hear of it asks with the same key.
    assert door.omnicore(path, body, **{KEY: "o-1"}).json() == result
    again = door.omnicore(path, body)
    assert (again.status_code, error_of(again)) == (409, "ALREADY_EXISTS")


def test_omnicore_without_a_request(door, bridge):
    unknown = door.omnicore(path_of("stranger"), {"isApprove": True})
    assert (unknown.status_code, error_of(unknown)) == (404, "NOT_FOUND")
    path = asked(bridge, door, "late")
    bridge.end("late", path, "expired", 504, "DEADLINE_EXCEEDED")
    until(lambda: "late" not in door.open_ids(), "it has expired")
    late = door.omnicore(path, {"isApprove": True})
    assert (late.status_code, error_of(late)) == (504, "DEADLINE_EXCEEDED")
    path = asked(bridge, door, "refused")
    bridge.end("refused", path, "rejected", 200, "OK")
    until(lambda: "refused" not in door.open_ids(), "it is rejected")
    assert door.omnicore(path, {"isApprove": True}).status_code == 404
    for bad in ("subscriptions/a/registries/b/devices/-c",
                "subscriptions/a/registries/b/devices/c%2Fd"):
        assert door.omnicore(bad, {"isApprove": True}).status_code == 404
    for body in ({"isApprove": "yes"}, {"isApprove": True,
                                       "customOnboardData": 1}):
        assert door.omnicore(path_of("stranger"), body).status_code == 400
    answer = door.omnicore(path_of("stranger"), {"decision": "approve"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "isApprove is missing"


def test_omnicore_names_one_of_several(door, bridge, pool, ca):
    leaf = ca.leaf("p256")
    path = path_of("several")
    for name, fingerprint in (("several-1", leaf.fingerprint),
                              ("several-2", "cd" * 32)):
        asked_name = name
        bridge.ask(asked_name, path, fingerprint)
        until(lambda: asked_name in door.open_ids(), "it is open")
    body = {"isApprove": True}
    several = door.omnicore(path, body)
    assert (several.status_code, error_of(several)) == (
        409, "FAILED_PRECONDITION")
    wrong = door.omnicore(path, {**body, "credentials": "ef" * 32})
    assert (wrong.status_code, error_of(wrong)) == (400, "INVALID_ARGUMENT")
    nothing = door.omnicore(path, {**body, "credentials": [{"a": "b"}]})
    assert nothing.status_code == 400
    for number, credentials in enumerate((
            leaf.pem, [{"publicKey": {"format": "X509_CERTIFICATE_PEM",
                                      "key": leaf.forms["spaces"]}}],
            {"fingerprint": leaf.fingerprint.upper()})):
        answer = pool.submit(door.omnicore, path, {
            **body, "credentials": credentials})
        record = bridge.decisions("several-1", number + 1)[number]
        bridge.answer(record, "invalid", 400, "INVALID_ARGUMENT")
        assert answer.result().status_code == 400
    assert not bridge.reader.find(match=lambda record: record.json()[
        "request_id"] == "several-2")


# --- simulate: a customer tries it without an operator

def test_with_a_simulated_bridge(folder, mock_kafka):
    topics = fresh_topics(mock_kafka)
    door = Door(folder, mock_kafka, topics, name="tried").start()
    played = Simulated(folder, mock_kafka, topics, "--count", "6").start()
    until(lambda: len(door.open_ids()) == 6, "all are open")
    ids = door.open_ids()
    assert door.decide(ids[0], APPROVE).json()["outcome"] == "onboarded"
    again = door.decide(ids[0], APPROVE)
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
    other = door.decide(ids[0], REJECT)
    assert (other.status_code, other.json()["outcome"]) == (
        409, "already_decided")
    mismatch = door.decide(ids[1], {**APPROVE, "fingerprint_sha256": "0" * 64})
    assert (mismatch.status_code, mismatch.json()["outcome"]) == (
        400, "mismatch")
    for request_id in ids[1:]:
        answer = door.decide(request_id, REJECT)
        assert answer.json()["outcome"] == "rejected"
    played.wait_exit()
    door.stop()


def test_the_same_at_two_instances_at_once(folder, mock_kafka, pool):
    """Both may write it before either has read the other's. The first one in
    Kafka counts, for both."""
    topics = fresh_topics(mock_kafka)
    doors = [Door(folder, mock_kafka, topics, name=f"twin-{n}").start()
             for n in range(2)]
    played = Simulated(folder, mock_kafka, topics, "--count", "20",
                       name="simulate-twins").start()
    for door in doors:
        until(lambda: len(door.open_ids()) == 20, "all are open")
    ids = doors[0].open_ids()
    answers = {one: [pool.submit(door.decide, one, REJECT, **{KEY: one})
                     for door in doors] for one in ids}
    for both in answers.values():
        first, other = (answer.result() for answer in both)
        assert first.json()["outcome"] == "rejected", first.text
        assert other.json() == first.json()
    played.wait_exit()
    for door in doors:
        door.stop()
