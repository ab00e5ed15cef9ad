"""The CPU time of a process, and time without what other work on the machine takes
of it."""

import os
import time

from .until import holds_for


def cpu_seconds(process):
    """User and kernel time used so far."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_in(process, seconds):
    """CPU time used within that many seconds when it is left alone."""
    before = cpu_seconds(process)
    holds_for(process.alive, seconds, "it is alive", interval=0.2)
    return cpu_seconds(process) - before


def delays(pid):
    """{thread: seconds for which it was ready to run, and no processor was
    free}, as Linux's documentation of schedstat has it."""
    found = {}
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:  # it has ended
        return found
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat",
                      encoding="ascii") as stat:
                found[task] = int(stat.read().split()[1]) / 1e9
        except (OSError, IndexError):
            continue  # that thread has ended, or the kernel does not say it
    return found


class Stopwatch:
    """Runs from now on. read() leaves out what these processes, and this one, have
    waited for a processor: with an idle machine that is next to nothing, with a
    busy one it is not their fault.

    Threads that wait at the same time are counted once: of each process the one
    that has waited longest; of this one all, since only one can run at a time."""

    def __init__(self, *processes):
        self.processes = processes
        self.before = self._delays()
        self.begin = time.monotonic()

    def _delays(self):
        """A process that is started again has another id."""
        pids = {process.pid for process in self.processes if process.child}
        return {pid: delays(pid) for pid in pids | {os.getpid()}}

    def read(self):
        took = time.monotonic() - self.begin
        for pid, found in self._delays().items():
            before = self.before.get(pid, {})
            waited = [now - before.get(task, 0) for task, now in found.items()]
            took -= (sum if pid == os.getpid() else max)(waited or [0])
        return took
