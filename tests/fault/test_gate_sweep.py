"""ztpctl waits until all candidates of a CA have ended, however long that takes."""

import subprocess

import pytest

from harness.gate import Gate, path_of
from harness.until import until
from harness.where import binary
from harness.ztpctl import Ctl, environment

from .preload import Control

REGISTRY = "acme/plant"
MANY = 20000
PATIENCE_MS = 20000  # more than for any other answer


@pytest.fixture
def gate(tmp_path, ca):
    gate = Gate(tmp_path / "gate", ca.server())
    gate.disk = Control(tmp_path / "disk")
    gate.env = gate.disk.env
    gate.start()
    yield gate
    gate.stop()
    gate.disk.close()


@pytest.mark.parametrize("words", [
    ("registry", "ca", "remove", REGISTRY, "0"),
    ("registry", "delete", REGISTRY),
], ids=["ca", "registry"])
def test_it_waits_for_many(gate, ca, tmp_path, words):
    with gate.operator() as operator:
        operator.registry(REGISTRY, ca)
        known = operator.do("getRegistry", registry=REGISTRY)["cas"][0]
        path = path_of(REGISTRY)
        with gate.first(path, ca.issue()) as device:
            assert device.accepted
            operator.pending(path)
    gate.multiply(path, MANY, acked=lambda n: 1, path=f"{path}-{{}}".format)
    clock, ctl = Control(tmp_path / "clock"), Ctl(gate, tmp_path)
    words = [known["fingerprint_sha256"] if w == "0" else w for w in words]
    gate.disk.disk_still("syncs")
    with subprocess.Popen(
            [binary("ztpctl"), *map(str, ctl.arguments()), *words, "--yes"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(tmp_path, **clock.env)) as asking:
        until(lambda: gate.disk.get("waited"), "the gate has begun")
        clock.set("boot_ms", PATIENCE_MS)
        gate.disk.disk_moving()
        # somebody else's answer, at which it looks at its clock
        with gate.operator(listen=False) as operator:
            operator.do("getInfo")
        said, wrong = asking.communicate(timeout=60)
    assert (asking.returncode, wrong) == (0, "")
    assert f"ended: {MANY + 1} candidates" in said
    clock.close()
