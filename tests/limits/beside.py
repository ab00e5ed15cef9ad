"""What everybody else sees while somebody is far over a bound: how long they
wait, and what the program takes of memory and log."""

import os
import pathlib
import threading
import time

from harness.cpu import Stopwatch

RSS_MOST = 128 << 20
LOG_MOST = 1000000  # bytes a minute, and for what is at once
WITHIN_S = 1.0


def is_sanitized():
    """A sanitizer's own memory is no measure of the program's."""
    return "ZTP_SANITIZER" in os.environ


class Watch:
    """Looks at a process from here on."""

    def __init__(self, process):
        self.process = process
        self.begin = time.monotonic()
        self.logged = self.log_size()

    def log_size(self):
        return self.process.log_path.stat().st_size

    def peak(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) * 1024

    def check(self):
        minutes = 1 + (time.monotonic() - self.begin) / 60
        assert self.log_size() - self.logged < LOG_MOST * minutes
        assert is_sanitized() or self.peak() < RSS_MOST


def beside(flood, serve, *processes):
    """Serves neighbours, one after the other, for as long as flood() takes and
    once more. Each is served in time, but for what other work on the machine
    takes of these processes, which serve them."""
    trouble, times = [], []

    def run():
        try:
            flood()
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    running = True
    while running:
        running = thread.is_alive()
        watch = Stopwatch(*processes)
        serve()
        times.append(watch.read())
    thread.join()
    if trouble:
        raise trouble[0]
    assert max(times) < WITHIN_S, times
