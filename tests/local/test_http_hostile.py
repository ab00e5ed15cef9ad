"""Clients of the admin server that keep it busy, all from the same address as
the one who asks for its health; and names by which it must not be asked."""

import contextlib
import socket
import threading

import pytest

from harness.cpu import Stopwatch
from harness.until import DEADLINE, until

CLIENTS = 64   # that the bridge serves at once
BOUND = 2.0    # seconds: the promise is one, but this process attacks as well
PROBES = 10


def address(rig):
    host, port = rig.bridge.http().rsplit(":", 1)
    return host, int(port)


def dial(rig, buffer=None):
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.settimeout(DEADLINE)
    sock.connect(address(rig))
    return sock


def ask(rig, path="/healthz", host="localhost"):
    """(status, head, body), on a connection of its own."""
    with dial(rig) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
                     "Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := sock.recv(1 << 16):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body.decode()


def answered(rig, path="/healthz"):
    """Its status, within BOUND, but for what other work takes of the machine. A
    client that is slow to ask may have to give way to many new ones, and then
    comes again, as a health check does."""
    def look():
        with contextlib.suppress(IndexError, ConnectionError):
            return ask(rig, path)[0]
        return None

    watch = Stopwatch(rig.bridge)
    status = until(look, f"{path} is answered")
    took = watch.read()
    assert took < BOUND, f"{path} is answered after {took:.1f} s"
    return status


def check_served(rig):
    for _ in range(PROBES):
        for path in ("/healthz", "/metrics"):
            assert answered(rig, path) == 200


@contextlib.contextmanager
def attackers(attack, count):
    """Runs attack(stop) in that many threads; a closed connection is no
    failure."""
    stop = threading.Event()

    def run():
        while not stop.is_set():
            with contextlib.suppress(OSError):
                attack(stop)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()


def send(sock, data):
    """As much as it takes."""
    with contextlib.suppress(BlockingIOError, BrokenPipeError,
                             ConnectionResetError):
        sock.send(data)


@pytest.mark.parametrize("begin", [b"", b"GET /hea", b"GET / HTTP/1.1\r\nHost"])
def test_half_a_request(rig, begin):
    """Twice as many as fit; each sends a byte now and then."""
    with contextlib.ExitStack() as stack:
        socks = []
        for _ in range(2 * CLIENTS):
            socks.append(stack.enter_context(dial(rig)))
            socks[-1].setblocking(False)
            send(socks[-1], begin)
        for _ in range(PROBES):
            for sock in socks:
                send(sock, b"x")
            assert answered(rig) == 200


def test_connections_without_end(rig):
    def attack(stop):
        socks = []
        while not stop.is_set():
            socks.append(dial(rig))
            if len(socks) == 2 * CLIENTS:
                for sock in socks:
                    sock.close()
                socks.clear()

    with attackers(attack, 2):
        check_served(rig)


def test_slow_readers(rig):
    """They ask for much and read nothing of it."""
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            sock = stack.enter_context(dial(rig, buffer=2048))
            sock.setblocking(False)
            send(sock, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)
        check_served(rig)


@pytest.mark.parametrize("path", ["/healthz", "/v1/requests?limit=1000", "/"])
def test_one_request_after_the_other(rig, path):
    """Without waiting for the answers, which are read and forgotten."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def attack(stop):
        with dial(rig) as sock:
            sock.setblocking(False)
            while not stop.is_set():
                send(sock, request * 200)
                with contextlib.suppress(BlockingIOError):
                    if not sock.recv(1 << 20):
                        return

    with attackers(attack, 4):
        check_served(rig)


@pytest.mark.parametrize("request_text", [
    b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\n\r\n",
    b"GET /healthz?" + b"a=b&" * 250000 + b" HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"x-y: z\r\n" * 125000 + b"\r\n",
    b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 1000000 + b"\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"
    + b"z" * 1000000,
    b"POST /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\nz\r\n" * 150000,
], ids=["url", "query", "headers", "header", "body", "chunks"])
def test_too_much(rig, request_text):
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            sock = stack.enter_context(dial(rig))
            with contextlib.suppress(OSError):
                sock.settimeout(0.2)
                sock.sendall(request_text)
        check_served(rig)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("encodings", [
    ["gzip"], ["identity"], ["chunked, identity"], ["gzip, chunked"], [""],
    ["identity", "chunked"], ["chunked", "identity"]])
def test_a_body_without_an_end_is_answered(rig, method, encodings):
    """At once, and not when the client has lost its patience. RFC 9112, 6.3."""
    head = "".join(f"Transfer-Encoding: {one}\r\n" for one in encodings)
    watch = Stopwatch(rig.bridge)
    with dial(rig) as sock:
        sock.sendall(f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\n"
                     f"{head}\r\n".encode())
        answer = b""
        while piece := sock.recv(1 << 16):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert watch.read() < BOUND


def test_an_answer_is_read_to_its_end(rig):
    """Others come while a slow, honest client reads."""
    with dial(rig, buffer=2048) as reader, contextlib.ExitStack() as stack:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n"
                       b"Connection: close\r\n\r\n")
        answer = reader.recv(100)
        for _ in range(CLIENTS):
            stack.enter_context(dial(rig))
        check_served(rig)
        while piece := reader.recv(4096):
            answer += piece
    assert answer.rstrip().endswith(b"</script>")


def test_all_is_well_afterwards(rig):
    """Nothing is left of them, and the page is served."""
    def served():
        return ask(rig, "/")[0] == 200

    until(served, "the page is served")
    assert ask(rig, "/v1/requests")[0] == 200


# --- names

OPEN = ["/healthz", "/readyz", "/metrics"]
NAMED = ["/", "/v1/status", "/v1/requests", "/v1/requests/none", "/nope"]


@pytest.mark.parametrize("path", OPEN)
def test_any_name_for_monitoring(rig, path):
    assert ask(rig, path, "rebound.example")[0] in (200, 503)


@pytest.mark.parametrize("path", NAMED)
def test_a_strange_name_is_told_nothing(rig, path):
    status, head, body = ask(rig, path, "rebound.example:9464")
    assert status == 421
    assert "application/json" in head and "http.hosts" in body
    for known in ("localhost", "127.0.0.1", f"127.0.0.1:{address(rig)[1]}",
                  "[::1]:80"):
        assert ask(rig, path, known)[0] != 421


def test_names_of_its_own(rig_with):
    rig = rig_with({"http": {"listen": "127.0.0.1:0",
                             "hosts": ["bridge.example"]}})
    assert ask(rig, "/", "BRIDGE.example:80")[0] == 200
    assert ask(rig, "/", "bridge.example.evil")[0] == 421
