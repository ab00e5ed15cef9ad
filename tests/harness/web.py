"""MQTT 3.1.1 over WebSockets, with whatever headers somebody may write, byte for
byte: no library sends these."""

import base64
import socket
import struct

ACCEPTED, REFUSED = 0, 5


def field(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack("!H", len(data)) + data


def packet(kind, body):
    size, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        size += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([kind]) + size + body


def frame(data):
    """A binary one, masked with zeros."""
    n = len(data)
    size = (bytes([0x80 | n]) if n < 126 else
            struct.pack("!BH", 0x80 | 126, n) if n < 65536 else
            struct.pack("!BQ", 0x80 | 127, n))
    return b"\x82" + size + bytes(4) + data


class WebDevice:
    """Headers are (name, value) in bytes. code is CONNACK's, or None if the
    connection ended without one."""

    def __init__(self, port, client_id, username, password, headers=()):
        self.data, self.mqtt = b"", b""
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.sock.sendall(self._request(headers))
        while b"\r\n\r\n" not in self.data and self._read():
            pass
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.upgraded = b" 101 " in head.split(b"\r\n", 1)[0]
        self.code = None
        if self.upgraded:
            self.send(packet(0x10, field("MQTT") + b"\x04\xc2" +
                             struct.pack("!H", 60) + field(client_id) +
                             field(username) + field(password)))
            answer = self.wait(0x20)
            self.code = answer[-1] if answer else None

    def _request(self, headers):
        lines = [b"GET /mqtt HTTP/1.1", b"Host: localhost",
                 b"Upgrade: websocket", b"Connection: Upgrade",
                 b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)),
                 b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Protocol: mqtt"]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _read(self):
        try:
            more = self.sock.recv(65536)
        except ConnectionError:
            more = b""
        self.data += more
        return bool(more)

    def send(self, data):
        self.sock.sendall(frame(data))

    def _take_frame(self):
        """Moves the next whole frame's bytes to mqtt; False: there is none."""
        if len(self.data) < 2:
            return False
        start, n = 2, self.data[1] & 0x7f
        if n == 126 and len(self.data) >= 4:
            start, n = 4, struct.unpack("!H", self.data[2:4])[0]
        elif n >= 126:
            return False
        if len(self.data) < start + n:
            return False
        if self.data[0] & 0xf != 8:
            self.mqtt += self.data[start:start + n]
        self.data = self.data[start + n:]
        return True

    def wait(self, kind):
        """The body of the next packet of this kind; None: the connection has
        ended."""
        while True:
            while self._take_frame():
                pass
            while len(self.mqtt) >= 2 and len(self.mqtt) >= 2 + self.mqtt[1]:
                assert self.mqtt[1] < 0x80
                found, body = self.mqtt[0], self.mqtt[2:2 + self.mqtt[1]]
                self.mqtt = self.mqtt[2 + len(body):]
                if found == kind:
                    return body
            if not self._read():
                return None

    def subscribe(self, topic):
        """SUBACK's code."""
        self.send(packet(0x82, b"\x00\x01" + field(topic) + b"\x00"))
        return self.wait(0x90)[-1]
