"""Two cells on one broker and one Kafka: each onboards the devices of its own
subscription, and leaves no trace of the other's."""

import urllib.request

import pytest

from harness.cell import APART, Cell
from harness.gate import Gate, path_of
from harness.handshake import Handshake
from harness.rig import Rig, device_path
from harness.until import until

CELLS = ("acme", "beta")


@pytest.fixture(scope="module")
def server(ca):
    return ca.server()


@pytest.fixture(params=["one topic", "a topic each"])
def cells(tmp_path, real_kafka, ca, server, request):
    apart = request.param != "one topic"
    gate = Gate(tmp_path / "gate", server, APART if apart else None).start()
    rigs = []
    for name in CELLS:
        rigs.append(Cell(tmp_path, real_kafka, ca, gate, name, apart).start())
    yield apart, rigs
    for rig in rigs:
        rig.bridge.stop()
    gate.stop()
    for rig in rigs:
        for client in rig.clients:
            client.close()
        rig.reader.close()


def foreign(rig):
    """How many events the bridge has dropped because they are not its own."""
    url = f"http://{rig.bridge.http()}/metrics"
    with urllib.request.urlopen(url, timeout=60) as page:
        text = page.read().decode()
    name = 'ztp_pending_events_total{result="foreign"} '
    return next(int(line.removeprefix(name)) for line in text.splitlines()
                if line.startswith(name))


def test_each_cell_has_its_own(cells):
    apart, (acme, beta) = cells
    for rig, other in ((acme, beta), (beta, acme)):
        path, leaf = rig.onboard()
        rig.unused(path, leaf)
        rig.reader.wait(rig.topics["audit"],
                        match=lambda r, p=path: p.encode() in r.value)
        if not apart:
            until(lambda o=other: foreign(o) > 0, "the other one has counted")
    for rig in (acme, beta):
        assert {p.split("/")[1] for p in rig.paths()} == {rig.subscription}
        assert rig.reader.find(rig.topics["dlq"]) == []
        if apart:
            assert foreign(rig) == 0


def test_a_foreign_event_is_not_acknowledged(cells):
    """The cell whose device it is may be away: the gate keeps the candidate
    for it, whatever the others read meanwhile."""
    _, (acme, beta) = cells
    acme.bridge.stop()
    device, _ = acme.held(path_of(acme.registry))
    beta.onboard()
    acme.bridge.start()
    request = acme.request_of(device.path)
    acme.decide(request)
    device.wait_status("approved")
    acme.ended(request, "onboarded")


def test_a_decision_for_the_other_cells_request(cells):
    _, (acme, beta) = cells
    device, _, request = acme.knock()
    beta.decide(request)
    body = beta.reader.wait(beta.topics["results"], device.path)[0].json()
    assert body["outcome"] == "unknown_request", body
    device.wait_status("pending")
    assert device.statuses() == ["pending"]
    acme.decide(request)
    device.wait_status("approved")


def test_a_withdrawal_reaches_its_own_cell(cells):
    _, (acme, beta) = cells
    beta.onboard()
    acme.bridge.stop()
    acme.bridge.start()
    acme.wait_ready()
    _, _, request = acme.knock()
    with acme.gate.operator(listen=False) as operator:
        operator.do("deleteRegistry", registry=acme.registry)
    acme.ended(request, "withdrawn")


def test_a_bridge_that_the_gate_does_not_reach(tmp_path, real_kafka, ca,
                                               server):
    rig = Handshake(tmp_path, real_kafka, ca, server, options=APART).start()
    rig.bridge.wait_log(r"event=gate_unheard .*"
                        r"gate_pending_topic=\S*ztp/v1/pending/\{subscription")
    rig.stop()


# ---- several topics, without a gate


@pytest.fixture
def rig(tmp_path, real_kafka):
    rig = Rig(tmp_path, real_kafka, settings={"mqtt": {
        "pending_topic": ["ask/a", "ask/b"], "subscriptions": ["acme"]}})
    rig.pending_topic = "ask/b"
    yield rig.start()
    rig.stop()


def publish(rig, topic, path, certificate):
    rig.publisher.publish(topic, {"device_path": path,
                                  "certificate": certificate})


def test_every_topic_is_read(rig, ca):
    for topic in ("ask/a", "ask/b"):
        path = device_path()
        publish(rig, topic, path, ca.issue().base64)
        rig.request(path)


@pytest.mark.parametrize("killed", [False, True])
def test_a_topic_that_is_no_longer_named(rig, ca, killed):
    """A session remembers it; the bridge ends that, also when it was killed
    between the two configurations."""
    if killed:
        rig.bridge.kill9()
    else:
        rig.bridge.stop()
    rig.bridge.settings["mqtt"]["pending_topic"] = "ask/b"
    rig.bridge.write_config()
    rig.bridge.start()
    rig.bridge.wait_log(r"event=mqtt_unsubscribed topic=ask/a")
    rig.bridge.wait_log(r"event=mqtt_connected connection=in .*topics=1")
    rig.bridge.stop()
    gone, there = device_path("gone"), device_path("there")
    publish(rig, "ask/a", gone, ca.issue().base64)
    publish(rig, "ask/b", there, ca.issue().base64)
    rig.bridge.start()
    rig.request(there)
    assert rig.reader.find(rig.topics["requests"], gone) == []
    assert "event=mqtt_unsubscribed" not in rig.bridge.log()


def test_a_foreign_event_leaves_nothing(rig, ca):
    foreign_path, ours = device_path(subscription="beta"), device_path()
    publish(rig, "ask/a", foreign_path, ca.issue().base64)
    publish(rig, "ask/a", foreign_path, "no certificate")
    publish(rig, "ask/a", ours, ca.issue().base64)
    rig.request(ours)
    assert rig.reader.find(key=foreign_path) == []
    assert foreign(rig) == 2
