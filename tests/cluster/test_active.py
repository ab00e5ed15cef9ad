"""A bridge whose ledger is Kafka: the same life of requests, with its effects
after the commit, killed and fenced in the middle of it."""

import pytest

from cluster.writer import producer
from harness import where
from harness.rig import Rig, device_path
from harness.until import until

DEVICES = 24
KILLS = 2


def active_rig(folder, kafka):
    rig = Rig(folder, kafka, settings={"onboarding": {
        "renotify_interval": "1h"}}, partitions=2)
    state = rig.topics["requests"].replace("requests", "state")
    kafka.create([state], 1)
    rig.bridge.settings["kafka"]["topics"] = {**rig.topics, "state": state}
    rig.bridge.write_config()
    rig.bridge.argv[0] = where.binary("cluster/active")
    return rig.start()


@pytest.fixture(scope="module")
def rig(kafka, tmp_path_factory):
    rig = active_rig(tmp_path_factory.mktemp("rig"), kafka)
    yield rig
    rig.stop()


def test_a_device_is_onboarded(rig, ca):
    device, _, command, result = rig.onboard(ca.leaf(), payload={"a": 1})
    assert command.json()["payload"] == {"a": 1}
    assert result.json()["outcome"] == "onboarded"
    assert device.path == result.key


def test_a_rejection_and_a_decision_for_nobody(rig, ca):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.decide(request, "reject", reason="no")
    assert rig.result(device.path).json()["outcome"] == "rejected"
    path = device_path()
    rig.decision({"request_id": "nobody", "device_path": path,
                  "decision": "approve"}, key=path)
    assert rig.result(path).json()["outcome"] == "unknown_request"


def test_killed_again_and_again(rig, ca):
    """Each request and each result is there once, and each device is told."""
    devices = [rig.device(device_path("killed")) for _ in range(DEVICES)]
    leaf = ca.leaf()
    for n, device in enumerate(devices):
        rig.pending(device.path, leaf.pem)
        if n % (DEVICES // KILLS) == DEVICES // KILLS - 1:
            rig.bridge.crash()
    requests = [rig.request(device.path) for device in devices]
    for n, request in enumerate(requests):
        rig.decide(request)
        if n % (DEVICES // KILLS) == DEVICES // KILLS - 1:
            rig.bridge.crash()
    for device, request in zip(devices, requests):
        assert rig.result(device.path).json()["outcome"] == "onboarded"
        said = device.wait(device.command_topic)[0].json()
        assert said["request_id"] == request.json()["request_id"]


def test_fenced_in_the_middle(rig, ca):
    """What it was about to do is undone, and done when it is active again."""
    device = rig.device()
    other = producer(rig.kafka.brokers, rig.bridge.settings["kafka"]["group"])
    other.init_transactions(30)
    rig.pending(device.path, ca.leaf().pem)
    until(lambda: "event=fenced" in rig.bridge.log(), "it is fenced")
    request = rig.request(device.path)
    rig.decide(request)
    assert rig.result(device.path).json()["outcome"] == "onboarded"


def test_its_store_is_wiped(rig, ca):
    """And it is stopped in order before that."""
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.bridge.stop()
    for path in rig.folder.glob("bridge.db*"):
        if "intake" not in path.name:
            path.unlink()
    rig.bridge.start()
    rig.decide(request)
    assert rig.result(device.path).json()["outcome"] == "onboarded"
