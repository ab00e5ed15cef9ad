"""What a system's administrator gets beside the programs."""

import json
import re
import socket
import subprocess

import pytest

from harness.bridge import Bridge, topic_names
from harness.ports import free_port
from harness.where import ROOT, binary

PACKAGING = ROOT / "packaging"
MONITORING = ROOT / "docs" / "monitoring"
COMPLETION = PACKAGING / "bash-completion" / "ztp-bridge"
UNIT = PACKAGING / "ztp-bridge.service"


def run(*argv, cwd=None):
    done = subprocess.run([str(arg) for arg in argv], check=False, text=True,
                          cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


# --- the unit


def test_hardening():
    text = run("systemd-analyze", "security", "--offline=true",
               "--threshold=15", UNIT)
    assert float(re.search(r"Overall exposure.*?: ([\d.]+)", text)[1]) <= 1.5


def test_unit_uses_what_the_program_has():
    unit = UNIT.read_text(encoding="utf-8")
    told = run(binary("ztp-bridge"), "--help")
    for line in re.findall(r"^ExecStart(?:Pre)?=(.*)$", unit, re.M):
        assert line.split()[0] == "/usr/local/bin/ztp-bridge"
        for option in re.findall(r"--[a-z-]+", line):
            assert option in told
    assert "Type=notify" in unit and "WatchdogSec=" in unit
    assert "RestartPreventExitStatus=2" in unit


def test_tells_the_service_manager(tmp_path):
    """Type=notify and WatchdogSec: also without broker and Kafka."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        bridge = Bridge(tmp_path, f"mqtt://127.0.0.1:{free_port()}",
                        f"127.0.0.1:{free_port()}", topic_names("none"))
        bridge.env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        bridge.start()
        told = [manager.recv(100) for _ in range(4)]
        assert told[0] == b"READY=1"
        assert set(told[1:]) == {b"WATCHDOG=1"}
        bridge.stop()
        while told[-1] != b"STOPPING=1":
            told.append(manager.recv(100))


def test_user_and_folders():
    user = (PACKAGING / "ztp-bridge.sysusers").read_text(encoding="utf-8")
    assert re.search(r"^u ztp-bridge ", user, re.M)
    tmp = (PACKAGING / "ztp-bridge.tmpfiles").read_text(encoding="utf-8")
    assert re.search(r"^d /var/lib/ztp-bridge 0700 ztp-bridge ", tmp, re.M)


# --- completion


def complete(*words):
    """What bash offers for the last word."""
    line = " ".join(words)
    script = (
        f"source '{COMPLETION}'\n"
        f"COMP_WORDS=({' '.join(repr(w) for w in words)})\n"
        f"COMP_CWORD={len(words) - 1}\nCOMP_LINE={line!r}\n"
        f"function=$(complete -p {words[0]} | grep -o '_ztp[a-z_]*')\n"
        f"$function {words[0]} {words[-1]!r} {words[-2]!r}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    return set(run("bash", "-c", script).split())


def options(program):
    return set(re.findall(r"--[a-z-]+", run(binary(program), "--help")))


def test_completes_every_option():
    assert complete("ztp-bridge", "--") >= options("ztp-bridge")
    assert complete("ztp-device", "--") >= options("ztp-device")
    offered = set()
    for command in ("run", "watch", "decide"):
        offered |= complete("ztp-approver", command, "--")
    assert offered >= options("ztp-approver") - {"--version", "--help"}
    offered = complete("ztpctl", "--")
    for command in ("registry create x", "audit tail"):
        offered |= complete("ztpctl", *command.split(), "--")
    assert offered >= options("ztpctl")


@pytest.mark.parametrize("words,expected", [
    ("ztpctl ''", "registry"),
    ("ztpctl --json registry c", "create ca"),
    ("ztpctl registry ca ''", "add list remove"),
    ("ztpctl registry create a/b --onboarding c", "custom"),
    ("ztp-approver d", "decide"),
    ("ztp-approver run --format o", "omnicore"),
    ("ztp-device --url mqtts", "mqtts://"),
])
def test_completes(words, expected):
    words = [word.replace("''", "") for word in words.split()]
    assert set(expected.split()) <= complete(*words)


# --- monitoring


def test_alert_rules():
    run(ROOT / "scripts" / "promtool", "check", "rules", "alerts.yaml",
        cwd=MONITORING)
    run(ROOT / "scripts" / "promtool", "test", "rules", "alerts_test.yaml",
        cwd=MONITORING)


def metrics():
    source = (ROOT / "bridge" / "metrics.c").read_text(encoding="utf-8")
    return set(re.findall(r'"(ztp_[a-z_]+)"', source))


def test_nobody_asks_for_a_metric_that_is_none():
    known = metrics()
    assert len(known) >= 13
    dashboard = (MONITORING / "dashboard.json").read_text(encoding="utf-8")
    alerts = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bztp_[a-z_]+", dashboard + alerts))
    assert {re.sub(r"_bucket$", "", name) for name in asked} <= known
    # and what there is can be seen somewhere
    assert known <= {re.sub(r"_bucket$", "", name)
                     for name in re.findall(r"\bztp_[a-z_]+", dashboard)}


def test_dashboard():
    found = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    assert found["panels"] and found["title"] == "ztp-bridge"
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in found["panels"]:
        assert panel["targets"], panel["title"]
