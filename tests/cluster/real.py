"""One of several real bridges."""

import re

from harness.bridge import Bridge

OWN = ("session.timeout.ms", "heartbeat.interval.ms")
ROLE = re.compile(r"event=(active|standing_by|fenced) ")


def settings_of(names, instance, session, folder):
    return {
        "standby": {"enabled": True, "instance": instance,
                    "session_timeout": f"{session:g}s"},
        "kafka": {"group": names["group"], "create_topics": True,
                  "topics": {"state": names["state"],
                             "journal": names["journal"]}},
        "store": {"path": f"{folder}/store.db"},
    }


class RealBridge(Bridge):
    """In a folder of its own, which is its disk."""

    def __init__(self, folder, url, brokers, topics, settings, name):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, url, brokers, topics, settings, name=name)
        for own in OWN:
            del self.settings["kafka"]["properties"][own]
        self.write_config()

    def role(self):
        """The last one that it said since its start: active, standing_by,
        fenced, or out."""
        said = ROLE.findall(self.log())
        return said[-1] if said else "out"
