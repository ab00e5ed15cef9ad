"""A member of the group whom Kafka answers as one, and whom the leader of ztp.state,
or the coordinator of transactions, does not answer: it would keep its place, and
nobody would serve."""

from cluster.pages import get
from cluster.pair import SESSION, wait_active
from harness.rig import device_path
from harness.until import holds_for, until

GIVES_WAY = SESSION + 5  # s, at the latest


def serves(rig, ca):
    path = device_path("served")
    rig.pending(path, ca.leaf().pem)
    rig.decide(rig.request(path), "reject")
    assert rig.result(path).json()["outcome"] == "rejected"


def test_an_active_one_whose_turns_are_not_answered(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with zulu.stopped("any"):
        zulu.wait_stopped()
        wait_active(alpha, GIVES_WAY + SESSION + 5)
        serves(plain, ca)
    until(lambda: zulu.role() == "standing_by", "it stands by")
    until(lambda: get(zulu, "/readyz")[0] == 200, "it is ready to take over")
    holds_for(lambda: (zulu.role(), alpha.role()) == ("standing_by", "active"),
              SESSION, "they stay what they are")
    alpha.kill9()
    wait_active(zulu)
    serves(plain, ca)


def test_a_chosen_one_that_cannot_read_the_state(plain, ca):
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with alpha.stopped("deaf"):
        zulu.kill9()
        until(lambda: "opening" in get(alpha, "/readyz")[1], "it is chosen")
        zulu.start()
        wait_active(zulu, GIVES_WAY + SESSION + 5)
        serves(plain, ca)
    assert alpha.role() == "standing_by"


def test_nobody_else_is_there(plain):
    """Then it stays: whoever leaves has to join again."""
    zulu, alpha = plain.bridges["zulu"], plain.bridges["alpha"]
    with alpha.stopped("deaf"):
        zulu.kill9()
        until(lambda: "opening" in get(alpha, "/readyz")[1], "it is chosen")
        holds_for(lambda: "opening" in get(alpha, "/readyz")[1],
                  GIVES_WAY + 2, "it keeps its place")
    wait_active(alpha)
