"""One of the cells at one gate: a bridge for the devices of one subscription."""

import json

from .gate import path_of
from .handshake import Handshake

# The gate's, with a topic for each subscription.
APART = {"pending_topic": "ztp/v1/pending/{subscription}",
         "subscribed_topic": "ztp/v1/subscribed/{subscription}"}


class Cell(Handshake):
    """One bridge for one subscription; the gate is everybody's. apart: it has a
    topic for each subscription (APART)."""

    def __init__(self, folder, kafka, ca, gate, subscription, apart,
                 settings=None):
        self.subscription = subscription
        self.shared = gate
        mqtt = {"client_id": f"bridge-{subscription}",
                "subscriptions": [subscription]}
        if apart:
            mqtt["pending_topic"] = f"ztp/v1/pending/{subscription}"
        super().__init__(folder / subscription, kafka, ca, None,
                         {"mqtt": mqtt, **(settings or {})})

    def make_gate(self, server, options):
        return self.shared

    @property
    def registry(self):
        return f"{self.subscription}/custom"

    def set_up(self):
        with self.gate.operator(listen=False) as operator:
            operator.registry(self.registry, self.ca, onboarding="custom",
                              audience="acme")

    def start(self):
        self.set_up()
        self.bridge.start()
        self.look_kafka()
        self.wait_ready()
        return self

    def knock(self):
        device, leaf = self.held(path_of(self.registry))
        return device, leaf, self.request_of(device.path)

    def onboard(self):
        device, leaf, request = self.knock()
        self.decide(request)
        device.wait_status("approved")
        self.ended(request, "onboarded")
        return device.path, leaf

    def paths(self):
        """Of the devices that any record of this cell is about."""
        found = set()
        for topic in self.topics.values():
            for record in self.reader.find(topic):
                body = json.loads(record.value)
                found.add((body.get("device") or body).get(
                    "path", body.get("device_path")))
        return found - {None}
