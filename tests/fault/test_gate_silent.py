"""The gate's answers do not come, or they come late: nothing is told of a device
that is not known, and others are served meanwhile."""

import re

import pytest

from harness.handshake import Handshake
from harness.ports import free_port
from harness.until import until

from .proxy import DOWN, Net, Proxy

SILENCES = 60.0  # four of 5 s, and the pauses between them


class Ears:
    """A filter of what the bridge sends. Where it is deaf to a request, the gate
    is given another command, and its answer is nobody's."""

    def __init__(self):
        self.deaf = {}  # request id: the command's name, of the same length
        self.seen = b""

    def __call__(self, data):
        self.seen += data
        for request_id, name in self.deaf.items():
            data = re.sub(
                rb'"createDevice","correlationData":"([^"]*)/create:'
                + request_id.encode(),
                rb'"' + name + rb'","correlationData":"\1/cReate:'
                + request_id.encode(), data)
        return data

    def ends(self):
        return False

    def times(self, command, request_id):
        return len(re.findall(
            rb'"%s","correlationData":"[^"]*:%s"'
            % (command.encode(), request_id.encode()), self.seen))


class Silent(Handshake):
    """The bridge reaches the gate through a proxy."""

    def __init__(self, folder, kafka, ca, server, net):
        super().__init__(folder, kafka, ca, server, port=free_port())
        self.ears = Ears()
        self.proxy = Proxy(net, self.gate.port)
        self.proxy.make_filter = lambda: self.ears
        self.bridge.settings["mqtt"]["url"] = (
            f"mqtt://127.0.0.1:{self.proxy.port}")
        self.bridge.write_config()

    def asked(self):
        """A held device, and the id of its request."""
        device, _ = self.held()
        request = self.request(device.path)
        return device, request, request.json()["request_id"]

    def result(self, request_id):
        return self.reader.wait(
            self.topics["results"],
            match=lambda r: r.json()["request_id"] == request_id,
            timeout=SILENCES)[0].json()

    def onboard(self):
        device, request, _ = self.asked()
        self.decide(request)
        device.wait_status("approved")
        self.ended(request, "onboarded")


@pytest.fixture(scope="module")
def rig(tmp_path_factory, mock_kafka, ca):
    net = Net()
    rig = Silent(tmp_path_factory.mktemp("silent"), mock_kafka, ca,
                 ca.server(), net)
    yield rig.start()
    rig.stop()
    rig.proxy.close()
    net.close()


@pytest.mark.parametrize("made", [True, False])
def test_never(rig, made):
    """Four times createDevice has no answer. Whether the device exists is asked,
    and the customer is told what is."""
    device, request, request_id = rig.asked()
    rig.ears.deaf[request_id] = b"createDevice" if made else b"createDevise"
    rig.decide(request, payload={"for": device.path})
    for _ in range(3):
        rig.onboard()
    result = rig.result(request_id)
    found = rig.operator.ask("getDevice", device_path=device.path)
    if made:
        assert result["outcome"] == "onboarded", result
        assert found["data"]["request_id"] == request_id
        device.wait_status("approved")
        assert device.statuses().count("approved") == 1
    else:
        assert result["outcome"] == "failed", result
        assert result["message"].endswith("and has not created the device")
        assert found["code"] == "NOT_FOUND"
    assert rig.ears.times("createDevice", request_id) == 4
    rig.bridge.wait_log(f"event=registration_in_doubt request_id={request_id}")
    rig.onboard()


def test_late(rig):
    """The answer that comes when nobody waits for it any more is heard."""
    device, request, request_id = rig.asked()
    rig.proxy.stall((DOWN,))
    silent = rig.bridge.log().count("event=gate_silent")
    rig.decide(request)
    until(lambda: rig.bridge.log().count("event=gate_silent") > silent,
          "it is given up")
    rig.proxy.heal()
    device.wait_status("approved")
    rig.ended(request, "onboarded")
    assert rig.ears.times("createDevice", request_id) == 1
