"""The benchmark of the whole chain, with few devices: each is told, and each
step of each is known. scripts/bench-onboard measures, on an otherwise idle
machine."""

import pytest

from bench import procfs
from bench.onboard import STEPS, Chain, Load, summary

FEW = 24
STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.10    0.002200          11       200           pwrite64
 30.00    0.001000          10       300        12 read
 08.90    0.000300         150         2           fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    0.003500                   502        12 total
"""


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


def is_whole(found):
    """Nobody is missing, and every step has its time."""
    assert (found["done"], found["missing"], found["rejected"]) == (
        found["count"], 0, 0), found
    assert list(found["since_due"]) == list(STEPS[found["way"]]), found
    assert found["use"]["broker"]["cpu_us"] > 0


def test_everybody_is_told(ca, server, tmp_path, mock_kafka):
    chain = Chain(tmp_path / "chain", mock_kafka, ca, server).start()
    held = chain.measure(Load("hold", FEW, together=8))
    for load in (Load("hold", 4, "rsa2048", rate=50),
                 Load("direct", FEW, together=FEW),
                 Load("unused", FEW, together=8, devices=held["devices"]),
                 Load("password", FEW, together=8, more={"resume": 1})):
        is_whole(chain.measure(load))
    chain.set_mode("refuse")
    refused = chain.measure(Load("refuse", 8, together=8, retry_ms=100))
    chain.stop()
    is_whole(held)
    is_whole(refused)
    assert held["tries"] == FEW and not held["report"]["lost"]
    assert refused["tries"] >= 2 * refused["count"]


def test_late_is_late_from_when_it_was_due():
    rows = {n: {"tries": 1, "rejected": False, "due": 1000000 + n,
                "begun": 1600000, "tcp": 1700000, "tls": 1800000,
                "connack": 1900000 + n, "accepted": 1900000 + n}
            for n in range(3)}
    found = summary(Load("password", 4, rate=10), rows)
    assert (found["done"], found["missing"], found["over_500_ms"]) == (3, 1, 3)
    assert found["since_due"]["connack"]["max"] == 900
    assert found["since_step"]["tls"]["p50"] == 100
    assert round(found["seconds"], 3) == 0.9


def test_system_calls():
    assert procfs.calls(STRACE) == {"read": 300, "pwrite64": 200,
                                    "fdatasync": 2}
