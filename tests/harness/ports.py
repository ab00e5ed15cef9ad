"""Ports assigned by the kernel."""

import socket


def free_port():
    """A loopback TCP port for a server that a test is about to start.

    One connection to it leaves the port in TIME_WAIT. The kernel then no
    longer assigns it to anyone who asks for any port, but a server can still
    bind it explicitly."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        address = server.getsockname()
        with socket.socket() as client:
            client.connect(address)
            accepted, _ = server.accept()
            accepted.close()
        return address[1]


def answers(port):
    """True if something accepts connections there."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
