"""Compares docs/schemas with the records and messages that are really sent.

watch() is a fixture for a conftest.py. With it, every record and message that
the harness's readers collect is validated against its schema at the end of
each test. What the product writes must always validate. A test may write
anything; its decisions must validate if the bridge has understood them, which
a result with their position shows."""

import base64
import collections
import functools
import json

import jsonschema
import pytest

from . import seen
from .topics import Record
from .where import ROOT

FOLDER = ROOT / "docs" / "schemas"
PAGES = ("refusals", "history", "group")  # of the bridge's HTTP server
KINDS = ("pending", "request", "decision", "result", "command", "dlq",
         "audit", "control") + PAGES


@functools.lru_cache(None)
def schema(kind):
    text = (FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


@functools.lru_cache(None)
def validator(kind, part=None):
    """A validator for a whole schema, or for one of its $defs."""
    whole = schema(kind)
    checker = jsonschema.Draft202012Validator
    if part is None:
        return checker(whole, format_checker=jsonschema.FormatChecker())
    assert part in whole["$defs"], (kind, part)
    return checker(
        {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]},
        format_checker=jsonschema.FormatChecker(),
    )


def problems(kind, instance, part=None):
    """Its violations, one line each; empty if there are none."""
    return [
        f"{kind}{'/' + part if part else ''}"
        f" at /{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator(kind, part).iter_errors(instance)
    ]


def as_json(value):
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return None


def headers_of(record):
    return {name: (value or b"").decode("utf-8", "replace")
            for name, value in record.headers}


def record_problems(record):
    """Checks a record that the product has written."""
    kind = record.topic.rsplit(".", 1)[-1]
    headers, value = headers_of(record), as_json(record.value)
    if kind in ("requests", "results"):
        kind = kind[:-1]
        return problems(kind, value) + problems(kind, headers, "headers")
    if kind == "audit":
        return problems("audit", value)
    if kind == "dlq":
        text = (record.value or b"").decode("utf-8", "replace")
        if headers.get("__connect.errors.stage") == "pending":
            text = as_json(text) or text
        return problems("dlq", {"key": record.key, "headers": headers,
                                "value": text}, "record")
    return []


def decision_problems(record):
    """Checks a decision that the bridge has understood."""
    value = as_json(record.value)
    if "specversion" not in value:
        found = problems("decision", value, "native")
        return found and problems("decision", value, "omnicore") and found
    found = problems("decision", value, "structured")
    if not found and value.get("data_base64"):
        value = as_json(base64.b64decode(value["data_base64"]))
        found = problems("decision", value)
    return found


def names_another(record, request_ids):
    value = as_json(record.value)
    named = value.get("request_id") if isinstance(value, dict) else None
    return isinstance(named, str) and named not in request_ids


def is_envelope(value):
    """True if it is, or should have been, a command envelope. What tests
    write has only one of these members."""
    return isinstance(value, dict) and len(
        {"type", "request_id", "status", "device_path"} & set(value)) > 1


def message_problems(topic, payload):
    """Checks a message by its topic. The harness does not read what a test
    publishes for a bridge without a gate, so pending events here come from a
    gate."""
    value = as_json(payload)
    if topic.startswith("ztp/v1/pending"):
        return problems("pending", value)
    if topic == "ztp/v1/audit":
        return problems("audit", value)
    if topic == "ztp/v1/audits" and isinstance(value, list):
        return [problem for record in value
                for problem in problems("audit", record)]
    if topic == "ztp/v1/withdrawn" and not isinstance(value, dict):
        return []  # an operator's, who may write there
    if topic == "ztp/v1/withdrawn" or topic.startswith("ztp/v1/subscribed"):
        return problems("control", value, topic.split("/")[2])
    if topic == "$CONTROL/ztp/v1/response":
        return problems("control", value, "responses")
    if topic.endswith("/commands") and is_envelope(value):
        return problems("command", value)
    return []


class Watch:
    """Records everything that is seen, and later reports what was wrong with
    it."""

    def __init__(self):
        self.fresh = collections.deque()
        self.decisions = {}
        self.understood = {}  # place: the request ids of its results
        self.count = collections.Counter()

    def __call__(self, item):
        if isinstance(item, Record):
            self.fresh.append(item)
        else:
            self.fresh.append((item.topic, item.payload))

    def _record(self, record):
        place = record.topic, record.partition, record.offset
        if record.topic.endswith(".decisions"):
            self.decisions[place] = record
        elif record.topic.endswith(".results"):
            result = as_json(record.value) or {}
            at = result.get("decision")
            if at and result.get("outcome") != "invalid":
                at = at["topic"], at["partition"], at["offset"]
                self.understood.setdefault(at, set()).add(
                    result.get("request_id")
                )
        return record_problems(record)

    def complaints(self):
        """The violations since the last call, each with the record it is
        about."""
        found = []
        while self.fresh:
            item = self.fresh.popleft()
            if isinstance(item, Record):
                topic, why = item.topic.rsplit(".", 1)[-1], self._record(item)
            else:
                topic, why = item[0].rsplit("/", 1)[-1], message_problems(*item)
            self.count[topic] += 1
            found += [f"{line}\n  in {item}" for line in why]
        for place in set(self.understood) & set(self.decisions):
            record = self.decisions.pop(place)
            # After a topic was recreated, another record may have its place.
            if names_another(record, self.understood[place]):
                continue
            found += [f"{line}\n  in {record}"
                      for line in decision_problems(record)]
        return found


def complain(watch):
    found = watch.complaints()
    assert not found, "not as docs/schemas says:\n" + "\n".join(found)


@pytest.fixture(scope="session")
def watching():
    watch = Watch()
    seen.watchers.append(watch)
    yield watch
    seen.watchers.remove(watch)
    complain(watch)


@pytest.fixture(autouse=True)
def valid_records(watching):
    """Everything that a test has collected conforms to docs/schemas."""
    yield
    complain(watching)
