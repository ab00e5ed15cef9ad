"""What CLUSTER.md, section 3, promises to survive: each disaster has a host that
it hits (none: a broker), a beginning and an end. A round's disasters are drawn
from the seed alone; who is active when one begins depends on the machine."""

import dataclasses

from fault.proxy import DOWN, UP
from harness.until import until

HUNTS = 3
STEPS = (-3600, -60, 60, 3600)  # s, of a clock
BOTH = (UP, DOWN)


@dataclasses.dataclass
class Disaster:
    what: str
    who: str  # active, standby; none: no bridge
    begin: float  # s after the round's beginning
    hold: float  # s until its end
    number: int = 0  # of four, where there is a choice
    host: object = None  # whom it hit

    def __str__(self):
        who = f"({self.host.name}, {self.who})" if self.host else ""
        return f"{self.what}{who}@{self.begin:.1f}+{self.hold:.1f}"

    @property
    def name(self):
        return f"{self.what} {self.who}".replace(" none", "")


# what: (weight, [least, most] of the time until its end, in sessions)
OF_A_BRIDGE = {
    "leave": (2, (0, 0.3)),
    "kill": (4, (0, 2)),
    "wipe": (4, (0, 2)),
    "freeze": (4, (1.2, 2.5)),
    "blink": (1, (0.1, 0.5)),
    "disk_full": (3, (0.5, 12)),
    "no_kafka": (3, (0.5, 3)),
    "no_mqtt": (3, (0.5, 3)),
    "no_network": (3, (0.5, 3)),
    "one_way_kafka": (2, (0.5, 3)),
    "one_way_mqtt": (2, (0.5, 3)),
    "twin": (2, (0.5, 2)),
    "hunted": (2, (0, 0)),
    "clock": (2, (0.5, 2)),
}
OF_A_BROKER = {
    "mqtt_killed": (2, (0, 0.5)),
    "kafka_killed": (2, (0.5, 3)),  # one of three
    "kafka_stopped": (2, (0.5, 3)),
}
# Of three brokers two have to be there.
OF_KAFKA = ("kafka_killed", "kafka_stopped")
ALL = (*OF_A_BRIDGE, *OF_A_BROKER)


def kinds_of(brokers, only=ALL):
    """What there is to draw from."""
    there = {**OF_A_BRIDGE, **OF_A_BROKER}
    return {what: there[what] for what in there
            if what in only and (brokers > 1 or what not in OF_KAFKA)}


def draw(random, session, brokers, only=ALL):
    """One or two of them, never both on one bridge, nor on two of Kafka's
    brokers."""
    kinds = kinds_of(brokers, only)
    count = random.choice((1, 1, 2))
    found = []
    while kinds and len(found) < count:
        what = random.choices(list(kinds), [w for w, _ in kinds.values()])[0]
        least, most = kinds[what][1]
        if what in OF_A_BROKER:
            who = "none"
            for other in OF_KAFKA if what in OF_KAFKA else (what,):
                kinds.pop(other, None)
        else:
            who = random.choice(("active", "active", "active", "standby"))
            if any(other.who == "active" for other in found):
                who = "standby"
        if what == "hunted":
            who = "none"
            if found:  # it kills every one of them
                del kinds[what]
                continue
        found.append(Disaster(what, who, random.uniform(0, session / 2),
                              random.uniform(least, most) * session,
                              random.randrange(4)))
        if what == "hunted":
            break
    return sorted(found, key=lambda one: one.begin)


def pick(stage, disaster, hit):
    """The bridge that it hits."""
    if disaster.who == "none":
        return None
    left = [host for host in stage.hosts if host not in hit]
    active = [host for host in left if host.role() == "active"]
    if disaster.who == "active" and active:
        return active[-1]
    disaster.who = "standby"
    others = [host for host in left if host not in active] or left
    return others[disaster.number % len(others)]


def cut(disaster):
    """(the proxies of the ways that are cut, the directions)"""
    host = disaster.host
    ways = {"kafka": host.kafka, "mqtt": [host.mqtt]}
    if disaster.what == "no_network":
        return host.kafka + [host.mqtt], BOTH
    where = ways[disaster.what.rpartition("_")[2]]
    if disaster.what.startswith("one_way"):
        return where, ((UP,), (DOWN,))[disaster.number % 2]
    return where, BOTH


def hunt(stage):
    """Whoever is active is killed, and comes back."""
    for _ in range(HUNTS):
        found = until(lambda: [host for host in stage.hosts
                               if host.role() == "active"],
                      "somebody is active", 90, 0.02)
        found[0].kill()
        found[0].start()


def begin(stage, disaster):
    host, what = disaster.host, disaster.what
    if what == "leave":
        host.stop()
    elif what in ("kill", "wipe"):
        host.kill()
        if what == "wipe":
            host.lose_disk()
    elif what in ("freeze", "blink"):
        host.pause()
    elif what == "disk_full":
        host.control.disk_full()
    elif what == "twin":
        host.twin.start()
    elif what == "clock":
        host.control.set("clock_ms", 1000 * STEPS[disaster.number])
    elif what == "hunted":
        hunt(stage)
    elif what == "mqtt_killed":
        stage.kill_mqtt()
    elif what == "kafka_killed":
        stage.kafka.nodes[disaster.number % 3].kill9()
    elif what == "kafka_stopped":
        stage.kafka.nodes[disaster.number % 3].stop()
    else:
        host.cut(*cut(disaster), rst=disaster.number >= 2)


def end(stage, disaster):
    host, what = disaster.host, disaster.what
    if what in ("leave", "kill", "wipe"):
        host.start()
    elif what in ("freeze", "blink"):
        host.resume()
    elif what == "disk_full":
        host.control.disk_well()
    elif what == "twin":
        host.twin.stop()
    elif what == "clock":
        host.control.set("clock_ms", 0)
    elif what == "mqtt_killed":
        stage.broker.start()
    elif what in OF_KAFKA:
        stage.kafka.nodes[disaster.number % 3].start(wait=False)
    elif what != "hunted":
        host.heal(cut(disaster)[0], rst=disaster.number >= 2)
