"""ztp-approver serve before three brokers, of which one is away with the only copy
of one cell's decisions."""

from harness.admin import admin, create_topics
from harness.door import KEY, Door, Written, fresh_topics, path_of
from harness.topics import Reader
from harness.until import until

REJECT = {"decision": "reject"}


def leader(kafka, topic, partition):
    """-1: none; 0: the broker that was asked does not know the topic yet."""
    found = admin(kafka.brokers).list_topics(topic, timeout=10).topics[topic]
    return found.partitions[partition].leader if found.partitions else 0


def test_the_other_cells_are_served(three_brokers, tmp_path):
    """What was decided with a key there is not known: 503, and never a second
    decision. When the broker is back, the key gets its first answer."""
    kafka, topics = three_brokers, fresh_topics(three_brokers)
    cell = topics["decisions"] + ".cell"
    create_topics(kafka.brokers, [cell], config={"min.insync.replicas": "1"})
    written = Written(kafka, topics)
    until(lambda: leader(kafka, cell, 0) > 0, "it is known", 60)
    reader = Reader(kafka.brokers, [cell])
    for name, topic in (("here", topics["decisions"]), ("there", cell)):
        written.ask(name, path_of(name), decision_topic=topic)
    given = ("requests", "results")
    first = Door(tmp_path, kafka, topics, given=given, name="first").start()
    until(lambda: set(first.open_ids()) == {"here", "there"}, "both are open")
    assert first.decide("there", REJECT, **{KEY: "k"},
                        Prefer="respond-async").status_code == 202
    record = reader.one(cell)
    first.stop()
    node = kafka.nodes[leader(kafka, cell, record.partition) - 1]
    node.kill9()
    try:
        until(lambda: leader(kafka, cell, record.partition) < 0,
              "it has no leader", 60)
        door = Door(tmp_path, kafka, topics, given=given).start()
        assert f"{cell} cannot be read to its end" in door.log()
        assert door.get("/readyz").status_code == 200
        assert "here" in door.open_ids()
        answer = door.decide("here", REJECT, **{KEY: "k"},
                             Prefer="respond-async")
        assert answer.status_code == 202, answer.text
        answer = door.decide("there", REJECT, **{KEY: "k"})
        assert answer.status_code == 503
        assert f"{cell} is not read to its end yet" in answer.text
    finally:
        node.start()
        kafka.wait_whole()
    door.wait_log(f"{cell} has been read to its end", 60)
    written.answer(record, "rejected", 200, "OK")
    assert door.decide("there", REJECT, **{KEY: "k"}).json()["outcome"] \
        == "rejected"
    assert len(reader.find(cell)) == 1
    door.stop()
    written.close()
    reader.close()
