"""The broker is killed (-9) after a new device's CONNACK and before the gate has
stored what it knows of it: the device comes again, and is onboarded once."""

import pytest

from harness.gate import NOT_AUTHORIZED, path_of
from harness.handshake import CUSTOM, DIRECT, Handshake
from harness.until import until

from .preload import Control

# How the device is onboarded, and the gate's pending_mode meanwhile.
MODES = [("hold", "hold"), ("direct", "hold"), ("refuse", "refuse")]


class Killed(Handshake):
    """Its broker's disk can stand still."""

    def make_gate(self, server, options):
        gate = super().make_gate(server, options)
        self.disk = Control(gate.folder)
        gate.env = self.disk.env
        return gate

    def come(self, path, leaf, mode):
        """A new device that has its CONNACK: the broker has judged it."""
        device = self.gate.first(path, leaf)
        assert device.connack == (
            NOT_AUTHORIZED[5] if mode == "refuse" else 0)
        return device

    def kill_gate(self):
        self.gate.kill9()
        self.disk.disk_moving()
        self.gate.start()
        self.watch()


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture(scope="module")
def killed(request, tmp_path_factory, real_kafka, ca, server):
    rig = Killed(tmp_path_factory.mktemp(request.param), real_kafka, ca,
                 server, options={"pending_mode": request.param}).start()
    yield rig
    rig.stop()
    rig.disk.close()


def once(rig, path, leaf, outcome):
    """One device, made for the one request that there was, if there was one."""
    device = rig.operator.do("getDevice", device_path=path)
    assert device["fingerprint_sha256"] == leaf.fingerprint
    assert device["state"] == "active"
    found = {topic: [r.json()["request_id"] for r in
                     rig.reader.find(rig.topics[topic], path)]
             for topic in ("requests", "results")}
    assert found == {"requests": outcome, "results": outcome}
    if outcome:
        assert device["request_id"] == outcome[0]


def onboard(rig, path, leaf, mode):
    """What the device does when the broker is back, and its customer."""
    if mode == "refuse":
        rig.come(path, leaf, mode)
        request = rig.request(path)
        rig.decide(request)
        until(lambda: rig.operator.ask("getDevice", device_path=path)["code"]
              == "OK", f"{path} is a device")
    device, _ = rig.held(path, leaf)
    if mode == "hold":
        request = rig.request(path)
        rig.decide(request)
    device.wait_status("approved")
    assert device.statuses().count("approved") == 1
    if mode == "direct":
        return []
    rig.ended(request, "onboarded")
    return [request.json()["request_id"]]


@pytest.mark.parametrize("what", ["writes", "syncs"])
@pytest.mark.parametrize("mode, killed", MODES, indirect=["killed"])
def test_killed_between_connack_and_commit(killed, ca, mode, what):
    path = path_of(DIRECT if mode == "direct" else CUSTOM)
    leaf = ca.issue()
    killed.disk.disk_still(what)
    device = killed.come(path, leaf, mode)
    until(lambda: killed.disk.get("waited") > 0, "the disk is waited for")
    assert not killed.operator.on("ztp/v1/pending", device_path=path)
    killed.kill_gate()
    device.close()
    once(killed, path, leaf, onboard(killed, path, leaf, mode))
