"""The devices in examples/device, onboarded by a real gate and bridge: the one
in Python, and the one for ESP-IDF, whose sources are built for this machine with
tests/esp_idf in place of Espressif's libraries and with mbed TLS as on an
ESP32."""

import json
import subprocess
import sys

import pytest

from harness.gate import path_of
from harness.handshake import CUSTOM, Handshake
from harness.process import Process
from harness.where import ROOT

ESP = ROOT / "examples/device/esp-idf"
HOST = ROOT / "tests/esp_idf"
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# In pieces, and with numbers that a double does not hold.
PAYLOAD = ('{"ntp": "time.acme.example",\n "serial": 12345678901234567890, '
           f'"x": 1.10, "sites": {json.dumps(["x" * 99] * 50)}}}')


@pytest.fixture(scope="module")
def rig(tmp_path_factory, mock_kafka, ca):
    rig = Handshake(tmp_path_factory.mktemp("rig"), mock_kafka, ca,
                    ca.server()).start()
    yield rig
    rig.stop()


def compile_esp(target, sources, libraries):
    subprocess.run(
        ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", *SANITIZED,
         f"-I{HOST}/include", f"-I{ESP}/components/ztp", f"-I{ESP}/main",
         "-I/usr/include/cjson", *sources, *sorted(ESP.glob(
             "components/ztp/*.c")), "-lcjson", *libraries, "-o", target],
        check=True, timeout=600)
    return target


@pytest.fixture(scope="module")
def esp_program(tmp_path_factory):
    return compile_esp(
        tmp_path_factory.mktemp("esp") / "device",
        [HOST / "host.c", HOST / "mqtt.c", *sorted(ESP.glob("main/*.c"))],
        ["-lmbedtls", "-lmbedx509", "-lmbedcrypto", "-lpthread"])


def test_parts_without_a_network(tmp_path):
    unit = compile_esp(tmp_path / "unit", [HOST / "unit.c"],
                       ["-lmbedcrypto", "-lcmocka"])
    subprocess.run([unit], check=True, timeout=120)


# --- the two devices: a process, and where it keeps its payload


class PythonDevice(Process):
    rejected = 3

    def __init__(self, rig, path, leaf, folder, audience="acme"):
        super().__init__(
            "device", [sys.executable, ROOT / "examples/device/python/device.py",
                       "--host", "localhost", "--port", rig.gate.tls_port,
                       "--ca", rig.gate.server["cafile"], "--cert", leaf.path,
                       "--key", leaf.key_path, "--id", path, "--audience",
                       audience],
            folder)

    def payload(self):
        """As bytes, as in the approval."""
        state = self.folder / "state.json"
        assert state.stat().st_mode & 0o777 == 0o600
        return state.read_bytes().split(b'"payload":', 1)[1][:-1]


class EspDevice(Process):
    rejected = 0

    def __init__(self, rig, path, leaf, folder, audience="acme"):
        folder.mkdir(exist_ok=True)
        nvs = {"uri": f"mqtts://localhost:{rig.gate.tls_port}",
               "ca": rig.ca.cert.read_text(), "cert": leaf.pem,
               "key": leaf.key_path.read_text(), "path": path,
               "audience": audience}
        for name, text in nvs.items():
            (folder / name).write_text(text)
        super().__init__("device", [rig.esp_program], folder,
                         env={"NVS_DIR": str(folder)}, clean_exit=-15)

    def payload(self):
        return (self.folder / "config").read_bytes()


@pytest.fixture(params=[PythonDevice, EspDevice])
def start(request, rig, esp_program, tmp_path):
    rig.esp_program = esp_program
    started = []

    def begin(path, leaf, **more):
        started.append(request.param(rig, path, leaf, tmp_path / "device",
                                     **more).start())
        return started[-1]

    yield begin
    for device in started:
        device.stop()


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_onboarded(rig, ca, start, kind):
    leaf, path = ca.issue(kind), path_of(CUSTOM)
    device = start(path, leaf)
    request = rig.request(path)
    device.wait_log("pending")
    decision = json.dumps({"request_id": request.json()["request_id"],
                           "device_path": path, "decision": "approve"})
    rig.decision(f'{decision[:-1]}, "payload": {PAYLOAD}}}', key=request.key)
    rig.result(path, lambda r: r.json()["outcome"] == "applied"
               or r.json().get("delivery") == "device")
    assert device.payload().decode() == PAYLOAD
    device.stop()
    # Its certificate is not needed any more, and nothing is told twice.
    device.start()
    rig.operator.audit("connected", path)
    rig.operator.wait_on("ztp/v1/subscribed", device_path=path,
                         credential="unused")
    device.stop()
    assert "approved" not in device.log()


def test_rejected(rig, ca, start):
    path = path_of(CUSTOM)
    device = start(path, ca.leaf())
    request = rig.request(path)
    device.wait_log("pending")  # it has subscribed: the notice is sent once
    rig.decide(request, "reject", reason="not_on_list")
    device.wait_exit(device.rejected)


def test_refused(rig, ca, start):
    path = path_of(CUSTOM)
    device = start(path, ca.leaf(), audience="other")
    device.wait_log("refused.*(5|Not authorized)")
    rig.operator.audit("wrong_audience", path)
