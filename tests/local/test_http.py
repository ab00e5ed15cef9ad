"""The admin pages: what an operator and a Prometheus see."""

import json
import re

import pytest
import requests

from harness.rig import device_path
from harness.until import until

NAMES = [
    "ztp_pending_events_total", "ztp_requests_published_total",
    "ztp_decisions_total", "ztp_commands_total", "ztp_results_total",
    "ztp_dlq_total", "ztp_requests_outstanding",
    "ztp_oldest_undecided_seconds", "ztp_decision_latency_seconds",
    "ztp_mqtt_connected", "ztp_kafka_connected", "ztp_store_bytes",
    "ztp_build_info",
]


def get(rig, path):
    return requests.get(f"http://{rig.bridge.http()}{path}", timeout=10)


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


@pytest.mark.parametrize("path", ["/", "/nope", "/v1", "/v1/requests/none",
                                  "/v1/requests/../../etc/passwd"])
def test_not_there(rig, path):
    assert get(rig, path).status_code == 404


def test_requests_are_listed(rig, ca):
    path = device_path(registry="listed")
    rig.pending(path, ca.leaf().pem)
    request = rig.request(path).json()
    one = get(rig, f"/v1/requests/{request['request_id']}")
    assert one.status_code == 200
    assert request["request_id"] in one.text and path in one.text
    found = get(rig, "/v1/requests?registry=acme/listed")
    assert found.status_code == 200 and path in found.text
    json.loads(found.text)
    assert path not in get(rig, "/v1/requests?registry=acme/other").text
    rig.device(path)
    rig.decide(rig.request(path))
    rig.result(path)


def test_not_ready_without_its_broker(rig_with):
    rig = rig_with()
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready")
    rig.mosquitto.stop()

    def told():
        page = get(rig, "/readyz")
        return page.status_code == 503 and "mqtt" in page.text

    until(told, "readyz names mqtt")
    assert get(rig, "/healthz").status_code == 200
    assert metrics(rig)["ztp_mqtt_connected"] == 0
    rig.mosquitto.start()
    until(lambda: get(rig, "/readyz").status_code == 200, "it is ready again")
