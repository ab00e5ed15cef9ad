"""The MQTT connections of the active one: who has taken a lost one may be active,
so it is made again only when a turn that began after the loss is committed."""

from harness.until import holds_for


def next_turn(bridge):
    """The one that stands goes, and the next one stands."""
    bridge.let_one_go()
    bridge.wait_stopped()


def test_a_turn_that_began_before_the_loss_says_nothing(plain):
    zulu, broker = plain.bridges["zulu"], plain.mosquitto
    with zulu.stopped("any"):
        zulu.wait_stopped()
        broker.stop()
        broker.start()
        next_turn(zulu)
        while zulu.log().count("event=mqtt_lost") < 2:
            next_turn(zulu)  # paho says it a little later
        holds_for(lambda: not broker.connected(zulu.client_id) and
                  not broker.connected(f"{zulu.client_id}-out"), 1.0,
                  "nobody connects while Kafka has not answered")
    broker.wait_connected(zulu.client_id)
    broker.wait_connected(f"{zulu.client_id}-out")
    assert zulu.role() == "active"
