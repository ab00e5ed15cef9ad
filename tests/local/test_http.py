"""The admin pages, as seen by an operator and by Prometheus."""

import datetime
import re

import pytest
import requests

from harness import shape
from harness.bridge import run_bridge, topic_names
from harness.devkafka import DevKafka
from harness.rig import device_path
from harness.until import until

NAMES = [
    "ztp_pending_events_total", "ztp_requests_published_total",
    "ztp_decisions_total", "ztp_commands_total",
    "ztp_device_answers_total", "ztp_results_total",
    "ztp_gate_verdicts_total", "ztp_dlq_total", "ztp_requests_outstanding",
    "ztp_oldest_undecided_seconds",
    "ztp_gate_oldest_unacknowledged_seconds", "ztp_decision_latency_seconds",
    "ztp_mqtt_connected", "ztp_kafka_connected", "ztp_ready",
    "ztp_store_bytes", "ztp_log_dropped_total", "ztp_build_info",
]


def get(rig, path):
    return requests.get(f"http://{rig.bridge.http()}{path}", timeout=60)


def metrics(rig):
    """{name{labels}: value} of /metrics."""
    page = get(rig, "/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain")
    found = {}
    for line in page.text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def test_names_are_there(rig):
    text = get(rig, "/metrics").text
    for name in NAMES:
        assert re.search(rf"^# TYPE {name} ", text, re.MULTILINE), name
        assert re.search(rf"^# HELP {name} ", text, re.MULTILINE), name
    assert set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)) == set(NAMES)


def test_labels_are_there_before_anything_happened(rig):
    found = metrics(rig)
    for outcome in shape.OUTCOMES:
        assert f'ztp_results_total{{outcome="{outcome}"}}' in found
    for decision in ("approve", "reject"):
        assert f'ztp_decisions_total{{decision="{decision}"}}' in found
    for stage in ("pending", "decision"):
        assert f'ztp_dlq_total{{stage="{stage}"}}' in found
    states = {
        name for name in found if name.startswith("ztp_requests_outstanding{")
    }
    assert states == {
        f'ztp_requests_outstanding{{state="{state}"}}'
        for state in ("received", "requested", "approved", "registered",
                      "delivered")
    }
    assert [value for name, value in found.items()
            if name.startswith("ztp_build_info{version=")] == [1]


def test_the_page_is_prometheus_text(rig):
    page = get(rig, "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    sample = re.compile(
        r'^[a-z_]+(\{([a-z_]+="[^"\\\n]*",?)+\})? [0-9.e+]+$')
    for line in page.text.splitlines():
        assert line.startswith("# ") or sample.match(line), line


def test_counts(rig, ca):
    before = metrics(rig)
    device, *_ = rig.onboard(ca.leaf())
    rig.publisher.publish(rig.pending_topic, b"nonsense")
    rig.reader.wait(rig.topics["dlq"])

    def grown(name):
        return metrics(rig).get(name, 0) - before.get(name, 0)

    for name in (
        'ztp_results_total{outcome="onboarded"}',
        'ztp_decisions_total{decision="approve"}',
        "ztp_requests_published_total",
        'ztp_dlq_total{stage="pending"}',
        "ztp_decision_latency_seconds_count",
    ):
        until(lambda: grown(name) == 1, f"{name} has grown by one")
    now = metrics(rig)
    assert now["ztp_mqtt_connected"] == 1
    assert now["ztp_kafka_connected"] == 1
    assert now["ztp_store_bytes"] > 0
    page = get(rig, "/metrics").text
    assert device.path not in page and "pump" not in page


def test_oldest_undecided(rig, ca):
    path = device_path()
    rig.pending(path, ca.leaf().pem)
    rig.request(path)
    until(lambda: metrics(rig)["ztp_oldest_undecided_seconds"] > 0,
          "a request is undecided")
    rig.device(path)
    rig.decide(rig.request(path))
    rig.result(path)


def test_health(rig):
    assert get(rig, "/healthz").status_code == 200
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready")


@pytest.mark.parametrize("path", ["/nope", "/v1", "/v1/requests/none",
                                  "/v1/requests/../../etc/passwd"])
def test_not_there(rig, path):
    assert get(rig, path).status_code == 404


def check_object(body, request, state):
    """Compares a listed request with the record that the customer got."""
    for name in ("request_id", "device", "received_at", "expires_at",
                 "attempt"):
        assert body[name] == request[name]
    certificate = request["certificate"]
    assert body["fingerprint_sha256"] == certificate["fingerprint_sha256"]
    assert body["state"] == state
    assert isinstance(body["tries"], int)


def listed(rig, query):
    page = get(rig, f"/v1/requests?{query}")
    assert page.status_code == 200
    assert page.headers["content-type"] == "application/json"
    return page.json()


def test_a_request_and_its_decision(rig, ca):
    path = device_path(registry="listed")
    rig.pending(path, ca.leaf().pem)
    record = rig.request(path)
    request = record.json()
    address = f"/v1/requests/{request['request_id']}"
    until(lambda: get(rig, address).json()["state"] == "requested",
          "Kafka's acknowledgement is known")
    one = get(rig, address)
    assert one.status_code == 200
    check_object(one.json(), request, "requested")
    for query in ("registry=acme/listed", "registry=acme%2Flisted",
                  "state=requested&registry=acme/listed&limit=1000"):
        assert listed(rig, query) == {"requests": [one.json()]}
    assert listed(rig, "registry=acme/other") == {"requests": []}
    assert listed(rig, "state=onboarded&registry=acme/listed") == {
        "requests": []
    }
    device = rig.device(path)
    place = rig.decide(record, reason="known_good", message="by hand",
                       payload={"secret": "MARKER-7f3a"})
    rig.result(path)
    device.wait(device.command_topic)
    one = get(rig, address)
    assert "MARKER" not in one.text and "BEGIN" not in one.text
    check_object(one.json(), request, "onboarded")
    assert one.json()["decision"] == {
        "verdict": "approve", "by": "customer", "reason": "known_good",
        "message": "by hand",
        "position": {"topic": rig.topics["decisions"], "partition": place[0],
                     "offset": place[1]},
    }
    done = shape.when(one.json()["finished_at"])
    assert shape.when(one.json()["delivered_at"]) <= done
    assert "next_try_at" not in one.json()


def test_a_command_that_waits_is_seen(rig, ca):
    path = device_path(registry="waits")
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    address = f"/v1/requests/{request.json()['request_id']}"
    rig.decide(request)

    def tried():
        body = get(rig, address).json()
        return body if body["tries"] > 0 else None

    body = until(tried, "the command was tried")
    assert body["state"] == "registered"
    assert "finished_at" not in body and "delivered_at" not in body
    shape.when(body["next_try_at"])
    found = metrics(rig)
    assert found['ztp_requests_outstanding{state="registered"}'] >= 1
    assert found['ztp_commands_total{result="no_subscriber"}'] >= 1
    rig.device(path)
    rig.result(path)


def expire(rig, ca):
    """A request that nobody decides, as it is shown afterwards."""
    path = device_path(registry="late")
    soon = shape.now() + datetime.timedelta(seconds=3)
    rig.pending(path, ca.leaf().pem, expires_at=shape.stamp(soon))
    request = rig.request(path).json()
    if rig.bridge.settings.get("onboarding"):
        rig.device(path)
    rig.result(path)
    return request, get(rig, f"/v1/requests/{request['request_id']}").json()


def test_expiry_is_no_decision(rig, ca):
    request, body = expire(rig, ca)
    check_object(body, request, "expired")
    assert "decision" not in body
    shape.when(body["finished_at"])


def test_approval_by_timeout_says_so(rig_with, ca):
    rig = rig_with({"onboarding": {"on_timeout": "approve"}})
    request, body = expire(rig, ca)
    check_object(body, request, "onboarded")
    assert body["decision"] == {"verdict": "approve", "by": "timeout"}


def test_pages_follow_each_other(rig, ca):
    paths = [device_path(registry="paged") for _ in range(7)]
    for path in paths:
        rig.pending(path, ca.leaf().pem)
    for path in paths:
        rig.request(path)
    found, after, pages = [], "", 0
    while True:
        page = listed(rig, f"registry=acme/paged&limit=3&after={after}")
        assert len(page["requests"]) <= 3
        found += page["requests"]
        pages += 1
        if "next" not in page:
            break
        after = page["next"]
    assert pages == 3
    assert [one["device"]["path"] for one in found] == paths
    rest = listed(rig, "registry=acme/paged&after=" + found[4]["request_id"])
    assert rest["requests"] == found[5:]


def test_in_other_orders(rig, ca):
    paths = [device_path(registry="ordered") for _ in range(3)]
    requests_made = []
    for path in paths:
        rig.pending(path, ca.leaf().pem)
        requests_made.append(rig.request(path))
    for i in (1, 0):  # the last is left undecided
        rig.decide(requests_made[i], "reject")
        rig.result(paths[i])

    def order(query):
        return [paths.index(one["device"]["path"])
                for one in listed(rig, query)["requests"]]

    assert order("registry=acme/ordered&order=newest") == [2, 1, 0]
    assert order("registry=acme/ordered&order=finished") == [0, 1]
    assert order(f"device={paths[1]}") == [1]
    rig.decide(requests_made[2], "reject")
    rig.result(paths[2])


def test_status(rig, ca):
    path = device_path(registry="status")
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path)
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready")

    own = f"/v1/requests/{request.json()['request_id']}"
    until(lambda: get(rig, own).json()["state"] == "requested",
          "Kafka's acknowledgement is known")
    body = get(rig, "/v1/status").json()
    assert body["requests"]["requested"] >= 1
    assert body["ready"] is True
    assert body["parts"] == [{"name": name, "ready": True}
                             for name in ("mqtt", "kafka", "store")]
    found = metrics(rig)
    assert f'ztp_build_info{{version="{body["version"]}"}}' in found
    for state in ("received", "requested", "registered"):
        assert body["requests"][state] == found[
            f'ztp_requests_outstanding{{state="{state}"}}']
    assert body["requests"]["onboarded"] >= 0
    oldest = body["oldest_undecided"]
    assert get(rig, f"/v1/requests/{oldest['request_id']}").json() == oldest
    assert shape.when(body["started_at"]) < shape.when(body["at"])
    rig.decide(request, "reject")
    rig.result(path)


@pytest.mark.parametrize("query", [
    "order=nope", "device=pump-42", "order=finished&after=@1",
    "state=nope", "limit=0", "limit=1001", "limit=x", "registry=plant-7",
    "registry=a/b/c", "after=none", "colour=red", "limit=1&limit=2",
])
def test_a_bad_query(rig, query):
    page = get(rig, f"/v1/requests?{query}")
    assert page.status_code == 400
    assert page.headers["content-type"] == "application/json"
    assert page.json()["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/v1/requests", "/metrics"])
def test_nothing_can_be_changed(rig, method, path):
    page = requests.request(method, f"http://{rig.bridge.http()}{path}",
                            json={"state": "approved"}, timeout=60)
    assert page.status_code == 405
    assert page.headers["allow"] == "GET, HEAD"


def test_unknown_request_is_json(rig):
    page = get(rig, "/v1/requests/none")
    assert page.status_code == 404 and page.json()["error"]


def test_off(rig_with, ca):
    rig = rig_with({"http": {"listen": ""}})
    rig.onboard(ca.leaf())
    assert "http_listening" not in rig.bridge.log()


def test_address_in_use(rig, tmp_path):
    taken = rig.bridge.http()
    config = tmp_path / "second.yaml"
    config.write_text(
        f"store: {{path: {tmp_path}/second.db}}\n"
        f"mqtt: {{url: {rig.mosquitto.url}, client_id: second}}\n"
        f"kafka: {{brokers: {rig.kafka.brokers}, group: second}}\n"
        f"http: {{listen: '{taken}'}}\n")
    done = run_bridge("--config", config)
    assert done.returncode == 1, done.stderr
    assert taken in done.stderr and "in use" in done.stderr


def test_not_ready_without_its_broker(rig_with):
    rig = rig_with()
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready")
    rig.mosquitto.stop()

    def told():
        page = get(rig, "/readyz")
        return page.status_code == 503 and re.search(
            r"^mqtt: \S", page.text, re.MULTILINE)

    until(told, "readyz names mqtt")
    assert get(rig, "/healthz").status_code == 200
    assert metrics(rig)["ztp_mqtt_connected"] == 0
    rig.mosquitto.start()
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready again")


def test_not_ready_without_kafka(tmp_path, rig_with):
    kafka = DevKafka(tmp_path / "own-kafka").start()
    topics = topic_names("away")
    kafka.create(topics.values())
    rig = rig_with({"kafka": {"brokers": kafka.brokers}}, topics=topics)
    until(lambda: get(rig, "/readyz").text == "ok\n", "it is ready")
    kafka.stop()

    def told():
        page = get(rig, "/readyz")
        return page.status_code == 503 and re.search(
            r"^kafka: \S", page.text, re.MULTILINE)

    until(told, "readyz names kafka")
    assert "mqtt" not in get(rig, "/readyz").text
    assert metrics(rig)["ztp_kafka_connected"] == 0
    assert metrics(rig)["ztp_mqtt_connected"] == 1
    assert get(rig, "/healthz").text == "ok\n"
