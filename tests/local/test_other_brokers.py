"""Answers of brokers other than Mosquitto, from a fake broker: no MQTT 5, and
reason codes of their own."""

import ctypes
import json
import re
import time

import pytest
import requests

from harness import played
from harness.bridge import Bridge, topic_names
from harness.mqtt import PENDING
from harness.rig import device_path
from harness.topics import Reader, Writer
from harness.until import holds_for, until


@pytest.fixture
def bridge_at(tmp_path, mock_kafka):
    """Starts bridges for a broker's URL, which end with the test."""
    bridges = []

    def make(url, **mqtt):
        name = f"bridge{len(bridges)}"
        topics = topic_names(f"{tmp_path.name}-{name}")
        mock_kafka.create(topics.values())
        bridges.append(Bridge(
            tmp_path, url, mock_kafka.brokers, topics, {"mqtt": mqtt}, name
        ))
        return bridges[-1].start()

    yield make
    for bridge in bridges:
        bridge.stop()


def events(bridge, connection):
    """The log's events for that connection, one per line."""
    return re.findall(
        rf" event=(mqtt_\w+) connection={connection} .*", bridge.log()
    )


def readyz(bridge):
    return requests.get(f"http://{bridge.http()}/readyz", timeout=60).text


@pytest.mark.parametrize(
    "connack", [played.NO_SUCH_LEVEL, played.NO_SUCH_VERSION],
    ids=["3.1.1", "5"],
)
def test_broker_without_mqtt_5(bridge_at, connack):
    """It is reported on both connections, once, with the setting to change."""
    with played.Played(connack) as broker:
        bridge = bridge_at(broker.url)
        advice = "the broker does not support MQTT 5: set mqtt.version: 3.1.1"
        for connection in ("in", "out"):
            bridge.wait_log(
                "event=mqtt_version_unsupported "
                f'connection={connection} .*hint="{advice}"'
            )
        until(lambda: f"mqtt: {advice}" in readyz(bridge),
              lambda: readyz(bridge))
        until(lambda: len(broker.connects) >= 6, "it tries again")
        for connection in ("in", "out"):
            assert events(bridge, connection) == ["mqtt_version_unsupported"]
        assert {level for _, level in broker.connects} == {5}


def test_broker_that_closes_at_connect(bridge_at):
    """This tells less than a CONNACK, and the hint says so."""
    with played.Played(played.SILENCE) as broker:
        bridge = bridge_at(broker.url)
        bridge.wait_log("event=mqtt_closed_at_connect connection=out .*"
                        r"mqtt\.version: 3\.1\.1")
        until(lambda: "no MQTT 5 (try mqtt.version: 3.1.1)" in readyz(bridge),
              lambda: readyz(bridge))


def test_another_refusal_is_no_version(bridge_at):
    with played.Played(played.NOT_AUTHORIZED) as broker:
        bridge = bridge_at(broker.url)
        for connection in ("in", "out"):
            bridge.wait_log(
                f"event=mqtt_refused connection={connection} code=135 "
            )
        until(lambda: "refuses mqtt.username or its password"
              in readyz(bridge), lambda: readyz(bridge))


def test_the_hint_is_right(bridge_at):
    with played.Played(played.NO_SUCH_LEVEL) as broker:
        bridge = bridge_at(broker.url, version="3.1.1")
        for connection in ("in", "out"):
            bridge.wait_log(f"event=mqtt_connected connection={connection} ")
        assert {level for _, level in broker.connects} == {4}


def libmosquitto_is_strict():
    """Since 2.0.12 it closes the connection because of a PUBACK reason code
    that MQTT 5 does not have, before the bridge sees it."""
    library = ctypes.CDLL("libmosquitto.so.1")
    version = [ctypes.c_int() for _ in range(3)]
    library.mosquitto_lib_version(*map(ctypes.byref, version))
    return tuple(number.value for number in version) >= (2, 0, 12)


def approve(bridge, broker, leaf, kafka):
    """Requests and approves a device; returns (path, reader)."""
    path = device_path()
    reader = Reader(kafka.brokers, bridge.topics.values())
    until(lambda: PENDING in broker.subscribers, "it listens")
    broker.publish(PENDING, json.dumps(
        {"device_path": path, "certificate": leaf.pem}).encode())
    request = reader.one(bridge.topics["requests"], key=path)
    Writer(kafka.brokers).send(bridge.topics["decisions"], {
        "request_id": request.json()["request_id"],
        "device_path": path,
        "decision": "approve",
    }, key=path)
    return path, reader


def test_success_code_of_its_own(bridge_at, mock_kafka, ca):
    """mochi answers 1, the QoS: the command is delivered, once."""
    with played.Played(puback=1) as broker:
        bridge = bridge_at(broker.url)
        path, reader = approve(bridge, broker, ca.leaf(), mock_kafka)
        if libmosquitto_is_strict():
            bridge.wait_log("event=mqtt_lost connection=out .*"
                            r"hint=.*mqtt\.version: 3\.1\.1")
        else:
            result = reader.one(bridge.topics["results"], key=path).json()
            assert result["outcome"] == "onboarded"
            holds_for(lambda: len(broker.published) == 1, 1.0, "said once")
        assert "command_refused" not in bridge.log()
        reader.close()


def test_connection_that_does_not_last(bridge_at, mock_kafka, ca):
    """If a broker closes the connection at each command, the bridge does not
    reconnect at once each time."""
    with played.Played(puback=None) as broker:
        bridge = bridge_at(broker.url)
        _, reader = approve(bridge, broker, ca.leaf(), mock_kafka)
        reader.close()
        until(lambda: len(broker.published) >= 2, "said again")
        before, begin = len(broker.published), time.monotonic()
        holds_for(bridge.alive, 3.0, "it is alive", interval=0.2)
        most = 4 + (time.monotonic() - begin - 3.0)
        assert len(broker.published) - before <= most
