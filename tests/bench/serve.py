"""Decisions over HTTP as fast as the connections take them: a client that spends
as little as it can, so that the figure is the server's."""

import collections
import selectors
import socket
import time


def request(host, request_id, token=None):
    body = b'{"decision":"reject","reason":"bench"}'
    head = (f"POST /v1/requests/{request_id}/decision HTTP/1.1\r\n"
            f"Host: {host}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {request_id}\r\n"
            f"Content-Length: {len(body)}\r\n"
            + (f"Authorization: Bearer {token}\r\n" if token else "") + "\r\n")
    return head.encode() + body


class Link:
    def __init__(self, where):
        self.socket = socket.create_connection(where, 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = b""
        self.since = 0.0

    def ask(self, data):
        self.since = time.monotonic()
        self.socket.sendall(data)

    def answer(self):
        """The status of a whole answer; None: it is not whole yet."""
        data = self.socket.recv(65536)
        assert data, "the server closed a connection"
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().split(b"content-length: ")[1].split()[0])
        if len(body) < length:
            return None
        self.read = body[length:]
        return int(head[9:12])


def decide_all(url, ids, connections, tokens=()):
    """Decides all requests; {"rate", "p50_ms", "p99_ms", "statuses"}. Each
    connection has one of the tokens."""
    host, port = url.removeprefix("http://").split(":")
    waiting, times = collections.deque(ids), []
    statuses = collections.Counter()
    selector = selectors.DefaultSelector()

    def next_one(link):
        if waiting:
            link.ask(request(host, waiting.popleft(), link.token))
        else:
            selector.unregister(link.socket)
            link.socket.close()

    begin = time.monotonic()
    for number in range(min(connections, len(ids))):
        link = Link((host, int(port)))
        link.token = tokens[number % len(tokens)] if tokens else None
        selector.register(link.socket, selectors.EVENT_READ, link)
        next_one(link)
    while selector.get_map():
        ready = selector.select(60)
        assert ready, "no answer for a minute"
        for key, _ in ready:
            status = key.data.answer()
            if status is None:
                continue
            times.append(time.monotonic() - key.data.since)
            statuses[status] += 1
            next_one(key.data)
    took = time.monotonic() - begin
    times.sort()
    return {"rate": len(times) / took, "statuses": dict(statuses),
            "p50_ms": 1000 * times[len(times) // 2],
            "p99_ms": 1000 * times[len(times) * 99 // 100]}
