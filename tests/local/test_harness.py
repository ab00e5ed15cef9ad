"""Tests of the harness itself: a test that passes because its tools do nothing
would be worse than none."""

import os
import socket

import pytest

from harness.mosquitto import Mosquitto
from harness.mqtt import Client
from harness.ports import answers, free_port
from harness.process import Process, verify_all
from harness.until import until


def test_port_is_free_and_differs():
    ports = {free_port() for _ in range(20)}
    assert len(ports) == 20
    assert not any(answers(port) for port in ports)


def test_ports_are_held_in_few_files():
    """As many as a run of hundreds of tests takes: Python's select() knows no file
    from 1024 on."""
    ports = [free_port() for _ in range(1100)]
    assert len(set(ports)) == 1100
    assert len(os.listdir("/proc/self/fd")) < 500
    for port in ports:
        with socket.socket() as other:
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))


def test_exit_status_is_judged(tmp_path):
    child = Process("seven", ["sh", "-c", "exit 7"], tmp_path).start()
    with pytest.raises(AssertionError, match="ended with 7, expected 0"):
        child.wait_exit()
    assert child not in Process.live


def test_early_end_is_told(tmp_path):
    child = Process("short", ["sh", "-c", "echo hello"], tmp_path).start()
    with pytest.raises(AssertionError, match="before it wrote"):
        child.wait_log("goodbye")
    child.wait_exit()
    assert child.log() == "hello\n"


def test_who_ended_by_itself_is_told_once(tmp_path):
    child = Process("seven", ["sh", "-c", "exit 7"], tmp_path).start()
    until(lambda: not child.alive(), "it ended")
    with pytest.raises(AssertionError, match="seven ended by itself with 7"):
        verify_all()
    verify_all()
    assert child not in Process.live


def test_stop_kills_what_will_not_end(tmp_path):
    script = "trap '' TERM; echo ready; while :; do read x </dev/zero; done"
    child = Process("deaf", ["bash", "-c", script], tmp_path).start()
    child.wait_log("^ready$")
    pid = child.pid
    with pytest.raises(AssertionError, match="did not end"):
        child.stop(timeout=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_deadline_is_kept():
    with pytest.raises(TimeoutError, match="the moon falls"):
        until(lambda: False, "the moon falls", timeout=0.1)


def test_mosquitto_keeps_for_a_session(tmp_path):
    broker = Mosquitto(tmp_path, persistence=True).start()
    with Client(broker.port, client_id="away", session=True) as device:
        device.subscribe("a/b")
        broker.wait_subscribed("a/b", "away")
        broker.wait_connected("away")
    until(lambda: not broker.connected("away"), "the client is gone")
    with Client(broker.port) as publisher:
        publisher.publish("a/b", {"n": 1})
    broker.restart()
    with Client(broker.port, client_id="away", session=True) as device:
        assert device.wait("a/b")[0].json() == {"n": 1}
    broker.stop()


def test_tls_and_password(tmp_path, ca):
    broker = Mosquitto(tmp_path, tls=ca.server(), users={"u": "p w"}).start()
    with Client(broker.port, tls=str(ca.cert), user="u", password="p w") as it:
        it.subscribe("a")
    broker.stop()
