"""The device's own word on its command, what is known of a delivery, and
payloads that are erased."""

import json
import pathlib
import re
import threading

import pytest
import requests

from harness import results
from harness.cpu import Stopwatch
from harness.mqtt import Client
from harness.results import nothing_for, outcomes
from harness.rig import device_path
from harness.until import until

@pytest.fixture(scope="module")
def rig(make_rig):
    """The broker's word is enough."""
    return make_rig()


@pytest.fixture(scope="module")
def strict(make_rig):
    """The device must answer."""
    return make_rig({"mqtt": {"delivery_ack": "device"}})


def approved(rig, ca, device, **more):
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.decide(request, **more)
    device.wait(device.command_topic)
    return request


def outcome_of(rig, request, outcome):
    return results.outcome_of(rig, request, outcome).json()


def answer(device, request, status="applied", **more):
    body = {"request_id": request.json()["request_id"], "status": status}
    say(device, json.dumps({**body, **more}))


def say(device, text):
    device.publish(f"{device.path}/events/provisioning", text)


def test_what_a_device_says_after_its_onboarding(rig, ca):
    device = rig.device()
    request = approved(rig, ca, device)
    result = outcome_of(rig, request, "onboarded")
    assert result["delivery"] == "broker"
    answer(device, request, "failed", message="no space")
    assert outcome_of(rig, request, "apply_failed")["message"] == "no space"
    answer(device, request)
    word = outcome_of(rig, request, "applied")
    assert word["decision"] == result["decision"]
    assert word["delivered_at"] == result["delivered_at"]
    answer(device, request, "failed")
    nothing_for(rig, device.path, 0.3, "the last word has been said")
    assert outcomes(rig, device.path) == [
        "onboarded", "apply_failed", "applied",
    ]


@pytest.mark.parametrize("text, said", [
    (b"", "it is empty"),
    (b"{\"request_id\": 7}", "request_id is not a string"),
    (b"done", "byte"),
    (b"{\"request_id\": \"%s\", \"status\": \"done\"}",
     "the status \"done\" is neither applied nor failed"),
    (b"{\"request_id\": \"other\", \"status\": \"applied\"}",
     "not the device's own"),
], ids=["empty", "type", "text", "status", "other"])
def test_what_is_not_understood_is_said_at_once(strict, ca, text, said):
    device = strict.device()
    request = approved(strict, ca, device)
    name = request.json()["request_id"].encode()
    say(device, text.replace(b"%s", name))
    result = outcome_of(strict, request, "undeliverable")
    assert said in result["message"], result
    answer(device, request)
    outcome_of(strict, request, "onboarded")


@pytest.mark.parametrize("form", [
    "%s\0", "\ufeff%s", "%s\r\n\0\0",
], ids=["nul", "bom", "windows"])
def test_what_is_understood_all_the_same(strict, ca, form):
    device = strict.device()
    request = approved(strict, ca, device)
    text = json.dumps({
        "request_id": request.json()["request_id"], "status": "Applied",
        "message": 0,
    })
    say(device, form.replace("%s", text).encode())
    assert outcome_of(strict, request, "onboarded")["delivery"] == "device"


def test_a_device_behind_a_monitor(strict, ca):
    """The broker says that it passed the command on, to somebody else. The
    device comes later, and need not wait for long; nor if it asks again."""
    strict.listen("#")
    path = strict.device().path
    for asks in (False, True):
        path += "x"
        strict.pending(path, ca.leaf().pem)
        request = strict.request(path)
        strict.decide(request)
        until(lambda: f"request_id={request.json()['request_id']} "
              "from=registered to=delivered" in strict.bridge.log(),
              "the monitor has it")
        device = strict.device(path)
        watch = Stopwatch(strict.bridge, strict.mosquitto)
        if asks:
            strict.pending(path, ca.leaf().pem)
        device.wait(device.command_topic)
        assert watch.read() < (1.5 if asks else 8.0)
        answer(device, request)
        outcome_of(strict, request, "onboarded")


def test_a_flood_of_one_device(strict, ca):
    """It costs few lines, and others are served."""
    loud = strict.device()
    stop = threading.Event()

    def shout():
        while not stop.is_set():
            say(loud, b"x" * 1000)

    before = len(strict.bridge.log())
    thread = threading.Thread(target=shout)
    thread.start()
    try:
        for _ in range(3):
            device = strict.device()
            request = approved(strict, ca, device)
            answer(device, request)
            outcome_of(strict, request, "onboarded")
    finally:
        stop.set()
        thread.join()
    log = strict.bridge.log()[before:]
    assert log.count("event=answers_dropped") == 1
    assert log.count(f"device_path={loud.path}") < 30


def unknown_answers(rig):
    page = requests.get(f"http://{rig.bridge.http()}/metrics", timeout=60).text
    return int(re.search(
        r'^ztp_device_answers_total{result="unknown"} (\d+)$', page,
        re.MULTILINE)[1])


def test_a_flood_of_ever_other_devices(strict, ca):
    """Who may publish may answer for devices that nobody knows."""
    stranger = Client(strict.mosquitto.port)
    stem = device_path().rsplit("/", 1)[0]
    before, known = len(strict.bridge.log()), unknown_answers(strict)
    for n in range(4000):
        stranger.client.publish(f"{stem}/none-{n}/events/provisioning",
                                json.dumps({"request_id": f"none-{n}",
                                            "status": "applied"}), 1)
    until(lambda: unknown_answers(strict) - known >= 4000, "all are heard")
    assert len(strict.bridge.log()) - before < 128 * 1024
    device = strict.device()
    request = approved(strict, ca, device)
    answer(device, request)
    outcome_of(strict, request, "onboarded")
    strict.bridge.wait_log("event=device_answered "
                           f"device_path={device.path} ")
    stranger.close()


# --- payloads

MARK = "sesame-4711"


def has_mark(path):
    try:
        return MARK.encode() in path.read_bytes()
    except FileNotFoundError:  # the journal's files come and go
        return False


def on_disk(rig):
    """Does any of the bridge's files have the mark?"""
    store = pathlib.Path(rig.bridge.settings["store"]["path"])
    return [path.name for path in sorted(store.parent.glob(f"{store.name}*"))
            if has_mark(path)]


def gone(rig):
    until(lambda: not on_disk(rig), "the payload is erased")


def test_a_payload_is_erased_when_it_is_applied(rig_with, ca):
    rig = rig_with()
    device = rig.device()
    request = approved(rig, ca, device, payload={"secret": MARK * 500})
    outcome_of(rig, request, "onboarded")
    assert on_disk(rig)
    answer(device, request)
    outcome_of(rig, request, "applied")
    gone(rig)
    # Without a gate the approval is all that a device gets that comes again.
    rig.pending(device.path, ca.leaf().pem)
    again = device.wait(device.command_topic, count=2)[1].json()
    assert again["payload_erased"] is True
    assert "payload" not in again


def test_a_payload_is_erased_in_time(rig_with, ca):
    rig = rig_with({
        "mqtt": {"command_format": "raw"},
        "onboarding": {"payload_retention": "1s"},
    })
    device = rig.device()
    request = approved(rig, ca, device, payload=MARK)
    outcome_of(rig, request, "onboarded")
    gone(rig)
    rig.pending(device.path, ca.leaf().pem)
    until(lambda: "event=command_erased" in rig.bridge.log(), "it says so")
    assert len(device.messages) == 1


@pytest.mark.parametrize("form", ["envelope", "raw"])
def test_a_payload_that_is_forgotten(rig_with, ca, form):
    """Long after its end nothing but the device is known. An approval without
    its payload would be its new configuration."""
    rig = rig_with({"mqtt": {"command_format": form},
                    "store": {"retention": "1s"}})
    device = rig.device()
    request = approved(rig, ca, device, payload={"secret": MARK})
    outcome_of(rig, request, "onboarded")
    url = (f"http://{rig.bridge.http()}/v1/requests/"
           f"{request.json()['request_id']}")
    until(lambda: "finished_at" not in requests.get(url, timeout=5).json(),
          "it is forgotten")
    rig.pending(device.path, ca.leaf().pem)
    if form == "raw":
        until(lambda: "event=command_erased" in rig.bridge.log(), "it says so")
        assert len(device.messages) == 1
    else:
        again = device.wait(device.command_topic, count=2)[1].json()
        assert again["payload_erased"] is True
        assert "payload" not in again


def test_a_payload_that_has_no_effect_is_not_stored(rig_with, ca):
    rig = rig_with()
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    rig.decide(request, "reject", payload=MARK)
    outcome_of(rig, request, "rejected")
    rig.decide(request, payload=MARK)
    outcome_of(rig, request, "already_decided")
    assert not on_disk(rig)


def test_a_payload_is_erased_after_a_kill(rig_with, ca):
    rig = rig_with({"onboarding": {"payload_retention": "6s"}})
    device = rig.device()
    request = approved(rig, ca, device, payload=MARK)
    outcome_of(rig, request, "onboarded")
    assert on_disk(rig)
    rig.bridge.kill9()
    rig.bridge.start()
    gone(rig)
