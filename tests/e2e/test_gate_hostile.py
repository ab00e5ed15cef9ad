"""What a hostile device or another registry's customer could try, on a real
broker; tests/unit/test_gate_hostile.c has the rest."""

import socket
import ssl

import pytest

from harness.gate import Gate, jwt, path_of
from harness.until import until

DIRECT, CUSTOM, EVIL = "acme/direct", "acme/custom", "evil/custom"
TEMPLATE = "/devices/{device}/commands"


@pytest.fixture
def start(tmp_path, ca):
    started = []

    def make(extra=(), **options):
        gate = Gate(tmp_path / f"gate{len(started)}", ca.server(),
                    options, extra).start()
        started.append(gate)
        with gate.operator() as operator:
            for registry in (DIRECT, CUSTOM, EVIL):
                operator.registry(registry, ca,
                                  onboarding=registry.split("/")[1])
        return gate

    yield make
    for gate in started:
        gate.stop()


def in_registry(path, registry):
    """The same device id in another registry."""
    s, r = registry.split("/")
    return f"subscriptions/{s}/registries/{r}/devices/{path.split('/')[-1]}"


def test_another_customer_waits_on_the_same_topic(start, ca):
    """A device is held in its own registry, with a persistent session, and is
    subscribed to the topic that is also the victim's command topic."""
    gate = start(command_topic=TEMPLATE)
    path = path_of(CUSTOM)
    evil_path, topic = in_registry(path, EVIL), (
        f"/devices/{path.split('/')[-1]}/commands")
    leaf, evil_leaf = ca.issue(), ca.issue()
    with gate.operator() as operator:
        evil = gate.first(evil_path, evil_leaf, session=True)
        evil.subscribed(topic)
        with gate.first(path, leaf) as device:
            assert device.connack == 0x87
        operator.pending(path)
        operator.do("createDevice", device_path=path, request_id="r",
                    fingerprint_sha256=leaf.fingerprint)
        evil.wait_ended()
        operator.audit("topic_in_use", evil_path)
        with gate.unused(path, leaf) as device:
            device.subscribed(topic)
            operator.publish(topic, b'{"status":"secret"}')
            device.wait_message(topic, lambda m: b"secret" in m.payload)
        operator.publish(topic, b'{"status":"secret"}')
        assert operator.code("createDevice", device_path=evil_path,
                             request_id="q",
                             fingerprint_sha256=evil_leaf.fingerprint
                             ) == "ALREADY_EXISTS"
        with gate.first(evil_path, evil_leaf, session=True) as again:
            assert again.connack == 0x87
        assert not [m for m in evil.seen if b"secret" in m.payload]
    gate.restart()
    with gate.operator() as operator:
        with gate.first(evil_path, evil_leaf, session=True) as again:
            assert again.connack == 0x87
        operator.do("deleteDevice", device_path=path)
        with gate.first(evil_path, evil_leaf, session=True) as again:
            assert again.accepted
            again.subscribed(topic)
            operator.publish("ztp/v1/marker", b"{}")
            operator.wait_message("ztp/v1/marker")
            assert not [m for m in again.seen if b"secret" in m.payload]


def test_a_direct_device_gets_its_topic_from_one_that_waits(start, ca):
    """The waiting device is ended while the broker authenticates the other
    one."""
    gate = start(command_topic=TEMPLATE)
    path = path_of(DIRECT)
    evil_path, topic = in_registry(path, EVIL), (
        f"/devices/{path.split('/')[-1]}/commands")
    with gate.operator() as operator:
        evil = gate.first(evil_path, ca.issue())
        evil.subscribed(topic)
        with gate.first(path, ca.issue()) as device:
            assert device.accepted
            evil.wait_ended()
            device.subscribed(topic)
            operator.publish(topic, b'{"status":"secret"}')
            device.wait_message(topic, lambda m: b"secret" in m.payload)
        assert not [m for m in evil.seen if b"secret" in m.payload]
        assert operator.alive()


def text(value):
    return len(value).to_bytes(2, "big") + value.encode()


def packet(kind, body):
    length, size = len(body), b""
    while True:
        size += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return bytes([kind]) + size + body


def test_a_connect_that_fails_behind_the_gate_is_no_session(start, ca):
    """The credentials are good, but the CONNECT names an authentication method
    that the broker does not have."""
    gate = start()
    path, leaf = path_of(DIRECT), ca.leaf()
    with gate.first(path, leaf) as device:
        device.subscribed(device.commands)
    method = b"\x15" + text("SCRAM")
    body = (text("MQTT") + b"\x05\xc2\x00\x3c" + bytes([len(method)]) + method
            + text(path) + text("unused") + text(jwt(leaf)))
    context = ssl.create_default_context(cafile=gate.server["cafile"])
    with context.wrap_socket(
            socket.create_connection(("127.0.0.1", gate.tls_port)),
            server_hostname="127.0.0.1") as raw:
        raw.sendall(packet(0x10, body))
        answer = raw.recv(100)
        assert answer[:1] != b"\x20" or answer[3] != 0, answer
    with gate.operator() as operator:
        until(lambda: not operator.do("getDevice", device_path=path)["live"],
              "no session is left of it")
        with gate.first(path, ca.issue()) as other:
            assert other.connack == 0x87
        with gate.unused(path, leaf) as device:
            assert device.accepted
            device.subscribed(device.commands)


def test_a_held_session_that_outlives_the_broker(start, ca):
    """It does not subscribe again, because the broker says that the session is
    present."""
    gate = start()
    path, leaf = path_of(CUSTOM), ca.issue()
    with gate.operator() as operator:
        with gate.first(path, leaf, session=True) as device:
            device.subscribed(device.commands)
            operator.wait_on("ztp/v1/subscribed", device_path=path)
    gate.restart()
    with gate.operator() as operator:
        with gate.first(path, leaf, session=True) as device:
            assert device.session_present
            operator.wait_on("ztp/v1/subscribed", device_path=path,
                             state="held")
            operator.do("createDevice", device_path=path, request_id="r",
                        fingerprint_sha256=leaf.fingerprint)
            operator.wait_on("ztp/v1/subscribed", device_path=path,
                             state="device")
            operator.publish(device.commands, b'{"status":"approved"}')
            device.wait_status("approved")


def test_blocked_comes_back_by_no_way(start, ca):
    gate = start()
    path, leaf = path_of(DIRECT), ca.issue()
    with gate.operator() as operator:
        device = gate.first(path, leaf, session=True)
        device.subscribed(device.commands)
        operator.do("blockDevice", device_path=path)
        device.wait_ended()
        operator.publish(f"{path}/commands", b'{"status":"secret"}')
        for attempt in (gate.first, gate.unused):
            with attempt(path, leaf, session=True) as again:
                assert again.connack == 0x87
        with gate.first(path, ca.issue()) as other:
            assert other.connack == 0x87
        operator.audit("blocked", path, 3)
        gate.hangup()
        with gate.unused(path, leaf, session=True) as again:
            assert again.connack == 0x87
    gate.restart()
    with gate.operator() as operator:
        with gate.unused(path, leaf, session=True) as again:
            assert again.connack == 0x87
        operator.do("unblockDevice", device_path=path)
        with gate.unused(path, leaf, session=True) as again:
            assert again.accepted
            again.subscribed(again.commands)
            operator.publish(again.commands, b'{"status":"later"}')
            again.wait_status("later")
            assert "secret" not in again.statuses()


def test_no_certificate_in_the_log(start, ca):
    gate = start(extra=["connection_messages true"])
    with gate.operator() as operator:
        for registry, leaf in ((DIRECT, ca.issue()), (CUSTOM, ca.issue()),
                               ("acme/none", ca.issue())):
            path, proof = path_of(registry), jwt(leaf)
            with gate.first(path, leaf, proof):
                operator.wait_on("ztp/v1/audit", device_path=path)
            log = gate.log()
            assert leaf.base64[:60] not in log and proof[:60] not in log
            assert proof.split(".")[2] not in log
        assert "u'ztp:" in log


def test_filters_without_end(start, ca):
    """The broker keeps each filter of a client: a device has a few of them, and
    its command topic all the same."""
    gate = start()
    path = path_of(DIRECT)
    with gate.first(path, ca.issue()) as device:
        assert device.accepted
        codes = [device.subscribe(f"{path}/config/{n}") for n in range(140)]
        assert codes == [1] * 128 + [0x87] * 12
        assert device.subscribe(f"{path}/commands/1") == 0x87
        device.subscribed(device.commands)
        device.wait_status("approved")
