"""When a bridge joins its group, and when it gives way: the MQTT broker has to be
in reach, and the disk has to take what is written."""

import pytest

from cluster.pages import roles
from cluster.pair import SESSION, Pair
from fault.preload import Control
from fault.proxy import UP, Net, Proxy
from harness.until import until

MINUTE = 60_000  # ms, without a broker, until it joins all the same
CONNECT = 0x10  # and its length, in one byte
LENGTH_AT = 1
HOUR = 3_600_000  # ms


class Apart(Pair):
    """Each bridge reaches the broker by a proxy of its own, and has a disk and a
    clock that may be spoiled."""

    def __init__(self, *args):
        self.net = Net()
        self.proxies, self.controls = {}, {}
        super().__init__(*args)

    def one_of(self, name, port):
        self.proxies[name] = Proxy(self.net, port)
        bridge = super().one_of(name, self.proxies[name].port)
        self.controls[name] = Control(self.folder / name)
        bridge.env = self.controls[name].env
        return bridge

    def out_of_reach(self, name):
        self.proxies[name].stall()
        self.proxies[name].cut()

    def pass_time(self, name, ms):
        control = self.controls[name]
        control.set("boot_ms", control.get("boot_ms") + ms)

    def stop(self):
        super().stop()
        self.net.close()


@pytest.fixture
def apart(tmp_path, kafka, ca, server, names):
    rig = Apart(tmp_path, kafka, ca, server, names)
    yield rig
    rig.stop()


@pytest.fixture
def rig(apart):
    return apart.start()


def joined(bridge):
    return "event=standing_by before=out" in bridge.log()


def test_who_stands_by_has_a_connection_of_its_own(rig):
    sent = bytearray()
    rig.proxies["alpha"].make_tap = lambda: lambda way, data: sent.extend(
        data if way == UP else b"")
    rig.standby("alpha")
    until(lambda: sent, "it has sent something")
    assert b"ztp-bridge-standby-alpha" in sent
    assert sent[0] == CONNECT and len(sent) == LENGTH_AT + 1 + sent[LENGTH_AT]


def test_without_a_broker_it_joins_after_a_minute(rig):
    rig.out_of_reach("alpha")
    alpha = rig.bridges["alpha"].start()
    alpha.wait_log("event=mqtt_closed_at_connect connection=standby")
    rig.pass_time("alpha", MINUTE - 20_000)
    rig.knock()  # a turn of the other one, and so rows for this one
    assert not joined(alpha)
    rig.pass_time("alpha", 20_000)
    alpha.wait_log("event=standing_by before=out")


def test_a_broker_that_comes_into_reach(rig):
    rig.out_of_reach("alpha")
    alpha = rig.bridges["alpha"].start()
    alpha.wait_log("event=mqtt_closed_at_connect connection=standby")
    assert not joined(alpha)
    rig.proxies["alpha"].heal()
    alpha.wait_log("event=standing_by before=out")


def test_the_active_one_without_a_broker_gives_way(rig):
    """And comes back behind the other when it reaches the broker again."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    rig.out_of_reach("zulu")
    zulu.wait_log("event=standing_by before=yielding", SESSION + 10)
    rig.wait_active(alpha)
    device, request = rig.knock()
    rig.decide(request)
    rig.told_once(device, request)
    rig.proxies["zulu"].heal()
    zulu.wait_log("event=standing_by before=out")
    assert zulu.log().count("event=active ") == 1


def test_one_whose_clock_is_behind_goes_behind_the_other(apart):
    """Also when it may join without a broker."""
    apart.controls["zulu"].set("clock_ms", -HOUR)
    rig = apart.start()
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    rig.out_of_reach("zulu")
    zulu.wait_log("event=standing_by before=yielding", SESSION + 10)
    rig.wait_active(alpha)
    rig.pass_time("zulu", MINUTE)
    zulu.wait_log("event=standing_by before=out")
    until(lambda: roles(alpha) == {"zulu": "standby", "alpha": "active"},
          "it has joined, and serves nobody")
    device, request = rig.knock()
    rig.decide(request)
    rig.told_once(device, request)
    assert zulu.log().count("event=active ") == 1


def test_alone_it_stays(rig):
    zulu = rig.bridges["zulu"]
    rig.out_of_reach("zulu")
    zulu.wait_log("event=mqtt_lost connection=out")
    rig.pass_time("zulu", int(SESSION * 1000) - 500)
    until(lambda: "event=mqtt_closed_at_connect connection=out" in zulu.log(),
          "it looks for the broker")
    rig.proxies["zulu"].heal()
    until(lambda: zulu.log().count("event=mqtt_connected") == 4,
          "both connections are back")
    assert "yielding" not in zulu.log()
    device, request = rig.knock()
    rig.decide(request)
    rig.told_once(device, request)


def test_a_standby_whose_disk_takes_nothing_leaves(rig):
    """And joins again when there is room."""
    alpha, disk = rig.standby("alpha"), rig.controls["alpha"]
    disk.disk_read_only()
    alpha.wait_log("event=disk_full")
    rig.knock()
    alpha.wait_log("event=copy_not_read")
    rig.pass_time("alpha", int(SESSION * 1000))
    alpha.wait_log("event=standing_by before=standby")
    disk.disk_well()
    alpha.wait_log("event=standing_by before=out")
    rig.bridges["zulu"].stop()
    rig.wait_active(alpha)
    rig.told_once(*decided(rig))


def decided(rig):
    device, request = rig.knock()
    rig.decide(request)
    return device, request


def test_the_active_one_whose_disk_takes_nothing_gives_way(rig):
    """Nothing of what it took is lost, and it is as good as new afterwards."""
    zulu, alpha = rig.bridges["zulu"], rig.standby("alpha")
    asked = [rig.knock() for _ in range(3)]
    for device, _ in asked:  # what comes when the disk is gone ends the bridge
        rig.reader.one(rig.topics["audit"], key=device.path)
    rig.controls["zulu"].disk_read_only()
    alpha.wait_log("event=active ", SESSION + 20)
    rig.wait_active(alpha, 60)
    for device, request in asked:
        rig.decide(request)
        rig.told_once(device, request)
    rig.controls["zulu"].disk_well()
    zulu.wait_log("event=standing_by before=out", 60)
    alpha.stop()
    rig.wait_active(zulu)
    rig.told_once(*decided(rig))
