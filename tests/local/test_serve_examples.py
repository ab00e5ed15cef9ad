"""examples/http: an approver in shell, run as it stands there."""

import hashlib
import json
import os
import subprocess

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
    with subprocess.Popen(
            [ROOT / "examples/http/omnicore", here, "approve", 'say "hi"'],
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, "ZTP_URL": door.url}) as asked:
        record, = bridge.decisions("pump")
        assert record.json()["customOnboardData"] == 'say "hi"'
        result = bridge.answer(record, "onboarded", 200, "OK")
        assert json.loads(asked.communicate(timeout=60)[0]) == result
    assert asked.returncode == 0
    bridge.close()
    door.stop()
