"""Asks a bridge's /healthz again and again, until its standard input is closed.
Then it prints the slowest answer in seconds, how many were none, and how late
it was itself at most.

usage: health.py ADDRESS

It is a process of its own, because an attack that hands 100 MB to librdkafka
keeps all other threads of its Python waiting meanwhile."""

import http.client
import json
import select
import sys
import time

EVERY = 0.2  # s
PATIENCE = 5  # s


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
    print("begun", flush=True)
    next_at = time.monotonic()
    while not is_over(max(0.0, next_at - time.monotonic())):
        begin = time.monotonic()
        found["late"] = max(found["late"], begin - next_at)
        found["failed"] += not is_well(sys.argv[1])
        found["slowest"] = max(found["slowest"], time.monotonic() - begin)
        next_at = time.monotonic() + EVERY
    print(json.dumps(found))


if __name__ == "__main__":
    main()
