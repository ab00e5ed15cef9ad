"""The guide to more than one bridge (docs/standbys.md), command by command, on a
Kafka with users and rights: from a single bridge to two, a rolling restart, the
topic lost, and back."""

import pytest

from harness.guides import blocks
from harness.machine import Machine, start_mosquitto
from harness.until import until
from harness.where import binary


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.places["/var/lib/ztp-bridge/store.db"] = f"{tmp_path}/store.db"
    machine.kafka.start(wait=False)
    yield machine
    machine.stop()


def set_up_single(machine):
    """docs/setup.md up to its first device."""
    (certificate, users, mosquitto, doctor, topics, rights, bridge, ready,
     registry, device) = blocks("docs/setup.md")
    machine.run(certificate + users + mosquitto)
    start_mosquitto(machine)
    for block in (topics, rights, bridge):
        machine.run(block)
    with open(machine.folder / "bridge/ztp-bridge.yaml", "a",
              encoding="utf-8") as config:
        config.write(f"store: {{path: {machine.folder}/store.db}}\n"
                     f"http: {{listen: '{machine.http}'}}\n")
    single = start(machine, "plant-a")
    export = doctor.splitlines()[0] + "\n"
    machine.run(export + ready + registry + device)
    return single, export, device


def start(machine, name, config="ztp-bridge"):
    return machine.start(name, binary("ztp-bridge"), "--config",
                         machine.folder / f"bridge/{config}.yaml")


def stop(machine, process):
    process.stop()
    machine.processes.remove(process)


def another_machine(machine):
    """Its configuration: the same but for what is its own."""
    text = (machine.folder / "bridge/ztp-bridge.yaml").read_text()
    for written, own in (("plant-a", "plant-b"), ("store.db", "store-b.db"),
                         (machine.http, "127.0.0.1:0")):
        assert written in text
        text = text.replace(written, own)
    (machine.folder / "bridge/plant-b.yaml").write_text(text)


def onboard(machine, export, device, name):
    """As the first one, with the same certificate."""
    told = machine.run(export + device.replace("/pump-42", f"/{name}"))
    assert '"status":"approved"' in told, told


def test_every_command(machine):
    (topics, rights, config, to_standby, ready, from_standby, copy, delete,
     again) = blocks("docs/standbys.md")
    single, export, device = set_up_single(machine)
    assert machine.run(topics).count("Created topic ztp.") == 2
    machine.run(rights)
    stop(machine, single)
    machine.run(config)
    another_machine(machine)
    assert "the state of 1 requests" in machine.run(to_standby)
    active = start(machine, "plant-a")
    active.wait_log("event=active ")
    standby = start(machine, "plant-b", "plant-b")
    standby.wait_log("event=standing_by")
    machine.run(ready)
    onboard(machine, export, device, "pump-43")

    # A rolling restart: the standby, then the active one.
    stop(machine, standby)
    standby = start(machine, "plant-b", "plant-b")
    standby.wait_log("event=standing_by")
    stop(machine, active)
    standby.wait_log("event=active ")
    active = start(machine, "plant-a")
    active.wait_log("event=standing_by")
    onboard(machine, export, device, "pump-44")

    # The topic is lost.
    stop(machine, active)
    stop(machine, standby)
    assert int(machine.run(copy).split()[0]) > 0
    machine.run(delete)
    until(lambda: "ztp.state" not in machine.run(
        topics.splitlines()[0].split("--create")[0] + "--list"),
        "the topic is gone", 300)
    machine.run(topics.splitlines()[0])
    assert "the state of" in machine.run(again)
    active = start(machine, "plant-a")
    active.wait_log("event=active ")
    onboard(machine, export, device, "pump-45")
    stop(machine, active)

    assert "is a single bridge's" in machine.run(from_standby)
    single = start(machine, "plant-a")
    single.wait_log("event=started ")
    onboard(machine, export, device, "pump-46")
