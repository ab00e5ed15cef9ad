"""The active one is stopped in the middle of a turn for two sessions, and goes on:
it commits nothing, and tells nobody anything."""

import pytest

from cluster.epochs import epochs
from cluster.pair import SESSION, Pair
from fault import wire
from fault.proxy import DOWN, Net, Proxy
from harness.gate import path_of
from harness.handshake import CUSTOM
from harness.topics import Reader
from harness.until import holds_for, until


class Said:
    """What a bridge sends to the broker, as its proxy sees it."""

    def __init__(self):
        self.topics = []

    def tap(self):
        stream = wire.Splitter()

        def see(direction, data):
            if direction == DOWN:
                return
            for first, body in stream.feed(data):
                if first & 0xF0 == wire.PUBLISH:
                    self.topics.append(wire.read_publish(first, body)[0])

        return see


class Zombie(Pair):
    """Of which one reaches the broker through a proxy."""

    def one_of(self, name, port):
        if name == "zulu":
            self.net, self.said = Net(), Said()
            self.proxy = Proxy(self.net, port, self.said.tap)
            port = self.proxy.port
        return super().one_of(name, port)

    def stop(self):
        super().stop()
        self.proxy.close()
        self.net.close()


@pytest.fixture
def rig(tmp_path, kafka, ca, names):
    rig = Zombie(tmp_path, kafka, ca, ca.server(), names).start()
    rig.standby("alpha")
    yield rig
    rig.stop()


def test_a_zombie_says_nothing(rig):
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    shown = Reader(rig.kafka.brokers, [rig.topics["requests"]],
                   isolation="read_uncommitted")
    with zulu.stopped():
        device, _ = rig.held(path_of(CUSTOM))
        request = shown.wait(rig.topics["requests"], key=device.path)[0]
        zulu.wait_stopped()
        zulu.pause()
        rig.decide(request)  # who reads uncommitted answers at once
        rig.wait_active(alpha)
        holds_for(lambda: rig.gate.alive(), SESSION, "another session passes")
    device.wait_status("approved")
    count = len(rig.said.topics)
    zulu.resume()
    until(lambda: zulu.role() == "standing_by", "the zombie stands by")
    holds_for(lambda: alpha.role() == "active", 1, "the other stays active")
    rig.told_once(device, request)
    assert device.statuses().count("approved") == 1
    assert rig.said.topics[count:] == []
    later, request = rig.knock()
    rig.decide(request)
    rig.told_once(later, request)
    order = epochs(rig.kafka.brokers, rig.names["state"])
    assert [instance for instance, _ in order] == ["zulu", "alpha"]
    assert rig.said.topics[count:] == []
    shown.close()
