"""Fail closed: what cannot be trusted stops the broker from starting, or keeps
devices out, and never lets one in."""

import os
import re
import subprocess

import pytest

from harness.gate import Device, Gate, PASSWORD, path_of
from harness.mosquitto import find
from harness.where import binary

REGISTRY = "acme/plant"


@pytest.fixture
def make(tmp_path, ca):
    def gate(extra=(), **options):
        return Gate(tmp_path / "gate", ca.server(), options, extra)

    return gate


def must_not_start(gate, reason):
    done = subprocess.run(gate.argv, cwd=gate.folder, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    assert done.returncode not in (0, -11), done.stdout
    assert reason in done.stdout, done.stdout


@pytest.mark.parametrize("options, reason", [
    ({"nonsense": "1"}, "plugin_opt_nonsense is unknown"),
    ({"pending_mode": "maybe"}, "plugin_opt_pending_mode"),
    ({"retry_after": "soon"}, "plugin_opt_retry_after"),
    ({"max_per_certificate": "0"}, "plugin_opt_max_per_certificate"),
    ({"max_per_registry": "-1"}, "plugin_opt_max_per_registry"),
    ({"command_topic": "{device}/#"}, "plugin_opt_command_topic"),
    ({"command_topic": "{device}"}, "plugin_opt_command_topic"),
    ({"command_topic": "{device_path}/config"}, "plugin_opt_command_topic"),
    ({"command_topic": "commands"}, "plugin_opt_command_topic"),
    ({"operators": "a,,b"}, "plugin_opt_operators"),
    ({"registry_db": "/nowhere/at/all/gate.db"}, "/nowhere/at/all"),
    ({"registry_db": "/"}, "registry database"),
])
def test_bad_options(make, options, reason):
    must_not_start(make(**options), reason)


def test_no_database_option(make):
    gate = make()
    text = gate.conf.read_text()
    gate.conf.write_text("\n".join(
        line for line in text.splitlines()
        if not line.startswith("plugin_opt_registry_db")))
    must_not_start(gate, "plugin_opt_registry_db is missing")


def test_a_damaged_database(make, ca):
    gate = make()
    gate.db.write_bytes(b"this is no database, and never was one" * 100)
    must_not_start(gate, "registry database")
    gate.db.unlink()
    gate.start()
    with gate.operator() as operator:
        for i in range(200):
            operator.do("createRegistry", registry=f"acme/r{i}",
                        audience="x" * 500)
    gate.stop()
    size = gate.db.stat().st_size
    with open(gate.db, "r+b") as file:
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(os.urandom(200))
    must_not_start(gate, "registry database")


def test_another_programs_database(make):
    import sqlite3

    gate = make()
    with sqlite3.connect(gate.db) as db:
        db.execute("CREATE TABLE something(x)")
    db.close()
    must_not_start(gate, "another program's")


def test_a_newer_database(make):
    import sqlite3

    gate = make()
    gate.start()
    gate.stop()
    with sqlite3.connect(gate.db) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    must_not_start(gate, "version 99")


def test_two_brokers_do_not_share_a_database(make, tmp_path, ca):
    gate = make().start()
    other = Gate(tmp_path / "other", ca.server(), {"registry_db": gate.db})
    must_not_start(other, "registry database")
    gate.stop()


def test_a_database_that_is_taken_away(make, ca):
    """Nothing is told as done that would be gone with the broker."""
    gate = make().start()
    aside = gate.db.with_name("aside")
    with gate.operator() as operator:
        operator.registry(REGISTRY, ca)
        leaf, path, late = ca.issue(), path_of(REGISTRY), path_of(REGISTRY)
        device = gate.first(path, leaf)
        request = operator.pending(path)["request_id"]
        for replaced in (False, True):
            gate.db.rename(aside)
            if replaced:
                gate.db.write_bytes(aside.read_bytes())
            for command, members in (
                    ("createRegistry", {"registry": "acme/new"}),
                    ("ackPending", {"request_ids": [request]}),
                    ("createDevice", {"device_path": path, "request_id": "r",
                                      "fingerprint_sha256":
                                      leaf.fingerprint})):
                assert operator.code(command, **members) == "UNAVAILABLE"
            with gate.first(late, leaf) as refused:
                assert not refused.accepted
            operator.audit("unavailable", late, replaced + 1)
            assert device.ended is None
            assert not operator.on("ztp/v1/pending", device_path=late)
            gate.wait_log("Error: ztp gate: registry database: "
                          f"{gate.db} has been removed or replaced")
            aside.rename(gate.db)
        operator.do("createRegistry", registry="acme/new")
        operator.do("createDevice", device_path=path, request_id="r",
                    fingerprint_sha256=leaf.fingerprint)
    device.close()
    gate.restart()
    with gate.operator() as operator:
        operator.do("getRegistry", registry="acme/new")
        operator.do("getDevice", device_path=path)
    gate.stop()


def change(gate, old, new):
    text = gate.conf.read_text()
    assert text.count(old) == 1, old
    gate.conf.write_text(text.replace(old, new))


def split(gate, first="per_listener_settings true", plugin=None):
    """Puts devices on one listener with the gate, and everybody else on
    another."""
    plugin = plugin or binary("mosquitto_ztp_gate.so")
    gate.conf.write_text(f"""{first}
log_dest stderr
listener {gate.port} 127.0.0.1
allow_anonymous true
listener {gate.tls_port} 127.0.0.1
allow_anonymous false
plugin {plugin}
plugin_opt_registry_db {gate.db}
""")
    if os.geteuid() == 0:
        gate.conf.write_text("user root\n" + gate.conf.read_text())


def test_per_listener_settings(make):
    """The gate never hears of the other listener's clients."""
    gate = make()
    split(gate)
    must_not_start(gate, "per_listener_settings is true in")


@pytest.mark.parametrize("value", ["1", "true ", "true # for the bridge"])
def test_per_listener_settings_in_another_file(make, value):
    gate = make()
    folder = gate.folder / "conf.d"
    folder.mkdir()
    (folder / "Z.conf").write_text(
        f"# mine\n  per_listener_settings {value}\n")
    split(gate, f"include_dir {folder}")
    must_not_start(gate, "per_listener_settings is true in")


def version():
    """The broker's own version, as numbers."""
    done = subprocess.run([find(), "-h"], stdout=subprocess.PIPE, text=True,
                          check=False)
    text = re.search(r"version (\d+)\.(\d+)", done.stdout)
    return int(text[1]), int(text[2])


def test_loaded_for_one_listener_alone(make):
    """plugin_use of Mosquitto 2.1. Mosquitto 2.0 knows neither word and does
    not start either."""
    gate = make()
    plugin = f"plugin {binary('mosquitto_ztp_gate.so')}"
    change(gate, plugin + "\n", f"plugin_load ztp {plugin[7:]}\n")
    change(gate, f"listener {gate.tls_port} 127.0.0.1",
           f"listener {gate.tls_port} 127.0.0.1\nplugin_use ztp")
    must_not_start(gate, "loaded by plugin_use in" if version() >= (2, 1)
                   else "Unknown configuration variable")


@pytest.mark.parametrize("word", ["plugin", "auth_plugin", "global_plugin"])
def test_loaded_for_every_listener(make, word):
    gate = make()
    change(gate, "\nplugin ", f"\n{word} ")
    if word == "global_plugin" and version() < (2, 1):
        must_not_start(gate, "Unknown configuration variable")
        return
    gate.start()
    assert "listeners_unknown" not in gate.log()
    gate.stop()


def test_a_plugin_of_another_name_cannot_see_itself(make):
    """The gate logs that it cannot tell. It still sees the setting."""
    gate = make()
    other = gate.folder / "door.so"
    other.symlink_to(binary("mosquitto_ztp_gate.so"))
    change(gate, f"plugin {binary('mosquitto_ztp_gate.so')}",
           f"plugin {other}")
    gate.start()
    gate.wait_log("event=listeners_unknown")
    gate.stop()
    split(gate, plugin=other)
    must_not_start(gate, "per_listener_settings is true in")


def test_a_full_disk_refuses_devices(make, ca, tmp_path):
    """A file system of 1 MiB holds the database."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none",
                           mount], check=False)
    if done.returncode != 0:
        # without the right to mount, a limit on the file size does the same
        limit = ["prlimit", "--fsize=400000", "--"]
        gate = make()
        gate.argv = limit + gate.argv
    else:
        gate = make(registry_db=mount / "gate.db")
    try:
        gate.start()
        with gate.operator() as operator:
            operator.registry(REGISTRY, ca, onboarding="direct")
            known, leaf = path_of(REGISTRY), ca.leaf()
            with gate.first(known, leaf) as device:
                assert device.accepted
            # the last pages, too: large rows leave room for smaller ones
            for size in (1000, 1):
                for i in range(1000):
                    registry = f"acme/r{size}-{i}"
                    code = operator.code("createRegistry", registry=registry,
                                         audience="x" * size)
                    if code != "OK":
                        break
                assert code == "UNAVAILABLE"
            path = path_of(REGISTRY)
            # CONNACK does not wait for the disk; what hangs on it ends
            with gate.first(path, ca.issue()) as device:
                if device.accepted:
                    device.wait_ended()
                    operator.audit("not_stored", path)
                else:
                    operator.audit("unavailable", path)
                assert not device.statuses()
            assert operator.code("getDevice", device_path=path) == "NOT_FOUND"
            assert operator.code("getRegistry", registry=registry
                                 ) == "NOT_FOUND"
            # known devices can still connect
            with gate.unused(known, leaf) as device:
                assert device.accepted
        gate.stop()
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", mount], check=True)


def test_others_are_the_brokers_even_without_a_registry(make):
    gate = make().start()
    with Device(gate, "backend-1", "backend", PASSWORD, tls=False) as client:
        assert client.accepted
    gate.stop()
