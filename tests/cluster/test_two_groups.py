"""Two cells that were given one ztp.state: the second does not serve on what the
first one writes, and says why."""

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


def of_another_group(rig):
    """With everything of its own but the topic."""
    folder = rig.folder / "other"
    folder.mkdir()
    names = {**new_names(), "state": rig.names["state"]}
    settings = {**SETTINGS, "mqtt": {"client_id": "other"}}
    other = Bridge(folder, rig.mosquitto.url, rig.kafka.brokers, rig.topics,
                   settings, name="other")
    return as_one_of_several(other, names, "other")


def test_one_state(rig):
    first = rig.serve()
    other = of_another_group(rig).start()
    other.wait_log('event=fenced while=waiting error="zulu is active in '
                   f'{rig.names["state"]} as well: .*another kafka.group', 30)
    until(lambda: get(other, "/readyz")[0] == 503
          and "zulu is active" in get(other, "/readyz")[1],
          lambda: f"it says so: {get(other, '/readyz')}")
    holds_for(lambda: "event=active " not in other.log(), 5,
              "it does not serve")
    assert get(first, "/readyz") == (200, "ok\nrole: active\n")
    other.stop()
