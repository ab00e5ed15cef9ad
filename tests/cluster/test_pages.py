"""What the pages of two real bridges say, and that they are there whatever the
bridge is becoming."""

import json

import pytest

from cluster.pages import Watch, get, metric, page
from cluster.pair import Pair
from harness.schemas import problems
from harness.until import until
from harness.ztpctl import Ctl


@pytest.fixture
def pair(kafka, ca, server, names, tmp_path):
    rig = Pair(tmp_path, kafka, ca, server, names).start()
    yield rig
    rig.stop()


def roles(bridge):
    return {member["instance"]: member["role"]
            for member in page(bridge, "/v1/group")["members"]}


def test_who_is_what(pair):
    active, heir = pair.bridge, pair.standby("alpha")
    until(lambda: get(heir, "/readyz") == (200, "ok\nrole: standby\n"),
          lambda: f"it is ready: {get(heir, '/readyz')}")
    assert get(active, "/readyz") == (200, "ok\nrole: active\n")
    for bridge in (active, heir):
        until(lambda: roles(bridge) == {"zulu": "active", "alpha": "standby"},
              lambda: f"it sees both: {page(bridge, '/v1/group')}")
        assert problems("group", page(bridge, "/v1/group")) == []
    said = page(heir, "/v1/group")
    assert (said["instance"], said["role"]) == ("alpha", "standby")
    assert page(active, "/v1/group")["lag_records"] == 0
    assert [metric(b, "ztp_active") for b in (active, heir)] == [1, 0]
    assert metric(active, "ztp_turn_seconds_count") > 0


def test_a_doctor_looks_at_the_group(pair, tmp_path):
    ctl = Ctl(pair.gate, tmp_path)

    def findings(bridge):
        """With the exit status."""
        done = ctl("doctor", "--json", "--bridge", f"http://{bridge.http()}",
                   status=None)
        return [(done.returncode, found["level"], found["message"])
                for found in json.loads(done.stdout)
                if found["what"] == "bridges"]

    until(lambda: roles(pair.bridge) == {"zulu": "active"}, "it sees itself")
    [(status, level, says)] = findings(pair.bridge)
    assert (status, level) == (1, "warning")
    assert "only one bridge is in the group" in says
    heir = pair.standby("alpha")
    until(lambda: get(heir, "/readyz")[0] == 200, "it is ready")
    # While Kafka lets somebody in, it may show one member for a moment.
    until(lambda: findings(heir) == [
        (0, "ok", "one of 2 bridges is active; alpha: standby")],
        lambda: f"two are well: {findings(heir)}")
    ctl("doctor", "--bridge", "ftp://nowhere", status=1)


def test_a_standby_lists_its_copy(pair):
    heir = pair.standby("alpha")
    _, request = pair.knock()
    wanted = request.json()["request_id"]
    until(lambda: page(heir, "/v1/requests")["requests"],
          "the request is in its copy")
    listed = page(heir, "/v1/requests")
    assert listed["copy"] and listed["requests"][0]["request_id"] == wanted
    assert page(heir, f"/v1/requests/{wanted}")["copy"]
    status = page(heir, "/v1/status")
    assert (status["role"], status["copy"]) == ("standby", True)
    assert status["requests"]["requested"] == 1
    assert "copy" not in page(pair.bridge, "/v1/requests")
    assert page(pair.bridge, "/v1/status")["role"] == "active"


def test_the_pages_outlive_the_change(pair):
    """No connection is refused while a standby becomes active, and while an
    active one is fenced and stands by."""
    zulu, alpha = pair.bridge, pair.standby("alpha")
    until(lambda: get(alpha, "/readyz")[0] == 200, "it is ready")
    watches = [Watch(alpha, "/healthz"), Watch(alpha, "/v1/group")]
    zulu.pause()
    pair.wait_active(alpha)
    until(lambda: metric(alpha, "ztp_active") == 1, "it says so")
    assert metric(alpha, "ztp_takeover_seconds_count") == 1
    watches.append(Watch(zulu, "/healthz"))
    zulu.resume()
    until(lambda: get(zulu, "/readyz") == (200, "ok\nrole: standby\n"),
          lambda: f"the first one stands by: {get(zulu, '/readyz')}")
    assert metric(zulu, "ztp_turn_seconds_count") > 0  # kept
    for watch in watches:
        assert watch.end().failed == []
    assert max(watch.slowest for watch in watches) < 1.0
    assert watches[0].answers == watches[2].answers == {(200, "ok\n")}
    said = [text for _, text in watches[1].answers]
    assert any('"role":"opening"' in text for text in said)


def test_who_is_back_at_once_is_not_two(pair):
    """Kafka has yet to miss the one that was killed."""
    zulu, alpha = pair.bridge, pair.standby("alpha")
    for _ in range(2):
        zulu.kill9()
        zulu.start().wait_log("event=standing_by")
        until(lambda: sorted(
            member["instance"] for member in
            page(alpha, "/v1/group")["members"]) == ["alpha", "zulu"],
            lambda: f"there are two: {page(alpha, '/v1/group')}")
        for bridge in (zulu, alpha):
            assert "event=instance_twice" not in bridge.log()
