"""An environment that names a proxy for the web: the broker is reached all the same,
by the bridge and by both tools that speak MQTT."""

import pytest

from harness.gate import path_of
from harness.handshake import DIRECT, Handshake
from harness.ports import free_port
from harness.process import Process
from harness.where import binary
from harness.ztpctl import Ctl


@pytest.fixture
def proxied(monkeypatch):
    """Nobody is at that address."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")


@pytest.fixture
def rig(tmp_path, mock_kafka, ca, proxied):
    rig = Handshake(tmp_path / "rig", mock_kafka, ca, ca.server())
    yield rig.start()
    rig.stop()


def test_the_broker_is_reached(rig, tmp_path, ca):
    ctl = Ctl(rig.gate, tmp_path)
    for tls in (False, True):
        assert "acme/direct" in ctl("registry", "list", tls=tls).stdout
    leaf = ca.issue()
    Process("device", [
        binary("ztp-device"), "--url", f"mqtts://localhost:{rig.gate.tls_port}",
        "--ca", rig.gate.server["cafile"], "--cert", leaf.path, "--key",
        leaf.key_path, "--id", path_of(DIRECT), "--audience", "acme", "--wait",
        "20"], tmp_path).start().wait_exit(0)
