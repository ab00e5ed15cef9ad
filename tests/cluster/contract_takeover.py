"""Takeovers that take several sessions to see. Not part of `make test`: `make
contract` runs them, on three brokers."""

from cluster.several import SESSION
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
