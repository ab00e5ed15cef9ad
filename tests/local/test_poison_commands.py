"""A command that the broker does not take costs itself and nobody else: it may
close the connection each time it is sent."""

import json
import re
import threading

import pytest
import requests

from harness import played
from harness.bridge import Bridge, topic_names
from harness.mqtt import PENDING
from harness.results import outcome_of
from harness.rig import device_path
from harness.topics import Reader, Writer
from harness.until import until

QUOTES = '"' * 65500  # 131 kB as a JSON string
TAKES_ANY = {"max_command": "1MiB"}


def poison(rig, leaf, device=True):
    """Approves a device whose command is larger than the broker's
    max_packet_size of 131072; returns its request."""
    path = rig.device().path if device else device_path()
    rig.pending(path, leaf.pem)
    request = rig.request(path)
    rig.decision({
        "request_id": request.json()["request_id"],
        "isApprove": True,
        "customOnboardData": QUOTES,
    }, key=path)
    return request


def metric(bridge, name):
    page = requests.get(f"http://{bridge.http()}/metrics", timeout=60).text
    return float(re.search(rf"^{re.escape(name)} (\S+)$", page, re.M)[1])


def test_it_is_refused_when_it_is_decided(rig_with, ca):
    """By default, a command fits the broker that we ship. The request stays
    open."""
    rig = rig_with()
    request = poison(rig, ca.leaf())
    result = outcome_of(rig, request, "invalid").json()
    assert re.fullmatch(
        r"the command would have 131\d{3} bytes, at most 122880 are allowed "
        r"\(mqtt\.max_command\)", result["message"])
    dead = rig.dead(key=request.key)
    assert json.loads(dead.value)["customOnboardData"] == QUOTES
    rig.decide(request)
    outcome_of(rig, request, "onboarded")


def test_on_mqtt_3_it_closes_the_connection(rig_with, ca):
    """The broker says nothing; others are served, and it ends."""
    rig = rig_with({"mqtt": {"version": "3.1.1", **TAKES_ANY}})
    request = poison(rig, ca.leaf())
    rig.bridge.wait_log("event=mqtt_lost connection=out")
    for _ in range(5):
        rig.onboard(ca.leaf(), payload="small")
    result = outcome_of(rig, request, "undeliverable").json()
    assert re.fullmatch(
        r"the connection to the broker was lost each time this command of "
        r"131\d{3} bytes was sent", result["message"])
    assert metric(rig.bridge, 'ztp_commands_total{result="given_up"}') == 1
    assert rig.bridge.log().count("event=mqtt_lost connection=out") == 4


def test_on_mqtt_5_the_limit_is_known(rig_with, ca):
    """The command is not even sent."""
    rig = rig_with({"mqtt": TAKES_ANY})
    request = poison(rig, ca.leaf())
    result = outcome_of(rig, request, "undeliverable").json()
    assert re.fullmatch(
        r"the command of 131\d{3} bytes exceeds the broker's Maximum Packet "
        r"Size", result["message"])
    assert "mqtt_lost" not in rig.bridge.log()
    rig.onboard(ca.leaf(), payload="small")


@pytest.fixture
def bridge_at(tmp_path, mock_kafka):
    """A bridge at a played broker, with the customer's topics."""
    opened = []

    def make(broker):
        topics = topic_names(tmp_path.name)
        mock_kafka.create(topics.values())
        bridge = Bridge(tmp_path, broker.url, mock_kafka.brokers, topics)
        opened.append(bridge)
        bridge.start()
        until(lambda: PENDING in broker.subscribers, "it listens")
        bridge.reader = Reader(mock_kafka.brokers, topics.values())
        bridge.writer = Writer(mock_kafka.brokers)
        opened.append(bridge.reader)
        return bridge

    yield make
    for one in reversed(opened):
        one.stop() if isinstance(one, Bridge) else one.close()


def approve(bridge, broker, leaf, path):
    broker.publish(PENDING, json.dumps(
        {"device_path": path, "certificate": leaf.pem}).encode())
    request = bridge.reader.one(bridge.topics["requests"], key=path)
    bridge.writer.send(bridge.topics["decisions"], {
        "request_id": request.json()["request_id"],
        "device_path": path, "decision": "approve", "payload": "x" * 300,
    }, key=path)


def result_of(bridge, path):
    return bridge.reader.one(bridge.topics["results"], key=path).json()


def is_bad(topic):
    return "/bad-" in topic


def is_undeliverable(bridge, broker, path):
    """The message tells the size of the whole PUBLISH."""
    result = result_of(bridge, path)
    size = broker.sizes[f"{path}/commands"]
    return (result["outcome"] == "undeliverable"
            and f"command of {size} bytes" in result["message"])


def test_a_topic_that_closes_the_connection(bridge_at, ca):
    """As a broker does that denies it, or that does not announce a limit."""
    with played.Played(closes=is_bad) as broker:
        bridge = bridge_at(broker)
        bad, good = device_path("bad"), [device_path("good") for _ in range(5)]
        for path in [bad, *good]:
            approve(bridge, broker, ca.leaf(), path)
        for path in good:
            assert result_of(bridge, path)["outcome"] == "onboarded"
        assert is_undeliverable(bridge, broker, bad)


def test_a_broker_that_takes_nothing_meanwhile(bridge_at, ca):
    """Before the last try it ends the connection for everything, as one whose disk
    is full: nothing is given up for that, and the bridge says so."""
    full, tries = threading.Event(), []

    def closes(topic):
        if is_bad(topic):
            tries.append(topic)
            if len(tries) == 3:
                full.set()  # before the last one, which may come soon
        return is_bad(topic) or full.is_set()

    with played.Played(closes=closes) as broker:
        bridge = bridge_at(broker)
        bad, late = device_path("bad"), device_path("good")
        approve(bridge, broker, ca.leaf(), bad)
        until(full.is_set, lambda: f"tried three times: {tries}")
        bridge.wait_log("event=mqtt_takes_nothing")
        approve(bridge, broker, ca.leaf(), late)
        full.clear()
        assert result_of(bridge, late)["outcome"] == "onboarded"
        assert is_undeliverable(bridge, broker, bad)
