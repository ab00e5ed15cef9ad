"""`registrar: none` with brokers other than Mosquitto with the gate. The
measurements on the way go to docs/brokers.md."""

import time

from harness.results import outcome_of
from harness.rig import device_path
from harness.until import until

EVENTS, RATE = 20000, 1000
BACKLOG = 12000  # more than any of them keeps by default, if it has a bound
KEPT = 300


def test_main_path(stage, ca):
    """Pending event, request, decision, command, result."""
    made = stage()
    _, _, command, result = made.onboard(ca.leaf(), payload={"a": 1})
    assert command.json()["payload"] == {"a": 1}
    assert result.json()["outcome"] == "onboarded"
    if made.row.level == 5:
        assert command.user["status"] == "approved"


def test_tls_and_password(stage, ca):
    made = stage(secure=ca)
    made.onboard(ca.leaf())
    assert "b r:idge" not in made.bridge.log()


def approve(made, leaf, path):
    made.pending(path, leaf.forms["base64"])
    request = made.request(path)
    made.decide(request)
    return request


def said(made):
    """The reason code of the PUBACK of the first command."""
    return int(made.bridge.wait_log(
        r"event=command_done .*reason_code=(\d+)").group(1))


def test_device_away(stage, row, ca):
    """Nobody is subscribed when the approval is published. The bridge trusts a
    broker that says so; with the others, the device has to answer."""
    made = stage()
    request = approve(made, ca.leaf(), device_path("away"))
    code = said(made)
    assert code == (row.kind.nobody if row.level == 5 else 0)
    believed = code == 0x10
    row.note(nobody=code if row.level == 5 else None,
             ack="broker" if believed else "device")
    if not believed:
        outcome_of(made, request, "onboarded")
        made = stage({"mqtt": {"delivery_ack": "device"}})
        request = approve(made, ca.leaf(), device_path("away"))
        said(made)
    device = made.device(request.key)
    start = time.monotonic()
    command = device.wait(device.command_topic, timeout=120)[0]
    row.note(late_s=round(time.monotonic() - start, 1))
    if not believed:
        device.publish(f"{device.path}/events/provisioning", {
            "request_id": command.json()["request_id"], "status": "applied"})
    outcome_of(made, request, "onboarded")


def test_broker_killed(stage, row, ca):
    """What it had passed on is processed. What it had only acknowledged is its
    own responsibility: that is measured."""
    made = stage()
    path = device_path("killed")
    made.pending(path, ca.leaf().forms["base64"])
    request = made.request(path)
    made.bridge.stop()
    paths = made.crowd(ca.leaf(), KEPT)
    made.mosquitto.kill9()
    made.mosquitto.start()
    made.bridge.start()
    made.wait_connected()
    kept = made.arrived(made.reader, paths, 5.0)
    row.note(kept=[kept, KEPT])
    device = made.device(path)
    made.decide(request)
    device.wait(device.command_topic)
    outcome_of(made, request, "onboarded")
    made.onboard(ca.leaf())


def test_bridge_killed(stage, row, ca):
    """In the middle of many events: all of them become requests."""
    made = stage()
    reader = made.follow()
    paths = made.crowd(ca.leaf(), 500)
    until(lambda: reader.poll() or reader.records, "the first is asked for")
    made.bridge.kill9()
    paths += made.crowd(ca.leaf(), 500)
    made.bridge.start()
    arrived = made.arrived(reader, paths)
    reader.close()
    assert arrived == len(paths)
    made.wait_connected()
    made.onboard(ca.leaf())


def test_rate(stage, row, ca):
    """With the settings that the page advises, nothing is lost."""
    made = stage()
    reader = made.follow()
    paths = crowd_and_read(made, reader, ca.leaf(), RATE)
    arrived = made.arrived(reader, paths)
    reader.close()
    row.note(rate=[arrived, EVENTS])
    assert arrived == EVENTS


def crowd_and_read(made, reader, leaf, rate):
    """Alternates, because the mock cluster forgets what nobody has read for
    long. Does not wait for the broker."""
    paths = []
    while len(paths) < EVENTS:
        paths += made.crowd(leaf, RATE, rate=rate)
        for _ in range(3):  # each takes up to 500
            reader.poll()
    return paths


def test_burst(stage, row, stock, ca):
    """As fast as the broker acknowledges, which is faster than it can
    deliver."""
    made = stage(stock=stock)
    reader = made.follow()
    paths = crowd_and_read(made, reader, ca.leaf(), None)
    arrived = made.arrived(reader, paths)
    reader.close()
    row.note(**{"burst_stock" if stock else "burst": [arrived, EVENTS]})
    assert stock or arrived == EVENTS


def test_backlog(stage, row, stock, ca):
    """What a bridge finds after 12,000 devices asked while it was away:
    everything with the advised settings; with the broker's defaults, it is
    measured."""
    made = stage(stock=stock)
    reader = made.follow()
    made.bridge.stop()
    paths = made.crowd(ca.leaf(), BACKLOG)
    made.bridge.start()
    arrived = made.arrived(reader, paths)
    reader.close()
    if stock:
        row.note(stock=[arrived, BACKLOG])
        assert 0 < arrived <= BACKLOG
    else:
        row.note(backlog=[arrived, BACKLOG])
        assert arrived == BACKLOG
