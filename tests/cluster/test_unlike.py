"""Two bridges of a group whose configurations differ where they must not: the one that
stands by would not get what the broker has queued for the active one."""

import pytest

from cluster.pages import get, page
from harness.bridge import merge
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
