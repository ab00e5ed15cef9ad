"""Each example decides by its list, is killed in the middle, and continues
where it was. What it decides again has no effect."""

import json
import re
import subprocess
import types

import pytest

from cluster.writer import producer
from harness.example import (
    LANGUAGES,
    ROOT,
    Example,
    built,
    environment,
    table,
)
from harness.shape import check_result
from harness.topics import Reader, Writer
from harness.until import until

SOURCES = {
    "python": ["approver.py", "allow_list.py", "decision.py", "later.py",
               "told.py"],
    "go": ["main.go", "answer.go", "decision.go", "later.go", "list.go"],
    "java": ["src/main/java/com/example/ztp/Approver.java",
             "src/main/java/com/example/ztp/AllowList.java",
             "src/main/java/com/example/ztp/Answers.java",
             "src/main/java/com/example/ztp/Later.java",
             "src/main/java/com/example/ztp/Request.java"],
    "node": ["approver.js", "later.js", "list.js", "requests.js"],
}
LOCKS = {
    "python": ["requirements.txt"],
    "go": ["go.mod", "go.sum"],
    "java": ["pom.xml"],
    "node": ["package.json", "package-lock.json"],
}
UNREADABLE = [None, "", "not JSON", "null", "[]", '"text"', "1", "{}", b"\xff",
              {"request_id": 1}, ["request_id"], "[" * 100000,
              '{"request_id":"r","device":[],"certificate":{}}',
              {"request_id": "", "device": {"path": "p"},
               "certificate": {"fingerprint_sha256": "f"}},
              {"request_id": "r", "device": {"path": "p"},
               "certificate": {"fingerprint_sha256": 7}}]
PAYLOAD = {"ntp": "time.acme.example"}


def onboard(rig, leaf, count):
    devices = [rig.device() for _ in range(count)]
    for device in devices:
        rig.pending(device.path, leaf.forms["base64"])
    return devices


def check_device(rig, device, status):
    """The device was told once, with one result that says so."""
    told = device.wait(device.command_topic, timeout=60)
    assert [m.json()["status"] for m in told] == [status]
    outcome = "onboarded" if status == "approved" else "rejected"
    request = rig.request(device.path).json()
    result = rig.result(
        device.path, match=lambda r: r.json()["outcome"] != "duplicate",
        timeout=60,
    )
    at = result.json()["decision"]
    check_result(result, outcome, device.path, request["request_id"],
                 (at["topic"], at["partition"], at["offset"]))
    if status == "approved":
        assert told[0].json()["payload"] == PAYLOAD
    else:
        assert told[0].json()["reason"] == "not_on_list"


def ask_in_vain(rig, like):
    """A request in a transaction that is aborted, as when one of several
    bridges gives up a turn; returns its path."""
    path = f"{like.key}-never"
    body = like.json()
    body["request_id"] += "-never"
    body["device"]["path"] = path
    made = producer(rig.kafka.brokers, f"{rig.topics['requests']}-never")
    made.init_transactions(30)
    made.begin_transaction()
    made.produce(rig.topics["requests"], json.dumps(body), path)
    made.flush(30)
    made.abort_transaction(30)
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_example(rig, ca, language):
    listed, stranger = ca.issue(), ca.issue()
    (built(language) / "allowed.txt").write_text(f"{listed.fingerprint}\n")

    first = rig.run(Example(language, rig))
    early = onboard(rig, listed, 3)
    rig.reader.wait(rig.topics["decisions"], timeout=60)
    first.kill9()
    never = ask_in_vain(rig, rig.request(early[0].path))
    late = onboard(rig, listed, 3)
    refused = onboard(rig, stranger, 1)
    first.start()
    for device in early + late:
        check_device(rig, device, "approved")
    for device in refused:
        check_device(rig, device, "rejected")

    # Another one that starts from the beginning decides everything once more.
    again = rig.run(Example(language, rig, "second"))
    devices = early + late + refused
    for device in devices:
        rig.reader.wait(
            rig.topics["results"], key=device.path, timeout=60,
            match=lambda r: r.json()["outcome"] == "duplicate",
        )
    for device in devices:
        assert len(device.messages) == 1, device.path
    outcomes = {r.json()["outcome"]
                for r in rig.reader.find(rig.topics["results"])}
    assert outcomes == {"onboarded", "rejected", "duplicate"}
    assert not rig.reader.find(rig.topics["decisions"], key=never)
    assert not rig.reader.find(rig.topics["dlq"])
    for process in (again, first):
        process.stop()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", ["", " a b"], ids=["none", "two"])
def test_without_its_list(language, words):
    """One line, and no stack of calls."""
    folder = built(language)
    command = table()[language][1].removesuffix(" allowed.txt") + words
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(folder),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False)
    said = [line for line in done.stderr.splitlines()
            if not line.startswith("Picked up JAVA_TOOL_OPTIONS")]
    assert done.returncode == 2 and done.stdout == "", done
    assert len(said) == 1 and said[0].startswith("usage: "), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_a_request(tmp_path, real_kafka, language):
    """It is told of once, and holds up nobody."""
    (built(language) / "allowed.txt").write_text("f" * 64)
    topics = {name: f"unreadable-{language}-{name}" for name in ("in", "out")}
    real_kafka.create(topics.values(), partitions=1)
    rig = types.SimpleNamespace(folder=tmp_path, kafka=real_kafka,
                                topics={"requests": topics["in"]})
    writer = Writer(real_kafka.brokers)
    reader = Reader(real_kafka.brokers, [topics["out"]])

    def ask(name):
        writer.send(topics["in"], {
            "request_id": name, "device": {"path": f"path-{name}"},
            "certificate": {"fingerprint_sha256": "f" * 64},
            "decision_topic": topics["out"]}, f"path-{name}")
        return reader.wait(topics["out"], key=f"path-{name}", timeout=60)[0]

    def told(example):
        return [int(n) for n in re.findall(
            rf"{topics['in']}\[0\] at offset (\d+) is not a request",
            example.log())]

    for value in UNREADABLE:
        writer.send(topics["in"], value, "key")
    example = Example(language, rig).start()
    assert ask("first").json()["decision"] == "approve"
    assert told(example) == list(range(len(UNREADABLE)))
    _, last = writer.send(topics["in"], None, "alone")
    until(lambda: last in told(example), "it is told of")
    example.stop()
    example.start()
    assert ask("second").json()["request_id"] == "second"
    assert told(example) == []
    assert [r.json()["request_id"] for r in reader.find(topics["out"])] == [
        "first", "second"]
    example.stop()


def test_all_are_told_of():
    assert list(table()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_is_short(language):
    for name in SOURCES[language]:
        lines = (ROOT / language / name).read_text().splitlines()
        assert len(lines) < 100, name
        assert max(map(len, lines)) <= 100, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_is_locked(language):
    for name in LOCKS[language]:
        text = (ROOT / language / name).read_text()
        assert text.strip(), name
        # The locks do not say where a package was fetched from.
        assert '"resolved"' not in text
        assert not re.search(r"\b(localhost|\d+\.\d+\.\d+\.\d+:\d+)\b", text)
