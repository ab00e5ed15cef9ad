"""A broker whose unit gives it few open files, and more if it asks: Debian's."""

import contextlib
import socket

from harness.attack import Connect, packet
from harness.gate import OPERATOR, PASSWORD, Gate
from harness.until import DEADLINE

FEW, MOST = 64, 4096


def test_more_connections_than_open_files_at_first(tmp_path, ca):
    gate = Gate(tmp_path, ca.server())
    gate.argv = ["prlimit", f"--nofile={FEW}:{MOST}", *gate.argv]
    gate.start()
    with contextlib.ExitStack() as stack:
        for n in range(2 * FEW):
            raw = stack.enter_context(socket.create_connection(
                ("127.0.0.1", gate.port), DEADLINE))
            raw.sendall(packet(Connect(f"client-{n}", OPERATOR, PASSWORD)))
            assert raw.recv(4) == b"\x20\x02\0\0", f"connection {n}"
        with gate.operator() as operator:
            operator.do("getInfo")
    gate.wait_log(f"open files raised to {MOST}$")
    gate.stop()
