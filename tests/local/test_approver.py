"""The reference customer used in place of a real one."""

import fcntl
import json
import os
import subprocess

import pytest

from harness.approver import Approver, decide
from harness.rig import device_path
from harness.where import binary

LARGEST = 256 * 1024  # bytes of a request that it decides


def approver(rig, *args, name):
    return Approver(
        rig.folder, rig.kafka.brokers, rig.topics, *args, name=name
    )


@pytest.mark.parametrize("form", ["native", "omnicore", "cloudevent"])
def test_approves_all(rig_with, ca, tmp_path, form):
    rig = rig_with()
    payload = tmp_path / "payload.json"
    payload.write_text('{"wifi": "x"}')
    rig.run(approver(
        rig, "--approve-all", "--payload", payload, "--format", form,
        name="yes",
    ))
    for _ in range(3):
        device = rig.device()
        rig.pending(device.path, ca.leaf().pem)
        command = device.wait(device.command_topic)[0].json()
        assert command["status"] == "approved"
        given = command["payload"]
        if form == "omnicore":
            given = json.loads(given)
        assert given == {"wifi": "x"}
        assert rig.result(device.path).json()["outcome"] == "onboarded"


def test_rejects_all(rig_with, ca):
    rig = rig_with()
    rig.run(approver(rig, "--reject-all", name="no"))
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    assert device.wait(device.command_topic)[0].json()["status"] == "rejected"
    assert rig.result(device.path).json()["outcome"] == "rejected"


def test_ends_after_count(rig, ca):
    running = approver(rig, "--approve-all", "--count", "2", name="two")
    running.start()
    paths = [device_path() for _ in range(2)]
    for path in paths:
        rig.device(path)
        rig.pending(path, ca.leaf().pem)
    for path in paths:
        rig.result(path)
    running.wait_exit()


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_decide(rig, ca, verdict):
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path).json()
    more = ["--reason", "not_ours"] if verdict == "reject" else []
    done = decide(
        rig.kafka.brokers, rig.topics, request["request_id"], f"--{verdict}",
        *more,
    )
    assert done.returncode == 0, done.stderr
    outcome = {"approve": "onboarded"}.get(verdict, "rejected")
    assert f" {outcome} 200 OK" in done.stdout.splitlines()[-1]
    command = device.wait(device.command_topic)[0].json()
    assert command["status"] == {"approve": "approved"}.get(
        verdict, "rejected"
    )
    if more:
        assert command["reason"] == "not_ours"


def test_decide_says_what_became_of_it(rig, ca):
    """Of this decision, not of another one about the same request."""
    def say(request_id, *more):
        return decide(rig.kafka.brokers, rig.topics, request_id, "--approve",
                      *more)

    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request_id = rig.request(device.path).json()["request_id"]
    assert say(request_id).returncode == 0
    again = say(request_id)
    assert again.returncode == 0 and " duplicate 200 OK" in again.stdout
    unknown = say("nobody", "--device", device.path)
    assert unknown.returncode == 3
    assert " unknown_request 404 NOT_FOUND: " in unknown.stdout


def test_decide_without_a_result(rig, ca):
    device = device_path()  # which does not come
    rig.pending(device, ca.leaf().pem)
    request_id = rig.request(device).json()["request_id"]
    done = decide(rig.kafka.brokers, rig.topics, request_id, "--approve",
                  "--timeout", 10)
    assert done.returncode == 4 and "no result in time" in done.stderr
    done = decide(rig.kafka.brokers, rig.topics, request_id, "--approve",
                  "--no-wait")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1


RULES = """\
default: {action: reject, reason: not_on_the_list}
rules:
- name: known
  match: {id: "pump-*"}
  action: approve
"""


def asked(device, fingerprint="ab" * 32):
    return {"request_id": f"r-{device}", "device": {
        "path": f"subscriptions/acme/registries/plant-7/devices/{device}",
        }, "certificate": {"fingerprint_sha256": fingerprint}}


def try_rules(tmp_path, text, *more):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    return subprocess.run(
        [binary("ztp-approver"), "test", "--rules", rules, *more],
        input=text, capture_output=True, text=True, timeout=60, check=False)


def test_what_would_be_decided(tmp_path):
    lines = [json.dumps(asked("pump-1")), "",
             json.dumps({"topic": "ztp.results", "value": {"a": 1}}),
             json.dumps({"topic": "ztp.requests", "value": asked("lamp-1")})]
    done = try_rules(tmp_path, "\n".join(lines))
    assert done.returncode == 0, done.stderr
    path = "subscriptions/acme/registries/plant-7/devices/"
    assert done.stdout.splitlines() == [
        f"approve r-pump-1 {path}pump-1 {'ab' * 32} known",
        f"reject r-lamp-1 {path}lamp-1 {'ab' * 32} default",
    ]


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \t\r\n"], ids=repr)
def test_blank_lines_are_passed_over(tmp_path, blank):
    done = try_rules(tmp_path, json.dumps(asked("pump-1")) + "\n" + blank)
    assert done.returncode == 0 and done.stderr == ""


def test_a_directory_is_no_stdin(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    done = subprocess.run(
        [binary("ztp-approver"), "test", "--approve-all"], stdin=folder,
        capture_output=True, text=True, timeout=60, check=False)
    os.close(folder)
    assert done.returncode == 1
    assert "cannot read stdin: Is a directory" in done.stderr


@pytest.mark.parametrize("bad, says", [
    ("{", "line 2: "), ("x" * (1 << 20) + "y", "line 2 is longer than 1 MiB"),
    (json.dumps({"request_id": "r"}), "line 2: "),
], ids=["json", "long", "member"])
def test_what_cannot_be_read_is_named(tmp_path, bad, says):
    """And what follows is read all the same."""
    good = json.dumps(asked("pump-1"))
    done = try_rules(tmp_path, f"{good}\n{bad}\n{good}\n")
    assert done.returncode == 1 and done.stdout.count("approve") == 2
    said, = done.stderr.splitlines()
    assert says in said


def test_nobody_reads_what_it_prints(rig, ca):
    """Decisions and SIGTERM do not wait for its output, which is one pipe."""
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
    running = approver(rig, "--approve-all", name="unread")
    child = subprocess.Popen(running.argv, stdin=subprocess.DEVNULL,
                             stdout=into, stderr=into)
    os.close(into)
    paths = [device_path() for _ in range(40)]  # 12 kB of lines
    for path in paths:
        rig.device(path)
        rig.pending(path, ca.leaf().pem)
    for path in paths:
        rig.result(path)
    assert child.poll() is None
    os.set_blocking(out, False)
    text = os.read(out, 1 << 16).decode()
    assert 0 < text.count(" approve ") < len(paths)
    last = rig.device()
    rig.pending(last.path, ca.leaf().pem)
    rig.result(last.path)
    child.terminate()
    assert child.wait(20) == 0
    assert "decisions were not shown" in os.read(out, 1 << 16).decode()
    os.close(out)


def test_requests_that_are_too_large(rig_with, ca):
    """One at the bound is decided; those over it are said and passed by."""
    rig = rig_with()
    path = device_path()
    rig.pending(path, ca.leaf().pem)
    bare = rig.request(path).json()
    topics = {**rig.topics, "requests": f"{rig.topics['requests']}-large"}
    rig.kafka.create([topics["requests"]])

    def write(size):
        body = {**bare, "request_id": f"of-{size}", "x": ""}
        body["x"] = "x" * (size - len(json.dumps(body)))
        rig.writer.send(topics["requests"], json.dumps(body), key=path)

    for size in (LARGEST + 1, *[LARGEST + 1000] * 100, LARGEST):
        write(size)
    running = rig.run(Approver(rig.folder, rig.kafka.brokers, topics,
                               "--reject-all", name="large"))
    rig.result(path, lambda r: r.json()["request_id"] == f"of-{LARGEST}")
    assert len(running.log()) < 100000
    rig.reader.poll()
    assert not rig.reader.find(
        rig.topics["decisions"], match=lambda r: r.json()["request_id"] in (
            f"of-{LARGEST + 1}", f"of-{LARGEST + 1000}"))
