"""A bridge that is started with other settings than before: what it knows is by
the former ones."""

import pytest

from harness.rig import device_path
from harness.until import holds_for, until


def restart_with(rig, section, **settings):
    rig.bridge.stop()
    rig.bridge.settings[section] = {
        **rig.bridge.settings.get(section, {}), **settings}
    rig.bridge.write_config()
    rig.bridge.start()


def onboard(rig, ca, path, leaf, **decision):
    rig.pending(path, leaf.pem)
    rig.decide(rig.request(path), **decision)
    assert rig.result(path).json()["outcome"] == "onboarded"


def test_a_template_by_which_devices_share(rig_with, ca):
    """The same device in two registries: each has its own topic, then both have
    one. It is the first one's, and what is sent there is never the other's."""
    rig = rig_with()
    name = device_path().rsplit("/", 1)[1]
    first, second, third, later = (
        f"subscriptions/acme/registries/plant-{n}/devices/{name}"
        for n in range(4))
    leaf = ca.leaf()
    rig.device(first)
    onboard(rig, ca, first, leaf, payload={"of": "first"})
    rig.pending(second, ca.leaf("p256").pem)
    asked = rig.request(second)
    rig.pending(third, ca.leaf("p384").pem)  # approved, and away
    rig.decide(rig.request(third), payload={"of": "third"})
    rig.bridge.wait_log(f"event=decision_taken .*{third}")
    restart_with(rig, "mqtt", command_topic="cmd/{device}")
    rig.bridge.wait_log("event=command_topic_changed ")
    rig.bridge.wait_log("event=command_topics_compared changed=3")
    listener = rig.listen(f"cmd/{name}")
    rig.decide(asked, payload={"of": "second"})
    lost = rig.result(second).json()
    assert (lost["outcome"], lost["message"]) == (
        "conflict", "another device path has this command topic")
    rig.pending(later, ca.leaf().pem)
    assert rig.result(later).json()["outcome"] == "conflict"
    assert rig.result(third).json()["outcome"] == "undeliverable"
    rig.pending(first, leaf.pem)
    rig.bridge.wait_log(f"event=command_given_up .*{first}")
    assert not listener.messages
    # Nobody shares one by the former template.
    restart_with(rig, "mqtt", command_topic="{device_path}/commands")
    device = rig.device(first)
    rig.pending(first, leaf.pem)
    again = device.wait(device.command_topic)[0].json()
    assert again["payload"] == {"of": "first"}
    holds_for(lambda: "event=command_topic_changed" not in rig.bridge.log(),
              0.5, "there is nothing to compare")


@pytest.mark.parametrize("answer, outcome", [
    ("former", "expired"), ("none", "expired"), ("now", "onboarded")])
def test_another_topic_and_a_rejection_in_the_former(
        rig_with, ca, answer, outcome):
    """Its customer answers where the request says, and nobody reads it there:
    the silence is none."""
    rig = rig_with({"onboarding": {"on_timeout": "approve",
                                   "decision_timeout": "4s"}})
    device = rig.device()
    rig.pending(device.path, ca.leaf().pem)
    request = rig.request(device.path)
    former = rig.topics["decisions"]
    other = f"{former}.other"
    rig.kafka.create([other])
    rig.bridge.stop()
    rig.bridge.settings["kafka"]["topics"] = {**rig.topics, "decisions": other}
    rig.bridge.write_config()
    if answer == "former":
        rig.decide(request, "reject")
    rig.bridge.start()
    rig.bridge.wait_log(
        f"event=decision_topic_changed before={former} topic={other} ")
    if answer == "now":
        rig.writer.send(other, {
            "request_id": request.json()["request_id"],
            "device_path": device.path, "decision": "approve"},
            key=device.path)
    result = rig.result(device.path).json()
    assert result["outcome"] == outcome
    if outcome == "expired":
        assert result["message"] == (
            "decisions in the topic of before are not read")
        told = device.wait(device.command_topic)[0].json()
        assert told["status"] == "rejected"
    # What is asked from now on may be approved by silence.
    fresh = rig.device()
    rig.pending(fresh.path, ca.leaf().pem)
    assert rig.result(fresh.path).json()["outcome"] == "onboarded"
    until(lambda: rig.bridge.log().count(
        "event=decision_topic_changed") == 1, "it is said once")
