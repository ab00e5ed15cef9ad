"""Asks bridges for their pages while they change."""

import json
import threading
import urllib.error
import urllib.request

from harness.cpu import Stopwatch

PERIOD = 0.02  # s


def get(bridge, path, timeout=5):
    """(status, text)"""
    url = f"http://{bridge.http()}{path}"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def page(bridge, path):
    status, text = get(bridge, path)
    assert status == 200, text
    return json.loads(text)


def roles(bridge):
    """instance -> role, as it says of the group."""
    return {member["instance"]: member["role"]
            for member in page(bridge, "/v1/group")["members"]}


def metric(bridge, name):
    """The value of a metric without labels of ours but the group."""
    for line in get(bridge, "/metrics")[1].splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            return float(line.rsplit(" ", 1)[1])
    return None


class Watch(threading.Thread):
    """Asks for a page again and again, each time on a new connection, until it
    is ended. slowest: s, without what was waited for a processor; failed: what was
    not answered."""

    def __init__(self, bridge, path):
        super().__init__()
        self.bridge, self.path = bridge, path
        self.answers, self.failed, self.slowest = set(), [], 0.0
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(PERIOD):
            watch = Stopwatch(self.bridge)
            try:
                self.answers.add(get(self.bridge, self.path))
            except OSError as error:
                self.failed.append(str(error))
            self.slowest = max(self.slowest, watch.read())

    def end(self):
        self.over.set()
        self.join()
        return self
