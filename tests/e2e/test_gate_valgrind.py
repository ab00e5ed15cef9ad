"""The plugin in a broker under valgrind has no error of its own."""

import json

import pytest

from harness.gate import Gate, jwt, path_of
from harness.until import until

DIRECT, CUSTOM = "acme/direct", "acme/custom"
# Seconds of a proof. With less than a connection takes under valgrind, on a machine
# that does other things as well, it would be judged as that of a late clock. LONGER:
# it is still valid when a session that expires after a second has.
SHORT, LONGER = 8, 20


@pytest.fixture
def gate(tmp_path, ca):
    """Its exit status is 99 if valgrind has found something."""
    gate = Gate(tmp_path / "gate", ca.server())
    gate.argv = ["valgrind", "--error-exitcode=99", "--leak-check=full",
                 "--show-leak-kinds=definite", "--errors-for-leak-kinds=none",
                 "--"] + gate.argv
    gate.start()
    with gate.operator() as operator:
        for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
            operator.registry(registry, ca, onboarding=mode)
    yield gate
    gate.stop()


def test_no_errors_under_valgrind(gate, ca):
    with gate.operator() as operator:
        direct, custom, squatted = (path_of(DIRECT), path_of(CUSTOM),
                                    path_of(CUSTOM))
        leaf, other = ca.issue("rsa2048"), ca.issue()
        with gate.first(direct, leaf, session=True) as device:
            device.subscribed(device.commands).wait_status("approved")
            assert device.subscribe("#") >= 0x80
        with gate.first(direct, other) as refused:
            assert not refused.accepted
        with gate.unused(direct, leaf, "bad") as refused:
            assert not refused.accepted
        with gate.first(custom, other) as device:
            device.subscribed(device.commands).wait_status("pending")
            operator.do("createDevice", device_path=custom, request_id="r",
                        fingerprint_sha256=other.fingerprint)
            operator.publish(device.commands, json.dumps({"status": "x"}))
            device.wait_status("x")
            operator.do("blockDevice", device_path=custom)
            device.wait_ended()
        squatter = gate.first(squatted, leaf, session=True)
        squatter.subscribed(squatter.commands)
        with gate.first(squatted, other) as refused:
            assert not refused.accepted
        operator.do("createDevice", device_path=squatted, request_id="s",
                    fingerprint_sha256=other.fingerprint)
        squatter.wait_ended()
        gate.hangup()
        short = jwt(leaf, lifetime=SHORT)
        with gate.unused(direct, leaf, short, session=True) as device:
            assert device.accepted and device.session_present
            device.wait_ended()
        operator.do("deleteDevice", device_path=direct)
        operator.do("listDevices")
        operator.do("listPending")
    gate.restart()


def test_the_broker_frees_a_session_before_its_proof_runs_out(gate, ca):
    """The broker does not tell plugins that a session has expired. A plugin
    that kept the pointer would read freed memory when the JWT expires, when
    the path is ended, at a SIGHUP, and when the path comes back."""
    leaf, paths = ca.issue(), [path_of(DIRECT) for _ in range(3)]
    with gate.operator() as operator:
        for path in paths:
            proof = jwt(leaf, lifetime=LONGER)
            with gate.first(path, leaf, proof, session=True,
                            expiry=1) as device:
                device.subscribed(device.commands)
                operator.wait_on("ztp/v1/subscribed", device_path=path)
        for path in paths:
            gate.wait_log(f"Expiring client {path}")
        # The last proof to expire belongs to a session that still exists. By
        # then the gate has checked all of them.
        last = path_of(DIRECT)
        with gate.first(last, leaf, jwt(leaf, lifetime=LONGER)) as device:
            device.wait_ended()
        operator.audit("expired_proof", last)
        for path in paths:
            assert not operator.on("ztp/v1/audit", code="expired_proof",
                                   device_path=path)
            assert not operator.do("getDevice", device_path=path)["live"]
        operator.publish(f"{paths[0]}/commands", b"nobody is there")
        gate.hangup()
        gate.wait_log("Reloading config")
        operator.do("deleteDevice", device_path=paths[0])
        operator.do("blockDevice", device_path=paths[1])
        with gate.unused(paths[2], leaf, session=True) as device:
            assert device.accepted and not device.session_present


def test_taken_over_and_given_up(gate, ca):
    """The other ways in which a kept session ends: another connection with its
    id takes it over or discards it, while it is connected and while it is
    away."""
    leaf, path = ca.issue(), path_of(DIRECT)
    with gate.operator() as operator:
        first = gate.first(path, leaf, session=True)
        first.subscribed(first.commands).wait_status("approved")
        second = gate.unused(path, leaf, session=True)
        assert second.session_present
        first.wait_ended()
        second.drop()
        until(lambda: not operator.do("getDevice", device_path=path)["live"],
              "its connection is gone")
        with gate.unused(path, leaf, session=True) as third:
            assert third.session_present
        with gate.unused(path, leaf) as fourth:
            assert not fourth.session_present
        with gate.unused(path, leaf, session=True) as fifth:
            assert not fifth.session_present
        operator.do("deleteDevice", device_path=path)
