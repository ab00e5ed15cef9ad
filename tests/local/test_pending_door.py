"""Input checks of pending events: each rule that refuses one. A refused event
becomes a dead letter without secrets, and the events after it are processed at
once."""

import base64
import hashlib
import json

import pytest

from harness.rig import device_path
from harness.shape import check_request, connect_headers, stamp, now, when

# name -> (the event as bytes, from a path and the CA; the expected code)
REFUSED = {}


def refused(code, **params):
    """Registers a function (path, ca) -> event; params make variants."""

    def register(function):
        name = function.__name__
        for label, value in (params or {"": None}).items():
            args = () if value is None else (value,)
            REFUSED[f"{name}-{label}" if label else name] = (
                lambda path, ca, args=args: function(path, ca, *args),
                code,
            )
        return function

    return register


def event(path, ca, **more):
    return {"device_path": path, "certificate": ca.leaf().pem, **more}


@refused("empty")
def empty(_path, _ca):
    return b""


@refused("bad_json", text=b"hello", cut=b'{"device_path":', array_end=b"[1}",
         trailing=b"{} x", leading_zero=b'{"attempt":007}', comment=b"{} // x")
def not_json(_path, _ca, raw):
    return raw


@refused("wrong_type", text=b'"just text"', array=b"[{}]", number=b"7",
         null=b"null")
def not_an_object(_path, _ca, raw):
    return raw


@refused("too_deep")
def too_deep(path, ca):
    deep = "[" * 16 + "]" * 16
    return json.dumps(event(path, ca))[:-1] + f',"x":{deep}}}'


@refused("too_large")
def too_large(path, ca):
    return event(path, ca, padding="x" * 65536)


@refused("duplicate_key")
def duplicate_key(path, ca):
    return json.dumps(event(path, ca))[:-1] + f',"device_path":"{path}"}}'


@refused("nul_character", raw=b"\0", escaped=b"\\u0000")
def nul(path, ca, what):
    whole = json.dumps(event(path, ca, x="MARK")).encode()
    return whole.replace(b"MARK", what)


@refused("bad_utf8", lone=b"\xff", overlong=b"\xc0\xaf",
         surrogate=b"\xed\xa0\x80", cut=b"\xe2\x82", beyond=b"\xf5\x80\x80\x80")
def utf8(path, ca, what):
    whole = json.dumps(event(path, ca, x="MARK")).encode()
    return whole.replace(b"MARK", what)


@refused("wrong_type", path={"device_path": 7},
         certificate={"certificate": ["x"]}, request_id={"request_id": 1},
         received_at={"received_at": True}, expires_at={"expires_at": {}},
         attempt={"attempt": "one"})
def wrong_type(path, ca, change):
    return event(path, ca, **change)


@refused("missing_member", path="device_path", certificate="certificate")
def missing(path, ca, name):
    whole = event(path, ca)
    del whole[name]
    return whole


@refused("bad_value", space="a b", slash="a/b", plus="a+b")
def request_id(path, ca, value):
    return event(path, ca, request_id=value)


@refused("too_large")
def request_id_too_long(path, ca):
    return event(path, ca, request_id="x" * 129)


@refused("bad_value", received={"received_at": "yesterday"},
         expires={"expires_at": "2026-13-01T00:00:00Z"})
def bad_time(path, ca, change):
    return event(path, ca, **change)


@refused("bad_path", plus="+", hash="#", space="a b", dot=".", dots="..",
         slash="a/b", empty="", control="a\u0007b", umlaut="gerät",
         dash_first="-a", tilde_first="~a", long="x" * 256)
def bad_id(path, ca, name):
    return event(path.rsplit("/", 1)[0] + "/" + name, ca)


@refused("bad_path", short="subscriptions/a/registries/b",
         other="subscriptions/a/regs/b/devices/c",
         more="subscriptions/a/registries/b/devices/c/d",
         leading="/subscriptions/a/registries/b/devices/c")
def bad_path(_path, ca, whole):
    return event(whole, ca)


@refused("bad_path")
def two_paths(path, ca):
    return event(path, ca, client_id=path + "x")


def with_certificate(path, certificate):
    return {"device_path": path, "certificate": certificate}


@refused("bad_certificate", garbage="not a certificate",
         base64=base64.b64encode(b"\x30\x03\x02\x01\x01").decode())
def garbage(path, _ca, text):
    return with_certificate(path, text)


@refused("empty")
def no_certificate_text(path, _ca):
    return with_certificate(path, "")


@refused("bad_certificate")
def two_certificates(path, ca):
    return with_certificate(path, ca.leaf().pem * 2)


@refused("bad_certificate", before="x{}", after="{}x")
def around(path, ca, form):
    return with_certificate(path, form.format(ca.leaf().pem))


@refused("bad_certificate")
def der_trailing(path, ca):
    der = ca.leaf().der + b"\0"
    return with_certificate(path, base64.b64encode(der).decode())


@refused("bad_certificate")
def der_cut(path, ca):
    der = ca.leaf().der[:-1]
    return with_certificate(path, base64.b64encode(der).decode())


@refused("bad_certificate")
def private_key(path, ca):
    return with_certificate(path, ca.leaf().key_path.read_text())


@refused("too_large")
def certificate_too_large(path, ca):
    return with_certificate(path, ca.leaf().pem + "\n" * 16384)


@refused("expired_certificate")
def expired(path, ca):
    return with_certificate(path, ca.expired().pem)


@refused("certificate_not_yet_valid")
def not_yet_valid(path, ca):
    return with_certificate(path, ca.not_yet().pem)


@refused("certificate_is_ca")
def is_ca(path, ca):
    return with_certificate(path, ca.ca_leaf().pem)


@refused("weak_signature")
def sha1(path, ca):
    return with_certificate(path, ca.sha1().pem)


@refused("bad_key")
def rsa1024(path, ca):
    return with_certificate(path, ca.issue("rsa1024").pem)


@refused("bad_key_usage")
def server_only(path, ca):
    leaf = ca.issue(extensions="extendedKeyUsage=serverAuth\n")
    return with_certificate(path, leaf.pem)


@refused("bad_key_usage")
def no_signatures(path, ca):
    leaf = ca.issue(extensions="keyUsage=critical,keyAgreement\n")
    return with_certificate(path, leaf.pem)


@refused("bad_certificate")
def unknown_critical(path, ca):
    leaf = ca.issue(extensions="1.2.3.4.5=critical,ASN1:NULL\n")
    return with_certificate(path, leaf.pem)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(rig, ca, name):
    make, code = REFUSED[name]
    path = device_path()
    made = make(path, ca)
    raw = json.dumps(made) if isinstance(made, dict) else made
    raw = raw.encode() if isinstance(raw, str) else raw
    follower = device_path("good")
    rig.publisher.publish(rig.pending_topic, raw)
    rig.pending(follower, ca.leaf().pem)
    check_dead_pending(rig, raw, code)
    rig.request(follower)
    # A later event has passed, so the refused one will not pass any more.
    assert not rig.reader.find(rig.topics["requests"], path)


def check_dead_pending(rig, raw, code):
    digest = hashlib.sha256(raw).hexdigest()
    dead = rig.dead(lambda r: ("ztp.sha256", digest.encode()) in r.headers)
    told = connect_headers(dead)
    assert told["topic"] == rig.pending_topic
    assert (told["partition"], told["offset"]) == ("", "")
    assert told["stage"] == "pending"
    assert told["exception.class.name"] == code
    assert dead.header("ztp.size") == str(len(raw))
    if dead.value:
        assert set(dead.json()) <= {
            "request_id", "device_path", "attempt", "received_at",
        }


def test_dead_letter_keeps_what_may_be_shown(rig, ca):
    """Rebuilt from an allow-list: the well-formed ones of four members."""
    path = device_path()
    rig.pending(
        path, "-----BEGIN CERTIFICATE-----nonsense-----END CERTIFICATE-----",
        request_id=f"r-{path[-8:]}", attempt=3, password="secret-word",
        received_at="2026-01-02T03:04:05.678Z", other="unknown-word",
    )
    dead = rig.dead(lambda r: path.encode() in (r.value or b""))
    assert dead.json() == {
        "request_id": f"r-{path[-8:]}",
        "device_path": path,
        "attempt": 3,
        "received_at": "2026-01-02T03:04:05.678Z",
    }


def test_least_that_is_enough(rig, ca):
    leaf = ca.leaf()
    for names in (("device_path", "certificate"), ("client_id", "username")):
        path = device_path()
        event = dict(zip(names, (path, leaf.pem)))
        rig.publisher.publish(rig.pending_topic, event)
        check_request(
            rig.request(path), path, leaf, rig.topics["decisions"]
        )


@pytest.mark.parametrize("unset", [None, ""], ids=["null", "empty"])
def test_unset_members_count_as_absent(rig, ca, unset):
    """As a broker's plugin writes them whose language knows no absence."""
    path = device_path()
    rig.publisher.publish(rig.pending_topic, {
        "device_path": unset, "client_id": path, "certificate": unset,
        "username": ca.leaf().pem, "request_id": unset, "received_at": unset,
        "expires_at": unset, "remote_addr": unset, "traceparent": unset,
        "password": unset})
    check_request(rig.request(path), path, ca.leaf(), rig.topics["decisions"])


def test_unknown_members_are_ignored(rig, ca):
    path = device_path()
    rig.pending(path, ca.leaf().pem, colour="blue", nested={"a": [1, {}]})
    rig.request(path)


def test_known_members_are_used(rig, ca):
    import datetime

    path = device_path()
    received = now() - datetime.timedelta(seconds=3)
    expires = now() + datetime.timedelta(hours=2)
    rig.pending(
        path, ca.leaf().pem, client_id=path, request_id=f"own-{path[-8:]}",
        received_at=stamp(received), expires_at=stamp(expires),
        remote_addr="192.0.2.1", attempt=9,
    )
    body = check_request(
        rig.request(path), path, ca.leaf(), rig.topics["decisions"]
    )
    assert body["request_id"] == f"own-{path[-8:]}"
    assert body["received_at"] == stamp(received)
    assert body["expires_at"] == stamp(expires)


def test_default_deadline(rig, ca):
    path = device_path()
    rig.pending(path, ca.leaf().pem)
    body = rig.request(path).json()
    span = when(body["expires_at"]) - when(body["received_at"])
    assert abs(span.total_seconds() - 24 * 3600) < 1


def test_request_id_of_another_is_replaced(rig, ca):
    first, second = device_path(), device_path()
    for path in first, second:
        rig.pending(path, ca.leaf().pem, request_id=f"same-{first[-8:]}")
    ids = [rig.request(path).json()["request_id"] for path in (first, second)]
    assert ids[0] == f"same-{first[-8:]}"
    assert ids[1] != ids[0]


def test_names_of_the_certificate(rig, ca):
    """RFC 4514 strings, control bytes escaped, alternative names in order."""
    leaf = ca.issue(
        subject="/O=Acme, Inc./CN=pump",
        extensions="subjectAltName=DNS:a.example,IP:192.0.2.7,"
        "URI:urn:x:1,email:a@example.org\n",
    )
    path = device_path()
    rig.pending(path, leaf.pem)
    shown = rig.request(path).json()["certificate"]
    assert shown["subject"] == "CN=pump,O=Acme\\, Inc."
    assert shown["subject_alt_names"] == [
        "DNS:a.example", "IP:192.0.2.7", "URI:urn:x:1", "email:a@example.org",
    ]


def test_client_auth_is_accepted(rig, ca):
    leaf = ca.issue(extensions="extendedKeyUsage=clientAuth,serverAuth\n")
    path = device_path()
    rig.pending(path, leaf.pem)
    rig.request(path)


def test_retained_event_is_ignored(rig, ca):
    path = device_path()
    event = {"device_path": path, "certificate": ca.leaf().pem}
    rig.publisher.publish(rig.pending_topic, event, retain=True)
    rig.publisher.publish(rig.pending_topic, b"", retain=True)
    rig.bridge.restart()
    rig.onboard(ca.leaf())
    # Mosquitto sends it to a live subscription without the retain flag: that
    # makes at most one request, and the retained copy never makes another.
    assert len(rig.reader.find(rig.topics["requests"], path)) <= 1


def test_long_ids_and_every_character(rig, ca):
    path = (
        "subscriptions/" + "s" * 255 + "/registries/" + "r" * 255
        + "/devices/9._~%-" + "d" * 249
    )
    rig.pending(path, ca.leaf().pem)
    assert rig.request(path).json()["device"]["path"] == path


def test_traceparent_is_carried(rig, ca):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    path = device_path()
    rig.pending(path, ca.leaf().pem, traceparent=trace)
    assert rig.request(path).header("traceparent").split("-")[1] == (
        trace.split("-")[1]
    )
