"""With several bridges each has a topic of decisions of its own. The examples go on
where one of them takes no decision, and forget nothing."""

import re
import time
import types

import pytest

from harness.example import LANGUAGES, Example, built
from harness.topics import Reader, Writer

WITHIN = 60.0  # s; a client takes its time to say that there is no such topic


class Cells:
    """Of two topics of decisions only one is there."""

    def __init__(self, folder, kafka, language):
        (built(language) / "allowed.txt").write_text("f" * 64)
        self.kafka = kafka
        self.requests, self.here, self.there = (
            f"cells-{language}-{name}" for name in ("in", "here", "there"))
        kafka.create([self.requests, self.here], partitions=1)
        self.writer = Writer(kafka.brokers)
        self.reader = Reader(kafka.brokers, [self.here])
        self.example = Example(language, types.SimpleNamespace(
            folder=folder, kafka=kafka, topics={"requests": self.requests}))

    def ask(self, name, topic, left_s=3600):
        ends = time.gmtime(time.time() + left_s)
        self.writer.send(self.requests, {
            "request_id": name, "device": {"path": f"path-{name}"},
            "certificate": {"fingerprint_sha256": "f" * 64},
            "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", ends),
            "decision_topic": topic}, f"path-{name}")

    def decided(self, name):
        self.reader.wait(self.here, key=f"path-{name}", timeout=WITHIN)

    def told(self):
        """Of what it was, since it was started."""
        return re.findall(r"^(?:approve|reject) path-(.*)$",
                          self.example.log(), re.M)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_topic_that_is_not_there(tmp_path, real_kafka, language):
    cells = Cells(tmp_path, real_kafka, language)
    cells.ask("there", cells.there)
    cells.ask("short", cells.there, left_s=4)
    cells.ask("here", cells.here)
    cells.example.start()
    cells.decided("here")
    cells.example.wait_log(
        f"(?m){cells.there} does not take a decision: .*others go on",
        timeout=WITHIN)
    cells.ask("next", cells.here)
    cells.decided("next")
    cells.example.wait_log(
        rf"{cells.requests}\[0\] at offset 1 is left undecided: it has expired",
        timeout=WITHIN)

    cells.example.kill9()
    cells.example.start()
    cells.example.wait_log("does not take a decision", timeout=WITHIN)
    cells.ask("later", cells.here)
    cells.decided("later")
    real_kafka.create([cells.there], partitions=1)
    there = Reader(real_kafka.brokers, [cells.there])
    assert there.wait(timeout=WITHIN)[0].json()["request_id"] == "there"
    cells.example.wait_log("approve path-there", timeout=WITHIN)

    cells.example.stop()
    cells.ask("last", cells.here)
    cells.example.start()
    cells.decided("last")
    cells.example.wait_log("approve path-last", timeout=WITHIN)
    assert cells.told() == ["last"]  # the others are committed
    assert len(there.records) == 1
    cells.example.stop()
    there.close()
    cells.reader.close()
