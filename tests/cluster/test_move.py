"""--to-standby and --from-standby: a single bridge's store becomes the state of a
group and one again, killed in any step, and nothing is asked, told or decided
twice or lost."""

import os
import resource
import time

import pytest

from cluster.moved import Moved, multiply, rows, says_where_to
from fault.preload import Control
from harness.rig import device_path
from harness.until import until

MANY = 100_000
# Steps from one kill to the next: `make contract` kills it in each one. No
# multiple of 3, since each third step is killed in the middle.
APART = 1 if "ZTP_EVERY_STEP" in os.environ else 4


@pytest.fixture
def rig(kafka, names, tmp_path):
    rig = Moved(tmp_path, kafka, names).start()
    yield rig
    rig.stop()


def knock(rig, ca, device=None):
    """A device, and the request about it."""
    device = device or rig.device()
    rig.pending(device.path, ca.leaf().pem)
    return device, rig.request(device.path)


class Away:
    """A device that is not there when it is approved."""

    def __init__(self):
        self.path = device_path("away")


def approve_away(rig, ca, payload, bridge=None):
    """It is tried until the device comes."""
    device, request = knock(rig, ca, Away())
    rig.decide(request, payload=payload)
    (bridge or rig.bridge).wait_log(
        f"event=command_done request_id={request.json()['request_id']} "
        "reason_code=16 ")
    return device


def told(rig, path):
    """What a device is told that is there now."""
    device = rig.device(path)
    said = device.wait(device.command_topic)[0].json()
    rig.result(path)
    return said


def test_there_and_back(rig, ca):
    """Open requests, an approval that waits for its device and its payload come
    along both ways; decisions are taken that came while nobody was there."""
    open_one, request = knock(rig, ca)
    away = approve_away(rig, ca, {"for": "away"})
    done, asked = knock(rig, ca)
    rig.decide(asked)
    rig.result(done.path)
    rig.bridge.stop()
    rig.as_group()
    assert "the state of 3 requests" in rig.move("to")
    rig.decide(request, payload={"for": "open"})
    heir = rig.another("alpha")
    rig.serve()
    heir.start().wait_log("event=standing_by")
    assert open_one.wait(open_one.command_topic)[0].json()[
        "payload"] == {"for": "open"}
    rig.result(open_one.path)
    assert told(rig, away.path)["payload"] == {"for": "away"}
    rig.bridge.stop()
    heir.wait_log("event=active ", 30)
    second, request = knock(rig, ca)
    later = approve_away(rig, ca, {"for": "later"}, heir)
    heir.stop()
    assert "single bridge's: 5 requests" in rig.move("from")
    rig.decide(request)
    rig.as_single()
    rig.bridge.start()
    rig.result(second.path)
    assert told(rig, later.path)["payload"] == {"for": "later"}
    rig.once(open_one, done, away, second, later)


# --- killed

def kill_at(rig, way, step, half):
    """Runs it until that step; returns whether it was killed there."""
    control = Control(rig.folder, f"{way}-{step}-{half}")
    control.crash_at(step, half)
    done = rig.try_to(way, control.env)
    killed = control.get("steps") >= step
    control.close()
    assert done.returncode == (-9 if killed else 0), done
    return killed


@pytest.fixture
def stopped(rig, ca):
    """A single bridge's store with one that is open and one that waits."""
    rig.open_one, rig.request_of_one = knock(rig, ca)
    rig.away = approve_away(rig, ca, {"for": "away"})
    rig.bridge.stop()
    rig.as_group()
    return rig


def still_whole(rig):
    """Both devices are served, each once."""
    rig.decide(rig.request_of_one, payload={"for": "open"})
    rig.result(rig.open_one.path)
    assert told(rig, rig.away.path)["payload"] == {"for": "away"}
    rig.once(rig.open_one, rig.away)


def test_killed_in_its_steps(stopped):
    """There and back, again and again, each time killed some steps later, now and
    then in the middle of one, and run once more. What was there is there in the
    end, as the same rows."""
    rig, killed = stopped, {"to": 0, "from": 0}
    first, before, step = None, 0, 1
    while before in killed.values():
        for way in killed:
            if killed[way] == before and kill_at(rig, way, step,
                                                 step % 3 == 0):
                killed[way] = step
            rig.move(way)
            if way == "to":
                there = rows(rig.kafka.brokers, rig.names["state"])
                assert there.pop("birth") is not None
                first = first or there
                assert there.keys() == first.keys()
                assert all(there[key] == first[key] for key in there
                           if key[:2] in ("r/", "d/"))
        before, step = step, step + APART
    assert min(killed.values()) > 10, killed
    rig.as_single()
    rig.bridge.start()
    still_whole(rig)


# --- what is refused, in one line

def test_who_runs_is_in_the_way(rig, ca):
    """The bridge itself; one of the group on another machine; a group that has
    the topic."""
    knock(rig, ca)
    rig.as_group()
    assert "in use by another process" in rig.move("to", expect=1)
    rig.bridge.stop()
    rig.move("to")
    other = rig.another("alpha")
    rig.serve(other)
    assert "runs, stop it: alpha" in rig.move("from", expect=1)
    third = rig.another("third")
    assert "is not empty" in rig.move("to", expect=1, bridge=third)
    other.kill9()
    until(lambda: "alpha was active last and has not left" in
          rig.try_to("from").stderr, "its membership is over")
    rig.serve().stop()
    rig.move("from")


def test_the_wrong_kind_of_store(rig, ca):
    """Neither kind of bridge starts on the other's store."""
    knock(rig, ca)
    rig.bridge.stop()
    assert "standby.enabled is not true" in rig.move("to", expect=2)
    rig.as_group()
    rig.bridge.start().wait_exit(expect=1)
    assert "--to-standby makes a group's of it" in rig.bridge.log()
    assert "a single bridge's already" in rig.move("from")
    rig.move("to")
    assert "is this store's already" in rig.move("to")
    rig.as_single()
    rig.bridge.start().wait_exit(expect=1)
    assert "--from-standby makes a single bridge's of it" in rig.bridge.log()


def test_what_kafka_may_lack(rig, ca):
    """A single bridge that could not write its records has to write them."""
    rig.kafka.stop()
    rig.pending(device_path(), ca.leaf().pem)
    rig.bridge.wait_log("event=request_received")
    rig.bridge.stop()
    rig.kafka.start()
    rig.as_group()
    assert "let it drain" in rig.move("to", expect=1)


def test_a_bridge_refuses_what_is_not_finished(stopped):
    rig = stopped
    step = 1
    while not says_where_to(rig.store):
        assert kill_at(rig, "to", step, False)
        step += 1
    rig.bridge.start().wait_exit(expect=1)
    assert "--to-standby was not finished" in rig.bridge.log()
    assert "a single bridge's still" in rig.move("from")
    rig.as_single()
    rig.bridge.start()
    still_whole(rig)


# --- the journal, the copy, and many

def test_what_its_journal_still_has(rig, ca):
    """An event that is in the journal and not in the store."""
    control = Control(rig.folder)
    rig.bridge.stop()
    rig.bridge.env = control.env
    rig.bridge.start()
    rig.wait_intake()
    control.crash_at(control.get("steps") + 2)
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    rig.bridge.wait_exit(expect=-9)
    rig.bridge.env = None
    rig.as_group()
    rig.move("to")
    rig.serve()
    rig.decide(rig.request(device.path))
    rig.result(device.path)
    rig.once(device)
    control.close()


def test_the_topic_is_lost(stopped):
    """ztp.state is created anew from the best copy."""
    rig = stopped
    rig.move("to")
    rig.serve().stop()
    rig.delete_state()
    assert "the state of 2 requests" in rig.move("to")
    rig.serve()
    still_whole(rig)


def cpu():
    """CPU seconds of the programs that have been run to their end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_many(rig, ca):
    """100,000 rows, there and back in seconds; the last time where there is no
    copy, so that everything is read."""
    knock(rig, ca)
    rig.bridge.stop()
    multiply(rig.store, MANY)
    rig.as_group()
    took = []
    for way, bridge, says in (("to", None, "the state of"),
                              ("from", None, "single bridge's:"),
                              ("to", None, "the state of"),
                              ("from", rig.another("alpha"),
                               "single bridge's:")):
        began, used = time.monotonic(), cpu()
        assert f"{says} {MANY} requests" in rig.move(way, bridge=bridge)
        took.append((round(time.monotonic() - began, 1),
                     round(cpu() - used, 1)))
    print(f"{MANY} rows, seconds and CPU seconds: {took}")
    assert all(seconds < 30 for _, seconds in took)
