"""The faults of a stage: each has a target, a beginning and an end. A round's
faults are drawn from the seed alone, before the round begins."""

import dataclasses


@dataclasses.dataclass
class Fault:
    target: str
    what: str
    begin: float  # seconds after the round's beginning
    end: float
    number: int = 0  # bytes, or bytes per second

    def __str__(self):
        number = f"={self.number}" if self.number else ""
        return (
            f"{self.target}:{self.what}{number}"
            f"@{self.begin:.1f}-{self.end:.1f}"
        )


PROCESSES = ("bridge", "mosquitto", "kafka", "approver")
PROXIES = ("mqtt_proxy", "kafka_proxy")

# (what, weight, longest duration)
DONE_TO = {
    "bridge": (("kill", 5, 1.0), ("stop", 2, 3.0), ("term", 1, 0.5)),
    "mosquitto": (("kill", 3, 1.0), ("stop", 2, 3.0), ("term", 1, 0.5)),
    "kafka": (("kill", 2, 1.5), ("stop", 2, 4.0)),
    "approver": (("kill", 3, 1.0), ("stop", 2, 2.0)),
    "mqtt_proxy": (
        ("cut", 2, 0.0), ("fin", 1, 0.0), ("cut_in", 3, 1.0),
        ("stall", 2, 4.0), ("stall_cut", 2, 3.0), ("slow", 2, 3.0),
    ),
    "kafka_proxy": (
        ("cut", 2, 0.0), ("fin", 1, 0.0), ("cut_in", 3, 1.0),
        ("stall", 2, 4.0), ("stall_cut", 2, 3.0), ("slow", 2, 3.0),
    ),
}


def draw(random, seconds):
    """The faults of a round of that duration: one to four targets, the bridge
    more often than the others, and sometimes twice."""
    targets = random.sample(
        PROCESSES + PROXIES, random.choice((1, 2, 2, 3, 3, 4))
    )
    if random.random() < 0.4 and "bridge" not in targets:
        targets.append("bridge")
    out = []
    for target in targets:
        times = 2 if target == "bridge" and random.random() < 0.4 else 1
        slot = seconds / times
        for i in range(times):
            out.append(_one(random, target, i * slot, slot))
    return sorted(out, key=lambda fault: fault.begin)


def _one(random, target, start, slot):
    kinds = DONE_TO[target]
    what, _, longest = random.choices(
        kinds, [weight for _, weight, _ in kinds]
    )[0]
    begin = start + random.uniform(0.1, slot * 0.6)
    end = begin + random.uniform(0, longest)
    number = 0
    if what == "cut_in":
        number = random.choice((1, 2, 3, 7, 40, 300, 1000, 5000, 30000))
    elif what == "slow":
        number = random.choice((2000, 20000, 100000))
    return Fault(target, what, begin, min(end, start + slot), number)


def begin(stage, fault):
    target = getattr(stage, fault.target)
    what = fault.what
    if what == "kill":
        if fault.target == "mosquitto":
            stage.kill_mosquitto()
        else:
            target.kill9()
    elif what == "term":
        if fault.target == "bridge":  # before, it has no signal handlers
            target.wait_log("event=started")
        target.stop()
    elif what == "stop":
        target.pause()
    elif what == "cut":
        target.cut(rst=True)
    elif what == "fin":
        target.cut(rst=False)
    elif what == "cut_in":
        target.cut_in(fault.number)
    elif what == "slow":
        target.slow(fault.number)
    else:
        target.stall()


def end(stage, fault):
    target = getattr(stage, fault.target)
    what = fault.what
    if what in ("kill", "term"):
        if fault.target == "kafka":
            target.start(wait=False)
        else:
            target.start()
    elif what == "stop":
        target.resume()
    else:
        if what == "stall_cut":
            target.cut(rst=True)
        target.heal()
