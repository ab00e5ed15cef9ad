"""The broker's name is looked up by a resolver that does not answer: nothing but
the connections to the broker waits for it."""

import os

import pytest
import requests

from fault.preload import Control
from harness.bridge import Bridge, topic_names
from harness.played import Played
from harness.rig import Rig, device_path
from harness.topics import Writer
from harness.until import until

WITHIN = 10.0  # s; a turn of the loop takes ms


class Named:
    """A bridge whose broker has a name."""

    def __init__(self, folder, kafka, broker):
        self.control = Control(folder)
        self.topics = topic_names("names")
        kafka.create(self.topics.values())
        self.writer = Writer(kafka.brokers)
        self.broker = broker
        port = broker.url.rpartition(":")[2]
        self.bridge = Bridge(folder, f"mqtt://broker.ztp.test:{port}",
                             kafka.brokers, self.topics,
                             {"shutdown_timeout": "1s"})
        self.bridge.env = self.control.env

    def connections(self):
        return len(self.broker.connects)

    def decide(self, request_id):
        """A decision for nobody: that it had no effect is in the log."""
        self.writer.send(self.topics["decisions"], key="x", value={
            "request_id": request_id, "device_path": device_path("d1"),
            "decision": "reject"})
        self.bridge.wait_log(
            f"event=decision_without_effect .*{request_id}", WITHIN)

    def hang(self):
        """Returns when a look-up hangs."""
        self.control.set("names_hang", 1)
        asked = self.control.get("names_asked")
        self.broker.end_all()
        until(lambda: self.control.get("names_asked") > asked, "it is asked")

    def ready(self):
        return requests.get(f"http://{self.bridge.http()}/readyz", timeout=60)

    def threads(self):
        return len(os.listdir(f"/proc/{self.bridge.pid}/task"))


@pytest.fixture
def named(tmp_path, mock_kafka):
    with Played() as broker:
        it = Named(tmp_path, mock_kafka, broker)
        yield it
        it.control.set("names_hang", 0)


def test_decisions_go_on_while_the_resolver_hangs(named):
    named.bridge.start()
    until(lambda: named.connections() >= 2, "both connections")
    named.decide("r-before")
    named.hang()
    named.decide("r-meanwhile")
    assert named.ready().status_code == 503
    named.bridge.wait_log("event=mqtt_name_unanswered .*broker.ztp.test", 15)
    problem = named.ready().text
    assert "mqtt: the broker's name is looked up, without an answer" in problem
    asked, threads = named.control.get("names_asked"), named.threads()
    named.decide("r-then")
    assert named.control.get("names_asked") == asked
    assert named.threads() == threads
    named.control.set("names_hang", 0)
    connections = named.connections()
    until(lambda: named.connections() >= connections + 2, "both are back")
    until(lambda: named.ready().status_code == 200, "ready")
    named.bridge.stop()


def test_a_bridge_starts_and_ends_while_the_resolver_hangs(named):
    named.control.set("names_hang", 1)
    named.bridge.start()
    until(lambda: named.control.get("names_asked") == 1, "it is asked")
    named.decide("r-1")
    assert named.connections() == 0
    named.bridge.child.terminate()
    named.bridge.wait_exit(0, WITHIN)


def test_a_name_that_nobody_has(named):
    """The log and /readyz say that it is the name."""
    mqtt = named.bridge.settings["mqtt"]
    mqtt["url"] = mqtt["url"].replace("broker", "none")
    named.bridge.write_config()
    named.bridge.start()
    hint = "the broker's name cannot be looked up"
    for connection in ("in", "out"):
        named.bridge.wait_log(f"event=mqtt_refused connection={connection} .*"
                              "none.ztp.test: Name or service not known")
    until(lambda: f"mqtt: {hint}" in named.ready().text, "it says so")
    named.bridge.stop()


def test_an_address_where_nobody_is(named):
    """The broker is at the second one: no try is lost, and no line of the log."""
    mqtt = named.bridge.settings["mqtt"]
    mqtt["url"] = mqtt["url"].replace("broker", "two")
    named.bridge.write_config()
    named.bridge.start()
    for connection in ("in", "out"):
        named.bridge.wait_log(f"event=mqtt_connected connection={connection}")
    assert "event=mqtt_refused" not in named.bridge.log()
    named.bridge.stop()


@pytest.mark.parametrize("name", ["broker.ztp.test", "other.ztp.test"])
def test_the_certificate_is_verified_by_the_name(tmp_path, mock_kafka, ca, name):
    """The address, for which it is as well, does not count."""
    control = Control(tmp_path)
    rig = Rig(tmp_path / "rig", mock_kafka,
              {"mqtt": {"tls": {"ca_file": str(ca.cert)}}},
              mosquitto={"tls": ca.server(name)},
              access={"tls": str(ca.cert)})
    mqtt = rig.bridge.settings["mqtt"]
    mqtt["url"] = mqtt["url"].replace("127.0.0.1", "broker.ztp.test")
    rig.bridge.write_config()
    rig.bridge.env = control.env
    rig.mosquitto.start()
    rig.bridge.start()
    if name == "broker.ztp.test":
        for connection in ("in", "out"):
            rig.bridge.wait_log(f"event=mqtt_connected connection={connection}")
    else:
        rig.bridge.wait_log("event=mqtt_refused connection=out .*not for "
                            "broker.ztp.test: it is for other.ztp.test")
        until(lambda: rig.bridge.log().count("event=mqtt_refused") > 1, "in")
        assert "event=mqtt_connected" not in rig.bridge.log()
    rig.bridge.stop()
    rig.mosquitto.stop()
