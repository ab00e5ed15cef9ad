"""Two bridges and more on a real Kafka: who is active, what ends that, and that
one tells nothing while another does."""

import uuid

import pytest

from cluster.several import SESSION, STATE, Bridge, interleaved
from harness.admin import create_topics
from harness.kafka import Kafka
from harness.until import holds_for, until


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    kafka = Kafka(tmp_path_factory.mktemp("kafka"), properties={
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200,
    }).start()
    yield kafka
    kafka.stop()


@pytest.fixture
def names(kafka):
    tag = uuid.uuid4().hex[:8]
    create_topics(kafka.brokers, [f"state-{tag}"], 1, STATE)
    return {"group": f"group-{tag}", "state": f"state-{tag}"}


@pytest.fixture
def start(kafka, names, tmp_path):
    return lambda name: Bridge(kafka, names, name, tmp_path).start()


@pytest.fixture
def pair(start):
    """The active one, and one that stands by."""
    active = start("zulu").wait_active()
    return active, start("alpha").wait_standby()


def test_who_leaves_is_followed_at_once(pair):
    active, heir = pair
    told = len(active.told())
    until(lambda: len(active.told()) > told + 3, "it goes on beside a standby")
    active.stop()
    heir.wait_active()
    assert active.words()[-2:] == ["left", "gone"]
    assert heir.told()[0] - active.told()[-1] < 1000
    assert interleaved(active, heir) == ["zulu", "alpha"]
    heir.stop()


def test_who_is_killed_is_followed_after_its_session(pair, start):
    active, heir = pair
    active.kill9()
    heir.wait_active()
    assert heir.told()[0] - active.told()[-1] < 1000 * (SESSION + 5)
    assert "waiting" in heir.words()
    before = active.told()
    back = start("zulu").wait_standby()
    holds_for(lambda: heir.role() == "active" and not back.told(), 1,
              "who comes back stands by")
    assert before[-1] < heir.told()[0]
    heir.stop()
    back.wait_active()
    back.stop()


def test_a_zombie_says_nothing(pair):
    active, heir = pair
    active.pause()
    heir.wait_active()
    silent = len(active.told())
    active.resume()
    until(lambda: active.role() == "standby", "the zombie stands by")
    holds_for(lambda: heir.role() == "active"
              and len(active.told()) == silent, 1, "it says nothing")
    assert interleaved(active, heir) == ["zulu", "alpha"]
    heir.stop()
    until(lambda: len(active.told()) > silent, "it is active again")
    assert interleaved(active, heir) == ["zulu", "alpha", "zulu"]
    active.stop()


def test_a_standby_that_was_stopped_goes_to_the_back(pair, start):
    """It comes back as a new member, behind those that have stayed."""
    active, stopped = pair
    third = start("bravo").wait_standby()
    stopped.pause()
    until(lambda: "standby" in stopped.words(), "it stood by")
    holds_for(lambda: active.role() == "active", 2 * SESSION, "it is missed")
    stopped.resume()
    stopped.wait_log("standing_by before=standby")
    until(lambda: stopped.log().count("standing_by before=out") == 2,
          "it joins anew")
    active.stop()
    third.wait_active()
    assert not stopped.told()
    third.stop()
    stopped.wait_active()
    stopped.stop()
