"""The whole path through one of the brokers."""

import json
import time

from harness.rig import Rig, device_path
from harness.topics import Reader
from harness.until import until

USERS = {"bridge": "b r:idge", "test": "test"}
IN_FLIGHT = 8  # below every broker's Receive Maximum


class Stage(Rig):
    """settings: of the bridge. stock: with the broker's default queue. secure:
    the tests' Ca, for TLS and passwords."""

    def __init__(self, folder, kafka, row, settings=None, stock=False,
                 secure=None):
        self.row = row
        mqtt = {"version": row.version}
        access = {"version": row.level}
        more = {}
        if secure:
            more = {"tls": secure.server(), "users": USERS}
            access.update(tls=str(secure.cert), user="test", password="test")
            mqtt.update(username="bridge", password=USERS["bridge"],
                        tls={"ca_file": str(secure.cert)})
        super().__init__(
            folder, kafka, {**(settings or {}), "mqtt": {
                **mqtt, **(settings or {}).get("mqtt", {})}},
            access=access,
            broker=row.kind(folder / "broker", stock=stock, **more),
        )

    def wait_intake(self):
        self.wait_connected()

    def wait_connected(self):
        for connection in ("in", "out"):
            self.bridge.wait_log(
                f"event=mqtt_connected connection={connection} ", 60)

    def client(self, **more):
        client = super().client(**more)
        client.client.max_inflight_messages_set(IN_FLIGHT)
        return client

    def listen(self, *topics, version=None):
        return super().listen(*topics, version=version or self.row.level)

    def onboard(self, leaf, path=None, form="base64", **more):
        return super().onboard(leaf, path, form, **more)

    # many events

    def crowd(self, leaf, count, rate=None):
        """Publishes that many pending events, at that rate per second or as
        fast as the broker acknowledges them. Returns their device paths, all
        of them acknowledged."""
        certificate = leaf.forms["base64"]
        start, paths, infos = time.monotonic(), [], []
        for n in range(count):
            if rate:
                until(lambda due=start + n / rate: time.monotonic() >= due,
                      "its turn", interval=0.001)
            paths.append(device_path("many"))
            infos.append(self.publisher.client.publish(
                self.pending_topic,
                json.dumps({"device_path": paths[-1],
                            "certificate": certificate}),
                1))
        for info in infos:
            until(info.is_published, "it is acknowledged", 120)
        return paths

    def follow(self):
        """Reads requests and nothing else, from the beginning."""
        return Reader(self.kafka.brokers, [self.topics["requests"]])

    @staticmethod
    def news(reader):
        """The keys of the records since the last call."""
        before = len(reader.records)
        reader.poll()
        return [record.key for record in reader.records[before:]]

    def arrived(self, reader, paths, patience=15.0):
        """How many of those paths became requests, once no more arrive."""
        missing = set(paths) - {record.key for record in reader.records}
        while missing:
            try:
                missing.difference_update(
                    until(lambda: self.news(reader), "one more", patience,
                          interval=0))
            except TimeoutError:
                break
        return len(paths) - len(missing)
