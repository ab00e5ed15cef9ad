"""Files and arguments that a tool cannot use are refused at once, by their
name, and before anything is sent: the broker here is a listener that counts
its connections."""

import os
import re
import socket
import subprocess
import time

import pytest

from harness import where
from harness.certs import openssl

PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"
AT_ONCE = 10.0  # seconds; a tool waits 15 for an answer
ZERO = "/dev/zero"


class Broker:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def was_asked(self):
        self.socket.settimeout(0)
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def broker():
    made = Broker()
    yield made
    made.socket.close()


def run(name, *args):
    begin = time.monotonic()
    done = subprocess.run([where.binary(name), *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    done.seconds = time.monotonic() - begin
    return done


def check_refused(done, status, says):
    """One line that says what is wrong, and no secret."""
    text = done.stderr.decode(errors="replace")
    assert done.returncode == status, text
    assert done.stdout == b""
    assert len(text.splitlines()) == 1, text
    assert re.search(says, text), text
    assert "BEGIN" not in text
    assert done.seconds < AT_ONCE


@pytest.fixture(scope="module")
def files(tmp_path_factory, ca):
    """{name: path} of what people give."""
    folder = tmp_path_factory.mktemp("files")
    pem, key = ca.cert.read_bytes(), ca.key.read_bytes()
    der = openssl("x509", "-in", ca.cert, "-outform", "DER")
    contents = {
        "empty": b"",
        "junk": b"junk\n" * 100,
        "nul": b"\0" * 100,
        "latin1": "b\u00e4r\n".encode("latin-1"),
        "pem": pem,
        "pem and nul": pem + b"\0",
        "two": pem + pem,
        "key": key,
        "key der": openssl("pkey", "-in", ca.key, "-outform", "DER"),
        "key and pem": key + pem,
        "pem and key": pem + key,
        "encrypted key": openssl("pkcs8", "-topk8", "-in", ca.key, "-passout",
                                 "pass:x"),
        "der and more": der + b"x",
        "der": der,
        "large": pem + b"\n" * (5 << 20),
    }
    found = {"zero": ZERO, "folder": str(folder), "none": f"{folder}/none"}
    for name, content in contents.items():
        found[name] = str(folder / name.replace(" ", "-"))
        with open(found[name], "wb") as out:
            out.write(content)
    for name in ("pipe", "sparse"):
        found[name] = str(folder / name)
    os.mkfifo(found["pipe"])
    with open(found["sparse"], "wb") as out:
        out.truncate(1 << 40)
    return found


NOT_A_CERTIFICATE = {
    "empty": "is empty", "junk": "not a certificate", "nul": "not a certif",
    "latin1": "not a certificate", "der and more": "not a certificate",
    "zero": "larger than", "folder": "Is a directory",
    "none": "No such file", "large": "larger than",
}
NOT_ONE_CA = {
    **NOT_A_CERTIFICATE, "pem and nul": "NUL", "two": "2 certificates",
    "key": "private key", "key der": "private key",
    "encrypted key": "private key",
    "key and pem": "private key", "pem and key": "private key",
}


@pytest.mark.parametrize("name, says", NOT_ONE_CA.items())
@pytest.mark.parametrize("command", [
    ["registry", "create", "acme/x", "--ca"],
    ["registry", "ca", "add", "acme/x"],
], ids=["create", "add"])
def test_the_ca_of_a_registry(files, broker, command, name, says):
    done = run("ztpctl", "--url", f"mqtt://127.0.0.1:{broker.port}", *command,
               files[name])
    check_refused(done, 2, says)
    assert files[name] in done.stderr.decode()
    assert not broker.was_asked()


@pytest.mark.parametrize("name", [
    "empty", "junk", "nul", "key", "key der", "der", "zero", "folder", "none",
    "large"])
def test_the_ca_of_the_broker(files, broker, name):
    done = run("ztpctl", "--url", f"mqtts://127.0.0.1:{broker.port}", "--ca",
               files[name], "registry", "list")
    check_refused(done, 2, re.escape(files[name]))
    assert not broker.was_asked()


@pytest.mark.parametrize("name, says", {
    "empty": "first line .* is empty", "nul": "NUL", "zero": "larger than",
    "folder": "Is a directory", "none": "No such file", "large": "larger",
}.items())
def test_the_password(files, broker, name, says):
    done = run("ztpctl", "--url", f"mqtt://127.0.0.1:{broker.port}",
               "--username", "op", "--password-file", files[name], "registry",
               "list")
    check_refused(done, 2, says)
    assert not broker.was_asked()


@pytest.mark.parametrize("value", [b"b\xe4r", b"\xc0\x80", b"\xed\xa0\x80",
                                   b"x" * 5000], ids=repr)
@pytest.mark.parametrize("args", [
    ["registry", "create", "VALUE"], ["registry", "show", "VALUE"],
    ["device", "show", "VALUE"], ["device", "list", "VALUE"],
    ["registry", "create", "a/b", "--audience", "VALUE"],
    ["registry", "create", "a/b", "--onboarding", "VALUE"],
    ["--username", "VALUE", "registry", "list"],
    ["registry", "ca", "remove", "a/b", "VALUE"],
], ids=" ".join)
def test_an_argument_that_is_no_text(broker, args, value):
    done = run("ztpctl", "--url", f"mqtt://127.0.0.1:{broker.port}",
               *(value if arg == "VALUE" else arg for arg in args))
    check_refused(done, 2, "not UTF-8|longer|64 hex digits")
    assert not broker.was_asked()


@pytest.mark.parametrize("args, says", [
    (["registry", "create", "a/b", "--onboarding", "maybe"],
     "--onboarding: bad value: maybe: neither direct nor custom nor off"),
    (["registry", "modify", "a/b", "--onboarding", "Direct"],
     "--onboarding: bad value: Direct"),
    (["pending", "reject", "x", "--retry-after", "99999999"],
     "--retry-after: bad value: 99999999: not a number from 0 to [0-9]+$"),
    (["audit", "tail", "--count", "0"], "--count: bad value: 0: not a number "
     "of 1 or more"),
    (["registry", "import", "none"], "No such file"),
    (["registry", "show", "plant-7"], "not SUBSCRIPTION/REGISTRY: plant-7"),
    (["registry", "create", "a/b/c"], "not SUBSCRIPTION/REGISTRY: a/b/c"),
    (["registry", "ca", "list", "a/+"], "not SUBSCRIPTION/REGISTRY: a/[+]"),
    (["device", "list", ""], "not SUBSCRIPTION/REGISTRY: "),
    (["pending", "list", ""], "not SUBSCRIPTION/REGISTRY: "),
    (["device", "list", "--state", "gone"], "--state is neither active nor"),
    (["device", "delete", "pump-42"],
     "not subscriptions/S/registries/R/devices/D: pump-42"),
    (["device", "show", PATH + "/commands"], "not subscriptions/S/registries/"),
    (["pending", "reject", "a/b"],
     "neither subscriptions/S/registries/R/devices/D nor a request's id: a/b"),
    (["pending", "reject", ""], "neither subscriptions/S/registries/R/dev"),
    (["device", "list", "--older-than", "x"],
     "--older-than: bad value: x: neither like 90m, 6h, 2d or 1w, nor a time"),
    (["audit", "list", "--brokers", "h:x"],
     "--brokers: bad value: h:x: not HOST:PORT"),
    (["audit", "list", "--brokers", "h", "--topic", "a b"],
     "--topic: bad value: a b: a topic has 1 to 249"),
    (["audit", "list", "--brokers", "h", "--device", "pump-42"],
     "--device: bad value: pump-42: not subscriptions/S/registries/"),
    (["audit", "list", "--brokers", "h", "--code", ""], "--code is empty"),
    (["audit", "list", "--brokers", "h", "--since", "yesterday"],
     "--since: bad value: yesterday: neither like 90m"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_value_that_is_none(broker, args, says):
    done = run("ztpctl", "--url", f"mqtt://127.0.0.1:{broker.port}", *args)
    assert done.returncode == 2
    assert re.search(says, done.stderr.decode().splitlines()[0])
    assert not broker.was_asked()


@pytest.mark.parametrize("args, says", [
    (["decide", "r", "--approve", "--timeout", "7200"],
     "--timeout: bad value: 7200: not a number from 1 to 3600"),
    (["run", "--approve-all", "--delay", "-1"],
     "--delay: bad value: -1: not a number from 0 to 604800000"),
    (["simulate", "--count", "0"],
     "--count: bad value: 0: not a number of 1 or more"),
    (["simulate", "--expire", "7776001"], "from 1 to 7776000"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_number_out_of_its_range(args, says):
    check_refused(run("ztp-approver", *args), 2, says)


def test_a_context_file_may_begin_with_a_bom(broker, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text(f"\ufeffurl = mqtt://127.0.0.1:{broker.port}\n"
                      "password-file = none\n", encoding="utf-8")
    monkeypatch.setenv("ZTPCTL_CONFIG", str(config))
    done = run("ztpctl", "registry", "list")
    check_refused(done, 2, "cannot read .*/none: No such file")


@pytest.mark.parametrize("words", [["-h"], ["registry", "-h"],
                                   ["registry", "create", "-h"]], ids=" ".join)
def test_help_has_a_short_form(words):
    short, long = run("ztpctl", *words), run("ztpctl", *words[:-1], "--help")
    assert short.returncode == 0 and short.stdout == long.stdout != b""


def device(broker, files, cert="pem", key="key", *more):
    return run("ztp-device", "--url", f"mqtt://127.0.0.1:{broker.port}",
               "--id", PATH, "--wait", "1", "--cert", files[cert], "--key",
               files[key], *more)


@pytest.mark.parametrize("name, says", {
    **NOT_A_CERTIFICATE, "key": "not a certificate"}.items())
def test_the_certificate_of_a_device(files, broker, name, says):
    check_refused(device(broker, files, cert=name), 2, says)
    assert not broker.was_asked()


@pytest.mark.parametrize("name", [
    "empty", "junk", "nul", "pem", "der", "zero", "folder", "none",
    "encrypted key"])
def test_the_key_of_a_device(files, broker, name):
    check_refused(device(broker, files, key=name), 2, re.escape(files[name]))
    assert not broker.was_asked()


@pytest.mark.parametrize("more", [
    ["--audience", b"b\xe4r"], ["--ca", "junk"], ["--id", b"b\xe4r"],
    ["--url", "mqtt://" + "h" * 600 + ":1883"], ["--out", "folder"],
    ["--out", "/none/file"]], ids=repr)
def test_other_arguments_of_a_device(files, broker, more):
    more = [files.get(arg, arg) for arg in more]
    check_refused(device(broker, files, "pem", "key", *more), 2, "ztp-device: ")
    assert not broker.was_asked()


def test_a_ca_without_tls_is_warned_of(files, broker):
    """Whoever names one means TLS, and would send the JWT in clear."""
    done = device(broker, files, "pem", "key", "--ca", files["pem"])
    said = done.stderr.decode().splitlines()[0]
    assert said == ("ztp-device: warning: --ca is not used: mqtt://127.0.0.1:"
                    f"{broker.port} has no TLS, mqtts:// has")


@pytest.mark.parametrize("user", ["ann", "ann:hush", ":hush", "ann:hu@sh"])
def test_a_url_with_a_password(broker, files, user):
    """No library takes it from there, and messages would repeat it."""
    url = f"mqtt://{user}@127.0.0.1:{broker.port}"
    for done in (
            run("ztpctl", "--url", url, "registry", "list"),
            run("ztp-device", "--url", url, "--id", PATH, "--wait", "1",
                "--cert", files["pem"], "--key", files["key"])):
        check_refused(done, 2, "user or password")
        assert b"hu" not in done.stderr and b"ann" not in done.stderr
    assert not broker.was_asked()


def test_a_device_waits_no_longer_than_it_may(broker, files):
    """For a broker that accepts, and then says nothing."""
    done = device(broker, files)
    assert done.returncode == 4
    assert broker.was_asked()
    assert done.seconds < 8


@pytest.mark.parametrize("args, says", [
    (["--properties", "nul"], "NUL"),
    (["--properties", "zero"], "larger than"),
    (["--properties", "folder"], "Is a directory"),
    (["--payload", "zero"], "larger than"),
    (["--payload", "none"], "No such file"),
    (["--payload", "empty"], "empty is empty"),
    (["--reason", b"b\xe4r"], "--reason: bad value"),
    (["--message", b"b\xe4r"], "--message: bad value"),
    (["--decided-by", b"b\xe4r"], "--decided-by: bad value"),
], ids=repr)
def test_the_customers_tool(files, args, says):
    args = [files.get(arg, arg) for arg in args]
    check_refused(run("ztp-approver", "run", "--approve-all", *args), 2, says)


@pytest.mark.parametrize("name, says", {
    "pipe": "is a pipe", "zero": "is a device", "sparse": "larger than",
    "none": "No such file"}.items())
def test_a_file_that_librdkafka_opens(files, name, says):
    option = f"ssl.key.location={files[name]}"
    check_refused(run("ztp-approver", "run", "--approve-all", "-X", option), 2,
                  says)
    done = run("ztpctl", "audit", "list", "--brokers", "127.0.0.1:1", "-X",
               option)
    assert done.returncode == 2
    assert re.search(says, done.stderr.decode())
    assert done.seconds < AT_ONCE


@pytest.mark.parametrize("name", ["zero", "folder", "none", "nul", "latin1"])
def test_rules_that_are_none(files, name):
    done = run("ztp-approver", "run", "--rules", files[name])
    check_refused(done, 2, re.escape(files[name]))


@pytest.mark.parametrize("name", ["ztp-approver", "ztpctl"])
def test_a_warning_is_text(name):
    """It may quote what somebody else has written."""
    args = {"ztp-approver": ["run", "--rules", "no\x1b[2J\n\u009b"],
            "ztpctl": ["doctor", "--no\x1b[2J\n\u009b"]}
    done = run(name, *args[name])
    assert rb"no\x1b[2J\x0a\xc2\x9b" in done.stderr
    assert b"\x1b" not in done.stderr and b"\xc2\x9b" not in done.stderr


# --- a registry to import

EXPORT = [b'{"ztp_export":1,"exported_at":"2026-01-01T00:00:00.000Z",'
          b'"registry":"a/b","onboarding":"custom","cas":[]}\n', b'{"devices":0}\n']


def importing(*parts, wait=0.0):
    """Nobody listens where it would go on to; the status and what it says."""
    child = subprocess.Popen(
        [where.binary("ztpctl"), "--url", "mqtt://127.0.0.1:1", "registry",
         "import", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    try:
        for part in parts[:-1]:
            child.stdin.write(part)
            child.stdin.flush()
            time.sleep(wait)
        said = child.communicate(parts[-1], timeout=30)[1].decode()
        return child.returncode, said
    finally:
        child.kill()
        child.communicate()


def test_an_import_waits_for_what_exports():
    """Which may take long for a large registry, and is told to end if need
    be."""
    status, said = importing(*EXPORT, wait=5.5)
    assert status == 1 and "127.0.0.1" in said


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b" \r\n\r\n"], ids=repr)
def test_blank_lines_at_the_end_of_an_import(end):
    status, said = importing(b"".join(EXPORT) + end)
    assert status == 1 and "127.0.0.1" in said


# --- who approves everybody

@pytest.mark.parametrize("rule", [
    "action: approve", "{match: {}, action: approve}",
    "{match: {not_expired: false}, action: approve}"])
def test_a_rule_for_everybody_is_meant(tmp_path, rule):
    rules = tmp_path / "rules.yaml"
    rules.write_text(f"rules:\n- {rule}\n")
    done = run("ztp-approver", "run", "--rules", rules)
    check_refused(done, 2, f"{rules}:2: .*match: any")


# --- a payload that was meant to be JSON

@pytest.mark.parametrize("form", ["option", "rule", "payloads"])
@pytest.mark.parametrize("text, warned", {
    b'{"a": 1,}': True, b'\xef\xbb\xbf{"a": 1}': True, b'\n {"a": 1}{}': True,
    b'{"a": 1}\n': False, b"[wifi]\nssid = x\n": False,
    b"\x7fELF{": False}.items())
def test_a_payload_that_is_no_json_is_said(tmp_path, form, text, warned):
    """It is sent as bytes, and what was approved cannot be approved again."""
    payload = tmp_path / "pump.json"
    payload.write_bytes(text)
    args, name = ["--approve-all", "--payload", payload], payload
    if form != "option":
        entry = {
            "rule": "rules:\n- {match: {registry: a}, action: approve, "
                    "payload_file: pump.json}\n",
            "payloads": "rules:\n- {match: {registry: a}, action: approve}\n"
                        "payloads:\n- {match: any, payload_file: pump.json}\n"}
        name = tmp_path / "rules.yaml"
        name.write_text(entry[form])
        args = ["--rules", name]
    done = run("ztp-approver", "test", *args)
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert bool(re.search(f"{name}.*not JSON.*at byte", said)) == warned, said
    done = run("ztp-approver", "test", *args, *(
        ["--content-type", "text/plain"] if form == "option" else []))
    if form == "option":
        assert b"not JSON" not in done.stderr


@pytest.mark.parametrize("member", ["payload_file", "payload_template"])
@pytest.mark.parametrize("entry", [
    "rules: [{match: {id: a}, action: approve, MEMBER: p}]",
    "default: {action: approve, MEMBER: p}",
    "rules: [{match: {id: a}, action: approve}]\n"
    "payloads: [{match: any, MEMBER: p}]",
], ids=["rule", "default", "payloads"])
def test_a_rule_whose_payload_is_empty(tmp_path, member, entry):
    """The device would be approved for good, and have none."""
    (tmp_path / "p").touch()
    rules = tmp_path / "rules.yaml"
    rules.write_text(entry.replace("MEMBER", member))
    done = run("ztp-approver", "run", "--rules", rules)
    check_refused(done, 2, f"{rules}:[12]: .*/p is empty")


@pytest.mark.parametrize("form", ["option", "rule", "default", "payloads",
                                  "template"])
@pytest.mark.parametrize("style, depth", [
    ("native", 16), ("cloudevent", 16), ("cloudevent-structured", 15)])
def test_a_payload_that_no_decision_holds(tmp_path, form, style, depth):
    """It ended `run` at the first approval, and again after each start."""
    payload, rules = tmp_path / "p", tmp_path / "rules.yaml"
    name = "payload_template" if form == "template" else "payload_file"
    rules.write_text({
        "default": f"default: {{action: approve, {name}: p}}",
        "payloads": "rules: [{match: {id: a}, action: approve}]\n"
                    f"payloads: [{{match: any, {name}: p}}]",
    }.get(form, f"rules: [{{match: {{id: a}}, action: approve, {name}: p}}]"))
    args = ["--format", style, *(
        ["--approve-all", "--payload", payload] if form == "option" else
        ["--rules", rules])]
    payload.write_text("[" * depth + "]" * depth)
    done = run("ztp-approver", "test", *args)
    named = payload if form == "option" else rules
    check_refused(done, 2, f"{named}.*no decision can hold.*deep")
    payload.write_text("[" * (depth - 1) + "]" * (depth - 1))
    done = run("ztp-approver", "test", *args)
    assert done.returncode == 0, done.stderr


# --- closed descriptors

@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", ["ztpctl", "ztp-device", "ztp-approver",
                                  "ztp-bridge"])
def test_closed_descriptors(name, closed):
    """They are refused like any other, and none of them crashes."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" --nonsense {closed}', where.binary(name)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 2
