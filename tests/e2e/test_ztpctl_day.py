"""What an operator does every day with ztpctl: looks, selects, keeps several
brokers apart, and reads why something failed."""

import datetime

import pytest

from harness.certs import Ca, openssl
from harness.gate import OPERATOR, PASSWORD, Gate, path_of
from harness.ports import free_port
from harness.ztpctl import Ctl, as_json


@pytest.fixture(scope="module")
def gate(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server()).start()
    yield gate
    gate.stop()


@pytest.fixture
def ctl(gate, tmp_path):
    return Ctl(gate, tmp_path)


def device_paths(done):
    return [device["device_path"] for device in as_json(done)]


# ---- what is shown


def test_a_terminal_gets_columns_and_a_pipe_gets_lines(ctl):
    assert ctl.on_terminal("device", "list") == "(none)\n"
    assert ctl("device", "list").stdout == ""
    ctl("registry", "create", "acme/shown", "--audience", "acme")
    header, row, *_ = ctl.on_terminal("registry", "list").splitlines()
    assert header.split() == ["REGISTRY", "ONBOARDING", "DEVICES", "PENDING",
                              "AUDIENCE"]
    assert row.split() == ["acme/shown", "custom", "0", "0", "acme"]
    assert header.index("ONBOARDING") == row.index("custom")
    assert "(none)" in ctl.on_terminal("registry", "show", "acme/shown")
    assert ctl("registry", "list").stdout == (
        "acme/shown  custom  0  0  acme\n")
    ctl("registry", "delete", "acme/shown")


def test_devices_are_selected(ctl, gate, ca, tmp_path):
    other = Ca(tmp_path / "other", "other-ca")
    for name, its in (("acme/one", ca), ("acme/two", other)):
        ctl("registry", "create", name, "--onboarding", "direct", "--audience",
            "acme", "--ca", its.cert)
    first, second = path_of("acme/one"), path_of("acme/two")
    for path, its in ((first, ca), (second, other)):
        with gate.first(path, its.issue()) as device:
            assert device.accepted
    ctl("device", "block", second)

    def found(*args):
        return device_paths(ctl("device", "list", "--json", *args))

    assert found() == [first, second]
    assert found("--state", "blocked") == [second]
    assert found("--state", "active") == [first]
    assert found("--ca", ca.cert) == [first]
    assert found("acme/one", "--ca", other.cert) == []
    mark = as_json(ctl("registry", "ca", "list", "acme/two",
                       "--json"))[0]["fingerprint_sha256"]
    assert found("--ca", mark[:6].upper()) == [second]
    assert found("--older-than", "1d") == []
    tomorrow = datetime.datetime.now(datetime.timezone.utc)
    tomorrow += datetime.timedelta(days=1)
    assert found("--older-than", tomorrow.isoformat(),
                 "--state", "active") == [first]
    said = ctl("device", "list", "--ca", "ffff", status=1).stderr
    assert "ffff" in said and "fingerprint" in said
    said = ctl("device", "list", "--ca", "/nowhere", status=2).stderr
    assert "/nowhere is neither" in said


def test_any_form_of_a_fingerprint(ctl, ca, tmp_path):
    other = Ca(tmp_path / "other", "other-ca")
    der = tmp_path / "ca.der"
    der.write_bytes(openssl("x509", "-in", ca.cert, "-outform", "DER"))
    shown = openssl("x509", "-in", ca.cert, "-noout", "-fingerprint",
                    "-sha256").decode().strip()
    ctl("registry", "create", "acme/forms", "--ca", other.cert)
    colons = shown.split("=")[1]
    for form in (shown, colons, colons.lower(), colons[:14],
                 colons.replace(":", "").lower()[:5], der, ca.cert):
        ctl("registry", "ca", "add", "acme/forms", ca.cert)
        done = ctl("registry", "ca", "remove", "acme/forms", form, "--yes",
                   "--json")
        assert as_json(done)["fingerprint_sha256"] == (
            colons.replace(":", "").lower()), form
    assert len(as_json(ctl("registry", "ca", "list", "acme/forms",
                           "--json"))) == 1
    for wrong, status in (("abcd", 1), ("abc", 2), ("zz", 2),
                          ("/nowhere", 2)):
        said = ctl("registry", "ca", "remove", "acme/forms", wrong, "--yes",
                   status=status).stderr
        assert wrong in said and "file" in said


# ---- several brokers


def settings(ctl, text, mode=0o600):
    file = ctl.folder / ".config" / "ztpctl"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_environment(ctl, gate):
    env = {"ZTPCTL_URL": f"mqtts://localhost:{gate.tls_port}",
           "ZTPCTL_USERNAME": OPERATOR, "ZTPCTL_PASSWORD_FILE": ctl.password,
           "ZTPCTL_CA": gate.server["cafile"]}
    ctl.bare("registry", "list", env=env)
    # the command line goes before it
    said = ctl.bare("registry", "list", "--username", "backend", env=env,
                    status=1).stderr
    assert "operators" in said


def test_contexts(ctl, gate):
    dead = free_port()
    settings(ctl, f"""
        # for all
        context here
        username {OPERATOR}

        [here]
        url = mqtt://127.0.0.1:{gate.port}
        password {PASSWORD}

        [tls]
        url mqtts://localhost:{gate.tls_port}
        ca {gate.server["cafile"]}
        password-file ../password

        [dead]
        url mqtt://127.0.0.1:{dead}
        """)
    ctl.bare("registry", "list")
    ctl.bare("--context", "tls", "registry", "list")
    for args, env in ((("--context", "dead"), {}),
                      ((), {"ZTPCTL_CONTEXT": "dead"}),
                      ((), {"ZTPCTL_URL": f"mqtt://127.0.0.1:{dead}"})):
        said = ctl.bare(*args, "registry", "list", env=env, status=1).stderr
        assert f"mqtt://127.0.0.1:{dead}: Connection refused" in said
    # who names a context means it, whatever is left in the environment
    ctl.bare("--context", "here", "registry", "list",
             env={"ZTPCTL_URL": f"mqtt://127.0.0.1:{dead}"})
    said = ctl.bare("--context", "nowhere", "registry", "list",
                    status=2).stderr
    assert "has no context [nowhere]" in said


@pytest.mark.parametrize("text, says", [
    ("url mqtt://h\nfrob x\n", ":2: unknown setting: frob"),
    ("url\n", ":1: a value is missing after url"),
    ("[x\n", ":1: not [CONTEXT]"),
    ("[x]\ncontext y\n", ":2: only before the first [CONTEXT]"),
    ("url mqtt://a\nurl mqtt://b\n", ":2: given twice: url"),
    ("url mqtt://a\0\n", "contains a NUL byte"),
    ("context x\n", "has no context [x]"),
    ("#" * (64 * 1024 + 1), "larger than"),
])
def test_a_file_that_is_wrong(ctl, text, says):
    file = settings(ctl, text)
    said = ctl.bare("registry", "list", status=2).stderr
    assert f"{file}" in said and says in said, said


def test_a_password_is_for_its_owner(ctl, gate):
    text = f"url mqtt://127.0.0.1:{gate.port}\nusername {OPERATOR}\n"
    settings(ctl, text + f"password-file {ctl.password}\n", 0o644)
    ctl.bare("registry", "list")
    file = settings(ctl, text + f"password {PASSWORD}\n", 0o640)
    said = ctl.bare("registry", "list", status=2).stderr
    assert f"chmod 600 {file}" in said and PASSWORD not in said.split()
    settings(ctl, text + f"[other]\npassword {PASSWORD}\n", 0o604)
    ctl.bare("registry", "list", status=2)
    settings(ctl, text + f"password {PASSWORD}\n")
    ctl.bare("registry", "list")


# ---- why it failed


def failure(ctl, *args):
    said = ctl.bare(*args, "registry", "list", status=1).stderr
    assert len(said.splitlines()) == 1, said
    return said


def test_tls_says_who_is_not_trusted(ctl, gate, tmp_path):
    other = Ca(tmp_path / "other", "other-ca")
    url = f"mqtts://localhost:{gate.tls_port}"
    said = failure(ctl, "--url", url, "--ca", other.cert)
    assert said == (
        f'ztpctl: {url}: the broker\'s certificate is issued by '
        f'"CN=registry-ca", which is not in {other.cert}\n')
    said = failure(ctl, "--url", url)
    assert "CN=registry-ca" in said and "system" in said


def test_tls_says_for_whom_the_certificate_is(ctl, ca):
    """And a certificate that has expired is no unknown issuer."""
    elsewhere = Gate(ctl.folder / "two", ca.server("broker.example")).start()
    url = f"mqtts://localhost:{elsewhere.tls_port}"
    said = failure(ctl, "--url", url, "--ca", ca.cert)
    assert said == (
        f"ztpctl: {url}: the broker's certificate is not for localhost: it is "
        "for broker.example, 127.0.0.1\n")
    elsewhere.stop()
    leaf = ca.expired()
    expired = Gate(ctl.folder / "three", {
        **elsewhere.server, "certfile": str(leaf.path),
        "keyfile": str(leaf.key_path)}).start()
    said = failure(ctl, "--url", f"mqtts://localhost:{expired.tls_port}",
                   "--ca", ca.cert)
    assert "CN=unused-device" in said and "certificate has expired" in said
    expired.stop()


def test_what_is_no_tls_or_nobody(ctl, gate):
    said = failure(ctl, "--url", f"mqtts://localhost:{gate.port}", "--ca",
                   gate.server["cafile"])
    assert "no TLS" in said
    said = failure(ctl, "--url", "mqtt://no.such.host.invalid:1883")
    assert "no.such.host.invalid" in said and "the name" in said


def test_a_wrong_password_is_no_missing_right(ctl, gate, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    url = f"mqtt://127.0.0.1:{gate.port}"
    said = failure(ctl, "--url", url, "--username", OPERATOR,
                   "--password-file", wrong)
    assert said == (f"ztpctl: {url}: the broker refuses this username or its "
                    "password\n")
    assert "without a username" in failure(ctl, "--url", url)
    said = ctl("registry", "list", user="backend", status=1).stderr
    assert "plugin_opt_operators" in said and "password" not in said


def test_doctor_compares_the_clocks(ctl, gate):
    def clock(status):
        return [f for f in as_json(ctl("doctor", "--json", status=status))
                if f["what"] == "clock"]

    with gate.operator(listen=False) as bridge:
        now = datetime.datetime.now(datetime.timezone.utc)
        bridge.do("getInfo", group="right", subscriptions=[],
                  now=now.isoformat())
        found, = clock(0)
        assert found["level"] == "ok", found
        late = now - datetime.timedelta(minutes=10)
        cells = bridge.do("getInfo", group="right", subscriptions=[],
                          now=late.isoformat())["cells"]
        assert -610_000 < cells[0]["clock_ahead_ms"] < -590_000
        found, = clock(1)
        assert found["level"] == "warning"
        assert "bridge right" in found["message"]
        assert "behind the gate's" in found["message"]
        # what cannot be read is not worth a refusal
        cells = bridge.do("getInfo", group="right", subscriptions=[],
                          now="noon")["cells"]
        assert "clock_ahead_ms" not in cells[0]
