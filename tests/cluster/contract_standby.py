"""Two real bridges, one of which is killed again and again. Not part of `make
test`: see `make contract`."""

from cluster.test_standby import decide_all, knocks, rig, server  # noqa: F401
from harness.until import until

KILLS = 4


def test_who_leaves_is_followed(rig):  # noqa: F811
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    before, waiting = knocks(rig), knocks(rig)
    decide_all(rig, before)
    zulu.stop()
    rig.wait_active(alpha)
    decide_all(rig, waiting)
    decide_all(rig, knocks(rig))


def test_killed_each_time_it_is_active(rig):  # noqa: F811
    """Before its decisions are read, and while they are carried out."""
    bridges = [rig.bridges["zulu"], rig.bridges["alpha"]]
    for n in range(KILLS):
        active, heir = bridges[n % 2], bridges[(n + 1) % 2]
        asked, later = knocks(rig), knocks(rig)
        for _, request in asked:
            rig.decide(request)
        if n % 2:
            asked[0][0].wait_status("approved")
        active.kill9()
        rig.wait_active(heir)
        for device, request in asked:
            rig.told_once(device, request)
        decide_all(rig, later)
        active.start()
        active.wait_log("standing_by")


def test_killed_with_its_disk(rig):  # noqa: F811
    """Of a bridge with a gate nothing was on its disk alone."""
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    asked = knocks(rig)
    zulu.kill9()
    for path in (rig.folder / "zulu").glob("store.db*"):
        path.unlink()
    rig.wait_active(alpha)
    decide_all(rig, asked)
    rig.standby("zulu")
    more = knocks(rig)
    alpha.stop()
    until(lambda: "event=active " in zulu.log(), "the wiped one is active")
    rig.wait_active(zulu)
    decide_all(rig, more)
