"""The stack, run by docker-compose: it comes up from nothing, a device joins,
every part may be restarted or killed while devices arrive, and nothing is left
after it goes down. `plain` is docker-compose.yml, `secure` adds the override
docker-compose.secure.yml."""

import json
import subprocess

import pytest

from harness.until import until

from compose.load import NAMES, Load, last_message
from compose.stack import FOLDER, ONCE, SERVICES

REGISTRY = "subscriptions/acme/registries/plant-7/devices/"
PAYLOAD = json.loads((FOLDER / "customer" / "pump.json").read_text())
REASONABLE = 90  # seconds for three devices to arrive


def devices(stack):
    """The paths of the devices that exist, according to the gate."""
    return stack.ztpctl("device", "list", "acme/plant-7")


def page(stack, path):
    """One of the bridge's admin pages, by its published address."""
    return subprocess.run(
        stack.engine.enter("curl", "-sS", "-w", "\n%{http_code}",
                           f"http://127.0.0.1:9464{path}"),
        check=True, capture_output=True, text=True).stdout.rsplit("\n", 1)


def taken(stack):
    """All requests that the bridge has ever accepted."""
    text, status = page(stack, "/v1/requests?limit=1000")
    assert status == "200", text
    found = json.loads(text)
    assert "next" not in found
    return sorted((r["device"]["path"], r["attempt"], r["state"])
                  for r in found["requests"])


def test_a_device_joins(stack):
    assert stack.status("device") == 0
    told = last_message(stack.logs("device"))
    assert told["status"] == "approved"
    assert told["device_path"] == REGISTRY + "pump-42"
    assert told["payload"] == PAYLOAD
    assert REGISTRY + "pump-42" in devices(stack)


def test_everything_is_as_it_should_be(stack):
    """The permanent services are healthy, the one-shot services ended well,
    and none of them runs as root or can write to its root file system."""
    found = stack.containers()
    assert set(found) == SERVICES | ONCE | {"device"}
    assert {stack.status(name) for name in ONCE} == {0}
    assert set(stack.health().values()) == {"healthy"}
    for name, container in found.items():
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["Privileged"], name
        assert container["Config"]["User"] not in ("", "0", "root"), name
    for name in SERVICES:
        assert stack.inside(name, "id", "-u").strip() != "0"


def test_published_addresses(stack):
    """Devices, customers and monitoring connect from outside."""
    text, status = page(stack, "/readyz")
    assert status == "200", text
    ca = stack.secrets.parent / "ca.pem"
    ca.write_text(stack.inside("mosquitto", "cat", "/run/tls/ca.pem"))
    for port in [8883] + ([9094] if stack.kind == "secure" else []):
        shown = subprocess.run(
            stack.engine.enter(
                "openssl", "s_client", "-connect", f"127.0.0.1:{port}",
                "-CAfile", str(ca), "-verify_return_error",
                "-verify_hostname", "localhost"),
            check=True, capture_output=True, text=True,
            stdin=subprocess.DEVNULL).stdout
        assert "Verify return code: 0 (ok)" in shown, (port, shown)


def test_who_gets_in_without_tls_or_password(stack):
    """In the plain stack everybody on its networks can connect, otherwise
    nobody."""
    status = 1 if stack.kind == "secure" else 0
    stack.inside("bridge", "bash", "-c", "</dev/tcp/mosquitto/1883",
                 status=status)
    stack.inside("approver", "ztp-approver", "decide", "nobody-asked",
                 "--device", REGISTRY + "nobody", "--reject", "--brokers",
                 "kafka:9092", "--timeout", "10", "--no-wait", status=status)


@pytest.fixture
def load(stack):
    with Load(stack, NAMES) as load:
        yield load


def restart(stack, service):
    stack.compose("restart", service)


def kill(stack, service):
    stack.compose("kill", "-s", "KILL", service)
    stack.compose("start", service)


def test_each_restarted_under_load(stack, load):
    """No device that arrives meanwhile is lost, and none joins twice."""
    until(lambda: load.arrived() >= 3, "devices arrive")
    for how in (restart, kill):
        for service in ("mosquitto", "kafka", "bridge", "approver"):
            seen = load.arrived()
            started = stack.started_at(service)
            how(stack, service)
            stack.wait_healthy()
            assert stack.started_at(service) != started
            until(lambda: load.arrived() >= seen + 3, "devices arrive",
                  REASONABLE)
    told = load.finish()
    assert len(told) >= 24
    for name, message in told.items():
        assert message["status"] == "approved", name
        assert message["device_path"] == REGISTRY + name
        assert message["payload"] == PAYLOAD, name
    exist = devices(stack)
    assert all(REGISTRY + name in exist for name in told)
    want = sorted((REGISTRY + name, 1, "onboarded")
                  for name in ["pump-42", *told])
    until(lambda: taken(stack) == want,
          lambda: f"each onboarded, once: {taken(stack)}")
    print(f"{len(told)} devices joined")
