"""SIGTERM and SIGINT, in a thread: a handler does not run while the Kafka client waits,
which it does for minutes if Kafka hangs."""

import os
import signal
import threading
import time

SIGNALS = {signal.SIGTERM, signal.SIGINT}
WITHIN = 9  # seconds; Docker kills after 10


def to_end():
    """Call it first. The event that it returns is set by a signal. The process has some
    seconds then: it may end in the middle, since what is decided again has no effect."""
    told = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    threading.Thread(target=watch, args=(told,), daemon=True).start()
    return told


def watch(told):
    signal.sigwait(SIGNALS)
    told.set()
    time.sleep(WITHIN)
    os._exit(1)
