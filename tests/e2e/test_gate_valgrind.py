"""The plugin in a broker under valgrind: not one error of its own."""

import json

from harness.gate import Gate, jwt, path_of

DIRECT, CUSTOM = "acme/direct", "acme/custom"


def test_no_errors_under_valgrind(tmp_path, ca):
    gate = Gate(tmp_path / "gate", ca.server())
    gate.argv = ["valgrind", "--error-exitcode=99", "--leak-check=full",
                 "--show-leak-kinds=definite", "--errors-for-leak-kinds=none",
                 "--"] + gate.argv
    gate.start()
    with gate.operator() as operator:
        for registry, mode in ((DIRECT, "direct"), (CUSTOM, "custom")):
            operator.do("createRegistry", registry=registry, onboarding=mode)
            operator.do("addRegistryCa", registry=registry,
                        pem=ca.cert.read_text())
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
        short = jwt(leaf, lifetime=2)
        with gate.unused(direct, leaf, short, session=True) as device:
            assert device.accepted and device.session_present
            device.wait_ended()
        operator.do("deleteDevice", device_path=direct)
        operator.do("listDevices")
        operator.do("listPending")
    gate.restart()
    gate.stop()
