"""What a device over WebSockets says of where it is. Up to Mosquitto 2.0.14, and
in 2.1 without libwebsockets, its address is the socket's; those between take its
X-Forwarded-For for it, whoever has written that."""

import json
import re

import pytest

from harness.gate import Gate, jwt, path_of
from harness.ports import free_port
from harness.until import until
from harness.web import ACCEPTED, REFUSED, WebDevice

REGISTRY = "acme/custom"
HEADER = b"X-Forwarded-For"
SOCKET = {"127.0.0.1", "::ffff:127.0.0.1"}
LONGEST = 64  # of remote_addr

SAID = {
    "an address": b"198.51.100.7",
    "proxies": b"198.51.100.7, 10.0.0.1, 10.0.0.2",
    "the broker's own": b"127.0.0.1",
    "not UTF-8": b"\xff\xfe\xc3(7",
    "an overlong slash": b"7\xc0\xaf7",
    "a surrogate": b"7\xed\xa0\x807",
    "a right-to-left override": "7\u202e7".encode(),
    "an escape sequence": b"7\x1b[2J7",
    "a delete": b"7\x7f7",
    "JSON": b'7","code":"created","x":"7',
    "a backslash": b"7\\",
    "a format": b"%s%n%s",
    "long": b"7" * 500,
    "long, in two bytes": b"7" + "\u00e9".encode() * 200,
    "markup": b"<script>7</script>",
}


class WebGate(Gate):
    def __init__(self, folder, server):
        self.web_port = free_port()
        super().__init__(folder, server)

    def write_conf(self):
        super().write_conf()
        with open(self.conf, "a", encoding="utf-8") as conf:
            conf.write(f"\nlistener {self.web_port} 127.0.0.1\n"
                       "protocol websockets\n")

    def version(self):
        found = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", self.log())
        return tuple(map(int, found.groups()))

    def told(self, value):
        """The remote_addr of who says so; None: the broker ends the connection
        of whoever has such bytes in a header."""
        if self.version() < (2, 0, 15):
            return SOCKET
        if self.version() < (2, 1):
            return {printable(value)}
        return None if re.search(rb"[\0-\x1f\x7f]", value) else SOCKET

    def web(self, path, leaf, *headers, password=None):
        return WebDevice(self.web_port, path, leaf.base64,
                         password or jwt(leaf), headers)


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca):
    gate = WebGate(tmp_path_factory.mktemp("forwarded"), ca.server()).start()
    with gate.operator() as operator:
        operator.do("createRegistry", registry=REGISTRY)
        operator.do("addRegistryCa", registry=REGISTRY,
                    pem=ca.cert.read_text())
    yield gate
    gate.stop()


def printable(value):
    """As the gate tells it."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?"
                   for byte in value)[:LONGEST]


def arrays(operator):
    """All that can be read of ztp/v1/audits: each message is read whole."""
    return [record for message in list(operator.seen)
            if message.topic == "ztp/v1/audits"
            for record in json.loads(message.payload.decode("utf-8"))]


@pytest.mark.parametrize("name", SAID)
def test_what_a_device_says_is_told_as_text(gate, ca, name):
    """Its pending event and its records can be read, and so can its
    neighbour's."""
    value, path, leaf = SAID[name], path_of(REGISTRY), ca.issue()
    want = gate.told(value)
    with gate.operator() as operator, \
            gate.web(path, leaf, (HEADER, value)) as device:
        if want is None:
            assert not device.upgraded
            return
        assert device.code == ACCEPTED
        assert device.subscribe(f"{path}/commands") == 0
        assert operator.pending(path)["remote_addr"] in want
        assert operator.audit("pending", path)["remote_addr"] in want
        with gate.first(path_of(REGISTRY), ca.issue()) as neighbour:
            event = operator.pending(neighbour.path)
            assert event["remote_addr"] in SOCKET
            until(lambda: {path, neighbour.path} <= {
                record.get("device_path") for record in arrays(operator)},
                "both are in the arrays")
        rows = operator.do("listPending", registry=REGISTRY)["pending"]
        assert [row["remote_addr"] in want for row in rows
                if row["device_path"] == path] == [True]
        for one in path, neighbour.path:
            operator.do("rejectPending", device_path=one, retry_after_s=0)


def test_no_header(gate, ca):
    path, leaf = path_of(REGISTRY), ca.issue()
    with gate.operator() as operator, gate.web(path, leaf) as device:
        assert device.code == ACCEPTED
        assert operator.pending(path)["remote_addr"] in SOCKET
        operator.do("rejectPending", device_path=path)


@pytest.mark.parametrize("name", SAID)
def test_what_a_stranger_says(gate, ca, name):
    """Who proves nothing is told of as well, and asks for nothing."""
    value, path = SAID[name], path_of(REGISTRY)
    want = gate.told(value)
    with gate.operator() as operator, \
            gate.web(path, ca.issue(), (HEADER, value),
                     password=jwt(ca.issue())) as stranger:
        if want is None:
            assert not stranger.upgraded
            return
        assert stranger.code == REFUSED
        assert operator.audit("wrong_key", path)["remote_addr"] in want
        until(lambda: path in {record.get("device_path")
                               for record in arrays(operator)},
              "it is in the arrays")
        assert not operator.on("ztp/v1/pending", device_path=path)
