"""SIGHUP to a bridge that stands by: what is refused changes nothing."""

UP = "event=mqtt_connected connection=standby"
LOST = "event=mqtt_lost connection=standby"


def test_a_refused_configuration_leaves_the_connection(plain):
    """It is good, and the next one is made with files that may not be."""
    alpha = plain.bridges["alpha"]
    alpha.wait_log(UP)
    alpha.settings["nonsense"] = 1
    alpha.write_config()
    alpha.hangup()
    alpha.wait_log("event=reload_failed")
    del alpha.settings["nonsense"]
    alpha.write_config()
    alpha.hangup()
    alpha.wait_log(LOST)
    said = alpha.log()
    assert said.index("event=reloaded") < said.index(LOST)
    assert said.count(LOST) == 1
