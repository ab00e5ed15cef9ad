"""Checks each member of a record against the contract."""

import datetime
import re

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
TRACE = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")

OUTCOMES = {
    "onboarded": (200, "OK"),
    "rejected": (200, "OK"),
    "conflict": (409, "ALREADY_EXISTS"),
    "expired": (504, "DEADLINE_EXCEEDED"),
    "undeliverable": (503, "UNAVAILABLE"),
    "failed": (500, "INTERNAL"),
    "withdrawn": (409, "ABORTED"),
    "unknown_request": (404, "NOT_FOUND"),
    "mismatch": (400, "INVALID_ARGUMENT"),
    "invalid": (400, "INVALID_ARGUMENT"),
    "duplicate": (200, "OK"),
    "already_decided": (409, "FAILED_PRECONDITION"),
    "applied": (200, "OK"),
    "apply_failed": (500, "INTERNAL"),
}

DELIVERIES = ("device", "subscriber", "broker")


def when(text):
    """Parses a timestamp of the contract."""
    assert isinstance(text, str) and TIME.match(text), text
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def stamp(moment):
    """Formats a moment as a timestamp of the contract."""
    moment = moment.astimezone(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def of_openssl(text):
    """Parses the time that openssl prints as a certificate's date."""
    moment = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=datetime.timezone.utc)


def check_event(record, kind, subject):
    """Checks the CloudEvents headers, binary mode."""
    assert record.header("ce_specversion") == "1.0"
    assert record.header("ce_id")
    assert record.header("ce_source")
    assert record.header("ce_type") == kind
    if subject is not None:
        assert record.header("ce_subject") == subject
    when(record.header("ce_time"))
    assert record.header("content-type") == "application/json"
    assert TRACE.match(record.header("traceparent"))


def check_request(record, path, leaf, decision_topic, attempt=1,
                  contenders=1):
    """Checks every member of a request and returns the body."""
    body = record.json()
    assert record.key == path
    check_event(record, "io.ztp.provisioning.requested.v1", path)
    assert record.header("ce_id") == body["request_id"]
    assert list(body) == [
        "request_id", "device", "certificate", "received_at", "expires_at",
        "attempt", "contenders", "decision_topic",
    ]
    assert re.match(r"^[A-Za-z0-9._~-]{1,128}$", body["request_id"])
    _, subscription, _, registry, _, name = path.split("/")
    assert body["device"] == {
        "path": path,
        "subscription": subscription,
        "registry": registry,
        "id": name,
    }
    check_certificate(body["certificate"], leaf)
    assert when(body["expires_at"]) > when(body["received_at"])
    assert body["attempt"] == attempt
    assert body["contenders"] == contenders
    assert body["decision_topic"] == decision_topic
    return body


def check_certificate(shown, leaf):
    """Compares a request's certificate with the output of openssl."""
    assert list(shown) == [
        "fingerprint_sha256", "subject", "issuer", "serial", "not_before",
        "not_after", "public_key", "subject_alt_names",
    ]
    assert shown["fingerprint_sha256"] == leaf.fingerprint
    names = "-nameopt", "RFC2253"
    assert shown["subject"] == leaf.shown("-subject", *names)
    assert shown["issuer"] == leaf.shown("-issuer", *names)
    assert re.match(r"^[0-9a-f]+$", shown["serial"])
    assert int(shown["serial"], 16) == int(leaf.shown("-serial"), 16)
    assert when(shown["not_before"]) == of_openssl(leaf.shown("-startdate"))
    assert when(shown["not_after"]) == of_openssl(leaf.shown("-enddate"))
    algorithm, bits = {"r": ("RSA", leaf.kind[3:]), "p": ("EC", leaf.kind[1:])}[
        leaf.kind[0]
    ]
    assert shown["public_key"] == {
        "algorithm": algorithm,
        "bits": int(bits),
        "spki_sha256": leaf.spki_sha256(),
    }
    assert isinstance(shown["subject_alt_names"], list)


def check_result(record, outcome, path, request_id, decision=None):
    """Checks every member of a result; decision is (topic, partition, offset).
    Returns the body."""
    body = record.json()
    code, status = OUTCOMES[outcome]
    assert body["outcome"] == outcome, body
    assert (body["code"], body["status"]) == (code, status)
    assert body["request_id"] == request_id
    if path is not None:
        assert record.key == path
        assert body["device_path"] == path
    check_event(record, f"io.ztp.provisioning.{outcome}.v1", path)
    assert isinstance(body["message"], str)
    when(body["at"])
    if decision:
        topic, partition, offset = decision
        assert body["decision"] == {
            "topic": topic,
            "partition": partition,
            "offset": offset,
        }
    else:
        assert "decision" not in body
    if outcome == "onboarded":
        assert body["delivery"] in DELIVERIES
    else:
        assert "delivery" not in body
    if outcome in ("onboarded", "applied", "apply_failed"):
        when(body["delivered_at"])
    elif outcome in ("duplicate", "already_decided", "invalid"):
        # When the request itself was delivered, if it was.
        when(body.get("delivered_at", body["at"]))
    else:
        assert "delivered_at" not in body
    allowed = {
        "request_id", "device_path", "outcome", "code", "status", "message",
        "decision", "delivered_at", "delivery", "at",
    }
    assert set(body) <= allowed, set(body) - allowed
    return body


def connect_headers(record):
    """A dead letter's __connect.errors.* headers, without the prefix."""
    prefix = "__connect.errors."
    found = {
        name[len(prefix):]: (value or b"").decode()
        for name, value in record.headers
        if name.startswith(prefix)
    }
    assert set(found) == {
        "topic", "partition", "offset", "stage", "exception.class.name",
        "exception.message",
    }
    assert found["exception.class.name"]
    assert found["exception.message"]
    return found
