"""The proxy breaks what it is told to break, and nothing else."""

import socket
import threading
import time

import pytest

from fault.proxy import Net, Proxy
from harness.cpu import Stopwatch
from harness.until import DEADLINE, until


class Echo:
    """A server that echoes what it receives."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=[peer], daemon=True
            ).start()

    def _serve(self, peer):
        try:
            while data := peer.recv(65536):
                peer.sendall(data)
        except OSError:
            pass
        peer.close()

    def close(self):
        self.socket.close()


class Tap:
    def __init__(self):
        self.seen = [b"", b""]

    def __call__(self, direction, data):
        self.seen[direction] += data


@pytest.fixture
def taps():
    return []


@pytest.fixture
def proxy(taps):
    net, echo = Net(), Echo()

    def make_tap():
        taps.append(Tap())
        return taps[-1]

    proxy = Proxy(net, echo.port, make_tap)
    yield proxy
    proxy.close()
    echo.close()
    net.close()


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), DEADLINE)


def read(client, count):
    out = b""
    while len(out) < count:
        data = client.recv(65536)
        if not data:
            break
        out += data
    return out


def test_forwards(proxy, taps):
    data = bytes(range(256)) * 4000
    with connect(proxy) as client:
        threading.Thread(target=client.sendall, args=[data]).start()
        assert read(client, len(data)) == data
    assert taps[0].seen == [data, data]


@pytest.mark.parametrize("rst", [True, False])
def test_cut(proxy, rst):
    with connect(proxy) as client:
        client.sendall(b"x")
        assert read(client, 1) == b"x"
        proxy.cut(rst)
        if rst:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        else:
            assert client.recv(1) == b""
    with connect(proxy) as client:
        client.sendall(b"y")
        assert read(client, 1) == b"y"


def test_cut_in_the_middle(proxy):
    proxy.cut_in(10)
    with connect(proxy) as client:
        client.sendall(b"0123456")
        assert read(client, 99) == b"012"  # 7 there and 3 back


def test_stall(proxy):
    with connect(proxy) as client:
        client.sendall(b"a")
        assert read(client, 1) == b"a"
        proxy.stall()
        client.sendall(b"b")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        proxy.heal()
        client.settimeout(DEADLINE)
        assert read(client, 1) == b"b"


def test_slow(proxy):
    proxy.slow(20000)
    began, watch = time.monotonic(), Stopwatch()
    with connect(proxy) as client:
        client.sendall(bytes(10000))
        assert len(read(client, 10000)) == 10000
    assert 0.4 < time.monotonic() - began and watch.read() < 4


def test_nobody_there(proxy):
    proxy.target = 1
    with connect(proxy) as client:
        try:
            assert client.recv(1) == b""
        except ConnectionResetError:
            pass
    until(lambda: not proxy.links, "no link is left")
