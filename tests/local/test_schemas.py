"""docs/schemas and docs/asyncapi.yaml are valid and consistent.
harness/schemas.py checks that every record of the other tests validates."""

import copy
import json
import re

import jsonschema
import pytest
import yaml

from harness import schemas
from harness.shape import OUTCOMES
from harness.topics import Record
from harness.where import ROOT

PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"
EXAMPLES = [
    (kind, n)
    for kind in schemas.KINDS
    for n in range(len(schemas.schema(kind)["examples"]))
]


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_is_a_schema(kind):
    found = schemas.schema(kind)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["title"] and found["description"]


def test_there_is_no_other():
    names = {path.name for path in schemas.FOLDER.iterdir()}
    assert names == {f"{kind}.schema.json" for kind in schemas.KINDS}


@pytest.mark.parametrize("kind,n", EXAMPLES)
def test_example(kind, n):
    assert not schemas.problems(kind, schemas.schema(kind)["examples"][n])


def changed(kind, change, n=0):
    """An example with one change."""
    made = copy.deepcopy(schemas.schema(kind)["examples"][n])
    change(made)
    return made


def put(*names, value):
    def change(made):
        for name in names[:-1]:
            made = made[name]
        made[names[-1]] = value

    return change


def drop(*names):
    def change(made):
        for name in names[:-1]:
            made = made[name]
        del made[names[-1]]

    return change


PEM = "-----BEGIN CERTIFICATE-----"
WRONG = {
    "pending": [
        drop("certificate"),
        drop("device_path"),
        put("device_path", value="subscriptions/a/registries/b/devices/#"),
        put("device_path", value=7),
        put("certificate", value=["x"]),
        put("certificate", value="A" * 16385),
        put("request_id", value="a b"),
        put("expires_at", value="tomorrow"),
    ],
    "request": [
        drop("request_id"),
        drop("certificate", "fingerprint_sha256"),
        drop("expires_at"),
        put("certificate", "pem", value=PEM),
        put("password", value="x.y.z"),
        put("device", "path", value="pump-42"),
        put("received_at", value="2026-01-02T03:04:05Z"),
        put("attempt", value=0),
        put("contenders", value=9),
        put("certificate", "public_key", "algorithm", value="DSA"),
        put("certificate", "fingerprint_sha256", value="9F" * 32),
    ],
    "decision": [
        drop("request_id"),
        drop("device_path"),
        drop("decision"),
        put("decision", value="approved"),
        put("decision", value=True),
        put("isApprove", value=True),
        put("fingerprint_sha256", value="9f"),
        put("metadata", value={"k": 1}),
        put("reason", value="a\nb"),
        put("content_type", value="not a type"),
        lambda made: made.update(payload={}, payload_base64="AAEC"),
        put("payload_base64", value="AAE"),
    ],
    "result": [
        drop("message"),
        drop("at"),
        drop("delivered_at"),
        put("outcome", value="done"),
        put("code", value=201),
        put("status", value="FINE"),
        put("decision", "offset", value=-1),
        put("payload", value={}),
        put("device_path", value="pump-42"),
    ],
    "command": [
        drop("type"),
        drop("request_id"),
        put("status", value="onboarded"),
        put("payload_base64", value="AAEC"),
        put("certificate", value=PEM),
        put("retry_after_s", value=60),
    ],
    "dlq": [
        drop("headers", "__connect.errors.stage"),
        drop("headers", "ztp.sha256"),
        put("headers", "__connect.errors.offset", value="7"),
        put("headers", "__connect.errors.stage", value="offered"),
        put("value", "certificate", value=PEM),
        put("value", "password", value="x.y.z"),
        put("value", value=PEM),
        put("key", value="pump-42"),
    ],
    "audit": [
        drop("at"),
        drop("code"),
        put("verdict", value="maybe"),
        put("password", value="x.y.z"),
        put("device_path", value="pump-42"),
        put("omitted", value=1),
        put("code", value="Too Many"),
    ],
    "control": [
        put("commands", value={}),
        put("commands", 0, "command", value="makeCoffee"),
        put("commands", 0, "correlationData", value="x" * 257),
        drop("commands"),
    ],
}


@pytest.mark.parametrize(
    "kind,n", [(kind, n) for kind in WRONG for n in range(len(WRONG[kind]))]
)
def test_wrong(kind, n):
    assert schemas.problems(kind, changed(kind, WRONG[kind][n]))


def test_wrong_control_responses():
    right = schemas.schema("control")["examples"][2]
    assert not schemas.problems("control", right)
    for wrong in (
        {"code": "FINE"},
        {"error": "and yet"},
        {"data": {"created": 1}},
        {"code": "NOT_FOUND"},
    ):
        made = copy.deepcopy(right)
        made["responses"][0].update(wrong)
        assert schemas.problems("control", made), wrong


def test_outcomes_are_the_table_s():
    found = schemas.schema("result")
    listed = re.findall(r'X\(\w+, "(\w+)", (\d+), ZTP_CODE_(\w+)\)',
                        (ROOT / "include/ztp/result.h").read_text())
    assert {outcome: (int(code), status)
            for outcome, code, status in listed} == OUTCOMES
    assert found["properties"]["outcome"]["enum"] == list(OUTCOMES)
    for outcome, (code, status) in OUTCOMES.items():
        made = changed("result", lambda made: made.update(
            outcome=outcome, code=code, status=status))
        if outcome in ("rejected", "conflict", "expired", "failed",
                       "withdrawn", "unknown_request"):
            made.pop("delivered_at")
        if outcome != "onboarded":
            made.pop("delivery")
        assert not schemas.problems("result", made), outcome


# --- the watcher itself


def record(topic, value, headers=(), offset=0):
    return Record(f"t1.{topic}", 0, offset, PATH, json.dumps(value).encode(),
                  list(headers))


EVENT = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"0192f3a1-7c7e-7c3a-9b1d-0a4c5f3e2b11"),
    ("ce_source", b"/ztp-bridge/x"),
    ("ce_type", b"io.ztp.provisioning.requested.v1"),
    ("ce_subject", PATH.encode()),
    ("ce_time", b"2026-01-02T03:04:05.678Z"),
    ("content-type", b"application/json"),
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
]


def test_watch_takes_what_is_right():
    watch = schemas.Watch()
    watch(record("requests", schemas.schema("request")["examples"][0], EVENT))
    watch(record("decisions", {"nothing": "of it"}))
    assert not watch.complaints()
    assert watch.count == {"requests": 1, "decisions": 1}


@pytest.mark.parametrize("change", WRONG["request"])
def test_watch_finds_a_wrong_request(change):
    watch = schemas.Watch()
    watch(record("requests", changed("request", change), EVENT))
    assert watch.complaints()


@pytest.mark.parametrize("name", [name for name, _ in EVENT])
def test_watch_finds_a_missing_header(name):
    watch = schemas.Watch()
    watch(record("requests", schemas.schema("request")["examples"][0],
                 [header for header in EVENT if header[0] != name]))
    assert watch.complaints()


def test_watch_finds_a_decision_that_should_not_have_been_understood():
    watch = schemas.Watch()
    watch(record("decisions", {"nothing": "of it"}, offset=3))
    watch.understood[("t1.decisions", 0, 3)] = {"some-id"}
    assert watch.complaints()
    # the same position in a topic of that name that was created later
    watch(record("decisions", {"request_id": "other"}, offset=3))
    assert not watch.complaints()


def test_watch_finds_wrong_messages():
    for topic, value in (
        ("ztp/v1/pending", {"device_path": PATH}),
        ("ztp/v1/audit", {"verdict": "accepted"}),
        ("ztp/v1/audits", [{"verdict": "accepted"}]),
        ("ztp/v1/subscribed", {"device_path": PATH}),
        ("ztp/v1/withdrawn", {"device_path": PATH}),
        ("$CONTROL/ztp/v1/response", {"responses": [{}]}),
        (f"{PATH}/commands", {"type": "provisioning", "status": "approved"}),
        (f"{PATH}/commands", {"request_id": "x", "status": "approved"}),
    ):
        assert schemas.message_problems(topic, json.dumps(value)), topic


# --- asyncapi.yaml

ASYNCAPI = schemas.ROOT / "docs" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def api():
    return yaml.safe_load(ASYNCAPI.read_text(encoding="utf-8"))


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def resolve(api, reference):
    name, _, pointer = reference.partition("#")
    found = api
    if name:
        found = json.loads((ASYNCAPI.parent / name).read_text("utf-8"))
    for step in filter(None, pointer.split("/")):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def test_asyncapi_references_resolve(api):
    all_of_them = list(references(api))
    for reference in all_of_them:
        assert resolve(api, reference), reference
    used = {ref.partition("#")[0] for ref in all_of_them} - {""}
    assert used == {f"./schemas/{kind}.schema.json" for kind in schemas.KINDS
                    if kind not in schemas.PAGES}


def test_asyncapi_names_every_topic(api):
    assert api["asyncapi"].startswith("3.")
    addresses = {channel["address"] for channel in api["channels"].values()}
    assert addresses == {
        "ztp/v1/pending", "ztp/v1/withdrawn", "ztp/v1/subscribed",
        "ztp/v1/audit", "ztp/v1/audits",
        "$CONTROL/ztp/v1", "$CONTROL/ztp/v1/response",
        "{device_path}/commands", "{device_path}/events/provisioning",
        "ztp.requests", "ztp.decisions", "ztp.results", "ztp.dlq",
        "ztp.audit",
    }
    for name, channel in api["channels"].items():
        assert channel["servers"] and channel["messages"], name
        for message in channel["messages"].values():
            resolve(api, message["$ref"])


def test_asyncapi_operations_use_their_channels_messages(api):
    done = set()
    for name, operation in api["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        done.add(channel)
        for message in operation.get("messages", []):
            assert message["$ref"].startswith(channel + "/messages/"), name
    assert done == {f"#/channels/{name}" for name in api["channels"]}
