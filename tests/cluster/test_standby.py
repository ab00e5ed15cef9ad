"""Two real bridges, a gate, a real Kafka: whichever is active, nothing is lost,
and nobody is told twice."""

from harness.until import until

DEVICES = 5


def knocks(rig):
    return [rig.knock() for _ in range(DEVICES)]


def decide_all(rig, asked):
    for _, request in asked:
        rig.decide(request)
    for device, request in asked:
        rig.told_once(device, request)


def test_a_zombie_says_nothing(gated):
    """Stopped for longer than its session while decisions come; then it wakes,
    stands by, and is active once more in the end."""
    zulu, alpha = gated.bridges["zulu"], gated.bridges["alpha"]
    asked = knocks(gated)
    zulu.pause()
    for _, request in asked:
        gated.decide(request)
    gated.wait_active(alpha)
    zulu.resume()
    for device, request in asked:
        gated.told_once(device, request)
    zulu.wait_log("standing_by before=active")
    decide_all(gated, knocks(gated))
    alpha.stop()
    until(lambda: zulu.log().count("event=active ") == 2, "it is active again")
    gated.wait_active(zulu)
    decide_all(gated, knocks(gated))
