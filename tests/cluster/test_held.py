"""A customer who reads what is not committed, and answers a request whose turn never
is: its bridge is killed. The answer is there before the event is, and is kept until
the event comes again, under the same id: from the gate, or out of the journal of the
bridge that was killed."""

from cluster.pair import wait_active
from harness.gate import path_of
from harness.handshake import CUSTOM
from harness.results import nothing_for, outcomes
from harness.rig import device_path
from harness.until import holds_for, until


def answered(rig, bridge, path, event, decision="approve"):
    """The request that was shown, and answered, in a turn of the bridge's that was
    not committed before it was killed."""
    with bridge.stopped():
        event()
        bridge.wait_stopped()
        shown = rig.shown(path)
        rig.decide(shown, decision)
        bridge.kill9()
    return shown


def test_it_waits_for_the_journal_of_the_one_before(plain, ca):
    rig, path = plain, device_path("held")
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    device, leaf = rig.device(path), ca.leaf()

    def event():
        before = rig.acknowledged()
        rig.pending(path, leaf.pem)
        until(lambda: rig.acknowledged() == before + 1, "it is acknowledged")

    shown = answered(rig, zulu, path, event)
    wait_active(alpha)
    alpha.wait_log("event=decision_held")
    holds_for(lambda: not outcomes(rig, path), 0.3, "it is held")
    zulu.start()
    said = device.wait(device.command_topic)[0].json()
    assert said["request_id"] == shown.json()["request_id"]
    assert rig.result(path).json()["outcome"] == "onboarded"
    assert rig.request(path).json() == shown.json()


def test_it_waits_for_the_gate(gated):
    rig, path = gated, path_of(CUSTOM)
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    devices = []
    shown = answered(rig, zulu, path,
                     lambda: devices.append(rig.held(path)[0]))
    wait_active(alpha)
    devices[0].wait_status("approved")
    body = rig.ended(shown, "onboarded")
    assert body["device_path"] == path
    zulu.start().wait_log("event=standing_by")
    alpha.stop()
    wait_active(zulu)
    nothing_for(rig, path, 0.3, "nothing is written again")
    for topic in ("requests", "results"):
        assert len(rig.reader.find(rig.topics[topic], key=path)) == 1


def test_a_rejection_is_kept_as_well(gated):
    rig, path = gated, path_of(CUSTOM)
    shown = answered(rig, rig.bridges["zulu"], path, lambda: rig.held(path),
                     "reject")
    wait_active(rig.bridges["alpha"])
    rig.ended(shown, "rejected")


def test_who_undoes_a_turn_takes_its_event_before_the_answer(plain, ca):
    """Its transaction takes longer than Kafka lets it. The answer is there before
    the turn is done again."""
    rig, path = plain, device_path("undone")
    zulu = rig.bridges["zulu"]
    rig.bridges["alpha"].stop()
    device = rig.device(path)
    with zulu.stopped():
        rig.pending(path, ca.leaf().pem)
        zulu.wait_stopped()
        shown = rig.shown(path)
        rig.decide(shown)
        until(lambda: rig.is_settled(shown), "Kafka has ended the transaction")
    assert rig.result(path).json()["outcome"] == "onboarded"
    said = device.wait(device.command_topic)[0].json()
    assert said["request_id"] == shown.json()["request_id"]


def test_left_means_that_nothing_is_kept(plain):
    """The bridge before has told everything, so there is nothing to wait for."""
    rig, path = plain, device_path("nobody")
    rig.bridges["zulu"].stop()
    wait_active(rig.bridges["alpha"])
    rig.decision({"request_id": "nobody", "device_path": path,
                  "decision": "approve"}, key=path)
    assert rig.result(path).json()["outcome"] == "unknown_request"
