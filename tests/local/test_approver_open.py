"""What ztp-approver decides, and what it leaves alone: requests that have ended,
those that a rule leaves, and everything in a dry run. Kafka's records are this
test's own; no bridge answers."""

import json
import os
import shlex
import subprocess
import uuid

import pytest

from harness.approver import Approver, decide
from harness.bridge import topic_names
from harness.topics import Reader, Writer
from harness.where import binary

SOON = "2099-01-01T00:00:00.000Z"
PAST = "2020-01-01T00:00:00.000Z"


class World:
    """Topics of their own, and what is written to them."""

    def __init__(self, folder, kafka):
        self.folder, self.kafka = folder, kafka
        self.topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
        kafka.create(self.topics.values())
        self.writer = Writer(kafka.brokers)
        self.reader = Reader(kafka.brokers, [self.topics["decisions"]])
        self.running = []

    def ask(self, name, registry="plant-7", expires=SOON, byte="ab"):
        path = f"subscriptions/acme/registries/{registry}/devices/{name}"
        self.writer.send(self.topics["requests"], {
            "request_id": f"r-{name}", "device": {"path": path},
            "certificate": {"fingerprint_sha256": byte * 32},
            "expires_at": expires}, key=path)

    def end(self, name, outcome):
        self.writer.send(self.topics["results"], {
            "request_id": f"r-{name}", "outcome": outcome}, key=name)

    def run(self, *args, name="approver"):
        self.running.append(Approver(self.folder, self.kafka.brokers,
                                     self.topics, *args, name=name))
        return self.running[-1].start()

    def decided(self, count):
        """{name: decision}, once there are that many"""
        records = self.reader.wait(count=count)
        assert len(records) == count, records
        return {record.json()["request_id"][2:]: record.json()
                for record in records}

    def close(self):
        self.reader.close()
        for running in self.running:
            running.stop()


@pytest.fixture
def world(tmp_path, mock_kafka):
    world = World(tmp_path, mock_kafka)
    yield world
    world.close()


def fill(world):
    """Two of these are open."""
    world.ask("late", expires=PAST)
    for outcome in ("onboarded", "already_decided"):
        world.ask(outcome)
        world.end(outcome, outcome)
    for outcome in ("invalid", "unknown_request"):
        world.ask(outcome)
        world.end(outcome, outcome)


def test_many_headers(world):
    """None of them hides the others: run finds the trace behind 40, and watch
    shows all."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    path = "subscriptions/acme/registries/plant-7/devices/many"
    headers = [(f"x-{i}", b"y") for i in range(40)]
    world.writer.send(world.topics["requests"], {
        "request_id": "r-many", "device": {"path": path},
        "certificate": {"fingerprint_sha256": "ab" * 32}, "expires_at": SOON},
        key=path, headers=[*headers, ("traceparent", trace.encode())])
    world.run("--approve-all")
    decision, = world.reader.wait(count=1)
    assert decision.header("traceparent").split("-")[1] == trace.split("-")[1]
    done = subprocess.run(
        [binary("ztp-approver"), "watch", "--brokers", world.kafka.brokers,
         "--requests", world.topics["requests"], "--decisions",
         world.topics["decisions"], "--results", world.topics["results"],
         "--from-beginning", "--count", "2", "--json"], capture_output=True,
        text=True, timeout=30, check=True)
    shown, = (record for record in map(json.loads, done.stdout.splitlines())
              if record["topic"] == world.topics["requests"])
    assert len(shown["headers"]) == 41
    assert shown["headers"]["traceparent"] == trace


def test_a_text_with_quotation_marks_is_one_field(world):
    """Nobody's text in a line of watch looks like another field."""
    forged = 'no" outcome=onboarded code="200 \\'
    world.writer.send(world.topics["results"], {
        "request_id": "quoted", "outcome": "rejected", "code": 200,
        "status": 'O"K', "message": forged})
    done = subprocess.run(
        [binary("ztp-approver"), "watch", "--brokers", world.kafka.brokers,
         "--requests", world.topics["requests"], "--decisions",
         world.topics["decisions"], "--results", world.topics["results"],
         "--from-beginning", "--count", "1"], capture_output=True,
        text=True, timeout=30, check=True)
    fields = [part.partition("=") for part in shlex.split(done.stdout)]
    assert [value for name, _, value in fields if name == "outcome"] == [
        "rejected"]
    assert ("message", "=", forged) in fields
    assert ("status", "=", 'O"K') in fields


RULES = """\
default: leave
payloads:
- {match: {registry: plant-8}, payload_file: eight.json}
- {match: any, payload_template: device.json, content_type: a/b}
rules:
- name: known
  match: {fingerprints_file: list.txt}
  action: approve
- name: by hand
  match: {id: "odd-*"}
  action: leave
- name: the rest of plant 9
  match: {registry: plant-9, id: "*"}
  action: reject
"""


def test_a_header_that_is_given_twice(world):
    """The first one is what the bridge reads."""
    world.writer.send(world.topics["requests"], {"a": 1}, headers=[
        ("x", b"first"), ("y", b"z"), ("x", b"second"), ("X", b"other")])
    done = subprocess.run(
        [binary("ztp-approver"), "watch", "--json", "--from-beginning",
         "--count", "1", "--brokers", world.kafka.brokers, "--requests",
         world.topics["requests"], "--decisions", world.topics["decisions"],
         "--results", world.topics["results"]], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    pairs = []
    json.loads(done.stdout, object_pairs_hook=pairs.append)
    assert [("x", "first"), ("y", "z"), ("X", "other")] in pairs


def test_rules_in_one_day(world, tmp_path):
    """Begins with what is open, leaves what it is told to leave, fills in
    payloads, and reads its list again."""
    fill(world)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "eight.json").write_text('{"plant": 8}')
    (tmp_path / "device.json").write_text(
        '{"topic": "{device_path}/x", "is": ["{subscription} {registry}", '
        '"{device}", "{request_id}", "{fingerprint_sha256}"]}')
    listed = tmp_path / "list.txt"
    listed.write_text("\ufeff" + ":".join(["AB"] * 32) + "\r\n")
    world.ask("eight", registry="plant-8")
    approver = world.run("--rules", tmp_path / "rules.yaml")
    found = world.decided(3)
    assert set(found) == {"invalid", "unknown_request", "eight"}
    assert found["eight"]["payload"] == {"plant": 8}
    path = "subscriptions/acme/registries/plant-7/devices/invalid"
    assert found["invalid"]["payload"] == {
        "topic": f"{path}/x",
        "is": ["acme plant-7", "invalid", "r-invalid", "ab" * 32]}
    assert found["invalid"]["content_type"] == "a/b"
    approver.wait_log("ended or expired are not decided")

    for name in ("odd-1", "new-1"):
        world.ask(name, byte="cd")
        approver.wait_log(f" leave r-{name} ")
    listed.write_text("# nobody any more\nnonsense\n")
    approver.wait_log(r"list.txt:2: .*; the rules stay as they were")
    world.ask("still")
    world.decided(4)
    listed.write_text("sha256 Fingerprint=" + ":".join(["CD"] * 32) + "\n")
    approver.wait_log(r"rules.yaml: read again")
    world.ask("new-2", byte="cd")
    assert world.decided(5)["new-2"]["decision"] == "approve"
    world.ask("gone", registry="plant-9")
    assert world.decided(6)["gone"]["decision"] == "reject"
    approver.stop()

    # All of that is committed, also what was left.
    fresh = world.run("--approve-all", "--dry-run")
    world.ask("last")
    fresh.wait_log(" approve r-last ")
    assert " r-odd-1 " not in fresh.log()
    world.decided(6)


def test_a_list_is_read_again_by_whatever_has_changed(world, tmp_path):
    """Copied over with `cp -p`: of the same size, and of the same time as all
    that a build has made."""
    listed = tmp_path / "list.txt"
    (tmp_path / "rules.yaml").write_text(
        "rules: [{match: {fingerprints_file: list.txt}, action: approve}]")

    def put(byte):
        listed.write_text(byte * 32)
        os.utime(listed, (1, 1))

    put("ab")
    approver = world.run("--rules", tmp_path / "rules.yaml")
    world.ask("listed")
    assert world.decided(1)["listed"]["decision"] == "approve"
    put("cd")
    approver.wait_log("rules.yaml: read again")
    world.ask("not-any-more")
    assert world.decided(2)["not-any-more"]["decision"] == "reject"
    approver.stop()


def test_a_dry_run_sends_and_commits_nothing(world):
    fill(world)
    dry = world.run("--approve-all", "--dry-run")
    dry.wait_log("dry run: nothing is sent or committed")
    dry.wait_log(" approve r-invalid ")
    dry.wait_log(" approve r-unknown_request ")
    dry.stop()
    whole = world.run("--approve-all", "--dry-run", "--from", "beginning",
                      "--count", "5")
    whole.wait_exit()
    world.run("--approve-all")
    assert set(world.decided(2)) == {"invalid", "unknown_request"}


def say(rules, folder, *more, command="test"):
    (folder / "rules.yaml").write_text(rules)
    return subprocess.run(
        [binary("ztp-approver"), command, "--rules", folder / "rules.yaml",
         *more], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False)


@pytest.mark.parametrize("rule, line, says", [
    ('{name: a, match: {id: "*"}, action: approve}', 2,
     "rule a matches every request and approves it"),
    ("{match: any, action: reject}", 2, "rule 1 matches every request"),
    ('{match: {registry: ["x", "**"], min_key_bits: 128}, action: leave}', 2,
     "rule 1 matches every request"),
    ('{match: {id: "*", registry: x}, action: approve}', None, ""),
])
def test_a_rule_for_all_says_so(tmp_path, rule, line, says):
    done = say(f"rules:\n- {rule}\n", tmp_path)
    assert done.returncode == 0
    assert done.stderr == ("" if line is None else
                           f"ztp-approver: {tmp_path}/rules.yaml:{line}: "
                           f"warning: {says}\n")


@pytest.mark.parametrize("text, says", [
    ('{"a": "{devices}"}', "t.json:1: {devices} is not a placeholder"),
    ('{\n"a": "{device_path}' + "x" * 65000 + '"}', "t.json: with the longest"),
])
def test_templates_are_checked(tmp_path, text, says):
    (tmp_path / "t.json").write_text(text)
    done = say("rules: [{match: {id: a}, action: approve, "
               "payload_template: t.json}]", tmp_path)
    assert done.returncode == 2 and says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def run_tool(*args):
    return subprocess.run(
        [binary("ztp-approver"), *args], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("args, says", [
    (["run", "--approve-all", "--from", "today"], "--from: bad value: today"),
    (["watch", "--dry-run"], "--dry-run is not an option of this command"),
    (["decide", "r", "--approve", "--dry-run"], "--dry-run of decide needs"),
    (["decide", "--all", "--approve"], "--all and --match RULES need"),
    (["decide", "r", "--match", "any", "--approve"], "--all and --match"),
    (["decide", "--all", "--match", "any", "--approve", "r"],
     "unexpected argument: r"),
    (["decide", "--all", "--match", "any"], "--approve or --reject is missing"),
    (["decide", "--all", "--match", "ids: a", "--reject"],
     "--match:1: ids: unknown key"),
    (["decide", "--all", "--match", "{}", "--reject"],
     "--match:1: it matches every request"),
    (["decide", "--all", "--match", "a", "--reject"],
     "--match:1: a mapping is expected"),
    (["decide", "--all", "--match", "[", "--reject"], "--match: YAML"),
], ids=lambda value: value[0] if isinstance(value, list) else "")
def test_what_is_wrong_is_named(args, says):
    done = run_tool(*args)
    assert done.returncode == 2 and says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_decide_all(rig, ca):
    """Those that match, once each, and what became of each of them."""
    registry = f"r{uuid.uuid4().hex[:8]}"
    devices = [rig.device(f"subscriptions/acme/registries/{registry}"
                          f"/devices/{name}") for name in ("a-1", "a-2", "b-1")]
    for device in devices:
        rig.pending(device.path, ca.leaf().pem)
        rig.request(device.path)
    match = f'{{registry: {registry}, id: "a-*"}}'

    def say_all(*more):
        return decide(rig.kafka.brokers, rig.topics, "--all", "--match", match,
                      "--approve", *more)

    dry = say_all("--dry-run")
    assert dry.returncode == 0 and dry.stdout.count(" approve ") == 2
    done = say_all()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" approve ") == 2
    assert done.stdout.count(" onboarded 200 OK") == 2
    again = say_all()
    assert again.returncode == 0 and again.stdout == ""
    assert again.stderr == "ztp-approver: no open request matches\n"
    match = f"registry: {registry}"
    left = rig.request(devices[2].path).json()["request_id"]
    done = say_all("--no-wait")
    assert [line.split()[2] for line in done.stdout.splitlines()] == [left]
