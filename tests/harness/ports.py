"""Ports assigned by the kernel."""

import socket

# Bound, and never listening: as long as a socket is here, the kernel assigns
# its port to nobody, neither to who asks for any port nor to a connection from
# here to elsewhere. A server that sets SO_REUSEADDR, as all do that are started
# here, can bind it all the same.
held = []


def free_port():
    """A loopback TCP port for a server that a test is about to start. It is the
    test's until the run ends, also while the server is stopped for a time."""
    holder = socket.socket()
    held.append(holder)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder.getsockname()[1]


def answers(port):
    """True if something accepts connections there."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
