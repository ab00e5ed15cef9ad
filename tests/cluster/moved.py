"""A single bridge whose store becomes the state of a group, and back."""

import hashlib
import re
import sqlite3
import subprocess

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness.bridge import Bridge
from harness.rig import Rig
from harness.until import until

OWN = ("session.timeout.ms", "heartbeat.interval.ms")
SETTINGS = {"onboarding": {"renotify_interval": "1h"},
            "kafka": {"create_topics": True}}


def as_one_of_several(bridge, names, instance):
    """Its configuration, from its next start on."""
    kafka = bridge.settings["kafka"]
    kafka["group"] = names["group"]
    kafka["topics"] = {**bridge.topics, "state": names["state"],
                       "journal": names["journal"]}
    bridge.settings["standby"] = {"enabled": True, "instance": instance,
                                  "session_timeout": "2s"}
    for own in OWN:
        kafka["properties"].pop(own, None)
    bridge.write_config()
    return bridge


class Moved(Rig):
    """Its bridge is single at first; settings of one of several are written at
    once, because --to-standby needs them."""

    def __init__(self, folder, kafka, names):
        super().__init__(folder, kafka, settings=SETTINGS, partitions=2)
        self.names = names
        self.bridge.settings["kafka"]["group"] = names["group"]
        self.bridge.write_config()

    @property
    def store(self):
        return self.bridge.settings["store"]["path"]

    def as_group(self):
        as_one_of_several(self.bridge, self.names, "zulu")

    def as_single(self):
        self.bridge.settings["standby"]["enabled"] = False
        self.bridge.write_config()

    def another(self, name):
        """One more of the group, with a store of its own."""
        folder = self.folder / name
        folder.mkdir()
        other = Bridge(folder, self.mosquitto.url, self.kafka.brokers,
                       self.topics, SETTINGS, name=name)
        return as_one_of_several(other, self.names, name)

    def try_to(self, way, env=None, bridge=None):
        """Runs --to-standby or --from-standby."""
        return subprocess.run(
            [*(bridge or self.bridge).argv, f"--{way}-standby"], env=env,
            text=True, capture_output=True, timeout=300, check=False)

    def move(self, way, expect=0, bridge=None):
        """Runs it to its end; returns the one line that it says."""
        done = self.try_to(way, bridge=bridge)
        assert done.returncode == expect, done
        said = done.stdout + done.stderr
        assert said.count("\n") == 1, said
        return said

    def serve(self, bridge=None):
        """Starts one of the group, which is the only one, and waits."""
        bridge = (bridge or self.bridge).start()
        bridge.wait_log("event=active ", 30)
        return bridge

    def delete_state(self):
        admin = AdminClient({"bootstrap.servers": self.kafka.brokers})
        topic = self.names["state"]
        admin.delete_topics([topic])[topic].result(30)
        until(lambda: topic not in admin.list_topics(timeout=5).topics,
              f"{topic} is gone")

    def once(self, *devices):
        """Nobody has been asked about any of them twice, or told so."""
        for device in devices:
            for topic in ("requests", "results"):
                found = self.reader.find(self.topics[topic], key=device.path)
                assert len(found) == 1, (topic, device.path, found)


def rows(brokers, topic):
    """What is in ztp.state: key -> value, as a reader of what is committed
    sees it."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "rows",
                         "enable.auto.commit": False, "log_level": 0,
                         "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    there = TopicPartition(topic, 0, 0)
    consumer.assign([there])
    found, ended = {}, False
    while not ended:
        message = consumer.poll(30)
        assert message is not None, f"{topic} ends"
        ended = message.error() is not None
        if not ended:
            found[message.key().decode()] = message.value()
    consumer.close()
    return {key: value for key, value in found.items() if value is not None}


def says_where_to(store):
    """Has a run noted in it what is under way?"""
    db = sqlite3.connect(store)
    found = db.execute("SELECT 1 FROM meta WHERE name='move' AND value<>''"
                       ).fetchone()
    db.close()
    return found is not None


def multiply(store, count):
    """Copies the one open request in a stopped bridge's store."""
    db = sqlite3.connect(store)
    columns = [row[1] for row in db.execute("PRAGMA table_info(request)")]
    one = dict(zip(columns, db.execute("SELECT * FROM request").fetchone()))

    def copies():
        for i in range(2, count + 1):
            path = f"{one['path']}-{i}"
            digest = hashlib.sha256(path.encode()).digest()
            row = {**one, "n": i, "id": f"{one['id']}-{i}", "path": path,
                   "path_hash": int.from_bytes(digest[:6], "big")}
            yield tuple(row[name] for name in columns)

    with db:
        db.executemany(f"INSERT INTO request VALUES "
                       f"({','.join('?' * len(columns))})", copies())
        facts, = db.execute("SELECT value FROM meta WHERE name='facts'"
                            ).fetchone()
        db.execute("UPDATE meta SET value=? WHERE name='facts'",
                   (re.sub(rf";{one['state']}=1(?=;|$)",
                           f";{one['state']}={count}", facts),))
    db.close()
