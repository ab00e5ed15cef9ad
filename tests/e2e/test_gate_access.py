"""Who may read and write what; limits; sessions across SIGHUP and restarts."""

import json
import os
import re
import signal
import socket
import stat

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness.certs import Ca
from harness.gate import OPERATOR, PASSWORD, Device, Gate, jwt, path_of
from harness.until import until

DIRECT, CUSTOM = "acme/direct", "acme/custom"


def registries(gate, ca):
    with gate.operator() as operator:
        for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
            operator.registry(registry, ca, onboarding=mode)


@pytest.fixture
def start(tmp_path, ca):
    """Starts gates, which end with the test."""
    started = []

    def make(**options):
        extra = options.pop("extra", ())
        gate = Gate(tmp_path / f"gate{len(started)}", ca.server(), options,
                    extra).start()
        started.append(gate)
        registries(gate, ca)
        return gate

    yield make
    for gate in started:
        gate.stop()


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server()).start()
    registries(gate, ca)
    yield gate
    gate.stop()


def plain(gate):
    """A client to which the acl_file allows everything."""
    return Device(gate, f"plain-{path_of()[-6:]}", "nobody", PASSWORD,
                  tls=False)


def heard(client, path, name):
    return [m for m in list(client.seen)
            if m.topic == f"{path}/events/{name}"]


def denied(device, topic):
    return device.subscribe(topic) >= 0x80


def test_a_device_has_its_own_topics(gate, ca):
    path, other = path_of(DIRECT), path_of(DIRECT)
    with gate.first(path, ca.leaf()) as device, plain(gate) as observer, \
            gate.operator() as operator:
        for topic in ("commands", "commands/#", "commands/x", "config",
                      "config/#"):
            assert device.subscribe(f"{path}/{topic}") == 1, topic
        for topic in (f"{path}/events", f"{path}/events/#", f"{path}/#",
                      f"{path}/+", f"{other}/commands", "#", "+/#", "ztp/#",
                      "subscriptions/#", f"$share/g/{path}/commands",
                      "$CONTROL/ztp/v1/response", "other"):
            assert denied(device, topic), topic
        operator.subscribed("#").subscribed("$CONTROL/#")
        for topic in (f"{path}/events/#", f"{path}/state", "other",
                      f"{path}/eventsx", f"{other}/events"):
            observer.subscribed(topic)
        for topic in (f"{path}/events", f"{path}/events/a/b", f"{path}/state"):
            device.publish(topic, b"ok")
            observer.wait_message(topic, lambda m: m.payload == b"ok")
        for topic in (f"{path}/commands", f"{path}/config", "other",
                      f"{path}/eventsx", f"{other}/events", f"{path}",
                      "ztp/v1/pending", "$CONTROL/ztp/v1",
                      f"{path}/commands/x"):
            device.publish(topic, b"bad")
        device.publish(f"{path}/events/last")
        observer.wait_message(f"{path}/events/last")
        assert not [m for m in operator.seen + observer.seen
                    if m.payload == b"bad"]


def test_answers_of_a_device_are_bounded(gate, ca):
    """A flood of them costs the bridge and the broker a few, and what else the
    device publishes costs nothing of that."""
    with gate.operator() as operator, plain(gate) as observer, \
            gate.first(path_of(DIRECT), ca.leaf()) as device:
        path = device.path
        observer.subscribed(f"{path}/events/#")
        for name in ("provisioning", "log"):
            for _ in range(300):
                device.client.publish(f"{path}/events/{name}", b"x" * 1000, 1)
        until(lambda: len(heard(observer, path, "log")) == 300, "all logs")
        assert 20 <= len(heard(observer, path, "provisioning")) <= 40
        operator.audit("slowed_down", path)


def test_an_answer_of_a_device_is_not_long(gate, ca):
    with gate.operator() as operator, plain(gate) as observer, \
            gate.first(path_of(DIRECT), ca.issue()) as device:
        answers = f"{device.path}/events/provisioning"
        observer.subscribed(answers)
        device.publish(answers, b"x" * 32769)
        device.publish(answers, b"x" * 32768)
        observer.wait_message(answers)
        assert len(heard(observer, device.path, "provisioning")) == 1
        operator.audit("too_large", device.path)


def test_operators_only(gate):
    path = path_of(DIRECT)
    with plain(gate) as client, plain(gate) as observer:
        observer.subscribed("elsewhere")
        for topic in ("ztp/#", "ztp/v1/audit", "#", "+/v1/pending",
                      "$CONTROL/ztp/v1/response", "$CONTROL/#",
                      "$share/g/ztp/#", "subscriptions/#",
                      "subscriptions/+/registries/+/devices/+/+",
                      f"{path}/commands", f"{path}/config/#"):
            assert denied(client, topic), topic
        for topic in (f"{path}/events/#", "elsewhere",
                      "subscriptions/+/registries/+/devices/+/state"):
            assert client.subscribe(topic) == 1, topic
        with gate.operator() as operator:
            operator.subscribed("#")
            for topic in ("ztp/v1/pending", f"{path}/commands",
                          f"{path}/commands/deep", f"{path}/config",
                          "$CONTROL/ztp/v1"):
                client.publish(topic, b"bad")
            client.publish("elsewhere", b"good")
            observer.wait_message("elsewhere")
            assert not [m for m in operator.seen if m.payload == b"bad"]


def test_retained_and_wills_are_refused_to_all(gate):
    path = path_of(DIRECT)
    with gate.operator() as operator:
        operator.subscribed(f"{path}/#").subscribed("$CONTROL/#")
        for topic in (f"{path}/commands", "ztp/v1/pending",
                      "$CONTROL/ztp/v1/response"):
            operator.publish(topic, b"bad", retain=True)
            will = (topic, b"bad", 1, False)
            for version in (4, 5):
                # dropped, then taken over
                Device(gate, "willing", OPERATOR, PASSWORD, tls=False,
                       will=will, version=version).drop()
                first = Device(gate, "willing2", OPERATOR, PASSWORD, tls=False,
                               will=will, version=version)
                second = Device(gate, "willing2", OPERATOR, PASSWORD,
                                tls=False, version=version)
                first.wait_ended()
                second.close()
        # a will on another topic is still published
        Device(gate, "willing3", OPERATOR, PASSWORD, tls=False,
               will=(f"{path}/state", b"good", 1, False)).drop()
        assert not [m for m in operator.seen if m.payload == b"bad"]
        operator.publish("ztp/v1/marker", b"{}")
        operator.wait_message("ztp/v1/marker")
        assert not [m for m in operator.seen if m.payload == b"bad"]


@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("version, delay", [(4, 0), (5, 0), (5, 1)])
def test_a_devices_own_will_is_published(gate, ca, version, delay, session):
    path = path_of(DIRECT)
    topic = f"{path}/state/online"
    late = Properties(PacketTypes.WILLMESSAGE)
    late.WillDelayInterval = delay
    with plain(gate) as observer:
        observer.subscribed(topic)
        gate.first(path, ca.leaf(), version=version, session=session,
                   will=(topic, b"gone", 1, False, late if delay else None)
                   ).drop()
        [heard_will] = observer.wait_message(topic)
        assert heard_will.payload == b"gone"


def test_a_reload_does_not_end_twice_what_is_ended(start, ca):
    """Mosquitto 2.0 uses a session after it is freed that it has ended twice."""
    gate = start(extra=("connection_messages true",))
    path = path_of(DIRECT)
    with gate.operator() as operator:
        device = gate.first(path, ca.leaf(), session=True, expiry=600)
        operator.do("blockDevice", device_path=path)
        device.wait_ended()
        gate.child.send_signal(signal.SIGHUP)
        gate.wait_log("Reloading config")
        operator.do("getInfo")
        ends = re.findall(rf"Client {path} .*disconnected.*", gate.log())
        assert len(ends) == 1, ends


def test_other_command_topic(start, ca):
    gate = start(command_topic="/devices/{device}/commands")
    path, leaf = path_of(CUSTOM), ca.leaf()
    own = f"/devices/{path.rsplit('/', 1)[1]}/commands"
    with gate.first(path, leaf) as device, gate.operator() as operator:
        assert denied(device, f"{path}/commands")
        device.subscribed(own)
        assert operator.do("getInfo")["command_topic"] == (
            "/devices/{device}/commands")
        assert device.wait_message(own)
        with plain(gate) as client:
            assert denied(client, own) and denied(client, "/devices/+/+")


# ---- limits


def test_the_seventeenth_path_of_a_certificate(start, ca):
    gate = start()
    leaf = ca.issue()
    with gate.operator() as operator:
        for i in range(8):
            with gate.first(path_of(DIRECT), leaf) as device:
                assert device.accepted, i
            with gate.first(path_of(CUSTOM), leaf) as device:
                assert device.accepted, i
        for registry in (DIRECT, CUSTOM):
            path = path_of(registry)
            with gate.first(path, leaf) as device:
                assert device.connack == 0x87
            operator.audit("too_many", path)
        with gate.first(path_of(CUSTOM), ca.issue()) as device:
            assert device.accepted


def test_candidates_of_a_path_and_devices_of_a_registry(start, ca):
    gate = start(max_per_registry=9)
    path = path_of(CUSTOM)
    with gate.operator() as operator:
        leaves = [ca.issue() for _ in range(8)]
        for leaf in leaves:
            with gate.first(path, leaf) as device:
                assert device.accepted
        with gate.first(path, ca.issue()) as device:
            assert device.connack == 0x87
        operator.audit("too_many", path)
        with gate.first(path_of(CUSTOM), ca.issue()) as device:
            assert device.accepted
        full = path_of(CUSTOM)
        with gate.first(full, ca.issue()) as device:
            assert device.connack == 0x87
        operator.audit("too_many", full)
        with gate.first(path, leaves[0]) as device:
            assert device.accepted


# ---- refuse mode, CAs


def test_refuse_mode(start, ca):
    gate = start(pending_mode="refuse")
    path, leaf = path_of(CUSTOM), ca.issue()
    with gate.operator() as operator:
        for version, code in ((5, 0x87), (4, 5)):
            with gate.first(path, leaf, version=version) as device:
                assert device.connack == code
        event = operator.pending(path)
        assert operator.audit("pending", path, 2)["verdict"] == "pending"
        operator.do("createDevice", device_path=path, request_id="r",
                    fingerprint_sha256=leaf.fingerprint)
        with gate.first(path, leaf) as device:
            assert device.accepted
            device.subscribed(device.commands)
            operator.wait_on("ztp/v1/subscribed", device_path=path)
        assert event["request_id"]


def test_a_ca_that_is_removed_ends_its_candidates_alone(gate, tmp_path, ca):
    other = Ca(tmp_path / "other")
    with gate.operator() as operator:
        mark = operator.do("addRegistryCa", registry=CUSTOM,
                           pem=other.cert.read_text())["fingerprint_sha256"]
        leaf, device_leaf = other.issue(), other.issue()
        path, made = path_of(CUSTOM), path_of(CUSTOM)
        known = gate.first(made, device_leaf)
        operator.do("createDevice", device_path=made, request_id="r",
                    fingerprint_sha256=device_leaf.fingerprint)
        with gate.first(path, leaf) as held:
            assert held.accepted
            done = operator.do("removeRegistryCa", registry=CUSTOM,
                               fingerprint_sha256=mark)
            assert (done["ended"], done["sessions"]) == (1, 1)
            held.wait_ended()
        operator.wait_on("ztp/v1/withdrawn", device_path=path,
                         reason="ca_removed")
        assert operator.code("createDevice", device_path=path, request_id="q",
                             fingerprint_sha256=leaf.fingerprint) == "ABORTED"
        assert not operator.on("ztp/v1/withdrawn", device_path=made)
        assert known.alive()
        known.close()
        with gate.unused(made, device_leaf) as again:
            assert again.accepted


# ---- SIGHUP, restarts


def test_sighup_drops_nobody_and_asks_nothing(gate, ca):
    with gate.operator() as operator:
        live, held, away = path_of(DIRECT), path_of(CUSTOM), path_of(DIRECT)
        live_leaf, held_leaf, away_leaf = ca.issue(), ca.issue(), ca.issue()
        device = gate.first(live, live_leaf)
        device.subscribed(device.commands)
        holding = gate.first(held, held_leaf)
        holding.subscribed(holding.commands)
        operator.pending(held)
        short = jwt(away_leaf, lifetime=10)
        with gate.first(away, away_leaf, short, session=True) as leaving:
            leaving.subscribed(leaving.commands)
            operator.wait_on("ztp/v1/subscribed", device_path=away)
        offered = len(operator.on("ztp/v1/pending", device_path=held))
        for _ in range(3):
            before = gate.log().count("Reloading config")
            gate.hangup()
            until(lambda: gate.log().count("Reloading config") > before,
                  "reloaded")
            # a SIGHUP that arrives while the previous one is handled is lost
            operator.do("getInfo")
        marker = path_of("acme/nowhere")
        with gate.first(marker, live_leaf):
            operator.audit("unknown_registry", marker)
        assert device.alive() and holding.alive() and operator.alive()
        assert len(operator.on("ztp/v1/pending", device_path=held)) == offered
        assert len(operator.on("ztp/v1/audit", device_path=live)) == 1
        # messages queued for the absent device are still queued
        operator.publish(f"{away}/commands", b'{"status":"queued"}')
        gate.hangup()
        with gate.unused(away, away_leaf, session=True) as back:
            assert back.session_present
            back.wait_status("queued")
        device.close()
        holding.close()


def test_restart_keeps_all_of_it(start, ca):
    gate = start()
    live, held = path_of(DIRECT), path_of(CUSTOM)
    live_leaf, held_leaf = ca.issue(), ca.issue()
    with gate.operator() as operator:
        with gate.first(live, live_leaf, session=True) as device:
            device.subscribed(device.commands)
        with gate.first(held, held_leaf):
            request = operator.pending(held)["request_id"]
        before = operator.do("listRegistries")
    gate.restart()
    with gate.operator() as operator:
        assert operator.do("listRegistries") == before
        assert operator.pending(held)["request_id"] == request
        # queued for a session that the broker has restored from its file
        operator.publish(f"{live}/commands", b'{"status":"queued"}')
        with gate.unused(live, live_leaf, session=True) as back:
            assert back.session_present
            back.wait_status("queued")
    assert stat.S_IMODE(os.stat(gate.db).st_mode) == 0o600


def test_ending_sessions_that_are_away(start, ca):
    """A device is deleted while it is away, in this process or after its
    session was restored from the broker's file. Another key inherits neither
    the queue nor the subscription."""
    gate = start()
    first, second = path_of(DIRECT), path_of(DIRECT)
    leaf, other = ca.issue(), ca.issue()
    with gate.operator() as operator:
        for path in (first, second):
            with gate.first(path, leaf, session=True) as device:
                device.subscribed(device.commands)
                device.wait_status("approved")
            operator.publish(f"{path}/commands", b'{"status":"secret"}')
        operator.do("deleteDevice", device_path=first)
    gate.restart()
    with gate.operator() as operator:
        # the gate learns of the session when a message is queued for it, and
        # then ends it
        operator.publish(f"{second}/commands", b'{"status":"secret"}')
        operator.do("deleteDevice", device_path=second)
        for path in (first, second):
            with gate.first(path, other, session=True) as device:
                assert device.accepted
                device.subscribed(device.commands)
                device.wait_status("approved")
                operator.publish(device.commands, b'{"status":"last"}')
                device.wait_status("last")
                assert "secret" not in device.statuses()
    gate.restart()


def test_kill9_between_pending_and_approval(start, ca):
    gate = start()
    for round_ in range(5):
        path, leaf = path_of(CUSTOM), ca.issue()
        with gate.operator() as operator:
            device = gate.first(path, leaf)
            request = operator.pending(path)["request_id"]
            gate.kill9()
            device.wait_ended()
        gate.start()
        with gate.operator() as operator:
            assert operator.pending(path)["request_id"] == request
            operator.do("ackPending", request_ids=[request])
            members = {"device_path": path, "request_id": f"r{round_}",
                       "fingerprint_sha256": leaf.fingerprint}
            assert operator.do("createDevice", **members)["created"]
        gate.kill9()
        gate.start()
        with gate.operator() as operator:
            assert not operator.do("createDevice", **members)["created"]
            with gate.first(path, leaf) as device:
                assert device.accepted
            assert not operator.on("ztp/v1/pending", device_path=path)


def knock(gate, client_id, username):
    """Sends one MQTT 3.1.1 CONNECT with a bad proof as fast as possible;
    returns the CONNACK's code."""
    def text(value):
        return len(value).to_bytes(2, "big") + value.encode()

    body = (b"\0\4MQTT\4\xc2\0\x3c" + text(client_id) + text(username)
            + text("x"))
    length = bytes([len(body) & 127 | 128, len(body) >> 7])
    with socket.create_connection(("127.0.0.1", gate.port)) as raw:
        raw.sendall(b"\x10" + length + body)
        return raw.recv(4)[3]


def test_audit_is_limited_and_says_so(start, ca):
    gate = start()
    path, leaf = path_of("acme/nowhere"), ca.leaf()
    with gate.operator() as operator:
        for _ in range(1500):
            assert knock(gate, path, leaf.base64) == 5
        record = operator.audit("audit_limited")
        assert record["omitted"] > 0
        assert record["remote_addr"] == "127.0.0.1"
        with gate.first(path_of(DIRECT), leaf) as device:
            assert device.accepted


def test_info_and_nonsense(gate):
    with gate.operator() as operator:
        info = operator.do("getInfo")
        assert info["pending_mode"] == "hold" and info["version"]
        assert operator.code("nonsense") == "NOT_FOUND"
        operator.publish("$CONTROL/ztp/v1", b"{bad")
        operator.wait_message(
            "$CONTROL/ztp/v1/response",
            lambda m: json.loads(m.payload)["responses"][0]["code"]
            == "INVALID_ARGUMENT")
