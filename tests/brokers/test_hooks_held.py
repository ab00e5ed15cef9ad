"""Devices held by the hooks of examples/brokers can do nothing but wait, only
the bridge does the bridge's work, and nothing secret is logged."""

import json
import re
import socket
import ssl

import pytest

from harness.gate import jwt
from harness.rig import device_path
from harness.schemas import (  # noqa: F401
    problems,
    valid_records,
    watching,
)

from .hook_cases import PROOFS
from .hooks import (  # noqa: F401
    BRIDGE,
    BROKERS,
    EXAMPLES,
    PASSWORD,
    PAYLOAD,
    Stage,
    ends,
    forged,
    held,
    quiet,
    refused,
    send,
    stage,
)

# --- what is held


def test_held_hears_only_its_own(stage, held, ca):
    device, leaf, _ = held
    other, spies = device_path(), []
    neighbour = stage.ztp_device(other, ca.issue())
    for topic in (f"{other}/commands", "#", "+/#", "ztp/#", "ztp/v1/pending",
                  "subscriptions/#", f"{device.path}/#",
                  f"{device.path}/commands/#", f"$share/g/{other}/commands",
                  f"$share/g/{device.path}/commands", "$SYS/#",
                  "subscriptions/+/registries/+/devices/+/commands"):
        spies.append(stage.connect(device.path, leaf.base64, jwt(leaf)))
        spies[-1].subscribed(device.commands)
        refused(spies[-1], topic)
    stage.decide(stage.request(other), payload=PAYLOAD)
    ends(neighbour, 0)
    assert {m.topic for spy in spies for m in spy.seen} <= {device.commands}


def test_held_publishes_nothing_of_others(stage, held, ca):
    device, leaf, _ = held
    victim = stage.connect(device_path(), ca.leaf().base64, jwt(ca.leaf()))
    victim.subscribed(victim.commands)
    paths = [device_path() for _ in range(3)]
    for topic, path in (("ztp/v1/pending", paths[0]),
                        ("ztp/v1/withdrawn", paths[1]),
                        (victim.commands, paths[2]),
                        (device.commands, paths[2])):
        for retain in (False, True):
            again = stage.connect(device.path, leaf.base64, jwt(leaf))
            assert send(again, topic, forged(path, leaf), retain)
    quiet(stage, ca, *paths)
    assert not [m for m in victim.seen if b"certificate" in m.payload]


def test_will_refused(stage, ca):
    leaf, path = ca.issue(), device_path()
    for topic in ("ztp/v1/pending", f"{path}/commands"):
        device = stage.connect(path, leaf.base64, jwt(leaf),
                               will=(topic, forged(device_path(), leaf), 1))
        assert not device.accepted
        stage.refusal(path, "a will")
    quiet(stage, ca, path)


def test_answers_reach_the_bridge_alone(stage, held):
    """A device publishes to its own {path}/events/provisioning and to no
    other's."""
    device, leaf, _ = held
    eyes = stage.connect(f"eyes-{device.path[-8:]}", BRIDGE, PASSWORD)
    eyes.subscribed("subscriptions/+/registries/+/devices/+"
                    "/events/provisioning")
    own = f"{device.path}/events/provisioning"
    again = stage.connect(device.path, leaf.base64, jwt(leaf))
    send(again, f"{device_path()}/events/provisioning", b"{}")
    last = stage.connect(device.path, leaf.base64, jwt(leaf))
    send(last, own, b'{"status":"applied"}')
    eyes.wait_message(own)
    assert {m.topic for m in eyes.seen} == {own}


# --- the bridge


def test_bridge_has_a_password(stage):
    for client_id, password in (("ztp-else", "wrong"), ("ztp-else", ""),
                                (device_path(), PASSWORD)):
        assert not stage.connect(client_id, BRIDGE, password).accepted


def test_bridge_may_do_its_work_and_no_more(stage, held):
    device, _, _ = held
    eyes = stage.connect(f"eyes-{device.path[-8:]}", BRIDGE, PASSWORD)
    eyes.subscribed("ztp/#")
    for topic in ("#", device.commands, "subscriptions/#"):
        refused(eyes, topic)
    hands = stage.connect(f"hands-{device.path[-8:]}", BRIDGE, PASSWORD)
    send(hands, device.commands, b'{"status":"hello"}')
    device.wait_status("hello")
    send(hands, f"{device.path}/events/provisioning", b"x")
    hands = stage.connect(f"more-{device.path[-8:]}", BRIDGE, PASSWORD)
    send(hands, "ztp/v1/probe/1f", b"")
    eyes.wait_message("ztp/v1/probe/1f")


@pytest.fixture(params=BROKERS)
def bridgeless(request, tmp_path, mock_kafka, ca):
    """A broker of its own, whose bridge the test starts."""
    stage = Stage(tmp_path / request.param, mock_kafka, ca, request.param)
    stage.broker.start()
    yield stage
    stage.stop()


def test_nobody_is_held_in_vain(bridgeless, ca):
    """Without a bridge, a device is refused. A device that comes while the
    bridge is away for a while becomes a request when it is back."""
    stage = bridgeless
    leaf, path = ca.issue(), device_path()
    refused = stage.connect(path, leaf.base64, jwt(leaf))
    assert refused.connack == stage.broker.no_bridge
    stage.broker.wait_log("the bridge is not connected")
    stage.bridge.start()
    stage.bridge.wait_log(r"mqtt_connected .*connection=in")
    stage.look_kafka()
    stage.bridge.stop()
    device = stage.connect(path, leaf.base64, jwt(leaf))
    device.subscribed(device.commands)
    stage.bridge.start()
    stage.decide(stage.request(path), payload=PAYLOAD)
    device.wait_status("approved")


def test_event(bridgeless, ca):
    """It matches the schema and has no further members."""
    leaf = ca.leaf("rsa2048")
    bridge = bridgeless.connect(BRIDGE, BRIDGE, PASSWORD)
    bridge.subscribed("ztp/v1/pending")
    device = bridgeless.connect(device_path(), leaf.forms["escaped"],
                                jwt(leaf))
    device.subscribed(device.commands)
    message, = bridge.wait_message("ztp/v1/pending")
    event = json.loads(message.payload)
    assert not problems("pending", event)
    assert set(event) == {"request_id", "device_path", "certificate",
                          "received_at", "remote_addr"}
    assert event["device_path"] == device.path
    assert event["certificate"] == leaf.base64
    assert event["remote_addr"] == "127.0.0.1"
    assert (message.qos, message.retain) == (1, False)


# --- what is not to be seen


def second_connect(stage, path, leaf, password):
    """A protocol error in a packet that contains a password."""
    def text(value):
        data = value.encode()
        return len(data).to_bytes(2, "big") + data

    body = text("MQTT") + b"\4\xc2\0\x3c" + text(path) + text(leaf.base64) + \
        text(password)
    size = len(body)
    length = b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | 0x80 if size else digit])
        if not size:
            break
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(stage.server["cafile"])
    with socket.create_connection(("127.0.0.1", stage.tls_port), 30) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(b"\x10" + length + body)
            assert tls.recv(4) == b"\x20\2\0\0"
            tls.sendall(b"\x10" + length + body)
            while tls.recv(100):
                pass


def forms(secret):
    """A part of it as it is, in hex, and as Go and Java print bytes."""
    piece = secret[8:40] if len(secret) > 20 else secret
    yield piece
    yield piece.hex().encode()
    yield " ".join(map(str, piece)).encode()
    yield ", ".join(map(str, piece)).encode()


def test_nothing_secret_is_logged(stage, ca):
    """Neither of what is let in, nor of what is refused."""
    leaf, path = ca.issue(), device_path()
    password = jwt(leaf)
    stage.secrets |= {leaf.base64, password}
    second_connect(stage, path, leaf, password)
    for name, make in PROOFS.items():
        stage.connect(device_path(), leaf.base64, make(leaf, ca))
    seen = stage.broker.logs()
    assert b"refused" in seen
    for secret in stage.secrets:
        for part in secret.split("."):
            for form in forms(part.encode()) if len(part) >= 16 else ():
                assert form not in seen, form


# --- the examples themselves


def sources():
    return sorted(path for pattern in ("mochi/*.go", "hivemq/src/**/*.java")
                  for path in EXAMPLES.glob(pattern))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_is_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    assert max(map(len, lines)) <= 100


def test_is_locked():
    """The locks do not say where a package was fetched from."""
    for name in ("mochi/go.mod", "mochi/go.sum", "hivemq/pom.xml"):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        assert text.strip(), name
        assert not re.search(r"\blocalhost\b|\d+\.\d+\.\d+\.\d+:\d+", text)
