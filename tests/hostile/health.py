"""Asks a bridge's /healthz again and again, until its standard input is closed.
Then it prints the slowest answer in seconds, how many were none, and how late
it was itself at most.

usage: health.py ADDRESS PID

PID is the bridge's. What other work on the machine has taken of it and of this
process is not counted.


It is a process of its own, because an attack that hands 100 MB to librdkafka
keeps all other threads of its Python waiting meanwhile."""

import http.client
import json
import pathlib
import select
import sys
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.cpu import Stopwatch  # noqa: E402

EVERY = 0.2  # s
PATIENCE = 30  # s


def is_well(address):
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (http.client.HTTPException, OSError):
        return False
    finally:
        connection.close()


def is_over(pause):
    return bool(select.select([sys.stdin], [], [], pause)[0])


def main():
    found = {"slowest": 0.0, "failed": 0, "late": 0.0}
    bridge = types.SimpleNamespace(pid=int(sys.argv[2]), child=True)
    print("begun", flush=True)
    next_at = time.monotonic()
    while not is_over(max(0.0, next_at - time.monotonic())):
        watch = Stopwatch(bridge)
        found["late"] = max(found["late"], watch.begin - next_at)
        found["failed"] += not is_well(sys.argv[1])
        found["slowest"] = max(found["slowest"], watch.read())
        next_at = time.monotonic() + EVERY
    print(json.dumps(found))


if __name__ == "__main__":
    main()
