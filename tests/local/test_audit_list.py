"""`ztpctl audit list`: what the audit topic holds, bounded and selected."""

import datetime
import json
import subprocess
import uuid

import pytest
from confluent_kafka import Producer

from harness.where import binary
from harness.ztpctl import environment

PATH = "subscriptions/acme/registries/plant-7/devices/pump-"
CODES = ("connected", "untrusted_issuer", "bad_proof")


def at(minutes_ago):
    now = datetime.datetime.now(datetime.timezone.utc)
    then = now - datetime.timedelta(minutes=minutes_ago)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="module")
def topic(mock_kafka):
    """Ninety records of the last ninety minutes, and what is none, in a topic
    of four partitions."""
    name = f"audit-{uuid.uuid4().hex[:8]}"
    mock_kafka.create([name])
    producer = Producer({"bootstrap.servers": mock_kafka.brokers})
    for i in range(90):
        record = {"at": at(90 - i), "verdict": "refused", "code": CODES[i % 3],
                  "device_path": f"{PATH}{i % 7}",
                  "remote_addr": "127.0.0.1"}
        producer.produce(name, json.dumps(record), key=record["device_path"],
                         timestamp=int(datetime.datetime.fromisoformat(
                             record["at"].replace("Z", "+00:00")
                         ).timestamp() * 1000))
    producer.produce(name, "no record")
    producer.produce(name, None, key="k")
    producer.flush()
    return name


@pytest.fixture
def audit(mock_kafka, topic, tmp_path):
    def run(*args, status=0, env=None):
        done = subprocess.run(
            [binary("ztpctl"), "audit", "list", "--topic", topic, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False, env=environment(
                tmp_path, **({"ZTPCTL_BROKERS": mock_kafka.brokers}
                             if env is None else env)))
        assert done.returncode == status, done
        return done

    return run


def records(done):
    return json.loads(done.stdout)


def of_the_last_hour(everything):
    return [record for record in everything if record["at"] >= at(60)]


def test_all_are_in_order(audit, mock_kafka):
    done = audit("--brokers", mock_kafka.brokers, "--json", env={})
    times = [record["at"] for record in records(done)]
    assert len(times) == 90 and times == sorted(times)
    assert done.stderr == ""
    lines = audit().stdout.splitlines()
    assert len(lines) == 90
    assert lines[-1].split()[1:] == ["refused", "bad_proof", "127.0.0.1",
                                     f"{PATH}5"]


def test_they_are_selected(audit):
    found = records(audit("--json", "--code", "bad_proof"))
    assert len(found) == 30 and {r["code"] for r in found} == {"bad_proof"}
    found = records(audit("--json", "--device", f"{PATH}3"))
    assert len(found) == 13 and {r["device_path"] for r in found} == {
        f"{PATH}3"}
    everything = records(audit("--json"))
    before = of_the_last_hour(everything)
    found = records(audit("--json", "--since", "1h"))
    assert before[-len(found):] == found
    assert len(found) >= len(of_the_last_hour(everything)) > 0
    assert records(audit("--json", "--since", at(30), "--code", "connected",
                         "--device", f"{PATH}0"))
    assert records(audit("--json", "--since", "0s")) == []
    assert audit("--code", "none").stdout == ""


def test_the_newest_are_kept(audit):
    everything = records(audit("--json"))
    done = audit("--json", "--count", "7")
    assert records(done) == everything[-7:]
    assert "83 older records are left out" in done.stderr


def test_what_cannot_be_read_is_said(audit, mock_kafka):
    said = audit(env={}, status=2).stderr
    assert "--brokers" in said
    said = audit("-X", "no.such=1", status=1).stderr
    assert "no.such" in said
    audit("-X", "group.id=x", status=2)
    assert "more than" in audit("--count", "100001", status=2).stderr


def test_strangers_words_do_not_reach_the_terminal(audit, mock_kafka):
    """Who may write to the topic can put any text into a record."""
    name = f"audit-{uuid.uuid4().hex[:8]}"
    mock_kafka.create([name])
    producer = Producer({"bootstrap.servers": mock_kafka.brokers})
    record = {"at": at(1), "verdict": "e\u202ef\u2066g\u200bh\u00fc\u2013",
              "code": "no\x1b[2J",
              "remote_addr": "a\u009b2Jb", "device_path": "c\nd\x7f"}
    producer.produce(name, json.dumps(record))
    producer.flush()
    shown = audit("--topic", name).stdout
    assert shown.count("\n") == 1
    assert r"no\x1b[2J" in shown and r"a\xc2\x9b2Jb" in shown
    # what turns a line around, or is not seen; and what is text
    assert r"e\xe2\x80\xaef\xe2\x81\xa6g\xe2\x80\x8bhü–" in shown
    assert shown.endswith("c\\x0ad\\x7f\n")
    assert records(audit("--topic", name, "--json")) == [record]
