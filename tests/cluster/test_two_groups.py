"""Two cells that were given one ztp.state: the second does not serve on what the
first one writes, and says why. And two that were given one group."""

import pytest

from cluster.moved import SETTINGS, Moved, as_one_of_several, rows
from cluster.pages import get
from cluster.several import new_names
from harness.admin import create_topics
from harness.bridge import Bridge
from harness.until import holds_for, until


@pytest.fixture
def rig(kafka, names, tmp_path):
    rig = Moved(tmp_path, kafka, names).start()
    rig.bridge.stop()
    rig.as_group()
    yield rig
    rig.stop()


def another_cell(rig, shared):
    """With everything of its own but that name."""
    folder = rig.folder / "other"
    folder.mkdir()
    names = {**new_names(), shared: rig.names[shared]}
    settings = {**SETTINGS, "mqtt": {"client_id": "other"}}
    other = Bridge(folder, rig.mosquitto.url, rig.kafka.brokers, rig.topics,
                   settings, name="other")
    return as_one_of_several(other, names, "other")


def refuses(rig, other):
    says = (f"zulu was active last in {rig.names['state']} and is of another "
            "kafka.group")
    other.wait_log(f'event=fenced while=claiming error="{says}', 30)
    until(lambda: get(other, "/readyz")[0] == 503
          and says in get(other, "/readyz")[1],
          lambda: f"it says so: {get(other, '/readyz')}")
    holds_for(lambda: "event=active " not in other.log(), 5,
              "it does not serve")


def test_one_state(rig):
    first = rig.serve()
    other = another_cell(rig, "state").start()
    refuses(rig, other)
    assert get(first, "/readyz") == (200, "ok\nrole: active\n")
    other.stop()


@pytest.mark.parametrize("left", [True, False])
def test_one_state_and_nobody_serves(rig, left):
    """Its requests are not the other group's to end: their decisions are in another
    topic."""
    first = rig.serve()
    if left:
        first.stop()
    else:
        first.kill9()
    other = another_cell(rig, "state").start()
    refuses(rig, other)
    state = rows(rig.kafka.brokers, rig.names["state"])
    assert b"zulu" in state["active"] and b"other" not in state["active"]
    other.stop()
    rig.serve()


def test_a_state_is_ended_by_its_own_group_only(rig):
    """The instances of both have the same names, as those of cells may."""
    rig.serve()
    other = another_cell(rig, "state")
    other.settings["standby"]["instance"] = "zulu"
    other.write_config()
    create_topics(rig.kafka.brokers,
                  [other.settings["kafka"]["topics"]["journal"]])
    said = rig.move("from", expect=1, bridge=other)
    assert "zulu was active last" in said and "another kafka.group" in said
    assert rows(rig.kafka.brokers, rig.names["state"])["birth"]


def test_one_group(rig):
    first = rig.serve()
    other = another_cell(rig, "group").start()
    for bridge, name in ((first, "other"), (other, "zulu")):
        bridge.wait_log("event=group_shared "
                        f'error="{name} has this kafka.group and another ', 30)
        until(lambda b=bridge: "another state" in get(b, "/readyz")[1],
              lambda b=bridge: f"it says so: {get(b, '/readyz')}")
    other.stop()
    until(lambda: get(first, "/readyz") == (200, "ok\nrole: active\n"),
          lambda: f"it serves alone: {get(first, '/readyz')}", 60)
