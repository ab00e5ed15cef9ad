"""Runs build/ztp-bridge with a generated configuration."""

import subprocess
from signal import SIGABRT, SIGKILL, SIGSEGV

import yaml

from . import where
from .process import Process

TOPICS = ("requests", "decisions", "results", "dlq", "audit")


def topic_names(prefix):
    """The five topics, with a prefix of the test's own."""
    return {name: f"{prefix}.{name}" for name in TOPICS}


def merge(base, extra):
    """Merges extra over base, section by section."""
    out = dict(base)
    for key, value in (extra or {}).items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            value = merge(out[key], value)
        out[key] = value
    return out


class Bridge(Process):
    """settings: overrides of a configuration that makes tests quick."""

    def __init__(self, folder, mqtt_url, brokers, topics, settings=None,
                 name="bridge"):
        self.topics = topics
        self.config = f"{folder}/{name}.yaml"
        super().__init__(
            name, [where.binary("ztp-bridge"), "--config", self.config], folder
        )
        self.settings = merge(
            {
                "mqtt": {"url": mqtt_url, "client_id": "ztp-bridge"},
                "kafka": {
                    "brokers": brokers,
                    "group": f"{topics['requests']}-bridge",
                    "topics": topics,
                    "properties": {
                        "session.timeout.ms": 4000,
                        "heartbeat.interval.ms": 1000,
                        "reconnect.backoff.max.ms": 500,
                        "topic.metadata.refresh.interval.ms": 1000,
                        "fetch.wait.max.ms": 20,
                    },
                },
                "store": {"path": f"{folder}/{name}.db"},
                "http": {"listen": "127.0.0.1:0"},
                "log": {"level": "debug"},
            },
            settings,
        )
        self.write_config()

    @property
    def client_id(self):
        return self.settings["mqtt"]["client_id"]

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as out:
            yaml.safe_dump(self.settings, out, sort_keys=False)

    def http(self):
        """The admin address, from the log."""
        return self.wait_log(r"\bhttp\S*.*?(127\.0\.0\.1:[1-9]\d*)").group(1)

    def restart(self):
        self.stop()
        return self.start()

    def crash(self):
        """Kills it as a crash does, unless it has crashed already, and starts
        it again as its systemd unit would."""
        if self.alive():
            self.child.kill()
        status = -self.child.wait()
        assert status in (SIGKILL, SIGSEGV, SIGABRT), status
        self.wait_exit(expect=-status)
        return self.start()


def run_bridge(*args, env=None, folder=None, timeout=60):
    """Runs ztp-bridge to its end and returns the CompletedProcess, as text."""
    return subprocess.run(
        [where.binary("ztp-bridge"), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=env,
        cwd=folder,
        timeout=timeout,
        check=False,
    )
