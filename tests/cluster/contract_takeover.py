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


def test_a_standby_that_was_stopped_goes_to_the_back(pair, start):
    """It comes back as a new member, behind those that have stayed."""
    active, stopped = pair
    third = start("bravo").wait_standby()
    stopped.pause()
    until(lambda: "standby" in stopped.words(), "it stood by")
    holds_for(lambda: active.role() == "active", 2 * SESSION, "it is missed")
    stopped.resume()
    stopped.wait_log("standing_by before=standby")
    until(lambda: stopped.log().count("standing_by before=out") == 2,
          "it joins anew")
    active.stop()
    third.wait_active()
    assert not stopped.told()
    third.stop()
    stopped.wait_active()
    stopped.stop()
