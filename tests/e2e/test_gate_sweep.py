"""A CA with a great many candidates is removed, and the broker is killed (-9)
before all of them have ended."""

import json
import sqlite3

import pytest

from harness.gate import CONTROL, Gate, path_of
from harness.until import until

REGISTRY = "acme/plant"
MANY = 20000  # takes a second or two


@pytest.fixture
def gate(tmp_path, ca):
    gate = Gate(tmp_path / "gate", ca.server()).start()
    yield gate
    gate.stop()


def pending(operator):
    return operator.do("getRegistry", registry=REGISTRY)["pending"]


def test_what_is_left_ends_after_a_kill(gate, ca):
    path, leaf = path_of(REGISTRY), ca.issue()
    with gate.operator() as operator:
        operator.registry(REGISTRY, ca)
        known = operator.do("getRegistry", registry=REGISTRY)["cas"][0]
        with gate.first(path, leaf) as device:
            assert device.accepted
        operator.pending(path)
    gate.multiply(path, MANY, acked=lambda n: 1, path=f"{path}-{{}}".format)
    with gate.operator(listen=False) as operator:
        operator.publish(CONTROL, json.dumps({"commands": [
            {"command": "removeRegistryCa", "registry": REGISTRY,
             "fingerprint_sha256": known["fingerprint_sha256"]}]}))
        left = until(lambda: pending(operator) <= MANY and pending(operator),
                     "some have ended")
        assert left > 0
        gate.kill9()
    gate.start()
    with gate.operator(listen=False) as operator:
        assert operator.do("getRegistry", registry=REGISTRY)["cas"] == []
        with gate.first(path, leaf) as device:
            assert not device.accepted
        until(lambda: pending(operator) == 0, "all have ended")
        assert operator.code("createDevice", device_path=path, request_id="r",
                             fingerprint_sha256=leaf.fingerprint) == "ABORTED"
        operator.do("addRegistryCa", registry=REGISTRY,
                    pem=ca.cert.read_text())
        with gate.first(path, leaf) as device:
            assert device.accepted
    gate.stop()
    with sqlite3.connect(gate.db) as db:
        ended = db.execute("SELECT count(*) FROM withdrawn WHERE reason = "
                           "'ca_removed' AND owed > 0").fetchone()
    db.close()
    assert ended == (MANY + 1,)
