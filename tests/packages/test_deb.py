"""The Debian packages, as a user installs them."""

import os
import pathlib
import re
import subprocess

from harness.certs import Ca
from harness.devkafka import DevKafka
from harness.ports import free_port
from harness.system import output
from harness.until import until
from harness.where import ROOT, build

import requests

OPERATOR, PASSWORD = "ztp-bridge", "operator"
PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"
TOPICS = [f"ztp.{name}"
          for name in ("requests", "decisions", "results", "dlq", "audit")]


def test_lintian(debs):
    assert debs
    changes, = (build() / "deb").glob("*.changes")
    assert output("lintian", "--allow-root", "--fail-on", "error,warning",
                  changes) == ""


def test_version(debs, tmp_path):
    """The programs come from the tree that the packages were made of."""
    versions = {output("dpkg-deb", "-f", path, "Version").strip()
                for path in debs.values()}
    version, = versions
    output("dpkg", "--validate-version", version)
    for name, path in debs.items():
        output("dpkg-deb", "-x", path, tmp_path / name)
    told = {output(path, "--version").split()[1]
            for path in tmp_path.glob("*/usr/bin/*")}
    assert told == {output(ROOT / "scripts" / "version").strip()}


def test_tools_bring_the_contract(debs):
    """Whoever writes an approver needs no other package."""
    listed = output("dpkg-deb", "-c", debs["ztp-tools"])
    for path in (ROOT / "docs" / "schemas").iterdir():
        assert f"./usr/share/doc/ztp-tools/schemas/{path.name}\n" in listed
    for name in ("doc/ztp-tools/asyncapi.yaml", "man/man1/ztp-devkafka.1.gz",
                 "doc/ztp-tools/examples/python/approver.py",
                 "bash-completion/completions/ztp-devkafka"):
        assert f"./usr/share/{name}\n" in listed
    for name in ("ztp-approver", "ztp-devkafka"):
        assert f"./usr/bin/{name}\n" in listed


def test_tools_bring_the_devices(debs, tmp_path):
    """Whoever writes firmware finds the guide, two devices, and the source of
    ztp-device."""
    output("dpkg-deb", "-x", debs["ztp-tools"], tmp_path)
    doc = tmp_path / "usr/share/doc/ztp-tools"
    for packed, source in (("device-guide.md", "docs/device-guide.md"),
                           ("examples/device/python/device.py",) * 2,
                           ("examples/device/esp-idf/main/main.c",) * 2,
                           ("examples/ztp-device/jwt.c", "tools/device/jwt.c"),
                           ("examples/ztp-device/session.c",
                            "tools/device/session.c")):
        assert (doc / packed).read_text() == (ROOT / source).read_text()


# --- from nothing to an onboarded device, and back to nothing


def unit(system):
    """[Service] of the installed unit; a repeated key is a list."""
    text = system.path("/lib/systemd/system/ztp-bridge.service").read_text()
    said = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        said.setdefault(key, []).append(value)
    return said


def put(system, name, text, owner="root:root", mode="640"):
    system.path(name).parent.mkdir(parents=True, exist_ok=True)
    system.path(name).write_text(text)
    system.run("chown", owner, name)
    system.run("chmod", mode, name)


def changed(text, **lines):
    """A configuration with some of its lines changed, each once."""
    for start, line in lines.items():
        text, n = re.subn(rf"^{start.replace('_', ' ')} .*", line, text,
                          flags=re.M)
        assert n == 1, start
    return text


def configure_mosquitto(system, server, port, tls_port):
    """As mosquitto-ztp-gate's README.Debian says."""
    readme = system.path(
        "/usr/share/doc/mosquitto-ztp-gate/README.Debian").read_text()
    commands = re.findall(r"^ {4}(\S.*)", readme, re.M)
    assert len(commands) == 4
    system.run("sh", "-ec", "\n".join(commands))
    put(system, "/etc/mosquitto/ztp/passwords", f"{OPERATOR}:{PASSWORD}\n",
        "root:mosquitto")
    system.run("mosquitto_passwd", "-U", "/etc/mosquitto/ztp/passwords")
    for name, key in {"ca.pem": "cafile", "server.pem": "certfile",
                      "server.key": "keyfile"}.items():
        put(system, f"/etc/mosquitto/ztp/{name}",
            pathlib.Path(server[key]).read_text(), "root:mosquitto")
    conf = system.path("/etc/mosquitto/mosquitto.conf")
    text = conf.read_text()
    text = text.replace("listener 1883 ", f"listener {port} ")
    text = text.replace("listener 8883\n", f"listener {tls_port} 127.0.0.1\n")
    conf.write_text(text)
    plugin = re.search(r"^plugin (\S+)", text, re.M).group(1)
    beside = system.run("find", "/usr/lib", "-name",
                        "mosquitto_dynamic_security.so").strip()
    assert pathlib.Path(plugin).parent == pathlib.Path(beside).parent


def configure_bridge(system, port, brokers, http):
    put(system, "/etc/ztp-bridge/mqtt.password", f"{PASSWORD}\n",
        "root:ztp-bridge")
    config = system.path("/etc/ztp-bridge/ztp-bridge.yaml")
    text = config.read_text().replace("#username", "username")
    text = text.replace("#password_file", "password_file")
    text = text.replace("127.0.0.1:1883", f"127.0.0.1:{port}")
    text = text.replace("127.0.0.1:9092", brokers)
    config.write_text(f"{text}\nhttp: {{listen: '{http}'}}\n")


def start(system, folder, processes, name, *argv, **more):
    processes.append(system.process(name, folder, *argv, **more).start())
    return processes[-1]


def start_bridge(system, folder, processes):
    """Runs the unit's command lines, as its user."""
    said = unit(system)
    user, = said["User"]
    assert said["Group"] == [user]
    state, = said["StateDirectory"]
    stat = system.run("stat", "-c", "%U:%G %a", f"/var/lib/{state}")
    assert stat.strip() == f"{user}:{user} 700"
    before, = said["ExecStartPre"]
    system.run("setpriv", "--reuid", user, "--regid", user, "--init-groups",
               "--", *before.split())
    command, = said["ExecStart"]
    return start(system, folder, processes, "bridge", *command.split(),
                 user=user)


def ready(http):
    try:
        return requests.get(f"http://{http}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def onboard(system, folder, processes, ca):
    """Onboards a device with the packages' own programs; returns the messages
    it received."""
    port, tls_port, http = free_port(), free_port(), free_port()
    kafka = DevKafka(folder, args=[arg for topic in TOPICS
                                   for arg in ("--topic", topic)]).start()
    processes.append(kafka)
    configure_mosquitto(system, ca.server(), port, tls_port)
    configure_bridge(system, port, kafka.brokers, f"127.0.0.1:{http}")
    start(system, folder, processes, "mosquitto", "/usr/sbin/mosquitto", "-c",
          "/etc/mosquitto/mosquitto.conf").wait_log("running")
    start_bridge(system, folder, processes)
    until(lambda: ready(f"127.0.0.1:{http}"), "the bridge is ready")

    leaf = ca.issue()
    for name, path in (("ca", ca.cert), ("cert", leaf.path),
                       ("key", leaf.key_path), ("password", None)):
        put(system, f"/root/{name}",
            path.read_text() if path else f"{PASSWORD}\n")
    system.run("ztpctl", "--url", f"mqtt://127.0.0.1:{port}", "--username",
               OPERATOR, "--password-file", "/root/password", "registry",
               "create", "acme/plant-7", "--onboarding", "custom",
               "--audience", "acme", "--ca", "/root/ca")
    start(system, folder, processes, "approver", "ztp-approver", "run",
          "--brokers", kafka.brokers, "--approve-all")
    return system.run(
        "ztp-device", "--url", f"mqtts://localhost:{tls_port}", "--ca",
        "/root/ca", "--cert", "/root/cert", "--key", "/root/key", "--id", PATH,
        "--audience", "acme", "--wait", "60")


def test_installed_and_purged(system, debs, tmp_path):
    """If a package was never started, nothing of it stays."""
    before = system.files()
    system.apt("install", *(f"/root/{path.name}" for path in debs.values()))
    assert system.files() > before
    assert "ztp-bridge" in system.run("ztp-bridge", "--version")
    assert system.run("systemd-analyze", "verify", "--man=no",
                      "ztp-bridge.service") == ""
    system.apt("purge", *debs)
    assert system.files() == before


def test_onboards_a_device(system, debs, tmp_path):
    before = system.files()
    system.apt("install", *(f"/root/{path.name}" for path in debs.values()))
    processes = []
    try:
        told = onboard(system, tmp_path, processes, Ca(tmp_path / "ca"))
        assert '"status":"approved"' in told
        assert system.run("stat", "-c", "%U %a",
                          "/var/lib/ztp-bridge/store.db") == "ztp-bridge 600\n"
    finally:
        for process in reversed(processes):
            process.stop()
    system.apt("purge", *debs)
    left = system.files() - before
    assert before <= system.files()
    # The data of the bridge and the broker, and the files the test has written
    # itself.
    ours = {f"/root/{name}" for name in ("ca", "cert", "key", "password")}
    data = {name for name in left - ours if not re.match(
        r"/var/lib/(ztp-bridge|mosquitto)(/|$)|/etc/mosquitto/ztp(/|$)"
        r"|/etc/ztp-bridge(/mqtt\.password)?$", name)}
    assert not data
    assert "/var/lib/ztp-bridge/store.db" in left
    assert "/var/lib/mosquitto/ztp-gate.db" in left


# --- the tarball


def quiet_env():
    """The environment for a make inside a test that was started by make."""
    return {key: value for key, value in os.environ.items()
            if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ZTP_BUILD")}


def make(folder, *targets):
    done = subprocess.run(["make", "-j2", *targets], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=quiet_env(), check=False, timeout=1800)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_tarball(debs, tmp_path):
    """It builds and tests itself outside of git, and makes, in another place,
    exactly the packages that the tree in git made."""
    tarball = output(ROOT / "scripts" / "dist", tmp_path).strip()
    output("tar", "-xzf", tarball, "-C", tmp_path)
    tree, = (path for path in tmp_path.iterdir() if path.is_dir())
    version = output(ROOT / "scripts" / "version").strip()
    assert tree.name == f"ztp-bridge-{version}"
    make(tree)
    told = output(tree / "build" / "ztp-bridge", "--version")
    assert told == f"ztp-bridge {version}\n"
    assert "ok     test_" in make(tree, "unit")
    make(tree, "deb")
    for path in debs.values():
        again = tree / "build" / "deb" / path.name
        assert again.read_bytes() == path.read_bytes(), path.name
