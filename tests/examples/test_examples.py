"""Each example decides by its list, is killed in the middle, goes on where it
was, and what it decides again has no effect."""

import re

import pytest

from harness import where
from harness.process import Process
from harness.shape import check_result

ROOT = where.ROOT / "examples"
LANGUAGES = ["python", "go", "java", "node"]
SOURCES = {
    "python": ["approver.py"],
    "go": ["main.go"],
    "java": ["src/main/java/com/example/ztp/Approver.java"],
    "node": ["approver.js"],
}
LOCKS = {
    "python": ["requirements.txt"],
    "go": ["go.mod", "go.sum"],
    "java": ["pom.xml"],
    "node": ["package.json", "package-lock.json"],
}
PAYLOAD = {"ntp": "time.acme.example"}


def command(language):
    built = where.build() / "examples" / language
    return {
        "python": [built / "bin/python", ROOT / "python/approver.py"],
        "go": [built / "approver"],
        "java": ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-jar",
                 built / "approver.jar"],
        "node": ["node", built / "approver.js"],
    }[language]


class Example(Process):
    def __init__(self, language, rig, allowed, group="approver"):
        # A JVM that SIGTERM ended says 128 + 15.
        super().__init__(
            f"{language}-{group}",
            [*command(language), allowed],
            rig.folder,
            env={
                "KAFKA_BROKERS": rig.kafka.brokers,
                "KAFKA_GROUP": f"{rig.topics['requests']}-{group}",
                "REQUESTS_TOPIC": rig.topics["requests"],
            },
            clean_exit=143 if language == "java" else 0,
        )


def onboard(rig, leaf, count):
    devices = [rig.device() for _ in range(count)]
    for device in devices:
        rig.pending(device.path, leaf.forms["base64"])
    return devices


def check_device(rig, device, status):
    """Told once, with one result that says so."""
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_example(rig, ca, language):
    listed, stranger = ca.issue(), ca.issue()
    allowed = rig.folder / "allowed.txt"
    allowed.write_text(f"{listed.fingerprint}\n")

    first = rig.run(Example(language, rig, allowed))
    early = onboard(rig, listed, 3)
    rig.reader.wait(rig.topics["decisions"], timeout=60)
    first.kill9()
    late = onboard(rig, listed, 3)
    refused = onboard(rig, stranger, 1)
    first.start()
    for device in early + late:
        check_device(rig, device, "approved")
    for device in refused:
        check_device(rig, device, "rejected")

    # Another that begins at the beginning decides all of it once more.
    again = rig.run(Example(language, rig, allowed, "second"))
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
    assert not rig.reader.find(rig.topics["dlq"])
    for process in (again, first):
        process.stop()


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
        # Where it was fetched from is the reader's own affair.
        assert '"resolved"' not in text
        assert not re.search(r"\b(localhost|\d+\.\d+\.\d+\.\d+:\d+)\b", text)
