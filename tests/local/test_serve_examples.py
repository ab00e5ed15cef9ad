"""examples/http: an approver in shell, run as it stands there."""

import hashlib
import json
import os
import subprocess
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.door import Door, Simulated, Written, fresh_topics, path_of
from harness.until import until
from harness.where import ROOT

TOKEN = "a-token"


def run(door, script, *args, token=TOKEN, expect=0):
    done = subprocess.run(
        [ROOT / "examples/http" / script, *args], check=False, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        env={**os.environ, "ZTP_URL": door.url, "ZTP_TOKEN": token})
    assert done.returncode == expect, done.stderr + done.stdout
    return done.stdout + done.stderr


def running(door, script, *args):
    return subprocess.Popen(
        [ROOT / "examples/http" / script, *args], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "ZTP_URL": door.url})


def test_the_approver(tmp_path, mock_kafka):
    topics = fresh_topics(mock_kafka)
    known = ["ab" * 32, "cd" * 32]
    listed = tmp_path / "allowed.txt"
    listed.write_text("\n".join(["# ours", f"{known[0]}  -", known[1].upper()]))
    payload = tmp_path / "pump.json"
    payload.write_text('{"interval_s": 60}\n')
    tokens = tmp_path / "tokens"
    tokens.write_text(
        f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()} acme\n")
    tokens.chmod(0o600)
    door = Door(tmp_path, mock_kafka, topics, "--tokens", tokens).start()
    door.session.headers["Authorization"] = f"Bearer {TOKEN}"
    played = Simulated(tmp_path, mock_kafka, topics, "--count", "4",
                       "--fingerprints", listed).start()
    until(lambda: len(door.open_ids()) == 4, "all are open")
    assert "answers 401" in run(door, "approver", listed, token="x", expect=1)
    lines = run(door, "approver", listed, payload).splitlines()
    assert sorted(line.split()[1:] for line in lines) == [
        ["200", "onboarded"]] * 2 + [["200", "rejected"]] * 2
    assert run(door, "approver", listed) == ""
    played.wait_exit()
    door.stop()


@pytest.fixture
def asked(tmp_path, mock_kafka):
    """A request that is open, whose device is listed."""
    topics = fresh_topics(mock_kafka)
    door = Door(tmp_path, mock_kafka, topics).start()
    bridge = Written(mock_kafka, topics)
    bridge.ask("r-1", path_of("pump"))
    until(lambda: len(door.open_ids()) == 1, "it is open")
    listed = tmp_path / "allowed.txt"
    listed.write_text("ab" * 32)
    yield types.SimpleNamespace(door=door, bridge=bridge, listed=listed,
                                payload=tmp_path / "payload.json")
    bridge.close()
    door.stop()


def test_a_corrected_decision_is_a_new_one(asked):
    """As when a payload was too large: the request stays open."""
    door, bridge = asked.door, asked.bridge
    listed, payload = asked.listed, asked.payload

    def decide(count, text, answer, expect):
        payload.write_text(text)
        with running(door, "approver", listed, payload) as child:
            record = bridge.decisions("r-1", count)[-1]
            bridge.answer(record, *answer)
            said = child.communicate(timeout=60)[0]
            assert child.returncode == expect, said
            return said

    invalid = ("invalid", 400, "INVALID_ARGUMENT", "the payload is too large")
    assert "r-1 400 invalid" in decide(1, '"long"', invalid, 1)
    said = run(door, "approver", listed, payload, expect=1)
    assert "r-1 400 invalid" in said  # the same again has the same answer
    taken = ("onboarded", 200, "OK")
    assert "r-1 200 onboarded" in decide(2, '"short"', taken, 0)


class Falling(BaseHTTPRequestHandler):
    """Lists two requests, and closes the connection instead of an answer to a
    decision."""

    def do_GET(self):
        text = json.dumps({"requests": [
            {"request_id": f"r-{n}",
             "certificate": {"fingerprint_sha256": "ab" * 32}}
            for n in range(2)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def falling():
    with ThreadingHTTPServer(("127.0.0.1", 0), Falling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield types.SimpleNamespace(
            url=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_the_approver_says_that_nobody_answers(tmp_path, falling):
    listed = tmp_path / "allowed.txt"
    listed.touch()
    said = run(falling, "approver", listed, expect=1)
    assert "r-0 000 -\n" in said and "r-1" not in said


@pytest.mark.parametrize("script, args", [
    ("approver", ()), ("approver", ("a", "b", "c")),
    ("allow_list", ()), ("allow_list", ("a", "b"))])
def test_without_its_list(falling, script, args):
    said = run(falling, script, *args, expect=2)
    assert said.startswith(f"usage: {script} LIST") and said.count("\n") == 1


def test_a_payload_is_sent_as_it_is_written(asked):
    """jq 1.6 would make other digits of it."""
    door, bridge = asked.door, asked.bridge
    listed, payload = asked.listed, asked.payload
    for text in ("", '{"a":1} {"b":2}', '{"a":1,}'):
        payload.write_text(text)
        said = run(door, "approver", listed, payload, expect=1)
        assert "payload.json is not JSON" in said
    text = '{"serial": 12345678901234567890,\n "x": 1.10}'
    payload.write_text(text + "\n")
    with running(door, "approver", listed, payload) as child:
        record, = bridge.decisions("r-1")
        assert text.encode() in record.value
        bridge.answer(record, "onboarded", 200, "OK")
        said = child.communicate(timeout=60)[0]
    assert child.returncode == 0 and "r-1 200 onboarded" in said


def test_a_lost_connection_is_no_refusal(falling):
    assert "curl: " in run(falling, "omnicore", "s/r/d", "reject", expect=1)


@pytest.mark.parametrize("args", [
    (), ("s/r/d",), ("s/r/d", "Approve"), ("s/r/d", "aprove", "hi"),
    ("s/r/d", "reject", "hi"), ("s/r", "approve"), ("s//d", "reject")])
def test_omnicore_takes_nothing_else_for_a_rejection(falling, args):
    assert run(falling, "omnicore", *args, expect=2).startswith("usage: ")


def test_omnicore(tmp_path, mock_kafka):
    topics = fresh_topics(mock_kafka)
    door = Door(tmp_path, mock_kafka, topics).start()
    bridge = Written(mock_kafka, topics)
    here, gone = "acme/plant-7/pump", "acme/plant-7/gone"
    for name in ("pump", "gone"):
        bridge.ask(name, path_of(name))
    until(lambda: len(door.open_ids()) == 2, "both are open")
    bridge.end("gone", path_of("gone"), "onboarded", 200, "OK")
    until(lambda: len(door.open_ids()) == 1, "one has ended")
    for device, code in ((gone, 409), ("acme/plant-7/nobody", 404)):
        said = run(door, "omnicore", device, "approve", "hi", token="",
                   expect=3)
        assert f'"code":{code}' in said
    with running(door, "omnicore", here, "approve", 'say "hi"') as asked:
        record, = bridge.decisions("pump")
        assert record.json()["customOnboardData"] == 'say "hi"'
        result = bridge.answer(record, "onboarded", 200, "OK")
        assert json.loads(asked.communicate(timeout=60)[0]) == result
    assert asked.returncode == 0
    bridge.close()
    door.stop()
