"""A right to read that Kafka takes away from all bridges of a group while they run.
The place of the active one is not passed on and on: whoever has it again keeps it,
says what is missing, and goes on when the right is back.

Whatever has an entry of the bridges' is closed to them but for what that says, so that
each test leaves them the rights to describe and to write."""

import contextlib

import pytest

from cluster.pages import get, page
from cluster.pair import SESSION, Plain, wait_active
from harness import acls
from harness.acls import ADVICE, ANONYMOUS
from harness.rig import device_path
from harness.until import holds_for, until

LEFT = (ANONYMOUS, "Describe", "Write")
BACK = 5  # s, after which the active one goes on at the latest
TAKES_OVER = 5  # s more, if there is none


@pytest.fixture
def rig(guarded, names, tmp_path):
    rig = Plain(tmp_path, guarded, names)
    rig.start()
    rig.standby("alpha")
    yield rig
    rig.stop()


def named(rig, name):
    return rig.names.get(name) or rig.topics[name]


@contextlib.contextmanager
def unreadable(rig, *topics):
    for topic in topics:
        acls.allow(rig.kafka.brokers, "topic", topic, *LEFT)
    try:
        yield
    finally:
        for topic in topics:
            acls.withdraw(rig.kafka.brokers, "topic", topic, *LEFT)


def ask(rig, ca):
    path = device_path("asked")
    rig.pending(path, ca.leaf().pem)
    return rig.request(path)


def ends(rig, request, timeout=30):
    result = rig.result(request.key, timeout=timeout).json()
    assert result["outcome"] == "rejected"


def serves(rig, ca):
    request = ask(rig, ca)
    rig.decide(request, "reject")
    ends(rig, request)


def right(topic):
    return f"{ADVICE} Read --topic {topic}"


def says(bridge, text):
    def told():
        status, said = get(bridge, "/readyz")
        return status == 503 and text in said
    until(told, lambda: f"it says {text}: {get(bridge, '/readyz')}")


def times_active(bridge):
    return bridge.log().count("event=active ")


def keeps_its_place(rig):
    """alpha has had it as well, and was no better off."""
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    until(lambda: times_active(alpha) == 1, "alpha has tried")
    until(lambda: times_active(zulu) == 2, "zulu has it again")
    holds_for(lambda: (zulu.role(), alpha.role()) == ("active", "standing_by"),
              5 * SESSION, "zulu keeps it")
    assert (times_active(zulu), times_active(alpha)) == (2, 1)


@pytest.mark.parametrize("name", ["decisions", "journal"])
def test_what_the_active_one_reads(rig, ca, name):
    zulu, topic = rig.bridges["zulu"], named(rig, name)
    serves(rig, ca)
    request = ask(rig, ca)
    with unreadable(rig, topic):
        says(zulu, f"group: kafka does not allow it: {right(topic)}")
        keeps_its_place(rig)
        zulu.wait_log(f"event=standing_by before=yielding .*{right(topic)}")
        zulu.wait_log(f"event=place_kept .*{right(topic)}")
        assert right(topic) in page(zulu, "/v1/group")["trouble"]
        rig.decide(request, "reject")
    ends(rig, request, BACK)
    until(lambda: get(zulu, "/readyz")[0] == 200, "it is ready", BACK)
    serves(rig, ca)


def test_the_state(rig, ca):
    """The active one writes it and does not read it."""
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    topic = named(rig, "state")
    with unreadable(rig, topic):
        says(zulu, f"group: kafka does not allow it: {right(topic)}")
        says(alpha, f"group: kafka does not allow it: {right(topic)}")
        holds_for(lambda: zulu.role() == "active", 3 * SESSION,
                  "it keeps its place")
        serves(rig, ca)
    for bridge in (zulu, alpha):
        until(lambda: get(bridge, "/readyz")[0] == 200,
              lambda: f"it is ready: {get(bridge, '/readyz')}", BACK)
    assert times_active(zulu) == 1
    zulu.kill9()
    wait_active(alpha)
    serves(rig, ca)


def test_all_of_them(rig, ca):
    topics = [named(rig, name) for name in ("decisions", "journal", "state")]
    zulu, alpha = rig.bridges["zulu"], rig.bridges["alpha"]
    request = ask(rig, ca)
    with unreadable(rig, *topics):
        says(zulu, "kafka does not allow it")
        until(lambda: zulu.role() == "standing_by", "it cannot be active")
        says(alpha, "kafka does not allow it")
        holds_for(lambda: "active" not in (zulu.role(), alpha.role()),
                  2 * SESSION, "nobody is active")
        rig.decide(request, "reject")
    ends(rig, request, BACK + TAKES_OVER)
    serves(rig, ca)
