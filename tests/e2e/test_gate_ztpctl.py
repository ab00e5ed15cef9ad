"""ztpctl against a real gate: every subcommand and its exit status."""

import json
import re
import subprocess

import pytest

from harness.certs import openssl
from harness.gate import OPERATOR, PASSWORD, Gate, path_of
from harness.ports import free_port
from harness.where import binary
from harness.ztpctl import Ctl, as_json


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server()).start()
    yield gate
    gate.stop()


@pytest.fixture
def ctl(gate, tmp_path):
    return Ctl(gate, tmp_path)


@pytest.fixture
def empty_gate(tmp_path, ca):
    """One without registries: (ztpctl, gate)."""
    gate = Gate(tmp_path / "gate", ca.server()).start()
    yield Ctl(gate, tmp_path), gate
    gate.stop()


def test_registries(ctl, ca):
    done = ctl("registry", "create", "acme/one", "--onboarding", "direct",
               "--audience", "acme", "--ca", ca.cert, "--json")
    assert as_json(done)["onboarding"] == "direct"
    assert len(as_json(done)["cas"]) == 1
    assert done.stderr == ""
    ctl("registry", "create", "acme/one", status=1)
    assert "audience" in ctl("registry", "create", "acme/two").stderr
    ctl("registry", "create", "no-slash", status=2)
    listed = as_json(ctl("registry", "list", "--json"))
    assert [r["registry"] for r in listed] == ["acme/one", "acme/two"]
    assert "acme/two" in ctl("registry", "list").stdout
    shown = as_json(ctl("registry", "show", "acme/two", "--json"))
    assert shown["onboarding"] == "custom" and "audience" not in shown
    shown = as_json(ctl("registry", "modify", "acme/two", "--onboarding",
                        "off", "--audience", "x", "--json"))
    assert (shown["onboarding"], shown["audience"]) == ("off", "x")
    ctl("registry", "delete", "acme/two")
    ctl("registry", "show", "acme/two", status=1)
    ctl("registry", "delete", "acme/two", status=1)


def test_forms_of_a_ca(ctl, ca, tmp_path):
    """Whatever form a file has, the gate gets the same certificate."""
    pem = ca.cert.read_text()
    lines = pem.strip().split("\n")
    forms = {
        "pem": pem.encode(),
        "der": openssl("x509", "-in", ca.cert, "-outform", "DER"),
        "text": openssl("x509", "-in", ca.cert, "-text"),
        "crlf": pem.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + pem.encode(),
        "one line": " ".join(lines).encode(),
        "base64": "".join(lines[1:-1]).encode(),
    }
    ctl("registry", "create", "acme/forms")
    for name, content in forms.items():
        file = tmp_path / name
        file.write_bytes(content)
        ctl("registry", "ca", "add", "acme/forms", file)
        [listed] = as_json(ctl("registry", "ca", "list", "acme/forms",
                               "--json"))
        fingerprint = listed["fingerprint_sha256"].upper()
        colons = ":".join(fingerprint[i:i + 2] for i in range(0, 64, 2))
        # It ends nobody, and is not asked about.
        ctl("registry", "ca", "remove", "acme/forms", colons)
    ctl("registry", "delete", "acme/forms")


def test_cas(ctl, gate, ca):
    ctl("registry", "create", "acme/cas")
    ctl("registry", "ca", "add", "acme/cas", ca.cert)
    ctl("registry", "ca", "add", "acme/cas", ca.cert, status=1)
    listed = as_json(ctl("registry", "ca", "list", "acme/cas", "--json"))
    mark = listed[0]["fingerprint_sha256"]
    assert mark in ctl("registry", "ca", "list", "acme/cas").stdout
    path = path_of("acme/cas")
    with gate.operator() as operator, gate.first(path, ca.issue()) as device:
        request = operator.pending(path)["request_id"]
        said = ctl("registry", "ca", "remove", "acme/cas", mark,
                   status=1).stderr
        assert "CN=registry-ca" in said and "ends 1 candidate;" in said
        assert "nothing was done" in said and "--yes" in said
        assert device.alive()
        done = ctl("registry", "ca", "remove", "acme/cas", mark, "--yes")
        assert done.stdout == ("CA removed from acme/cas; ended: 1 candidate, "
                               "1 held session\n")
        device.wait_ended()
        operator.wait_on("ztp/v1/withdrawn", request_id=request,
                         device_path=path, reason="ca_removed")
    said = ctl("registry", "ca", "remove", "acme/cas", mark, "--yes",
               status=1).stderr
    assert "NOT_FOUND" in said
    assert as_json(ctl("registry", "ca", "list", "acme/cas", "--json")) == []


def test_a_ca_that_cannot_be_read_or_is_none_makes_no_registry(ctl, ca,
                                                               tmp_path):
    ctl("registry", "create", "acme/none", "--ca", tmp_path / "gone", status=2)
    leaf = ca.leaf()
    ctl("registry", "create", "acme/none", "--ca", leaf.path, status=1)
    ctl("registry", "show", "acme/none", status=1)


def test_a_registry_without_a_ca_is_warned_of(ctl, ca):
    none = "has no CA: no device can join"
    for mode, *more in (("direct",), ("custom",), ("off",),
                        ("direct", "--ca", ca.cert)):
        name = f"acme/{mode}-{len(more)}-ca"
        said = ctl("registry", "create", name, "--onboarding", mode, *more)
        assert (none in said.stderr) == (mode != "off" and not more), said


def test_devices(ctl, gate, ca):
    ctl("registry", "create", "acme/dev", "--onboarding", "direct", "--ca",
        ca.cert)
    path, leaf = path_of("acme/dev"), ca.issue()
    with gate.first(path, leaf) as device:
        assert device.accepted
        listed = as_json(ctl("device", "list", "--json"))
        assert path in [d["device_path"] for d in listed]
        assert path in ctl("device", "list", "acme/dev").stdout
        shown = as_json(ctl("device", "show", path, "--json"))
        assert shown["fingerprint_sha256"] == leaf.fingerprint
        ctl("device", "block", path)
        device.wait_ended()
    assert "blocked" in ctl("device", "show", path).stdout
    ctl("device", "unblock", path)
    ctl("device", "delete", path)
    for command in ("show", "delete", "block", "unblock"):
        ctl("device", command, path, status=1)


def test_pending_and_audit(ctl, gate, ca):
    ctl("registry", "create", "acme/custom", "--ca", ca.cert)
    path = path_of("acme/custom")
    with gate.first(path, ca.issue()):
        listed = as_json(ctl("pending", "list", "--json"))
        assert path in [p["device_path"] for p in listed]
        assert path in ctl("pending", "list", "acme/custom").stdout
        assert path not in ctl("device", "list").stdout


def test_pending_reject(ctl, gate, ca):
    ctl("registry", "create", "acme/ended", "--ca", ca.cert)
    one, two, leaf = path_of("acme/ended"), path_of("acme/ended"), ca.issue()
    with gate.operator() as operator, gate.first(one, leaf) as device, \
            gate.first(two, ca.issue()):
        request = operator.pending(one)["request_id"]
        operator.pending(two)
        listed = ctl("pending", "list").stdout.splitlines()
        assert [line for line in listed if one in line
                and leaf.fingerprint in line], listed
        done = ctl("pending", "reject", request, "--retry-after", "0")
        assert done.stdout == (f"rejected {request}; ended: 1 candidate, "
                               "1 held session\n")
        device.wait_ended()
        operator.wait_on("ztp/v1/withdrawn", request_id=request,
                         device_path=one, reason="rejected")
        done = ctl("pending", "reject", two, "--json")
        assert as_json(done) == {"ended": 1, "sessions": 1}
        operator.wait_on("ztp/v1/withdrawn", device_path=two)
        for wrong in (request, two, path_of("acme/ended")):
            ctl("pending", "reject", wrong, status=1)
        ctl("pending", "reject", "x/y", status=2)
        ctl("pending", "list", "--retry-after", "1", status=2)
        assert operator.code(
            "createDevice", device_path=one, request_id=request,
            fingerprint_sha256=leaf.fingerprint) == "ABORTED"
        with gate.first(one, leaf) as again:
            assert again.accepted
            assert operator.pending(one, 2)["request_id"] != request
            said = ctl("registry", "delete", "acme/ended", status=1).stderr
            assert "ends 1 candidate;" in said and "--yes" in said
            assert ctl("registry", "delete", "acme/ended",
                       "--yes").stdout == (
                "deleted acme/ended; ended: 1 candidate, 1 held session\n")


def test_device_resend(ctl, gate, ca):
    ctl("registry", "create", "acme/again", "--ca", ca.cert)
    path, leaf = path_of("acme/again"), ca.issue()
    with gate.operator() as operator, gate.first(path, leaf) as device:
        operator.pending(path)
        ctl("device", "resend", path, status=1)
        operator.do("createDevice", device_path=path, request_id="r1",
                    fingerprint_sha256=leaf.fingerprint)
        ctl("device", "resend", path, status=1)
        device.subscribed(device.commands)
        first = operator.wait_on("ztp/v1/subscribed", device_path=path)[0]
        assert first["credential"] == "certificate"
        assert "again" not in first
        said = ctl("device", "resend", path).stdout
        assert said.startswith(f"asked for: {path}\n")
        assert "applied" in said  # it does not promise that it is sent
        operator.wait_on("ztp/v1/subscribed", device_path=path, again=True,
                         connection=first["connection"], state="device")
        shown = operator.do("getDevice", device_path=path)
        assert shown["connection"] == first["connection"]
    with gate.unused(path, leaf) as device:
        device.subscribed(device.commands)
        operator_sees = as_json(ctl("device", "show", path, "--json"))
        assert operator_sees["credential"] == "unused"
        assert operator_sees["connection"] != first["connection"]


def test_audit_tail(ctl, gate, ca, tmp_path):
    password = tmp_path / "p"
    password.write_text(PASSWORD)
    tail = subprocess.Popen(
        [binary("ztpctl"), "--url", f"mqtt://127.0.0.1:{gate.port}",
         "--username", OPERATOR, "--password-file", password, "audit", "tail",
         "--json", "--count", "1"],
        stdout=subprocess.PIPE, text=True)
    gate.wait_log(r"ztpctl-\w+ 1 ztp/v1/audit")
    path = path_of("acme/nowhere")
    with gate.first(path, ca.leaf()) as device:
        assert not device.accepted
    out, _ = tail.communicate(timeout=60)
    assert tail.returncode == 0
    assert json.loads(out)["code"] == "unknown_registry"
    assert json.loads(out)["device_path"] == path


def test_over_tls(ctl):
    ctl("registry", "list", tls=True)


def test_who_is_no_operator_is_told(ctl):
    assert "operators" in ctl("registry", "list", user="backend",
                              status=1).stderr


@pytest.mark.parametrize("line, says", [
    ("", "a command is missing"),
    ("registry", "a command is missing after registry"),
    ("registry create", "an argument is missing"),
    ("registry ca remove a/b", "an argument is missing"),
    ("device show", "an argument is missing"),
    ("nonsense", "unknown command: nonsense"),
    ("registry ca frob a/b", "unknown command: frob"),
    ("registry list extra", "unexpected argument: extra"),
    ("--bad x", "unknown option --bad"),
    ("device list --bad", "unknown option --bad"),
    ("device list --json --count 1", "--count is not an option of this"),
    ("pending list --retry-after 1", "--retry-after is not an option of"),
    ("audit tail --count 0", "--count: bad value: 0"),
    ("device list --older-than 3x", "--older-than: bad value: 3x"),
    ("device list --state", "--state needs a value"),
    ("device list --json=1", "--json takes no value"),
])
def test_usage(ctl, line, says):
    """The word that is wrong, and how this command is called."""
    said, *usage = ctl.bare(*line.split(), status=2).stderr.splitlines()
    assert said.startswith(f"ztpctl: {says}"), said
    assert usage[0].startswith("usage: ztpctl ") and len(usage) <= 2, usage
    if len(line.split()) > 1 and line.startswith(("device list", "audit t")):
        assert " ".join(line.split()[:2]) in usage[0]


def test_values_that_cannot_be(ctl):
    said = ctl("registry", "list", "--url", "http://x", status=2).stderr
    assert "mqtt://HOST:PORT" in said and "http://x" in said
    said = ctl("device", "list", "--state", "gone", status=2).stderr
    assert "--state" in said and "gone" in said


def test_help_is_of_the_command(ctl):
    said = ctl.bare("registry", "ca", "--help").stdout.splitlines()
    assert len(said) == 3 and all("registry ca" in line for line in said)
    assert "ZTPCTL_URL" in ctl.bare("--help").stdout


def findings(done):
    return {finding["what"]: finding for finding in as_json(done)}


def test_doctor_finds_nothing_wrong(ctl, gate):
    with gate.operator(listen=False) as bridge:
        bridge.do("getInfo", group="bridge", subscriptions=[])
    done = ctl("doctor", "--broker-config", gate.conf, user="ztp-admin")
    lines = done.stdout.splitlines()
    assert lines and all(line.startswith("ok ") for line in lines)
    found = findings(ctl("doctor", "--json", "--broker-config", gate.conf,
                         user="ztp-admin"))
    assert len(found) == len(lines)
    assert re.match(r"Mosquitto \d+\.\d+\.\d+",
                    found["broker_version"]["message"])
    assert "{device_path}/commands" in found["command_topic"]["message"]
    # without the file, and by a user who may not read the version
    found = findings(ctl("doctor", "--json"))
    assert found["subscriptions"]["level"] == "ok"
    assert "per_listener_settings" not in found
    assert "may not read" in found["broker_version"]["message"]


@pytest.mark.parametrize("old, new, what, level", [
    ("per_listener_settings false", "per_listener_settings true",
     "per_listener_settings", "error"),
    ("per_listener_settings false", "per_listener_settings true", "listeners",
     "error"),
    ("\nplugin ", "\n#plugin ", "gate", "error"),
    ("\nallow_anonymous false", "\nallow_anonymous true", "allow_anonymous",
     "warning"),
    ("\nacl_file ", "\n#acl_file ", "acl_file", "warning"),
    ("max_queued_messages 1000000", "max_queued_messages 0",
     "max_queued_messages", "error"),
    ("max_queued_messages 1000000", "", "max_queued_messages", "warning"),
    ("max_packet_size 131072", "", "max_packet_size", "warning"),
    ("\nset_tcp_nodelay true", "\n#set_tcp_nodelay true", "set_tcp_nodelay",
     "warning"),
    ("\nkeyfile ", "\nuse_identity_as_username true\nkeyfile ",
     "certificate_as_username", "warning"),
    ("command_topic {device_path}/commands", "command_topic x/{device_path}",
     "command_topic", "error"),
])
def test_doctor_finds(ctl, gate, tmp_path, old, new, what, level):
    """The changed configuration differs from the running broker, or would be
    wrong after the next start."""
    text = gate.conf.read_text()
    assert text.count(old) == 1
    changed = tmp_path / "changed.conf"
    changed.write_text(text.replace(old, new))
    found = findings(ctl("doctor", "--json", "--broker-config", changed,
                         status=1))
    assert found[what]["level"] == level
    assert found["gate_answers"]["level"] == "ok"


def test_doctor_counts_the_bridges_of_each_subscription(empty_gate):
    ctl, gate = empty_gate
    with gate.operator(listen=False) as bridge:
        def says(group, *subscriptions):
            bridge.do("getInfo", group=group,
                      subscriptions=list(subscriptions))

        def found(status):
            return [(f["level"], f["message"])
                    for f in as_json(ctl("doctor", "--json", status=status))
                    if f["what"] == "subscriptions"]

        (level, message), = found(1)
        assert level == "warning" and "no bridge" in message
        for name in ("acme/a", "acme/b", "beta/a", "direct/a"):
            bridge.do("createRegistry", registry=name, onboarding="custom"
                      if not name.startswith("direct") else "direct")
        says("one", "acme")
        (level, message), = found(1)
        assert level == "error" and message.startswith("beta: no bridge")
        says("two", "beta")
        assert [level for level, _ in found(0)] == ["ok"]
        says("two", "beta", "acme")
        (level, message), = found(1)
        assert level == "error" and "acme: the bridges one and two" in message
        says("two")
        assert len(found(1)) == 1
        assert bridge.code("getInfo", group="x" * 256) == "INVALID_ARGUMENT"
        assert bridge.code("getInfo", group="x", subscriptions=["a/b"]) == (
            "INVALID_ARGUMENT")
        assert bridge.code("getInfo", group="x", subscriptions="a") == (
            "INVALID_ARGUMENT")


def test_doctor_without_a_broker_or_a_file(ctl, gate, tmp_path):
    found = findings(ctl("doctor", "--json", "--url",
                         f"mqtt://127.0.0.1:{free_port()}", "--broker-config",
                         gate.conf, status=1))
    assert found["broker"]["level"] == "error"
    assert found["gate"]["level"] == "ok"
    found = findings(ctl("doctor", "--json", "--broker-config",
                         tmp_path / "none", status=1))
    assert found["broker_config"]["level"] == "error"
    assert found["gate_answers"]["level"] == "ok"
    found = findings(ctl("doctor", "--json", status=1, user="backend"))
    assert {f["level"] for f in found.values()} == {"error"}
    ctl("doctor", "now", status=2)
    ctl("registry", "list", "--broker-config", gate.conf, status=2)
