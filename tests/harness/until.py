"""Waits for a condition with a deadline. This is the only place that
sleeps."""

import time

# Generous, because two cores may be shared with a compiler and the Kafkas of other
# tests; nobody waits this long unless something is broken.
DEADLINE = 60.0
SOON = 0.001  # s; an acknowledgement often takes no longer


def until(condition, what, timeout=DEADLINE, interval=0.02):
    """Returns the first true value of condition(), or raises TimeoutError. It looks
    again soon at first, and then after longer pauses, up to interval.

    what is the text for the error, or a function that returns it."""
    end = time.monotonic() + timeout
    pause = min(SOON, interval)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            text = what() if callable(what) else what
            raise TimeoutError(f"after {timeout:g} s still not: {text}")
        time.sleep(pause)
        pause = min(2 * pause, interval)


def holds_for(condition, seconds, what, interval=0.02):
    """Fails as soon as condition() is false within that many seconds. Use it
    for what must not happen, if nothing marks the moment after which it
    cannot."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            raise AssertionError(f"did not hold: {what}")
        time.sleep(interval)
