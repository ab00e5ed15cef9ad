"""Somebody changes a setting of ztp.state while a group is at work. That does harm
only later, so it has to be said before."""

from cluster.pages import get, page
from harness.admin import set_topic
from harness.until import until

SETTINGS = {
    "cleanup.policy": "compact", "segment.bytes": "67108864",
    "min.cleanable.dirty.ratio": "0.2",
    "message.timestamp.type": "LogAppendTime",
    "delete.retention.ms": "604800000", "max.compaction.lag.ms": "86400000",
}


def test_the_state_would_end(plain):
    brokers, state = plain.kafka.brokers, plain.names["state"]
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    says = f"{state}: cleanup.policy is delete, and must be compact"
    until(lambda: get(alpha, "/readyz")[0] == 200, "it is ready")
    set_topic(brokers, state, {**SETTINGS, "cleanup.policy": "delete"})
    for bridge in (zulu, alpha):
        until(lambda: get(bridge, "/readyz")[1].startswith(f"group: {says}\n"),
              lambda: f"it says so: {get(bridge, '/readyz')}")
        assert page(bridge, "/v1/group")["trouble"] == says
        bridge.wait_log("event=group_refused .*cleanup.policy is delete")
    assert (zulu.role(), alpha.role()) == ("active", "standing_by")
    set_topic(brokers, state, SETTINGS)
    for bridge in (zulu, alpha):
        until(lambda: get(bridge, "/readyz")[0] == 200, "it is ready again")
        assert "trouble" not in page(bridge, "/v1/group")
        assert bridge.log().count("event=group_refused") == 1
