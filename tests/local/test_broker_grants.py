"""What a broker grants less of, what the bridge finds out about it, and when the
bridge connects again. No Kafka is needed for any of it."""

import re

import pytest
import requests

from harness import played
from harness.bridge import Bridge, topic_names
from harness.cpu import Stopwatch
from harness.gate import OPERATOR, PASSWORD, Gate
from harness.mosquitto import Mosquitto
from harness.mqtt import PENDING
from harness.process import stop_all
from harness.until import holds_for, until

ANSWERS = "subscriptions/+/registries/+/devices/+/events/provisioning"


@pytest.fixture
def bridge_at(tmp_path):
    """Starts bridges for a broker's URL, which end with the test."""
    bridges = []

    def make(url, **mqtt):
        name = f"bridge{len(bridges)}"
        bridges.append(Bridge(tmp_path, url, "127.0.0.1:9", topic_names(name),
                              {"mqtt": mqtt, "shutdown_timeout": "1s"}, name))
        return bridges[-1].start()

    yield make
    stop_all(bridges)


def readyz(bridge):
    return requests.get(f"http://{bridge.http()}/readyz", timeout=60).text


def wait_connected(bridge):
    for connection in ("in", "out"):
        bridge.wait_log(f"event=mqtt_connected connection={connection} ")


def test_what_connack_grants_less_of(bridge_at):
    """Each is an event of its own, on the connection that it concerns, and
    /readyz names the first that leaves nothing to promise. The bridge takes over
    the broker's keep alive: on the second connection paho ignores it, so that one
    is made anew."""
    properties = (
        played.MAXIMUM_QOS_0 + played.session_expiry(0)
        + played.server_keepalive(10) + played.receive_maximum(5)
        + played.maximum_packet_size(1000)
    )
    with played.Played(properties=properties) as broker:
        bridge = bridge_at(broker.url)
        wait_connected(bridge)
        for connection, event, asked, granted in (
            ("in", "session_expiry", 4294967295, 0),
            ("in", "keepalive", 60, 10),
            ("out", "keepalive", 60, 10),
            ("out", "qos", 1, 0),
            ("out", "receive_maximum", 256, 5),
            ("out", "packet_size", 122880, 1000),
        ):
            said = (rf" event=mqtt_{event}_cut connection={connection} "
                    rf"asked={asked} granted={granted} ")
            bridge.wait_log(said)
            assert len(re.findall(said, bridge.log())) == 1, event
        until(lambda: "mqtt: the broker grants QoS 0 only" in readyz(bridge),
              lambda: readyz(bridge))

        def keepalives():
            return [seconds for client, seconds in broker.keepalives
                    if client == "ztp-bridge"]

        until(lambda: keepalives() == [60, 10], keepalives)


def test_subscriptions_refused_and_cut(bridge_at):
    """Intake on QoS 0 loses events, and without their answers devices cannot
    confirm anything: neither is well. A refusal is asked about again, but not
    all the time."""
    five = {PENDING: 0, ANSWERS: 0x87}
    three = {PENDING: 0, ANSWERS: 0x80}
    intake = {PENDING: 0x87}
    refused = "mqtt: the broker refuses the subscription to "
    with (played.Played(granted=five) as at_5,
          played.Played(granted=three) as at_3,
          played.Played(granted=intake) as at_intake):
        bridges = [
            (bridge_at(at_5.url, delivery_ack="device"), at_5, five),
            (bridge_at(at_3.url, version="3.1.1", delivery_ack="device"),
             at_3, three),
        ]
        closed = bridge_at(at_intake.url)
        for bridge, _, codes in bridges:
            bridge.wait_log("event=mqtt_subscription_qos_cut connection=in "
                            f"topic={PENDING} asked=1 granted=0")
            bridge.wait_log("level=error event=mqtt_subscription_refused "
                            f"connection=out topic={re.escape(ANSWERS)} "
                            f"reason_code={codes[ANSWERS]}")
            until(lambda at=bridge: f"{refused}subscriptions/+" in readyz(at),
                  lambda at=bridge: readyz(at))
            codes[ANSWERS] = 1
        closed.wait_log("event=mqtt_subscription_refused connection=in "
                        f"topic={PENDING} reason_code=135")
        until(lambda: refused + PENDING in readyz(closed),
              lambda: readyz(closed))
        for bridge, broker, _ in bridges:
            until(lambda at=bridge: refused not in readyz(at), "it asks again")
            assert f"mqtt: the broker grants QoS 0 only on {PENDING}" in \
                readyz(bridge)
            assert len(broker.connects) == 2
        assert len(at_intake.connects) < 8


# ---- what it asks a broker, once


def test_what_a_broker_says_when_nobody_is_subscribed(bridge_at):
    """A broker that refuses or hangs up stays unknown and is not asked
    again."""
    with (played.Played(probe=0) as silent,
          played.Played(probe=0x87) as refusing,
          played.Played(probe=None) as closing):
        bridges = [bridge_at(broker.url)
                   for broker in (silent, refusing, closing)]
        for bridge, event in zip(bridges, (
            'broker_asked .*no_subscriber="not told"',
            "broker_asked .*no_subscriber=unknown",
            "broker_unknown",
        )):
            bridge.wait_log(f"event={event}")
            wait_connected(bridge)
        untold = "event=mqtt_no_subscriber_untold reason_code=0 "
        assert [untold in bridge.log() for bridge in bridges] == [
            True, False, False
        ]
        for bridge in bridges:
            before = bridge.log().count("event=mqtt_connected connection=out")
            bridge.hangup()
            bridge.wait_log("configuration reloaded")
            until(lambda at=bridge, n=before: at.log().count(
                "event=mqtt_connected connection=out") > n, "it is back")
        assert [len(broker.asked)
                for broker in (silent, refusing, closing)] == [2, 2, 1]


def test_gate_beside_registrar_none(bridge_at, tmp_path, ca):
    """Approvals would create no device. So nothing is taken in before the
    setting is right, and the gate keeps what it has."""
    gate = Gate(tmp_path / "gate", ca.server()).start()
    (tmp_path / "password").write_text(PASSWORD)
    bridge = bridge_at(f"mqtt://127.0.0.1:{gate.port}", username=OPERATOR,
                       password_file=str(tmp_path / "password"))
    bridge.wait_log("level=error event=gate_found .*mqtt.registrar: gate")
    said = "gate: the broker has a gate: set mqtt.registrar: gate"
    until(lambda: said in readyz(bridge), "it is not ready")
    bridge.wait_log("event=intake_paused")
    assert "event=mqtt_connected connection=in" not in bridge.log()
    gate.stop()


# ---- connecting again


def test_two_bridges_with_one_configuration(bridge_at, tmp_path):
    """Mosquitto 2.0 does not tell a client that it was taken over. The two do
    not fight, and say what is wrong."""
    broker = Mosquitto(tmp_path).start()
    two = [bridge_at(broker.url) for _ in range(2)]
    until(lambda: any("event=mqtt_taken_over " in bridge.log()
                      for bridge in two), "one is taken over")
    said = "mqtt: (lost right .*)?another client uses the bridge's client id"
    until(lambda: any(re.search(said, readyz(bridge)) for bridge in two),
          lambda: [readyz(bridge) for bridge in two])
    until(lambda: any("mqtt" not in readyz(bridge) for bridge in two),
          "one of them works")
    before = broker.log().count("New client connected")
    holds_for(lambda: broker.log().count("New client connected") <= before + 2,
              3.0, "they do not fight")
    broker.stop()


@pytest.mark.parametrize("words, hint, shown", [
    (b"", "lost within 2 s, three times in a row: another client uses this "
     "client id .*, or the broker crashes: see its log",
     "mqtt: lost right after connecting: another client uses the bridge's "
     "client id, or the broker crashes"),
    (played.TAKEN_OVER, "another client uses this client id: are two bridges",
     "mqtt: another client uses the bridge's client id"),
], ids=["not told", "told"])
def test_what_is_known_of_a_connection_soon_lost(bridge_at, words, hint, shown):
    """A broker that crashes looks like another client with the bridge's client
    ID. Then both are named, and only what the broker said is said for sure."""
    with played.Played() as broker:
        bridge = bridge_at(broker.url)
        ended = 0

        def taken_over():
            nonlocal ended
            log = bridge.log()
            connected = log.count("event=mqtt_connected connection=in ")
            if connected > ended:
                ended = connected
                broker.end_all(words)
            return re.search("event=mqtt_taken_over .*", log)

        line = until(taken_over, "it is taken over").group()
        assert re.search(f'hint="{hint}', line), line
        until(lambda: shown in readyz(bridge), lambda: readyz(bridge))


def test_who_says_why_is_not_taken_for_another_client(bridge_at):
    """The same as soon and as often, but each time with a reason."""
    with played.Played() as broker:
        bridge = bridge_at(broker.url)
        seen = {"in": 0, "out": 0}

        def ended_often():
            log = bridge.log()
            for name, client in (("in", "ztp-bridge"),
                                 ("out", "ztp-bridge-out")):
                connected = log.count(
                    f"event=mqtt_connected connection={name} ")
                if connected > seen[name]:
                    seen[name] = connected
                    broker.end(client, bytes([0xE0, 2, 0x97, 0]))
            return min(seen.values()) >= 5

        until(ended_often, lambda: seen)
        until(lambda: bridge.log().count("reason_code=151") >= 10, "all are lost")
        assert "event=mqtt_taken_over" not in bridge.log()


@pytest.mark.parametrize("client, other", [
    ("ztp-bridge", "out"), ("ztp-bridge-out", "in")])
def test_who_leaves_one_connection_leaves_both(bridge_at, client, other):
    """Else two bridges with one configuration could have one each."""
    with played.Played() as broker:
        bridge = bridge_at(broker.url)
        wait_connected(bridge)
        broker.end(client, played.TAKEN_OVER)
        bridge.wait_log("event=mqtt_taken_over ")
        bridge.wait_log(f"event=mqtt_lost connection={other} .*"
                        'error="left, since the other one was taken over"')
        connects = len(broker.connects)
        holds_for(lambda: len(broker.connects) == connects, 3.0,
                  "it comes with neither")


@pytest.mark.parametrize("client, connection", [
    ("ztp-bridge", "in"), ("ztp-bridge-out", "out")])
def test_why_the_broker_ends_a_connection(bridge_at, client, connection):
    """What its DISCONNECT says is in the log."""
    with played.Played() as broker:
        bridge = bridge_at(broker.url)
        wait_connected(bridge)
        broker.end(client, bytes([0xE0, 2, 0x97, 0]))
        bridge.wait_log(f"event=mqtt_lost connection={connection} .*"
                        "reason_code=151 error=.*[Qq]uota exceeded")


def test_a_session_lost_while_nobody_was_there(bridge_at, tmp_path):
    """The broker, which keeps its sessions in memory, and the bridge were down at
    the same time. The first session of all is not a lost one."""
    broker = Mosquitto(tmp_path).start()
    bridge = bridge_at(broker.url)
    lost = "event=mqtt_session_lost connection=in "
    wait_connected(bridge)
    bridge.stop()
    bridge.start()
    wait_connected(bridge)
    bridge.stop()
    assert lost not in bridge.log()
    broker.restart()
    bridge.start()
    bridge.wait_log(lost)
    wait_connected(bridge)
    bridge.stop()
    bridge.start()
    wait_connected(bridge)
    assert lost not in bridge.log()
    broker.stop()


def test_broker_that_comes_back(bridge_at, tmp_path):
    """However long it was away, the bridge serves within 2 s."""
    broker = Mosquitto(tmp_path).start()
    bridge = bridge_at(broker.url)
    wait_connected(bridge)
    bridge.wait_log('event=broker_asked gate="not found" no_subscriber=told')
    assert not re.search("mqtt|gate", readyz(bridge))
    broker.stop()
    until(lambda: "mqtt: not connected" in readyz(bridge), "it is away")
    holds_for(bridge.alive, 5.0, "it waits", interval=0.2)
    broker.start()
    watch = Stopwatch(bridge, broker)
    until(lambda: "mqtt" not in readyz(bridge), "it is back")
    assert watch.read() < 2.0
    broker.stop()
