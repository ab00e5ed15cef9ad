"""What a process has used, by the kernel's accounting: CPU, waits, reads and
writes; and system calls, counted by strace."""

import datetime
import os
import re
import resource
import shutil
import signal
import subprocess

from harness.until import until

TICKS = os.sysconf("SC_CLK_TCK")
ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$")


def us_of(text):
    """From RFC 3339 to us."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(at.timestamp() * 1e6)


def numbers(path, *names):
    """The values of those lines, `name: value`, in the file."""
    found = dict.fromkeys(names, 0)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0])
    return found


def usage(pid):
    """Totals of all threads since the process began. waits: the times that a
    thread went to sleep, preempted: that it was made to; run_delay_us: ready
    to run, but no core was free; syscr, syscw: read and write calls."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    found = {"user_us": int(fields[11]) * 1e6 / TICKS,
             "system_us": int(fields[12]) * 1e6 / TICKS,
             "cpu_us": 0, "run_delay_us": 0, "waits": 0, "preempted": 0,
             **numbers(f"/proc/{pid}/io", "syscr", "syscw")}
    for task in os.listdir(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{task}"
        try:
            with open(f"{folder}/schedstat", encoding="ascii") as stat:
                ran, waited, _ = map(int, stat.read().split())
            switches = numbers(f"{folder}/status", "voluntary_ctxt_switches",
                               "nonvoluntary_ctxt_switches")
        except (FileNotFoundError, ProcessLookupError):
            continue  # that thread has ended
        found["cpu_us"] += ran / 1e3
        found["run_delay_us"] += waited / 1e3
        found["waits"] += switches["voluntary_ctxt_switches"]
        found["preempted"] += switches["nonvoluntary_ctxt_switches"]
    return found


def each(before, after, count):
    """What it has used between the two, for each of so many."""
    return {key: round((after[key] - before[key]) / count, 2)
            for key in before}


class Strace:
    """Counts the system calls of a running process, all threads. It slows
    them down several times, so nothing else is measured meanwhile."""

    def __init__(self, pid, folder, name):
        self.pid, self.out = pid, folder / f"{name}.strace"
        self.child = subprocess.Popen(
            ["strace", "-f", "-c", "-p", str(pid), "-o", str(self.out)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    @staticmethod
    def is_here():
        return shutil.which("strace") is not None

    def wait(self):
        """Until every thread is traced."""
        def traced():
            assert self.child.poll() is None, "strace cannot attach"
            return all(
                numbers(f"/proc/{self.pid}/task/{task}/status",
                        "TracerPid")["TracerPid"]
                for task in os.listdir(f"/proc/{self.pid}/task"))

        until(traced, f"strace of {self.pid}")
        return self

    def stop(self):
        """{system call: count}"""
        self.child.send_signal(signal.SIGINT)
        self.child.wait(30)
        return calls(self.out.read_text())


def calls(text):
    """From strace -c's table."""
    rows = (ROW.match(line) for line in text.splitlines())
    found = {row[2]: int(row[1]) for row in rows if row}
    found.pop("total", None)
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def each_call(found, count):
    return {name: round(calls_ / count, 2) for name, calls_ in found.items()}


def limit_files():
    """As many open files as this system allows, for thousands of
    connections; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
