"""How the bridge connects to its broker: TLS, passwords, and what it reports
when it is refused."""

import os
import pathlib
import re
import stat

import pytest
import requests

from harness import played
from harness.bridge import Bridge, topic_names
from harness.certs import Ca, openssl
from harness.mosquitto import Mosquitto
from harness.rig import Rig
from harness.until import holds_for, until

CONNECTIONS = ("in", "out")


@pytest.fixture
def secure(tmp_path, mock_kafka, ca):
    """A broker with TLS and passwords."""
    password = tmp_path / "bridge.password"
    password.write_text("b r:idge\n")
    return Rig(
        tmp_path / "rig",
        mock_kafka,
        {"mqtt": {
            "username": "bridge",
            "password_file": str(password),
            "tls": {"ca_file": str(ca.cert)},
        }},
        mosquitto={
            "tls": ca.server(),
            "users": {"bridge": "b r:idge", "test": "test"},
        },
        access={"tls": str(ca.cert), "user": "test", "password": "test"},
    )


@pytest.fixture
def bridge_at(tmp_path):
    """A bridge for a broker's URL, which ends with the test. It needs no
    Kafka."""
    bridges = []

    def make(url, env=None, **mqtt):
        bridges.append(Bridge(tmp_path, url, "127.0.0.1:9", topic_names("t"),
                              {"mqtt": mqtt, "shutdown_timeout": "1s"}))
        bridges[-1].env = env
        return bridges[-1].start()

    yield make
    for bridge in bridges:
        bridge.stop()


def readyz(bridge):
    return requests.get(f"http://{bridge.http()}/readyz", timeout=60).text


def wait_connected(bridge):
    for connection in CONNECTIONS:
        bridge.wait_log(f"event=mqtt_connected connection={connection} ")


def test_tls_and_password_file(secure, ca):
    rig = secure.start()
    rig.onboard(ca.leaf())
    assert "b r:idge" not in rig.bridge.log()
    rig.stop()


def test_wrong_password_waits(secure, tmp_path):
    """The password may be corrected while the bridge runs: the bridge reports
    the refusal and recovers."""
    (tmp_path / "bridge.password").write_text("wrong")
    secure.mosquitto.start()
    secure.bridge.start()
    secure.mosquitto.wait_log("not authorised")
    for connection in ("in", "out"):
        secure.bridge.wait_log(
            rf"event=mqtt_refused connection={connection} code=135 .*"
            "refuses mqtt.username or its password.* url=mqtts://")
    holds_for(secure.bridge.alive, 0.5, "the bridge tries again")
    secure.bridge.stop()
    secure.mosquitto.stop()


def test_foreign_ca_is_refused(secure, tmp_path):
    """The bridge sends nothing to a broker that cannot prove its identity."""
    other = Ca(tmp_path / "other", "other-ca")
    secure.bridge.settings["mqtt"]["tls"]["ca_file"] = str(other.cert)
    secure.bridge.write_config()
    secure.mosquitto.start()
    secure.bridge.start()
    secure.mosquitto.wait_log(r"(?i)(ssl|tls|openssl|alert|protocol error)")
    secure.bridge.wait_log(
        r"event=mqtt_refused connection=out .*issued by .*CN=registry-ca.*, "
        rf"which is not in {re.escape(str(other.cert))}.* url=mqtts://")
    holds_for(secure.bridge.alive, 0.5, "the bridge tries again")
    assert not re.search(r" as ztp-bridge", secure.mosquitto.log())
    secure.bridge.stop()
    secure.mosquitto.stop()


def test_a_certificate_for_another_name(secure, ca):
    """The log says for whom it is."""
    files = ca.server("broker.example")
    config = pathlib.Path(secure.mosquitto.config)
    text = config.read_text()
    for key in ("certfile", "keyfile"):
        text = re.sub(rf"^{key} .*$", f"{key} {files[key]}", text, flags=re.M)
    config.write_text(text)
    secure.bridge.settings["mqtt"]["url"] = (
        secure.bridge.settings["mqtt"]["url"].replace("127.0.0.1",
                                                      "localhost"))
    secure.bridge.write_config()
    secure.mosquitto.start()
    secure.bridge.start()
    secure.bridge.wait_log(
        "event=mqtt_refused connection=out .*not for localhost: it is for "
        "broker.example, 127.0.0.1")
    secure.bridge.stop()
    secure.mosquitto.stop()


def test_a_password_without_a_name(bridge_at):
    """It may be a token, in MQTT 5: each connection sends it."""
    with played.Played() as broker:
        bridge = bridge_at(broker.url, password="token-5d1c")
        wait_connected(bridge)
        assert sorted(broker.logins) == [
            ("ztp-bridge", None, "token-5d1c"),
            ("ztp-bridge-out", None, "token-5d1c")]
        assert "token-5d1c" not in bridge.log()


@pytest.fixture
def strict(tmp_path, ca):
    """A broker that asks everybody for a certificate of that CA."""
    broker = Mosquitto(tmp_path, tls={**ca.server(),
                                      "require_certificate": "true"})
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.parametrize("where", ["ca_file", "system file",
                                   "system directory"])
def test_a_certificate_of_its_own(bridge_at, strict, tmp_path, ca, where):
    """Each connection shows it, whether the broker's CA is named or is one of
    the system's."""
    mine = ca.issue()
    tls = {"cert_file": str(mine.path), "key_file": str(mine.key_path)}
    env = None
    if where == "ca_file":
        tls["ca_file"] = str(ca.cert)
    elif where == "system file":
        env = {"SSL_CERT_FILE": str(ca.cert)}
    else:
        name = openssl("x509", "-in", ca.cert, "-noout", "-hash").decode()
        (tmp_path / "cas").mkdir()
        (tmp_path / "cas" / f"{name.strip()}.0").symlink_to(ca.cert)
        env = {"SSL_CERT_DIR": str(tmp_path / "cas")}
    wait_connected(bridge_at(strict.url, env, tls=tls))


@pytest.mark.parametrize("own, says", [
    ("none", "certificate required"), ("foreign", "unknown CA"),
    ("expired", "certificate expired")])
def test_a_certificate_that_the_broker_refuses(bridge_at, strict, tmp_path, ca,
                                               own, says):
    """The log has the broker's reason, and /readyz says whose it is."""
    tls = {"ca_file": str(ca.cert)}
    if own != "none":
        leaf = (Ca(tmp_path / "other", "other-ca").issue()
                if own == "foreign" else ca.expired())
        tls.update(cert_file=str(leaf.path), key_file=str(leaf.key_path))
    bridge = bridge_at(strict.url, tls=tls)
    bridge.wait_log("event=mqtt_refused connection=out "
                    rf'.*error="the broker says: .*{says} \([0-9]+\)"')
    until(lambda: "mqtt: the broker does not accept the bridge's certificate"
          in readyz(bridge), lambda: readyz(bridge))


@pytest.mark.parametrize("scheme, says", [
    ("mqtts", "the TLS handshake fails: is this the broker's port for TLS"),
    ("mqtt", "mqtts://")])
def test_the_other_kind_of_port(bridge_at, tmp_path, ca, scheme, says):
    """TLS is spoken to a port that has none, or the other way round."""
    tls = {"ca_file": str(ca.cert)} if scheme == "mqtts" else {}
    broker = Mosquitto(tmp_path, tls=None if tls else ca.server())
    broker.start()
    bridge = bridge_at(f"{scheme}://127.0.0.1:{broker.port}", tls=tls)
    until(lambda: says in readyz(bridge), lambda: readyz(bridge))
    broker.stop()


def test_files_that_were_replaced(bridge_at, strict, tmp_path, ca):
    """The next connection reads them, and the log says what is wrong."""
    mine, other = ca.issue(), ca.issue()
    key = tmp_path / "key.pem"
    key.write_text(mine.key_path.read_text())
    bridge = bridge_at(strict.url, tls={
        "ca_file": str(ca.cert), "cert_file": str(mine.path),
        "key_file": str(key)})
    wait_connected(bridge)
    key.write_text(other.key_path.read_text())
    strict.restart()
    bridge.wait_log("event=mqtt_refused connection=out .*"
                    'error="mqtt.tls.key_file: is not the key of '
                    'mqtt.tls.cert_file"')
    until(lambda: "mqtt: the files of mqtt.tls cannot be used"
          in readyz(bridge), lambda: readyz(bridge))
    key.write_text(mine.key_path.read_text())
    until(lambda: readyz(bridge).find("mqtt: ") < 0, lambda: readyz(bridge))


def test_sighup_takes_another_ca(secure, tmp_path, ca):
    """A wrong CA is corrected in the configuration, without a restart."""
    other = Ca(tmp_path / "other", "other-ca")
    rig = secure
    tls = rig.bridge.settings["mqtt"]["tls"]
    right, tls["ca_file"] = tls["ca_file"], str(other.cert)
    rig.bridge.write_config()
    rig.mosquitto.start()
    rig.bridge.start()
    rig.mosquitto.wait_log(r"(?i)(ssl|tls|openssl|alert|protocol error)")
    tls["ca_file"] = right
    rig.bridge.settings["log"] = {"level": "info"}
    rig.bridge.write_config()
    rig.bridge.hangup()
    rig.bridge.wait_log("event=reloaded")
    rig.bridge.wait_log("event=mqtt_connected connection=in")
    rig.bridge.wait_log("event=mqtt_connected connection=out")
    # A configuration that cannot be read changes nothing.
    with open(rig.bridge.config, "a", encoding="utf-8") as config:
        config.write("nonsense: 1\n")
    before = rig.bridge.log()
    rig.bridge.hangup()
    rig.bridge.wait_log("event=reload_failed")
    rig.bridge.stop()
    since = rig.bridge.log().removeprefix(before)
    assert "event=reload_failed" in since
    assert "configuration reloaded" not in since
    rig.mosquitto.stop()


def test_sighup_refuses_a_certificate_without_its_key(secure, tmp_path, ca):
    """It goes on with its connections, as --check-config would have said."""
    rig = secure
    tls = rig.bridge.settings["mqtt"]["tls"]
    before = dict(tls)
    mine, theirs = ca.issue(), ca.issue()
    rig.mosquitto.start()
    rig.bridge.start()
    rig.bridge.wait_log("event=mqtt_connected connection=in")
    rig.bridge.wait_log("event=mqtt_connected connection=out")
    tls.update(cert_file=str(mine.path), key_file=str(theirs.key_path))
    rig.bridge.write_config()
    rig.bridge.hangup()
    rig.bridge.wait_log("event=reload_failed .*line=[0-9]+ .*"
                        "key_file.* is not the key of mqtt.tls.cert_file")
    tls.update(key_file=str(mine.key_path))
    rig.bridge.write_config()
    rig.bridge.hangup()
    rig.bridge.wait_log("event=reloaded")
    rig.bridge.stop()
    for name in set(tls) - set(before):
        del tls[name]
    tls.update(before)
    rig.bridge.write_config()
    rig.mosquitto.stop()
    said = rig.bridge.log()
    assert "event=mqtt_refused" not in said
    assert "event=mqtt_lost" not in said.split("event=reload_failed")[0]


def test_files_are_private(rig):
    rig.bridge.alive()
    names = [n for n in os.listdir(rig.folder) if n.startswith("bridge.db")]
    assert names
    for name in names:
        mode = stat.S_IMODE(os.stat(rig.folder / name).st_mode)
        assert mode & 0o077 == 0, f"{name} is {mode:o}"


def test_one_bridge_per_store(rig, tmp_path):
    """A second bridge on the same store exits at once and says why."""
    from harness.bridge import run_bridge

    done = run_bridge("--config", rig.bridge.config)
    assert done.returncode == 1
    assert "store" in done.stderr
    assert rig.bridge.alive()
