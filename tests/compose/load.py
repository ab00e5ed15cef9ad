"""New devices that keep arriving, whatever is away at that time."""

import json
import threading

NAMES = [f"load-{n}" for n in range(1, 361)]
PACE = 2.0  # seconds between two arrivals
PATIENCE = 300  # seconds that a device waits for its answer


class Load:
    """Starts another device every two seconds until it is told to stop; each
    waits for its answer. They run in a container of the stack's device
    service."""

    def __init__(self, stack, names):
        self.stack = stack
        self.names = iter(names)
        self.children = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._arrive)
        self.fleet = f"{stack.project}-fleet"
        stack.compose("run", "-d", "--no-deps", "--name", self.fleet,
                      "--entrypoint", "sleep", "device", "infinity")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for _, child in self.children:
            if child.poll() is None:
                child.kill()
            child.communicate()
        self.stack.docker.run("rm", "-f", self.fleet)

    def _arrive(self):
        for name in self.names:
            self.children.append((name, self.stack.docker.popen(
                "exec", "-e", f"ZTP_WAIT={PATIENCE}", self.fleet,
                "/usr/local/lib/ztp/device", name)))
            if self.over.wait(PACE):
                return

    def arrived(self):
        return len(self.children)

    def finish(self):
        """{name: its last message}; every device must have been approved."""
        self.over.set()
        self.thread.join()
        told = {}
        for name, child in self.children:
            out, _ = child.communicate(timeout=PATIENCE + 60)
            assert child.returncode == 0, (name, child.returncode, out)
            told[name] = last_message(out)
        return told


def last_message(text):
    lines = [line for line in text.splitlines() if line.startswith("{")]
    assert lines, text
    return json.loads(lines[-1])
