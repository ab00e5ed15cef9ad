"""Takeovers that take several sessions to see. Not part of `make test`: `make
contract` runs them, on three brokers."""

from cluster.several import SESSION, Bridge, interleaved
from harness.admin import delete_topics
from harness.until import holds_for, until


def test_who_is_killed_is_followed_after_its_session(pair, start):
    active, heir = pair
    active.kill9()
    heir.wait_active()
    assert heir.told()[0] - active.told()[-1] < 1000 * (SESSION + 5)
    assert "waiting" in heir.words()
    before = active.told()
    back = start("zulu").wait_standby()
    holds_for(lambda: heir.role() == "active" and not back.told(), 1,
              "who comes back stands by")
    assert before[-1] < heir.told()[0]
    heir.stop()
    back.wait_active()
    back.stop()


def test_a_standby_that_was_stopped_takes_nothing(pair, start):
    """It comes back under its old time, in front of the one that is active by
    now, unless it leaves before the group has met."""
    first, stopped = pair
    third = start("bravo").wait_standby()
    stopped.pause()
    first.stop()
    third.wait_active()
    stopped.resume()
    stopped.wait_log("standing_by before=standby")
    until(lambda: stopped.log().count("standing_by before=out") == 2,
          "it joins anew")
    holds_for(lambda: third.words().count("active") == 1
              and third.role() == "active", 1.5, "the third stays active")
    assert not stopped.told()
    third.stop()
    stopped.wait_active()
    stopped.stop()


def test_a_zombie_says_nothing(pair):
    active, heir = pair
    active.pause()
    heir.wait_active()
    silent = len(active.told())
    active.resume()
    until(lambda: active.role() == "standby", "the zombie stands by")
    holds_for(lambda: heir.role() == "active"
              and len(active.told()) == silent, 1, "it says nothing")
    assert interleaved(active, heir) == ["zulu", "alpha"]
    heir.stop()
    until(lambda: len(active.told()) > silent, "it is active again")
    assert interleaved(active, heir) == ["zulu", "alpha", "zulu"]
    active.stop()


def test_two_of_one_name(kafka, names, tmp_path, pair):
    """Harmless, but said by both."""
    active, heir = pair
    (tmp_path / "other").mkdir()
    other = Bridge(kafka, names, active.instance, tmp_path / "other").start()
    for bridge in (active, other):
        bridge.wait_log("event=instance_twice instance=zulu")
    assert active.role() == "active" and not other.told()
    for bridge in (other, heir, active):
        bridge.stop()


def test_a_state_that_is_gone_is_not_begun_anew(kafka, names, pair, start):
    """A copy that knows more than the topic is not thrown away for it."""
    for bridge in pair:
        bridge.stop()
    delete_topics(kafka.brokers, [names["state"]])
    bridge = start("zulu")
    bridge.wait_log("event=state_lost")
    holds_for(lambda: bridge.role() != "active", 1, "it does not begin anew")
    assert bridge.log().count("event=state_lost") == 1
    bridge.stop()
