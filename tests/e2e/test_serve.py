"""ztp-approver serve on a real Kafka: killed at any moment, no decision is lost
and none has a second effect; a bridge, a broker
and a device behind it."""

import collections
import concurrent.futures
import itertools
import re
import time

import pytest
import requests
from confluent_kafka.admin import AdminClient, ConfigResource

from harness.door import (KEY, Door, Simulated, Written, fresh_topics,
                          path_of)
from harness.ports import free_port
from harness.topics import Reader
from harness.until import until

APPROVE = {"decision": "approve", "payload": {"site": "plant 7"}}
REJECT = {"decision": "reject", "reason": "not_on_the_list"}


@pytest.fixture
def topics(real_kafka):
    return fresh_topics(real_kafka)


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(16) as made:
        yield made


def ask_until_answered(doors, request_id, headers, deadline=120):
    """As a client does that gets no answer: the same again, at any of them."""
    end = time.monotonic() + deadline
    for url in itertools.cycle(doors):
        try:
            answer = requests.post(
                f"{url}/v1/requests/{request_id}/decision", json=REJECT,
                headers=headers, timeout=60)
            if answer.status_code not in (503, 404):
                return answer.status_code, answer.json().get("outcome")
        except (requests.ConnectionError, requests.Timeout, ValueError):
            pass  # it is being killed
        assert time.monotonic() < end, f"{request_id} is not answered"


def test_killed_among_a_thousand(tmp_path, real_kafka, topics, pool):
    """Two instances, each killed in turn. Half of the clients have a key, and
    then the first answer; half ask the same again, which is a duplicate at
    most."""
    doors = [Door(tmp_path, real_kafka, topics, name=f"door-{n}",
                  listen=f"127.0.0.1:{free_port()}").start()
             for n in range(2)]
    played = Simulated(tmp_path, real_kafka, topics, "--count", "1000").start()
    until(lambda: len(doors[0].open_ids()) == 1000, "a thousand are open")
    ids = doors[0].open_ids()
    urls = [door.url for door in doors]
    answers = {
        one: pool.submit(ask_until_answered, urls[::-1 if n % 4 > 1 else 1],
                         one, {KEY: one} if n % 2 else {})
        for n, one in enumerate(ids)}
    for kill in range(4):
        want = 150 * (kill + 1)
        until(lambda: sum(answer.done() for answer in answers.values()) > want,
              f"{want} are answered", interval=0.002)
        doors[kill % 2].kill9()
        doors[kill % 2].start()
    for n, one in enumerate(ids):
        code, outcome = answers[one].result()
        assert code == 200
        assert outcome in ({"rejected"} if n % 2 else {"rejected",
                                                       "duplicate"})
    played.wait_exit()
    ends = collections.Counter(
        re.findall(r"^\S+ rejected (\S+) ", played.log(), re.M))
    assert len(ends) == 1000 and set(ends.values()) == {1}
    for door in doors:
        door.stop()


def test_a_real_bridge_behind_it(tmp_path, rig, ca, pool):
    """A device that waits is approved over HTTP, in either form, and gets the
    payload. The same again is a duplicate, another one after it has no
    effect."""
    door = Door(tmp_path, rig.kafka, rig.topics).start()
    leaf = ca.leaf()
    native, omnicore = rig.device(), rig.device()
    for device in (native, omnicore):
        rig.pending(device.path, leaf.pem)
    ids = {device: rig.request(device.path).json()["request_id"]
           for device in (native, omnicore)}
    until(lambda: set(ids.values()) <= set(door.open_ids()), "both are open")

    answer = door.decide(ids[native], APPROVE)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "onboarded")
    assert native.wait(native.command_topic)[0].json()[
        "payload"] == APPROVE["payload"]
    again = door.decide(ids[native], APPROVE)
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
    other = door.decide(ids[native], REJECT)
    assert (other.status_code, other.json()["outcome"]) == (
        409, "already_decided")

    body = {"isApprove": True, "customOnboardData": "welcome",
            "credentials": leaf.pem}
    answer = door.omnicore(omnicore.path, body, **{KEY: "once"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "onboarded")
    assert omnicore.wait(omnicore.command_topic)[0].json()[
        "payload"] == "welcome"
    assert door.omnicore(omnicore.path, body,
                         **{KEY: "once"}).json() == answer.json()
    assert door.omnicore(omnicore.path, body).json()["error"][
        "status"] == "ALREADY_EXISTS"
    assert not set(ids.values()) & set(door.open_ids())
    door.stop()


def test_each_request_names_its_topic(tmp_path, real_kafka, topics):
    """As those of several bridges do that share ztp.requests. A topic that does
    not exist, and be it the one that is set, holds up no other."""
    late, other = (topics["decisions"] + end for end in (".late", ".other"))
    real_kafka.create([late, other])
    named = {"one": topics["decisions"], "two": other, "gone": "nowhere",
             "late": late}
    written = Written(real_kafka, topics)
    reader = Reader(real_kafka.brokers, [topics["decisions"], late, other])
    door, again = (
        Door(tmp_path, real_kafka, topics, given=("requests", "results"),
             name=name) for name in ("first", "again"))

    def ask(name):
        written.ask(name, path_of(name), decision_topic=named[name])

    def decide(name, door=door, **headers):
        return door.decide(name, REJECT, **{KEY: name}, **headers)

    for name in ("one", "two", "gone"):
        ask(name)
    door.start()
    ask("late")
    until(lambda: set(door.open_ids()) == set(named), "all are open")
    answers = {}
    for name in ("one", "two", "late"):
        assert decide(name, Prefer="respond-async").status_code == 202
        record, = reader.wait(
            named[name],
            match=lambda record: record.json()["request_id"] == name)
        written.answer(record, "rejected", 200, "OK")
        answers[name] = decide(name)
        assert answers[name].status_code == 200
    assert door.open_ids() == ["gone"]
    door.wait_log("nowhere does not exist")
    door.stop()
    again.start()
    for name, answer in answers.items():
        assert decide(name, again).json() == answer.json()
    assert len(reader.records) == 3
    again.stop()
    written.close()
    reader.close()


def test_a_retention_that_is_too_short(tmp_path, real_kafka, topics):
    """Requests that are open for a day, in a topic that keeps an hour."""
    admin = AdminClient({"bootstrap.servers": real_kafka.brokers})
    topic = ConfigResource(ConfigResource.Type.TOPIC, topics["requests"],
                           set_config={"retention.ms": "3600000"})
    admin.alter_configs([topic])[topic].result(30)
    until(lambda: admin.describe_configs([topic])[topic].result(30)[
        "retention.ms"].value == "3600000", "Kafka keeps them for an hour")
    played = Simulated(tmp_path, real_kafka, topics, "--count", "1",
                       "--expire", "86400").start()
    door = Door(tmp_path, real_kafka, topics).start()
    door.wait_log(rf"{topics['requests']} keeps its records for 1\.0 h .* "
                  r"may be open for 24\.0 h")
    assert door.log().count("keeps its records") == 1
    door.stop()
    played.stop()
