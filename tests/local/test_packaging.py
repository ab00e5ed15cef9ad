"""The files for system administrators that come with the programs."""

import json
import re
import socket
import subprocess

import pytest
import requests
import yaml

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


def test_it_is_started_again_however_often_it_fails():
    """With systemd's own limit, five failures in 10 s were the last ones, and
    one takes little more than RestartSec."""
    unit, service = UNIT.read_text(encoding="utf-8").split("[Service]")
    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=on-failure\n" in service


def test_tells_the_service_manager(tmp_path):
    """Type=notify and WatchdogSec work even without broker and Kafka."""
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
    """What bash completes for the last word."""
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
    assert complete("ztp-devkafka", "--") >= options("ztp-devkafka")
    offered = set()
    for command in ("run", "watch", "decide", "test", "simulate",
                    "serve"):
        offered |= complete("ztp-approver", command, "--")
    assert offered >= options("ztp-approver") - {"--version", "--help"}
    offered = complete("ztpctl", "--")
    for command in ("registry create x", "registry delete x", "audit tail",
                    "audit list", "doctor", "device list",
                    "pending reject x"):
        offered |= complete("ztpctl", *command.split(), "--")
    assert offered >= options("ztpctl")


@pytest.mark.parametrize("words,expected", [
    ("ztpctl ''", "registry"),
    ("ztpctl --json registry c", "create ca"),
    ("ztpctl registry ca ''", "add list remove"),
    ("ztpctl registry ca remove a/b 9f86 --y", "--yes"),
    ("ztpctl registry e", "export"),
    ("ztpctl device list --state b", "blocked"),
    ("ztpctl audit l", "list"),
    ("ztpctl registry create a/b --onboarding c", "custom"),
    ("ztp-approver d", "decide"),
    ("ztp-approver run --from n", "now"),
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


def test_every_alert_is_seen_to_fire_and_to_be_silent():
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))
    tests = yaml.safe_load((MONITORING / "alerts_test.yaml").read_text("utf-8"))
    names = {rule["alert"] for group in rules["groups"]
             for rule in group["rules"]}
    fired, silent = (
        {case["alertname"] for test in tests["tests"]
         for case in test["alert_rule_test"]
         if bool(case.get("exp_alerts")) == wanted} for wanted in (True, False))
    assert names == fired == silent


def test_every_alert_has_its_answer():
    """Whoever is woken at night finds what to do."""
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))
    page = (MONITORING / "README.md").read_text("utf-8")
    rows = "".join(re.findall(r"^\| (`Ztp.*?) \|", page, re.M))
    names = [rule["alert"] for group in rules["groups"]
             for rule in group["rules"]]
    assert sorted(re.findall(r"`(\w+)`", rows)) == sorted(names)


def metrics_of(folder, name, settings):
    """The /metrics of a bridge that reaches nobody."""
    folder.mkdir()
    bridge = Bridge(folder, f"mqtt://127.0.0.1:{free_port()}",
                    f"127.0.0.1:{free_port()}", topic_names("none"), settings)
    bridge.argv[0] = binary(name)
    bridge.settings["kafka"]["properties"] = {}
    bridge.write_config()
    bridge.start()
    text = requests.get(f"http://{bridge.http()}/metrics", timeout=60).text
    bridge.stop()
    done = subprocess.run([ROOT / "scripts" / "promtool", "check", "metrics"],
                          input=text, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return text


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    """The metrics of running bridges, a single one and one of several:
    {metric: its labels}."""
    folder = tmp_path_factory.mktemp("exposed")
    several = {"standby": {"enabled": True, "instance": "one"}}
    text = (metrics_of(folder / "single", "ztp-bridge", {}) +
            metrics_of(folder / "several", "ztp-bridge", several))
    found = {name: set() for name in
             re.findall(r"^# TYPE (\S+) ", text, re.M)}
    for name, labels in re.findall(r"^(\w+)\{([^}]*)\}", text, re.M):
        found[re.sub(r"_(bucket|sum|count)$", "", name)] |= set(
            re.findall(r"(\w+)=", labels))
    return found


def test_nobody_asks_for_a_metric_that_is_none(exposed):
    assert len(exposed) >= 13
    dashboard = (MONITORING / "dashboard.json").read_text(encoding="utf-8")
    alerts = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bztp_[a-z_]+", dashboard + alerts))
    assert {re.sub(r"_bucket$", "", name) for name in asked} <= set(exposed)
    # and the dashboard shows every metric
    assert set(exposed) <= {re.sub(r"_bucket$", "", name) for name in
                            re.findall(r"\bztp_[a-z_]+", dashboard)}


def expressions():
    panels = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))
    yield from (target["expr"] for panel in panels["panels"]
                for target in panel["targets"])
    yield from (rule["expr"] for group in rules["groups"]
                for rule in group["rules"])


def test_nobody_asks_for_a_label_that_is_none(exposed):
    """instance and job are Prometheus's own."""
    looked = 0
    for expression in expressions():
        names = set(re.findall(r"\bztp_[a-z_]+", expression))
        known = {"instance", "job"}.union(*(
            exposed[re.sub(r"_bucket$", "", name)] for name in names))
        asked = set(re.findall(r"(\w+)=", expression))
        for by in re.findall(r"by \(([^)]*)\)", expression):
            asked |= set(re.split(r",\s*", by))
        assert asked <= known, expression
        looked += len(asked - {"instance"})
    assert looked > 10


def test_dashboard():
    found = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    assert found["panels"] and found["title"] == "ztp-bridge"
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in found["panels"]:
        assert panel["targets"], panel["title"]
