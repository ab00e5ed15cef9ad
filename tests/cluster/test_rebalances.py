"""Bridges that come and go while others are a group: each time Kafka asks all of them
to join again, and may wait for one that is gone already."""

from harness.process import stop_all
from harness.until import until

TIMES = 8


def test_who_comes_and_goes_takes_nothing(pair, start):
    zulu, alpha = pair
    for number in range(TIMES):
        mike = start("mike").wait_standby()
        until(lambda: zulu.members() == 3, "there are three")
        mike.stop()
        until(lambda: zulu.members() == 2, "there are two")
        assert zulu.role() == "active", f"after {number} times"
    assert zulu.words().count("active") == 1
    stop_all([zulu, alpha])
