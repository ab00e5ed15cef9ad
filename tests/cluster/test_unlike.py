"""Two bridges of a group whose configurations differ where they must not: the one that
stands by would not get what the broker has queued for the active one."""

import pytest

from cluster.pages import get, page
from cluster.pair import wait_active
from harness.bridge import merge
from harness.rig import device_path
from harness.until import until

CLIENT = {"mqtt": {"client_id": "ztp-bridge-alpha"}}
DECISIONS = {"kafka": {"topics": {"decisions": "others"}}}


@pytest.mark.parametrize("other", [CLIENT, DECISIONS],
                         ids=["client_id", "decisions"])
def test_it_is_not_ready(idle, other):
    alpha = idle.bridges["alpha"]
    alpha.settings = merge(alpha.settings, other)
    alpha.write_config()
    idle.start()
    idle.standby("alpha")
    alpha.wait_log("event=group_differs .*zulu is active with another ")
    until(lambda: get(alpha, "/readyz")[1].startswith(
        "group: zulu is active with another mqtt.client_id or "
        "kafka.topics.decisions than this bridge\n"),
        lambda: f"it says so: {get(alpha, '/readyz')}")
    assert "zulu is active" in page(alpha, "/v1/group")["trouble"]
    assert get(idle.bridge, "/readyz")[0] == 200


def with_topic(bridge, topic):
    bridge.settings = merge(bridge.settings, {
        "onboarding": {"on_timeout": "approve", "decision_timeout": "12s"},
        "kafka": {"topics": {"decisions": topic}}})
    bridge.write_config()


def test_a_topic_that_another_one_has_read(idle, ca):
    """The topic is changed from bridge to bridge, and back: one that was active
    before with the same topic does not take for a silence what was said in the
    other."""
    zulu, alpha = idle.bridges["zulu"], idle.bridges["alpha"]
    other = f"{idle.topics['decisions']}.other"
    idle.kafka.create([other])
    with_topic(zulu, idle.topics["decisions"])
    with_topic(alpha, other)
    idle.start()
    zulu.stop()
    wait_active(alpha.start())
    idle.bridge = alpha
    device = idle.device(device_path("unlike"))
    idle.pending(device.path, ca.leaf().pem)
    request = idle.request(device.path)
    alpha.kill9()
    idle.writer.send(other, {
        "request_id": request.json()["request_id"],
        "device_path": device.path, "decision": "reject"}, key=device.path)
    idle.bridge = zulu
    wait_active(zulu.start())
    result = idle.result(device.path).json()
    assert result["outcome"] == "expired"
    assert "decision_topic_changed" not in zulu.log()
    # What is asked from now on may be approved by silence.
    fresh = idle.device(device_path("fresh"))
    idle.pending(fresh.path, ca.leaf().pem)
    assert idle.result(fresh.path).json()["outcome"] == "onboarded"
