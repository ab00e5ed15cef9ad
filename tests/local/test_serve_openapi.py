"""The running server does what docs/openapi.json says, in the eyes of
schemathesis: it makes requests of its own from the document, right ones and
wrong ones, and looks at every answer."""

import hashlib
import json
import subprocess

from harness.door import Door, Simulated, fresh_topics
from harness.until import until
from harness.where import ROOT

TOKEN = "for-schemathesis-only"
CONFIG = ROOT / "tests/local/schemathesis.toml"


def test_schemathesis_finds_nothing(tmp_path, mock_kafka):
    program = subprocess.run(
        [ROOT / "scripts/schemathesis-fetch"], check=True, text=True,
        stdout=subprocess.PIPE).stdout.strip()
    tokens = tmp_path / "tokens"
    tokens.write_text(
        f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()} acme\n")
    tokens.chmod(0o600)
    topics = fresh_topics(mock_kafka)
    door = Door(tmp_path, mock_kafka, topics, "--tokens", tokens).start()
    door.session.headers["Authorization"] = f"Bearer {TOKEN}"
    played = Simulated(tmp_path, mock_kafka, topics, "--count", "500").start()
    until(lambda: len(door.open_ids()) >= 450, "there are requests")
    done = subprocess.run(
        [program, "--config-file", CONFIG, "run", f"{door.url}/openapi.json",
         "--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "12",
         "--seed", "1", "--generation-database", "none", "--no-color"],
        cwd=tmp_path, text=True, check=False, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert len(door.open_ids()) < 500, f"it has decided none: {done.stdout}"
    played.stop()
    door.stop()


def test_the_document_is_the_one_in_the_tree(tmp_path, mock_kafka):
    door = Door(tmp_path, mock_kafka, fresh_topics(mock_kafka)).start()
    answer = door.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == json.loads(
        (ROOT / "docs/openapi.json").read_text())
    door.stop()
