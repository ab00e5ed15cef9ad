"""A child process of a test.

Each child runs in a session of its own and writes its output to a file. It
dies with the test run, however that ends (PR_SET_PDEATHSIG), and is only
signalled by its own id. Every exit status is checked: stop() compares it, and
at the end of a test verify_all() finds children that ended by themselves."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

from .until import DEADLINE, until


class Process:
    live = []  # started and not yet checked, oldest first

    def __init__(self, name, argv, folder, env=None, clean_exit=0):
        self.name = name
        self.argv = [str(arg) for arg in argv]
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = env
        self.clean_exit = clean_exit
        self.child = None
        self.log_path = self.folder / f"{name}.log"
        self.log_start = 0

    def start(self):
        assert self.child is None, f"{self.name} runs already"
        self.log_start = (
            self.log_path.stat().st_size if self.log_path.exists() else 0
        )
        guard = ["setpriv", "--pdeathsig", "KILL", "--"]
        if not shutil.which("setpriv"):
            guard = []
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                guard + self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **(self.env or {})},
                start_new_session=True,
            )
        Process.live.append(self)
        return self

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def log(self, whole=False):
        """Its output since its last start, or all of it."""
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(0 if whole else self.log_start)
            return log.read().decode("utf-8", "replace")

    def wait_log(self, pattern, timeout=DEADLINE):
        """Waits for a line that matches and returns the match."""

        def look():
            found = re.search(pattern, self.log(), re.MULTILINE)
            if not found and not self.alive():
                found = re.search(pattern, self.log(), re.MULTILINE)
                if not found:
                    raise AssertionError(
                        f"{self.name} ended with {self.child.returncode} "
                        f"before it wrote /{pattern}/"
                    )
            return found

        return until(look, f"{self.name} wrote /{pattern}/", timeout)

    def wait_exit(self, expect=None, timeout=DEADLINE):
        """Waits for the child to end by itself and checks the status."""
        try:
            status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._end_group()
            self._forget()
            raise AssertionError(
                f"{self.name} did not end within {timeout:g} s"
            ) from None
        self._end_group()
        self._forget()
        expect = self.clean_exit if expect is None else expect
        assert status == expect, (
            f"{self.name} ended with {status}, expected {expect}"
        )
        return status

    def stop(self, expect=None, timeout=DEADLINE):
        """Sends SIGTERM; the child must end in time and with the expected
        status."""
        if self.child is None:
            return
        if self.alive():
            self.child.send_signal(signal.SIGCONT)
            if (self.clean_exit if expect is None else expect) >= 0:
                self._wait_hearing(signal.SIGTERM)
            self.child.send_signal(signal.SIGTERM)
        self.wait_exit(expect, timeout)

    def _wait_hearing(self, number):
        """Until it has said what is to happen at that signal, which would end it
        before. A child has only just been started in some tests."""
        until(lambda: not self.alive() or hears(self.pid, number),
              f"{self.name} hears signal {number}", interval=0.001)

    def kill9(self):
        assert self.alive(), f"{self.name} is gone already"
        self.child.kill()
        self.wait_exit(expect=-signal.SIGKILL)

    def pause(self):
        """Afterwards none of its threads runs."""
        self.child.send_signal(signal.SIGSTOP)
        until(lambda: set(thread_states(self.child.pid)) <= set("TZX"),
              f"{self.name} has stopped", interval=0.001)

    def sleeps(self):
        """True while its first thread waits for something to happen."""
        return self.alive() and state_of(f"/proc/{self.pid}/stat") == "S"

    def resume(self):
        self.child.send_signal(signal.SIGCONT)

    def hangup(self):
        self._wait_hearing(signal.SIGHUP)
        self.child.send_signal(signal.SIGHUP)

    def _end_group(self):
        """Kills everything that the child has started."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.child.wait()

    def _forget(self):
        if self in Process.live:
            Process.live.remove(self)
        self.child = None


def hear_all():
    """For preexec_fn. A background job of a shell ignores SIGINT and one of nohup
    SIGHUP, and so would whatever it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def hears(pid, number):
    """True if the process catches, blocks or ignores that signal. A thread that
    waits for one in sigwait() is not seen to block it, and others are."""
    masks = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # that one has ended
            text = (task / "status").read_text(encoding="utf-8",
                                               errors="replace")
            masks += re.findall(r"^Sig(?:Blk|Ign|Cgt):\s*([0-9a-f]+)$", text,
                                re.M)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def state_of(stat):
    """The letter that proc(5) has for what a thread does."""
    text = pathlib.Path(stat).read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()[0]


def thread_states(pid):
    """A letter for each of its threads."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # that one has ended
            states.append(state_of(task / "stat"))
    return states


def stop_all(processes):
    """Stops all children, the last started first, even if some fail; then
    raises for the first that ended badly."""
    trouble = None
    for process in reversed(list(processes)):
        try:
            process.stop()
        except AssertionError as error:
            trouble = trouble or error
    if trouble:
        raise trouble


def kill_all(processes):
    """Kills the children without checks, after a failure."""
    for process in list(processes):
        process.child.kill()
        process._end_group()
        process._forget()


def verify_all():
    """Checks that no live child has ended without being told to. Who has is
    told once, so that it does not fail every test after this one."""
    ended = [process for process in Process.live if not process.alive()]
    told = [f"{process.name} ended by itself with {process.child.returncode}"
            for process in ended]
    for process in ended:
        process._end_group()
        process._forget()
    assert not told, ", ".join(told)


def tails(lines=120):
    """(name, last lines of log) of every live child, for a failure report."""
    for process in Process.live:
        text = process.log(whole=True).splitlines()[-lines:]
        yield process.name, "\n".join(text)
