"""Ports assigned by the kernel."""

import socket
import subprocess
import threading

HELD_MAX = 100

# Bound, and never listening: as long as a socket is here, the kernel assigns
# its port to nobody, neither to who asks for any port nor to a connection from
# here to elsewhere. A server that sets SO_REUSEADDR, as all do that are started
# here, can bind it all the same.
held = []
# Programs that have them open and wait for the end of this one. Here they would
# take the numbers below 1024, beyond which paho's select() fails.
keepers = []
lock = threading.Lock()


def hand_over():
    sockets = [holder.fileno() for holder in held]
    keepers.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL,
                                    pass_fds=sockets))
    for holder in held:
        holder.close()
    held.clear()


def free_port():
    """A loopback TCP port for a server that a test is about to start. It is the
    test's until the run ends, also while the server is stopped for a time."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port = holder.getsockname()[1]
    with lock:
        held.append(holder)
        if len(held) >= HELD_MAX:
            hand_over()
    return port


def answers(port):
    """True if something accepts connections there."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
