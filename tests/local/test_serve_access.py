"""ztp-approver serve: who is let in, and what he can cost. No browser's page of
somebody else, no token without its scope, nobody without TLS from outside."""

import contextlib
import hashlib
import signal
import socket
import subprocess
import time

import pytest
import requests

from harness.certs import Ca
from harness.door import Door, Written, fresh_topics, path_of
from harness.until import until
from harness.where import binary

PLANT, ALL, OTHER = "plant-token", "acme-token", "other-token"
JSON = {"Content-Type": "application/json"}


def line(token, *scopes):
    digest = hashlib.sha256(token.encode()).hexdigest()
    return f"sha256:{digest} {' '.join(scopes)}\n"


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def topics(mock_kafka):
    return fresh_topics(mock_kafka)


@pytest.fixture(scope="module")
def bridge(mock_kafka, topics):
    written = Written(mock_kafka, topics)
    for name, registry in (("pump", "acme/plant-7"), ("meter", "acme/depot"),
                           ("valve", "other/plant-7")):
        written.ask(name, path_of(name, registry))
    yield written
    written.close()


@pytest.fixture(scope="module")
def tokens(folder):
    return write(folder / "tokens", "# who may\n" + line(
        PLANT, "acme/plant-7") + line(ALL, "acme", "x/y") + line(
            OTHER, "other"))


@pytest.fixture(scope="module")
def door(folder, mock_kafka, topics, bridge, tokens):
    served = Door(folder, mock_kafka, topics, "--tokens", tokens).start()
    until(lambda: len(ids(served, ALL)) == 2 and ids(served, OTHER),
          "all are read")
    yield served
    served.stop()


@pytest.fixture(scope="module")
def plain(folder, mock_kafka, topics, bridge):
    served = Door(folder, mock_kafka, topics, name="plain").start()
    until(lambda: len(served.open_ids()) == 3, "all are read")
    yield served
    served.stop()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def ids(door, token):
    answer = door.get("/v1/requests", headers=bearer(token))
    return {one["request_id"] for one in answer.json()["requests"]}


def status(door, method, path, token=None, body=None, **headers):
    answer = door.call(method, path, body, headers={
        **(bearer(token) if token else {}), **headers})
    return answer.status_code


# --- tokens

def test_without_a_token(door):
    for method, path in (("GET", "/v1/requests"), ("GET", "/v1/requests/pump"),
                         ("POST", "/v1/requests/pump/decision"),
                         ("POST", f"/{path_of('pump')}/"
                                  "updateCustomOnboardRequest")):
        for header in ({}, bearer("guess"), bearer(""),
                       {"Authorization": "Basic eDp5"},
                       {"Cookie": "ztp_session=x"}):
            answer = door.call(method, path, "{}", headers=header)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    for path in ("/", "/openapi.json", "/healthz", "/readyz"):
        assert door.get(path).status_code == 200


def test_a_token_sees_its_scope(door):
    assert ids(door, PLANT) == {"pump"}
    assert ids(door, ALL) == {"pump", "meter"}
    assert ids(door, OTHER) == {"valve"}
    for token, name, expected in ((PLANT, "pump", 200), (PLANT, "meter", 404),
                                  (ALL, "meter", 200), (ALL, "valve", 404)):
        assert status(door, "GET", f"/v1/requests/{name}",
                      token) == expected
    reject = '{"decision":"reject"}'
    assert status(door, "POST", "/v1/requests/valve/decision", ALL,
                  reject) == 404
    assert status(door, "GET", "/v1/requests?registry=other/plant-7",
                  ALL) == 403
    omnicore = f"/{path_of('valve', 'other/plant-7')}/" \
               "updateCustomOnboardRequest"
    assert status(door, "POST", omnicore, ALL, '{"isApprove":true}') == 403
    unknown = omnicore.replace("valve", "nobody")
    assert status(door, "POST", unknown, ALL, '{"isApprove":true}') == 403
    assert status(door, "POST", unknown, OTHER, '{"isApprove":true}') == 404


def test_who_decided_stands_in_the_decision(door, bridge):
    door.call("POST", "/v1/requests/meter/decision", '{"decision":"reject"}',
              headers={**bearer(ALL), "Prefer": "respond-async"})
    record, = bridge.decisions("meter")
    digest = hashlib.sha256(ALL.encode()).hexdigest()
    assert record.json()["decided_by"] == f"token:{digest[:8]}"
    bridge.answer(record, "invalid", 400, "INVALID_ARGUMENT")
    until(lambda: "meter" in ids(door, ALL), "it is open again")


def test_a_hundred_a_second(door):
    """One token's flood costs the others nothing. It is sent at once, so that a
    busy machine sends a hundred within a second, too."""
    where = ("127.0.0.1", int(door.url.rsplit(":", 1)[1]))
    with socket.create_connection(where, 30) as link:
        link.sendall(400 * ("GET /v1/requests/x HTTP/1.1\r\nHost: a\r\n"
                            f"Authorization: Bearer {PLANT}\r\n\r\n").encode())
        seen = b""
        while seen.count(b"HTTP/1.1 ") < 400 or not seen.endswith(b"}"):
            seen += link.recv(65536)
    assert seen.count(b"HTTP/1.1 404") >= 100
    assert seen.count(b"HTTP/1.1 429") >= 100
    assert b"Retry-After: 1" in seen and b"RESOURCE_EXHAUSTED" in seen
    assert ids(door, OTHER) == {"valve"}
    until(lambda: door.get("/v1/requests", headers=bearer(
        PLANT)).status_code == 200, "and it is over soon")


@pytest.mark.parametrize("text, mode, reason", [
    (line("x", "acme"), 0o640, "chmod 600"),
    (line("x", "acme"), 0o602, "chmod 600"),
    ("", 0o600, "names no token"), ("# nobody\n", 0o600, "names no token"),
    ("\n" + line("x"), 0o600, ":2: no scope"),
    (line("x", "a/b/c"), 0o600, ":1: a scope is"),
    ("token:abc acme\n", 0o600, ":1: a line begins"),
    ("sha256:abc acme\n", 0o600, ":1: 64 hex digits"),
    (line("x", *["acme"] * 65), 0o600, ":1: too many scopes"),
    ("x\0y", 0o600, "NUL"), (None, 0o600, "No such file")])
def test_a_tokens_file_that_is_wrong(tmp_path, text, mode, reason):
    path = tmp_path / "tokens"
    if text is not None:
        write(path, text, mode)
    done = subprocess.run(
        [binary("ztp-approver"), "serve", "--tokens", path, "--listen",
         "127.0.0.1:0"], check=False, stdin=subprocess.DEVNULL, text=True,
        capture_output=True, timeout=60)
    assert done.returncode == 2 and reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_tokens_are_read_again(folder, mock_kafka, topics, bridge):
    path = write(folder / "changing", line("first", "acme"))
    door = Door(folder, mock_kafka, topics, "--tokens", path,
                 name="changing").start()

    def known(token):
        return status(door, "GET", "/v1/requests", token) == 200

    assert known("first") and not known("second")
    write(path, line("second", "acme"))
    until(lambda: known("second") and not known("first"), "the change")
    write(path, "nonsense\n")
    door.wait_log(r":1: a line begins .*; the tokens stay as they are")
    assert known("second")
    write(path, line("third", "acme"))
    door.child.send_signal(signal.SIGHUP)
    until(lambda: known("third"), "it is told to read")
    gone = "what it said last is still in force"
    for times, now, later in (1, "third", "fourth"), (2, "fourth", "fifth"):
        path.unlink()  # as one does who thinks that it locks all out
        until(lambda n=times: door.log().count(gone) == n, "it says so")
        assert known(now)
        write(path, line(later, "acme"))
        until(lambda token=later: known(token), "it is back")
    door.stop()


# --- the page's session

def sign_in(door, token, **headers):
    return requests.post(f"{door.url}/v1/session", json={"token": token},
                         headers=headers, timeout=30)


def test_a_session(door, folder, mock_kafka, topics, tokens):
    answer = sign_in(door, ALL, Origin=door.url)
    assert answer.status_code == 204
    cookie = answer.headers["Set-Cookie"]
    assert ALL not in cookie and "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie and "Path=/" in cookie
    held = {"Cookie": cookie.split(";")[0]}
    assert status(door, "GET", "/v1/requests/meter", **held) == 200
    assert status(door, "GET", "/v1/requests/valve", **held) == 404
    # A page of another site may not use it, nor may who does not say.
    decide = ("POST", "/v1/requests/valve/decision")
    for origin, expected in ((door.url, 404), ("http://evil.example", 403),
                             ("null", 403), ("http://127.0.0.1:1", 403),
                             (None, 403)):
        more = {"Origin": origin} if origin else {}
        assert status(door, *decide, None, '{"decision":"reject"}', **held,
                      **more) == expected
    # It is valid at every instance that has the same tokens.
    other = Door(folder, mock_kafka, topics, "--tokens", tokens,
                  name="other").start()
    assert status(other, "GET", "/v1/requests", **held) == 200
    other.stop()
    gone = door.call("DELETE", "/v1/session", headers=held)
    assert gone.status_code == 204 and "Max-Age=0" in gone.headers[
        "Set-Cookie"]


@pytest.mark.parametrize("change", [
    lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
    lambda text: "f" + text[1:], lambda text: "", lambda text: text + "0",
    lambda text: text.replace(".", ":"), lambda text: text[:33],
    lambda text: "0" * 16 + text[16:]])
def test_a_session_cannot_be_made(door, change):
    cookie = sign_in(door, ALL).headers["Set-Cookie"]
    name, text = cookie.split(";")[0].split("=")
    assert status(door, "GET", "/v1/requests",
                  Cookie=f"{name}={change(text)}") == 401


def test_a_session_ends_with_its_token(folder, mock_kafka, topics, bridge):
    path = write(folder / "ending", line("a", "acme") + line("b", "acme"))
    door = Door(folder, mock_kafka, topics, "--tokens", path,
                 name="ending").start()
    held = {"Cookie": sign_in(door, "a").headers["Set-Cookie"].split(";")[0]}
    assert status(door, "GET", "/v1/requests", **held) == 200
    write(path, line("b", "acme"))
    until(lambda: status(door, "GET", "/v1/requests", **held) == 401,
          "the session has ended")
    door.stop()


def test_signing_in_badly(door, plain):
    assert sign_in(door, "guess").status_code == 401
    assert sign_in(door, ALL, Origin="http://evil.example").status_code == 403
    assert sign_in(door, "").status_code == 400
    assert requests.post(f"{door.url}/v1/session", data={"token": ALL},
                         timeout=30).status_code == 415
    assert sign_in(plain, ALL).status_code == 404


# --- without tokens: this machine only, and no page of somebody else's

def test_only_for_this_machine_s_names(plain):
    port = plain.url.rsplit(":", 1)[1]
    for host, expected in ((f"127.0.0.1:{port}", 200), ("localhost", 200),
                           ("LOCALHOST:1", 200), ("[::1]:8480", 200),
                           ("127.1.2.3", 200), ("evil.example", 403),
                           ("localhost.evil.example", 403), ("10.0.0.1", 403),
                           ("127.0.0.1.evil.example", 403), ("[::2]", 403),
                           ("localhost:x", 403), ("", 403)):
        assert status(plain, "GET", "/v1/requests", Host=host) == expected, \
            host


def test_no_page_of_another_site(plain):
    decide = ("POST", "/v1/requests/nobody/decision", None,
              '{"decision":"reject"}')
    for origin, expected in ((plain.url, 404), ("http://evil.example", 403),
                             ("null", 403), ("http://localhost:3000", 403)):
        assert status(plain, *decide, Origin=origin) == expected
    for kind in ("text/plain", "application/x-www-form-urlencoded",
                 "application/jsonp", "multipart/form-data; boundary=x"):
        answer = plain.call(*decide[:2], decide[3],
                            headers={"Content-Type": kind})
        assert answer.status_code == 415
    answer = plain.get("/v1/requests", headers={"Origin": "http://a.example"})
    assert answer.status_code == 403
    assert not [name for name in answer.headers
                if name.lower().startswith("access-control")]


def test_who_brings_a_token_writes_any_type(door):
    """No page of another site can send that header without asking. A session's
    cookie comes with whatever the browser sends."""
    decide = ("POST", "/v1/requests/nobody/decision", '{"decision":"reject"}')
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.call(*decide, headers={**bearer(ALL), **form}).status_code == 404
    held = {"Cookie": sign_in(door, ALL).headers["Set-Cookie"].split(";")[0],
            "Origin": door.url}
    basic = {"Authorization": "Basic eDp5"}  # a browser adds it by itself
    for more in ({}, basic):
        assert door.call(*decide, headers={**held, **form, **more}
                         ).status_code == 415
    assert door.call(*decide, headers={**held, **JSON}).status_code == 404


def test_the_page_may_run_its_own_script_only(plain):
    answer = plain.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    for path in ("/", "/v1/requests", "/nothing"):
        assert plain.get(path).headers["X-Content-Type-Options"] == "nosniff"
    assert plain.get("/v1/requests").headers[
        "Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize("args, reason", [
    (["--listen", "0.0.0.0:0"], "--tokens FILE is needed"),
    (["--listen", "[::]:0"], "--tokens FILE is needed"),
    (["--listen", "0.0.0.0:0", "--behind-proxy"], "--tokens FILE is needed"),
    (["--listen", "0.0.0.0:0", "--tokens", "TOKENS"], "--tls-cert"),
    (["--listen", "nowhere"], "not HOST:PORT"),
    (["--listen", "127.0.0.1:65536"], "not HOST:PORT"),
    (["--tls-cert", "x"], "need each other"),
    (["--client-ca", "x"], "needs --tls-cert"),
    (["--tls-cert", "TOKENS", "--tls-key", "TOKENS"], "is not PEM"),
    (["--tls-cert", "/none", "--tls-key", "/none"], "No such file")])
def test_not_to_be_reached_from_outside(tokens, args, reason):
    args = [tokens if arg == "TOKENS" else arg for arg in args]
    done = subprocess.run([binary("ztp-approver"), "serve", *args],
                          check=False, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 2 and reason in done.stderr


def test_behind_a_proxy(folder, mock_kafka, topics, tokens):
    door = Door(folder, mock_kafka, topics, "--tokens", tokens,
                 "--behind-proxy", name="proxied",
                 listen="0.0.0.0:0").start()
    door.url = door.url.replace("0.0.0.0", "127.0.0.1")
    assert status(door, "GET", "/v1/requests") == 401
    cookie = sign_in(door, ALL, Host="approver.example",
                     Origin="https://approver.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and cookie.endswith("; Secure")
    door.stop()


# --- TLS

@pytest.fixture(scope="module")
def secure(folder, mock_kafka, topics, bridge):
    """(door, server CA, client CA, a client's certificate that is listed)"""
    ca, clients = Ca(folder / "server-ca"), Ca(folder / "client-ca")
    server = ca.issue("p256", "/CN=localhost", extensions="subjectAltName=IP:127.0.0.1")
    known = clients.issue("p256")
    path = write(folder / "tls-tokens", line(ALL, "acme")
                 + f"cert:{known.fingerprint} other\n")
    served = Door(folder, mock_kafka, topics, "--tokens", path, "--tls-cert",
                   server.path, "--tls-key", server.key_path, "--client-ca",
                   clients.cert, name="secure")
    served.session.verify = str(ca.cert)
    yield served.start(), ca, clients, known
    served.stop()


def with_cert(door, ca, leaf=None):
    cert = (str(leaf.path), str(leaf.key_path)) if leaf else None
    return requests.get(f"{door.url}/v1/requests", cert=cert, timeout=30,
                        verify=str(ca.cert))


def test_tls(secure):
    door, ca, clients, known = secure
    assert door.url.startswith("https://")
    assert ids(door, ALL) == {"pump", "meter"}
    assert with_cert(door, ca).status_code == 401
    answer = with_cert(door, ca, known)
    assert [one["request_id"] for one in answer.json()["requests"]] == [
        "valve"]
    assert with_cert(door, ca, clients.issue("p256")).status_code == 401
    foreign = Ca(clients.folder.parent / "foreign-ca").issue("p256")
    assert with_cert(door, ca, foreign).status_code == 401
    server_s = clients.issue("p256", extensions="extendedKeyUsage=serverAuth")
    path = door.folder / "tls-tokens"
    write(path, path.read_text() + f"cert:{server_s.fingerprint} other\n")
    door.child.send_signal(signal.SIGHUP)
    door.wait_log("read, tokens: 3")
    assert with_cert(door, ca, server_s).status_code == 401
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(door.url.replace("https", "http"), timeout=30)


@pytest.mark.parametrize("version, works", [
    ("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_old_tls_is_refused(secure, version, works):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", secure[0].url[len("https://"):],
         version, "-cipher", "ALL:@SECLEVEL=0"], check=False, timeout=60,
        stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode == 0) == works


# --- what one client can cost

def test_too_large_a_body(plain):
    fits = '{"decision":"approve","message":"' + "x" * (256 * 1024 - 35) + '"}'
    assert len(fits) == 256 * 1024
    decide = "/v1/requests/nobody/decision"
    assert plain.call("POST", decide, fits).status_code == 404
    assert plain.call("POST", decide, fits + " ").status_code == 413
    pieces = (b"x" * 65536 for _ in range(5))  # chunked
    assert requests.post(plain.url + decide, data=pieces, headers=JSON,
                         timeout=30).status_code == 413


def test_methods_and_places(plain):
    for method, path, expected in (
            ("PUT", "/v1/requests", 405), ("POST", "/v1/requests", 405),
            ("DELETE", "/v1/requests/x", 405), ("GET", "/v1/session", 405),
            ("GET", "/v1/requests/x/decision", 405), ("POST", "/", 405),
            ("GET", "/v1/requests/", 404), ("GET", "/v1/requests/x/y", 404),
            ("GET", "/v1/requests/x/", 404), ("GET", "/v1//x", 404),
            ("GET", "/v2", 404), ("GET", "/v1/requests/%zz", 404),
            ("GET", "/v1/requests?limit=0", 400),
            ("GET", "/v1/requests?limit=501", 400),
            ("GET", "/v1/requests?limit=x", 400),
            ("GET", "/v1/requests?after=%00", 400),
            ("GET", "/v1/requests?registry=acme", 400),
            ("HEAD", "/v1/requests", 200)):
        answer = plain.call(method, path)
        assert answer.status_code == expected, (method, path)
        assert ("Allow" in answer.headers) == (expected == 405)


def test_those_who_send_slowly_give_way(plain):
    """More connections than there may be: the honest one is served at once."""
    where = ("127.0.0.1", int(plain.url.rsplit(":", 1)[1]))
    with contextlib.ExitStack() as stack:
        for _ in range(700):
            link = stack.enter_context(socket.create_connection(where, 10))
            link.sendall(b"POST /v1/requests/x/decision HTTP/1.1\r\n")
        begin = time.monotonic()
        answer = requests.get(f"{plain.url}/v1/requests", timeout=30)
        assert answer.status_code == 200
        assert time.monotonic() - begin < 5


def test_nobody_s_body_is_not_kept(door, plain):
    """Who is not let in may send what he likes."""
    decide = ("POST", "/v1/requests/pump/decision")
    pieces = "x" * (300 * 1024)
    assert status(door, *decide, None, pieces) == 401
    assert status(door, *decide, "guess", pieces) == 401
    assert status(door, *decide, ALL, pieces) == 413
    assert sign_in(door, "x" * 4096).status_code == 413
    assert status(plain, "POST", "/nothing", None, pieces) == 404
