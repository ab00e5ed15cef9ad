"""Two cells that were given one ztp.state: the second does not serve on what the
first one writes, and says why. And two that were given one group."""

import pytest

from cluster.moved import SETTINGS, Moved, as_one_of_several
from cluster.pages import get
from cluster.several import new_names
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


def test_one_state(rig):
    first = rig.serve()
    other = another_cell(rig, "state").start()
    other.wait_log('event=fenced while=waiting error="zulu is active in '
                   f'{rig.names["state"]} as well: .*another kafka.group', 30)
    until(lambda: get(other, "/readyz")[0] == 503
          and "zulu is active" in get(other, "/readyz")[1],
          lambda: f"it says so: {get(other, '/readyz')}")
    holds_for(lambda: "event=active " not in other.log(), 5,
              "it does not serve")
    assert get(first, "/readyz") == (200, "ok\nrole: active\n")
    other.stop()


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
