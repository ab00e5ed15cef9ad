"""ztp-approver serve among others: clients that cost what they can, a proxy and
a load balancer in front, a Kafka that does not answer, certificates that are
renewed. Nobody stops the others."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest
import requests

from harness.certs import Ca
from harness.devkafka import DevKafka
from harness.door import KEY, Door, Written, fresh_topics, path_of
from harness.until import DEADLINE, until

APPROVE = {"decision": "approve", "payload": {"n": 1}}
REJECT = {"decision": "reject", "reason": "no"}
MANY = 600  # more than there may be connections


def mhd_version():
    version = ctypes.CDLL("libmicrohttpd.so.12").MHD_get_version
    version.restype = ctypes.c_char_p
    return tuple(map(int, version().split(b".")))


MHD = mhd_version()


class Raw:
    """A connection, kept open, and its bytes as they are."""

    def __init__(self, door):
        host, port = door.url.split("//")[1].split(":")
        self.socket = socket.create_connection((host, int(port)), 30)
        self.seen = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def ask(self, method, path, body=None, headers=()):
        data = json.dumps(body).encode() if body is not None else b""
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1",
                "Content-Type: application/json",
                f"Content-Length: {len(data)}", *headers]
        return self.send("\r\n".join(head).encode() + b"\r\n\r\n" + data)

    def decide(self, name, body, *headers):
        return self.ask("POST", f"/v1/requests/{name}/decision", body, headers)

    def answer(self, timeout=DEADLINE):
        """(status, head) of the next answer; None: it was closed."""
        self.socket.settimeout(timeout)
        while b"\r\n\r\n" not in self.seen:
            if not self.more():
                return None
        head, self.seen = self.seen.split(b"\r\n\r\n", 1)
        head = head.decode().lower()
        length = int(head.split("content-length: ")[1].split()[0])
        while len(self.seen) < length and self.more():
            pass
        self.seen = self.seen[length:]
        return int(head[9:12]), head

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.seen += data
        return bool(data)

    def is_closed(self):
        """Nothing comes but the end."""
        return not self.more()

    def close(self):
        self.socket.close()


@pytest.fixture
def stack():
    with contextlib.ExitStack() as made:
        yield made


@pytest.fixture
def raw(stack):
    def make(door):
        """What it sends next is read before what others send later."""
        link = stack.enter_context(contextlib.closing(Raw(door)))
        assert link.ask("GET", "/healthz").answer()[0] == 200
        return link
    return make


@pytest.fixture
def kafka(tmp_path):
    """One that a test may stop."""
    served = DevKafka(tmp_path).start()
    yield served
    served.stop()


def opened(folder, kafka, count, *args, name="serve"):
    """A door with so many open requests r0, r1, ..., and who wrote them."""
    topics = fresh_topics(kafka)
    door = Door(folder, kafka, topics, *args, name=name).start()
    bridge = Written(kafka, topics)
    for number in range(count):
        bridge.ask(f"r{number}", path_of(f"r{number}"))
    until(lambda: len(door.open_ids()) == count, "all are open")
    return door, bridge


@contextlib.contextmanager
def away(kafka):
    """It does not answer; no connection ends."""
    kafka.pause()
    try:
        yield
    finally:
        kafka.resume()


# --- a key, while its first decision is on its way

def test_another_decision_is_refused_at_once(tmp_path, mock_kafka, raw):
    door, bridge = opened(tmp_path, mock_kafka, 1)
    first = raw(door).decide("r0", APPROVE, f"{KEY}: k")
    until(lambda: door.get("/v1/requests/r0").json()["state"] == "decided",
          "it is read")
    for other in (door.decide("r0", REJECT, **{KEY: "k"}),
                  door.omnicore(path_of("r0"), {"isApprove": False},
                                **{KEY: "k"})):
        assert other.status_code == 422
        assert other.elapsed.total_seconds() < 5
    record, = bridge.decisions("r0")
    bridge.answer(record, "onboarded", 200, "OK")
    assert first.answer()[0] == 200
    bridge.close()
    door.stop()


def test_a_key_is_known_before_kafka_has_it(tmp_path, kafka, raw):
    """Neither is it written twice, nor is another decision written."""
    door, bridge = opened(tmp_path, kafka, 2)
    waits = [raw(door) for _ in range(2)]
    with away(kafka):
        waits[0].decide("r0", APPROVE, f"{KEY}: k")
        assert door.decide("r0", REJECT, **{KEY: "k"}).status_code == 422
        waits[1].decide("r0", APPROVE, f"{KEY}: k")
        other = door.omnicore(path_of("r0"), {"isApprove": False},
                              **{KEY: "k"})
        assert other.status_code == 422
    record = bridge.decisions("r0")[0]
    bridge.answer(record, "onboarded", 200, "OK")
    assert [one.answer()[0] for one in waits] == [200, 200]
    # In the same partition, so behind all that was written.
    bridge.ask("last", path_of("r0"))
    until(lambda: "last" in door.open_ids(), "it is open")
    door.decide("last", APPROVE, Prefer="respond-async")
    bridge.decisions("last")
    assert len(bridge.decisions("r0")) == 1
    bridge.close()
    door.stop()


# --- what waits for Kafka, and what is held

def test_who_waits_for_kafka_leaves_room(tmp_path, kafka, stack):
    door, bridge = opened(tmp_path, kafka, MANY)
    with away(kafka):
        links = [stack.enter_context(contextlib.closing(Raw(door))).decide(
            f"r{number}", APPROVE, "Prefer: respond-async")
            for number in range(MANY)]
        for path in ("/v1/requests", "/readyz", "/healthz"):
            answer = requests.get(door.url + path, timeout=60)
            assert answer.status_code in (200, 503), path
    answers = [link.answer() for link in links]
    statuses = [answer and answer[0] for answer in answers]
    assert statuses.count(202) == 384
    assert set(statuses) <= {202, 503, None}  # None: gave way to others
    bridge.close()
    door.stop()


def test_who_holds_bytes_for_longest_gives_way(tmp_path, mock_kafka, raw):
    """More bodies than may be held, none of them at its end."""
    door, bridge = opened(tmp_path, mock_kafka, 1)
    head = (b"POST /v1/requests/r0/decision HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 262000\r\n"
            b"\r\n")
    links = [raw(door).send(head + b" " * 250000) for _ in range(200)]
    answer = door.decide("r0", {**APPROVE, "payload": "x" * 60000},
                         Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    assert links[0].is_closed()
    bridge.close()
    door.stop()


# --- a proxy and a load balancer

CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"
SECOND = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("headers, body", [
    (["Content-Length: 2", f"Content-Length: {2 + len(SECOND)}"], b"{}"),
    (["Content-Length: 2", "Transfer-Encoding: chunked"], CHUNKS),
    (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKS),
    (["Content-Length: 2", "Host: localhost"], b"{}"),
    (["Content-Length : 2"], b""),
    (["Transfer-Encoding:", " chunked", "Content-Length: 2"], b"{}")],
    ids=["lengths", "both", "encodings", "hosts", "blank", "folded"])
def test_what_may_be_read_in_two_ways_is_refused(tmp_path, mock_kafka, raw,
                                                 headers, body):
    """Otherwise a proxy could find a second request in it, or none."""
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka)).start()
    link = raw(door).send("\r\n".join([
        "POST /v1/requests/r0/decision HTTP/1.1", "Host: 127.0.0.1",
        "Content-Type: application/json", *headers, "", ""]).encode() + body
        + SECOND)
    assert link.answer()[0] == 400
    assert link.is_closed()
    door.stop()


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("headers, status", [
    (["Transfer-Encoding: gzip, chunked"], 501),
    (["Transfer-Encoding: gzip"], 400),
    (["Transfer-Encoding: identity"], 400),
    (["Transfer-Encoding: chunked, identity"], 400),
    (["Transfer-Encoding: xchunked"], 400),
    (["Transfer-Encoding: "], 400),
    (["Transfer-Encoding: identity", "Content-Length: 2"], 400),
    (["Transfer-Encoding: identity", "Transfer-Encoding: chunked"], 400),
    (["Content-Length: 20000", "Content-Length: 2"], 400)])
def test_a_body_without_an_end_is_answered(tmp_path, mock_kafka, raw, method,
                                           headers, status):
    """At once, and not when the client has lost its patience; and the operator
    may see why. RFC 9112, 6.1 and 6.3. libmicrohttpd from 1.0 says 400 to all
    of them by itself."""
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka)).start()
    link = raw(door).send("\r\n".join([
        f"{method} /v1/requests/r0/decision HTTP/1.1", "Host: 127.0.0.1",
        "Content-Type: application/json", *headers, "", ""]).encode())
    said = link.answer(5)
    assert said, "it was closed without an answer"
    assert said[0] in ({status} if MHD < (1, 0) else {status, 400})
    assert "connection: close" in said[1]
    assert link.is_closed()
    if MHD < (1, 0):
        door.wait_log("requests refused that cannot be read: 1; the last one: ")
    door.stop()


def test_a_flood_of_such_bodies_is_one_line(tmp_path, mock_kafka, raw):
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka)).start()
    for _ in range(50):
        assert raw(door).send(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Transfer-Encoding: gzip\r\n\r\n").answer(5)[0] == 400
    assert door.log().count("cannot be read") <= 1
    door.stop()


def test_no_answer_of_kafka_is_not_ready(tmp_path, kafka):
    door, bridge = opened(tmp_path, kafka, 1)
    assert door.get("/readyz").status_code == 200
    with away(kafka):
        until(lambda: door.get("/readyz").status_code == 503, "it says so",
              timeout=60)
        assert door.get("/readyz").text.startswith("kafka: ")
        assert door.get("/healthz").status_code == 200
        assert door.open_ids() == ["r0"]  # as far as it is known
    until(lambda: door.get("/readyz").status_code == 200, "it is back",
          timeout=60)
    bridge.close()
    door.stop()


def test_nothing_is_taken_at_the_end(tmp_path, kafka, raw, stack):
    """What was taken is answered, and then it ends."""
    door, bridge = opened(tmp_path, kafka, 2)
    kept = raw(door).ask("GET", "/readyz")
    assert kept.answer()[0] == 200
    with away(kafka):
        waits = raw(door).decide("r0", APPROVE, f"{KEY}: k")
        assert door.decide("r0", REJECT, **{KEY: "k"}).status_code == 422
        door.child.send_signal(signal.SIGTERM)
        until(lambda: requests.get(f"{door.url}/readyz",
                                   timeout=60).status_code == 503,
              "it says that it ends")
        for link in (kept, stack.enter_context(contextlib.closing(Raw(door)))):
            status, head = link.decide("r1", APPROVE).answer()
            assert status == 503 and "connection: close" in head
            assert link.is_closed()
    assert waits.answer()[0] == 202
    door.wait_exit(expect=0)
    assert len(bridge.decisions("r0")) == 1
    assert not bridge.reader.find(match=lambda record: record.json()[
        "request_id"] == "r1")
    bridge.close()


def test_what_kafka_does_not_take_by_the_end(tmp_path, kafka, raw):
    door, bridge = opened(tmp_path, kafka, 1)
    bridge.close()
    with away(kafka):
        waits = raw(door).decide("r0", APPROVE, f"{KEY}: k")
        assert door.decide("r0", REJECT, **{KEY: "k"}).status_code == 422
        door.child.send_signal(signal.SIGTERM)
        assert waits.answer()[0] == 503
    door.wait_exit(expect=0)


# --- TLS

def put(leaf, folder):
    """Its files, where the server looks for them."""
    shutil.copy(leaf.path, folder / "cert.pem")
    shutil.copy(leaf.key_path, folder / "key.pem")


def served_by(door, ca):
    try:
        return requests.get(f"{door.url}/healthz", timeout=60,
                            verify=str(ca.cert)).status_code == 200
    except requests.exceptions.SSLError:
        return False


def held_sockets(door):
    """How often the server has its listening socket open."""
    port = int(door.url.rsplit(":", 1)[1])
    [row] = [line.split() for line in
             Path("/proc/net/tcp").read_text().splitlines()[1:]
             if f":{port:04X} 00000000:0000 0A" in line]
    links = []
    for entry in Path(f"/proc/{door.child.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since
            links.append(os.readlink(entry))
    return links.count(f"socket:[{row[9]}]")


def test_a_certificate_without_its_key_leaves_nothing_open(
        tmp_path, mock_kafka):
    """Each door has a descriptor of its own of the one listening socket."""
    ca = Ca(tmp_path / "ca")
    leaves = [ca.issue("p256", "/CN=localhost") for _ in range(2)]
    put(leaves[0], tmp_path)
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka), "--tls-cert",
                tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    door.start()
    assert held_sockets(door) == 2
    shutil.copy(leaves[1].path, tmp_path / "cert.pem")
    door.wait_log("the certificate stays as it is")
    for times in (2, 3):
        door.hangup()
        until(lambda n=times: door.log().count(
            "the certificate stays as it is") == n, "it is refused again")
    assert held_sockets(door) == 2
    door.stop()


def test_a_certificate_is_renewed(tmp_path, mock_kafka):
    cas = [Ca(tmp_path / f"ca-{number}", f"ca-{number}")
           for number in range(3)]
    leaves = [ca.issue("p256", "/CN=localhost",
                       extensions="subjectAltName=IP:127.0.0.1")
              for ca in cas]
    put(leaves[0], tmp_path)
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka), "--tls-cert",
                tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    door.session.verify = str(cas[0].cert)
    door.start()
    assert door.get("/healthz").status_code == 200
    # Its key is not there yet.
    shutil.copy(leaves[1].path, tmp_path / "cert.pem")
    door.wait_log("the certificate stays as it is")
    assert served_by(door, cas[0])
    shutil.copy(leaves[1].key_path, tmp_path / "key.pem")
    until(lambda: served_by(door, cas[1]), "the new one is shown")
    assert not served_by(door, cas[0])
    # The connection from before is answered, and ends.
    answer = door.get("/healthz")
    assert answer.headers["Connection"] == "close"
    put(leaves[2], tmp_path)
    door.hangup()
    until(lambda: served_by(door, cas[2]), "and the next one")
    door.stop()
