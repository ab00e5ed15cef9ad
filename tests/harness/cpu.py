"""The CPU time of a process."""

import os

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
