"""ztp-approver and the examples in Python and in shell read the same lists
(harness/lists.py); the other examples do in tests/examples."""

import hashlib
import subprocess
import uuid

import pytest

from harness import lists, where
from harness.approver import Approver
from harness.bridge import topic_names
from harness.topics import Reader, Writer
from harness.until import until

FINGERPRINTS = [hashlib.sha256(form.encode()).hexdigest() for form in lists.FORMS]
STRANGER = "00" * 32
REFUSED = list(lists.refused(FINGERPRINTS[0]))


@pytest.mark.parametrize("text", lists.texts(FINGERPRINTS))
def test_the_example_takes(tmp_path, text):
    (tmp_path / "list").write_bytes(text.encode())
    assert lists.read_list(tmp_path / "list") == set(FINGERPRINTS)


@pytest.mark.parametrize("name, text", REFUSED)
def test_the_example_refuses(tmp_path, name, text):
    (tmp_path / "list").write_bytes(text.encode())
    with pytest.raises(ValueError, match="list:3: "):
        lists.read_list(tmp_path / "list")


def read_in_shell(path):
    done = subprocess.run(
        [where.ROOT / "examples/http/allow_list", path], check=False,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return done.stdout.split()


@pytest.mark.parametrize("text", lists.texts(FINGERPRINTS))
def test_the_example_in_shell_takes(tmp_path, text):
    (tmp_path / "list").write_bytes(text.encode())
    assert set(read_in_shell(tmp_path / "list")) == set(FINGERPRINTS)


@pytest.mark.parametrize("name, text", REFUSED)
def test_the_example_in_shell_refuses(tmp_path, name, text):
    (tmp_path / "list").write_bytes(text.encode())
    with pytest.raises(ValueError, match="list:3: "):
        read_in_shell(tmp_path / "list")


@pytest.mark.parametrize("data, taken",
                         lists.other_encodings(FINGERPRINTS[0]))
def test_other_encodings(tmp_path, data, taken):
    """The examples and the tool."""
    (tmp_path / "list").write_bytes(data)
    (tmp_path / "rules.yaml").write_text(
        "rules: [{match: {fingerprints_file: list}, action: approve}]")
    done = subprocess.run(
        [where.binary("ztp-approver"), "test", "--rules",
         tmp_path / "rules.yaml"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False)
    if taken:
        assert lists.read_list(tmp_path / "list") == {FINGERPRINTS[0]}
        assert read_in_shell(tmp_path / "list") == [FINGERPRINTS[0]]
        assert (done.returncode, done.stderr) == (0, "")
    else:
        with pytest.raises(ValueError, match="list:1: "):
            lists.read_list(tmp_path / "list")
        with pytest.raises(ValueError, match="list:1: "):
            read_in_shell(tmp_path / "list")
        assert done.returncode == 2 and f"{tmp_path}/list:1: " in done.stderr


@pytest.mark.parametrize("form", ["{colons}", "{COLONS}", "{HEX}",
                                  "sha256 Fingerprint={COLONS}"])
def test_the_command_line_takes(tmp_path, form):
    """In rules and in --fingerprint; -X ends the second one."""
    given = lists.written(form, FINGERPRINTS[0])
    rules = tmp_path / "rules.yaml"
    rules.write_text(f'rules: [{{match: {{fingerprints: "{given}"}}, '
                     "action: approve}]")
    for args in (["test", "--rules", rules],
                 ["decide", "r", "--approve", "--device",
                  "subscriptions/a/registries/b/devices/c", "--fingerprint",
                  given, "-X", "=", "--timeout", "1"]):
        done = subprocess.run(
            [where.binary("ztp-approver"), *args], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False)
        assert "ingerprint" not in done.stderr, done.stderr


def test_the_tool_takes(tmp_path, mock_kafka):
    """One rule for each list, which its registry names."""
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    mock_kafka.create(topics.values())
    rules, asked = ["rules:"], {}
    for i, text in enumerate(lists.texts(FINGERPRINTS)):
        (tmp_path / f"list-{i}").write_bytes(text.encode())
        rules.append(f"- {{match: {{registry: r{i}, fingerprints_file: "
                     f"list-{i}}}, action: approve}}")
        for fingerprint in [*FINGERPRINTS, STRANGER]:
            asked[uuid.uuid4().hex] = (f"r{i}", fingerprint)
    (tmp_path / "rules.yaml").write_text("\n".join(rules))
    writer = Writer(mock_kafka.brokers)
    for name, (registry, fingerprint) in asked.items():
        path = f"subscriptions/a/registries/{registry}/devices/d"
        writer.send(topics["requests"], {
            "request_id": name, "device": {"path": path},
            "certificate": {"fingerprint_sha256": fingerprint}}, key=path)
    approver = Approver(tmp_path, mock_kafka.brokers, topics, "--rules",
                        tmp_path / "rules.yaml").start()
    reader = Reader(mock_kafka.brokers, [topics["decisions"]])

    def all_decided():
        reader.poll()
        return len(reader.records) == len(asked)

    until(all_decided, "every request is decided")
    for record in reader.records:
        decision = record.json()
        known = asked[decision["request_id"]][1] != STRANGER
        assert decision["decision"] == ("approve" if known else "reject"), (
            asked[decision["request_id"]])
    approver.stop()
    reader.close()


@pytest.mark.parametrize("name, text", REFUSED)
def test_the_tool_refuses(tmp_path, name, text):
    (tmp_path / "list").write_bytes(text.encode())
    (tmp_path / "rules.yaml").write_text(
        "rules: [{match: {fingerprints_file: list}, action: approve}]")
    done = subprocess.run(
        [where.binary("ztp-approver"), "run", "--rules",
         tmp_path / "rules.yaml"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == 2
    assert f"{tmp_path}/list:3: " in done.stderr
    assert "SHA-256" in done.stderr and len(done.stderr.splitlines()) == 1
