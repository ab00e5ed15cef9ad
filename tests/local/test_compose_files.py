"""Checks docker-compose.yml as far as possible without an engine; `make
compose-test` runs it."""

import re
import subprocess

import pytest
import yaml

from harness.bridge import run_bridge
from harness.where import ROOT

COMPOSE = ROOT / "compose"


def load(name):
    return yaml.safe_load((COMPOSE / name).read_text())


STACK = load("docker-compose.yml")
SECURE = load("docker-compose.secure.yml")
ECLIPSE = load("docker-compose.eclipse.yml")
STANDBY = load("docker-compose.standby.yml")
STANDBY_SECURE = load("docker-compose.standby-secure.yml")
CELLS = load("docker-compose.cells.yml")


@pytest.mark.parametrize("name", STACK["services"])
def test_hardened(name):
    service = STACK["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "user" not in service
    assert ("healthcheck" in service) == (service["restart"] != "no")
    image = service["image"].replace("${ZTP_TAG:-local}", "local")
    assert re.fullmatch(r"[\w/-]+:(local|\d+\.\d+\.\d+)", image)


def test_kafka_can_unpack():
    """Its Snappy and Zstandard are native code, unpacked into /tmp."""
    assert STACK["services"]["kafka"]["tmpfs"] == ["/tmp:exec,mode=1777"]


def test_only_loopback_is_published():
    for service in STACK["services"].values():
        for port in service.get("ports", []):
            assert re.match(r"\$\{\w+:-127\.0\.0\.1:\d+\}:\d+$", port)


def test_waits_for_health():
    """A service waits for each service it depends on."""
    for service in [*STACK["services"].values(), *SECURE["services"].values()]:
        for other, how in service.get("depends_on", {}).items():
            stays = "healthcheck" in STACK["services"][other]
            assert how["condition"] == (
                "service_healthy" if stays
                else "service_completed_successfully")


def test_what_is_mounted_is_there(tmp_path):
    """The mounted files, volumes and secrets exist. make-secrets creates the
    secrets, and nobody else may read them."""
    subprocess.run([COMPOSE / "make-secrets", tmp_path / "secrets"],
                   check=True)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    secrets = {**STACK["secrets"], **SECURE["secrets"]}
    made = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert made == set(secrets)
    texts = {file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert len(texts) == len(made) and min(map(len, texts)) >= 24
    for service in [*STACK["services"].values(), *SECURE["services"].values()]:
        assert set(service.get("secrets", [])) <= made
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert volume.endswith(":ro") and (COMPOSE / source).exists()
            else:
                assert source in STACK["volumes"]


def test_images_are_pinned():
    text = (COMPOSE / "Dockerfile").read_text()
    assert re.search(r"^ARG DEBIAN=debian:bookworm-\d{8}-slim$", text, re.M)
    assert re.search(r"^ARG ECLIPSE=eclipse-mosquitto:\d+\.\d+\.\d+-", text,
                     re.M)
    stages = re.findall(r"^FROM (\S+) AS (\w+)$", text, re.M)
    assert stages[-1] == ("${ECLIPSE}", "eclipse")  # nobody else needs it
    known = {"${DEBIAN}", "${ECLIPSE}"} | {name for _, name in stages}
    assert len(stages) == text.count("\nFROM ")
    assert {base for base, _ in stages} <= known
    for name in ("bridge", "broker", "eclipse", "tools"):
        part = text.split(f" AS {name}\n")[1].split("\nFROM ")[0]
        assert "\nUSER ztp\n" in part


def test_images_are_built_from_every_source_folder():
    wanted = {name.split("/")[0] for name in subprocess.run(
        ["git", "ls-files", "*.[ch]"], cwd=ROOT, check=True, text=True,
        stdout=subprocess.PIPE).stdout.splitlines()} - {"tests", "examples"}
    assert {"base", "policy", "bridge", "gate", "tools", "include"} <= wanted
    copied = re.findall(r"^COPY (\w+) \1$",
                        (COMPOSE / "Dockerfile").read_text(), re.M)
    sent = re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert wanted <= set(copied) and wanted <= set(sent)


def test_the_other_broker_differs_in_its_image_only():
    """And that image has the same files in the same places."""
    assert list(ECLIPSE) == ["services"]
    (name, other), = ECLIPSE["services"].items()
    plain = STACK["services"][name]
    assert {**plain["build"], "target": "eclipse"} == other.pop("build")
    assert other.pop("image") != plain["image"] and not other
    text = (COMPOSE / "Dockerfile").read_text()
    debian, eclipse = (
        set(re.findall(r"/(?:etc|run|usr/local|var/lib)/[\w./]+|\d{5}",
                       text.split(f" AS {stage}\n")[1].split("\nFROM ")[0]))
        for stage in ("broker", "eclipse"))
    assert debian <= eclipse


def without(service, *names):
    return {name: value for name, value in service.items()
            if name not in names}


@pytest.mark.parametrize("first, more, override, own", [
    ("bridge", "bridge-b", STANDBY, {"environment", "ports", "volumes"}),
    ("bridge", "bridge-globex", CELLS, {"environment", "ports", "volumes"}),
    ("approver", "approver-globex", CELLS, {"environment", "depends_on"}),
])
def test_one_more_is_like_the_first(first, more, override, own):
    """But for what has to differ. An anchor ends with its file, so Compose cannot
    be told so."""
    one, other = STACK["services"][first], override["services"][more]
    assert without(one, *own) == without(other, *own)
    for port in other.get("ports", []):
        assert re.match(r"\$\{\w+:-127\.0\.0\.1:\d+\}:9464$", port)


def test_two_that_are_one_group():
    """Each has a name; the second is as secure as the first."""
    named = {service["environment"]["ZTP_INSTANCE"]
             for service in STANDBY["services"].values()}
    assert len(named) == len(STANDBY["services"]) == 2
    assert STANDBY_SECURE["services"]["bridge-b"] == \
        SECURE["services"]["bridge"]


def test_two_cells_share_no_subscription(tmp_path):
    (tmp_path / "mqtt_bridge").write_text("secret")
    printed = []
    for name in ("bridge", "bridge-globex"):
        cell = CELLS["services"][name]["environment"]["ZTP_CELL"]
        done = run_bridge("--config", COMPOSE / "cells/ztp-bridge.yaml",
                          "--print-config",
                          env={"ZTP_CELL": cell, "ZTP_SECRETS": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        printed.append(yaml.safe_load(done.stdout))
    one, two = printed
    assert one["mqtt"]["subscriptions"] != two["mqtt"]["subscriptions"]
    for section, name in (("mqtt", "client_id"), ("kafka", "group")):
        assert one[section][name] != two[section][name]
    assert one["kafka"]["topics"]["decisions"] != \
        two["kafka"]["topics"]["decisions"]


def test_who_decides_reads_the_topics_of_a_cell():
    """Each that the first cell's customer may have, and the other cell's own:
    the bridges create no others."""
    deciders = {name for name, service in STACK["services"].items()
                if service.get("command") in (
                    ["/usr/local/lib/ztp/approver"],
                    ["/usr/local/lib/ztp/door"])}
    assert deciders == {"approver", "door"}
    cells = {service["environment"]["ZTP_CELL"]
             for service in CELLS["services"].values()
             if "ZTP_CELL" in service["environment"]}
    topics = {name: service["environment"]["ZTP_TOPICS"]
              for name, service in CELLS["services"].items()
              if "ZTP_TOPICS" in service["environment"]}
    assert topics.keys() == deciders | {"approver-globex"}
    assert set(topics.values()) == cells
    for name in deciders:
        text = (COMPOSE / "bin" / name).read_text()
        for topic in ("requests", "decisions"):
            assert f'--{topic} "$topics.{topic}"' in text
