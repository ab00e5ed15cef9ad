"""Mosquitto with the gate, configured by gate/mosquitto.conf.example with this
test's paths and ports."""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import queue
import re
import sqlite3
import ssl
import time
import uuid

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from . import paho, seen
from .certs import openssl
from .mosquitto import find
from .ports import free_port
from .process import Process
from .until import DEADLINE, until
from .where import ROOT, binary

OPERATOR = "ztp-bridge"
PASSWORD = "operator"
CONTROL = "$CONTROL/ztp/v1"
RESPONSE = "$CONTROL/ztp/v1/response"
NOT_AUTHORIZED = {4: 5, 5: 0x87}

counter = itertools.count(1)


def path_of(registry="acme/plant-7", prefix="pump"):
    subscription, name = registry.split("/")
    return (
        f"subscriptions/{subscription}/registries/{name}"
        f"/devices/{prefix}-{next(counter)}-{uuid.uuid4().hex[:6]}"
    )


# ---- proofs


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def der_to_raw(der, size):
    """Converts an ECDSA-Sig-Value to r || s."""
    def integer(at):
        assert der[at] == 2
        length = der[at + 1]
        start = at + 2
        return int.from_bytes(der[start:start + length], "big"), start + length

    start = 2 if der[1] < 0x80 else 3
    r, at = integer(start)
    s, _ = integer(at)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def algorithm_of(kind):
    return {"p256": "ES256", "p384": "ES384"}.get(kind, "RS256")


def sign(leaf, data):
    digest = "-sha384" if leaf.kind == "p384" else "-sha256"
    der = openssl("dgst", digest, "-sign", leaf.key_path, data=data)
    if leaf.kind.startswith("rsa"):
        return der
    return der_to_raw(der, 48 if leaf.kind == "p384" else 32)


def claims(audience="acme", issued=0, lifetime=3600, **more):
    now = int(time.time())
    found = {"iat": now + issued, "exp": now + issued + lifetime, **more}
    if audience:
        found["aud"] = audience
    return found


def token(header, payload, signer):
    text = ".".join(
        b64url(json.dumps(part, separators=(",", ":")).encode())
        for part in (header, payload)
    )
    return f"{text}.{b64url(signer(text.encode()))}"


def jwt(leaf, **changes):
    return token(
        {"alg": algorithm_of(leaf.kind), "typ": "JWT"},
        claims(**changes),
        lambda data: sign(leaf, data),
    )


def hs256(leaf, key):
    return token(
        {"alg": "HS256", "typ": "JWT"},
        claims(),
        lambda data: hmac.new(key, data, hashlib.sha256).digest(),
    )


# ---- clients


class Device:
    """A client that may be refused: nothing here raises because of that."""

    def __init__(self, rig, client_id, username, password, version=5,
                 session=False, expiry=3600, will=None, start=True, tls=True):
        self.rig = rig
        self.path = client_id
        self.version = version
        self.connack = None
        self.session_present = None
        self.ended = None
        self.messages = queue.Queue()
        self.seen = []
        self.subacks = {}
        self.client = paho.new_client(client_id, version, session)
        self.client.max_inflight_messages_set(100)
        self.client.username_pw_set(username, password)
        if tls:
            self.client.tls_set(ca_certs=rig.server["cafile"],
                                tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if will:
            self.client.will_set(*will)
        paho.watch(self.client, version, on_connect=self._on_connect,
                   on_disconnect=self._on_disconnect,
                   on_subscribe=self.subacks.__setitem__)
        self.client.on_connect_fail = lambda *_: None
        self.client.on_message = self._on_message
        self.more = {}
        if version == 5:
            self.more["clean_start"] = not session
            if session:
                properties = Properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = expiry
                self.more["properties"] = properties
        self.port = rig.tls_port if tls else rig.port
        if start:
            self.connect()

    def connect(self):
        """Waits for CONNACK, or for the broker to close the connection without
        one."""
        self.client.connect("127.0.0.1", self.port, 60, **self.more)
        self.client.loop_start()
        until(lambda: self.connack is not None or self.ended is not None,
              f"CONNACK for {self.path}")
        if self.connack != 0:
            self.client.loop_stop()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def accepted(self):
        return self.connack == 0

    def alive(self):
        return self.accepted and self.ended is None

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def drop(self):
        """Drops the connection without a DISCONNECT."""
        self.client._sock_close()
        self.client.loop_stop()

    def _on_connect(self, code, session_present):
        self.session_present = session_present
        self.connack = code
        if code != 0:
            self.client.disconnect()

    def _on_disconnect(self, code):
        self.ended = code
        self.client.loop_stop()

    def _on_message(self, _client, _data, message):
        self.seen.append(message)
        seen.see(message)

    def subscribe(self, topic, qos=1):
        """Subscribes and returns the SUBACK's code."""
        _, mid = self.client.subscribe(topic, qos)
        until(lambda: mid in self.subacks, f"SUBACK for {topic}")
        return self.subacks[mid][0]

    def subscribed(self, topic, qos=1):
        assert self.subscribe(topic, qos) == qos, topic
        return self

    def publish(self, topic, payload=b"x", qos=1, retain=False):
        info = self.client.publish(topic, payload, qos, retain)
        until(info.is_published, f"PUBACK for {topic}")

    @property
    def commands(self):
        return f"{self.path}/commands"

    def statuses(self):
        return [json.loads(m.payload)["status"] for m in list(self.seen)
                if m.topic == self.commands]

    def wait_status(self, status, timeout=DEADLINE):
        until(lambda: status in self.statuses(),
              lambda: f"{self.path} is told {status}: {self.statuses()}",
              timeout)

    def wait_message(self, topic, match=lambda m: True, timeout=DEADLINE):
        def look():
            return [m for m in list(self.seen) if m.topic == topic and match(m)]

        return until(look, f"a message on {topic}", timeout)

    def wait_ended(self, timeout=DEADLINE):
        until(lambda: self.ended is not None, f"{self.path} is ended", timeout)
        return self.ended


class Operator(Device):
    """Sends commands, receives responses, and reads everything below ztp/#."""

    def __init__(self, rig, name=OPERATOR, client_id=None, session=False,
                 listen=True):
        super().__init__(rig, client_id or f"op-{uuid.uuid4().hex[:8]}", name,
                         PASSWORD, tls=False, session=session)
        assert self.accepted, self.connack
        self.subscribed(RESPONSE)
        if listen:
            self.subscribed("ztp/#")

    def ask(self, command, **members):
        """Sends a command and returns its response, whatever its code."""
        mark = uuid.uuid4().hex
        self.publish(CONTROL, json.dumps({"commands": [
            {"command": command, "correlationData": mark, **members}]}))

        def look():
            for message in list(self.seen):
                if message.topic != RESPONSE:
                    continue
                for response in json.loads(message.payload)["responses"]:
                    if response.get("correlationData") == mark:
                        return response
            return None

        return until(look, f"the response to {command}")

    def do(self, command, **members):
        """Sends a command and returns the data of its response, which has to
        be OK."""
        response = self.ask(command, **members)
        assert response["code"] == "OK", response
        return response["data"]

    def registry(self, name, ca, **members):
        """Creates a registry that trusts this CA."""
        self.do("createRegistry", registry=name, **members)
        self.do("addRegistryCa", registry=name, pem=ca.cert.read_text())

    def code(self, command, **members):
        response = self.ask(command, **members)
        assert (response["code"] == "OK") == ("data" in response)
        assert (response["code"] != "OK") == ("error" in response)
        return response["code"]

    def on(self, topic, **wanted):
        found = []
        for message in list(self.seen):
            if message.topic == topic:
                body = json.loads(message.payload)
                if all(body.get(k) == v for k, v in wanted.items()):
                    found.append(body)
        return found

    def wait_on(self, topic, count=1, timeout=DEADLINE, **wanted):
        def look():
            found = self.on(topic, **wanted)
            return found if len(found) >= count else None

        return until(
            look,
            lambda: f"{count} of {wanted} on {topic}: {self.on(topic)[-5:]}",
            timeout)

    def pending(self, path, count=1, **wanted):
        return self.wait_on("ztp/v1/pending", count, device_path=path,
                            **wanted)[-1]

    def audit(self, code, path=None, count=1):
        more = {"device_path": path} if path else {}
        return self.wait_on("ztp/v1/audit", count, code=code, **more)[-1]


# ---- the broker


class Gate(Process):
    """options: plugin_opt_* by name; None removes one."""

    template = ROOT / "gate" / "mosquitto.conf.example"

    def __init__(self, folder, server, options=None, extra=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server = server
        self.port, self.tls_port = free_port(), free_port()
        self.db = self.folder / "ztp-gate.db"
        self.conf = self.folder / "mosquitto.conf"
        self.options = options or {}
        self.extra = list(extra)
        self._write_files()
        super().__init__("mosquitto", [find(), "-c", self.conf], self.folder)

    def _write_files(self):
        import subprocess

        passwords = self.folder / "passwords"
        names = [OPERATOR, "ztp-admin", "backend", "nobody"]
        passwords.write_text("".join(f"{n}:{PASSWORD}\n" for n in names))
        passwords.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
        acl = self.folder / "acl"
        acl.write_text(
            (ROOT / "gate" / "acl.example").read_text().replace("#user", "user")
            .replace("#topic", "topic")
            + "\nuser nobody\ntopic readwrite #\ntopic readwrite $CONTROL/#\n")
        self.write_conf()

    def write_conf(self):
        text = self.template.read_text()

        def put(pattern, value):
            nonlocal text
            text, n = re.subn(pattern, lambda _: value, text, flags=re.M)
            assert n == 1, (pattern, n)

        put(r"^password_file .*", f"password_file {self.folder}/passwords")
        put(r"^acl_file .*", f"acl_file {self.folder}/acl")
        put(r"^plugin .*", f"plugin {binary('mosquitto_ztp_gate.so')}")
        put(r"^persistence_location .*",
            f"persistence_location {self.folder}/")
        put(r"^listener 1883 .*", f"listener {self.port} 127.0.0.1")
        put(r"^listener 8883$", f"listener {self.tls_port} 127.0.0.1")
        for key in ("cafile", "certfile", "keyfile"):
            put(rf"^{key} .*", f"{key} {self.server[key]}")
        options = {"registry_db": self.db, **self.options}
        for key, value in options.items():
            line = f"plugin_opt_{key} {value}"
            if re.search(rf"^plugin_opt_{key} .*", text, re.M):
                put(rf"^plugin_opt_{key} .*", line if value is not None else "")
            else:
                put(r"^plugin_opt_registry_db .*",
                    f"plugin_opt_registry_db {options['registry_db']}\n{line}")
        if os.geteuid() == 0:
            text = "user root\n" + text
        text = "log_type subscribe\n" + text
        for line in self.extra:
            key = line.split()[0]
            if re.search(rf"^{key} ", text, re.M):
                put(rf"^{key} .*", line)
            else:
                text = f"{line}\n" + text
        self.conf.write_text(text)

    def start(self):
        # An instrumented plugin in a broker that is not instrumented: preload
        # the runtime.
        runtime = os.environ.get("ZTP_SANITIZER")
        if runtime:
            self.env = {**(self.env or {}), "LD_PRELOAD": runtime}
        super().start()
        self.wait_log(r"mosquitto version \S+ running")
        # Mosquitto 2.0 forgets a SIGTERM that comes before its first turn.
        self.wait_log("listen backlog raised")
        return self

    def restart(self):
        self.stop()
        return self.start()

    @contextlib.contextmanager
    def while_stopped(self):
        """Its database, which it keeps to itself while it runs."""
        self.stop()
        with sqlite3.connect(self.db) as db:
            yield db
        db.close()
        self.start()

    def multiply(self, path, count, /, **changes):
        """Makes more of the candidate of this path. changes: what differs from
        it, by the number."""
        changes = {"id": "{:036d}".format,
                   "identity": lambda n: n.to_bytes(32, "big"), **changes}
        with self.while_stopped() as db:
            rows = db.execute("SELECT * FROM candidates WHERE path = ?",
                              (path,))
            names = [column[0] for column in rows.description]
            one = dict(zip(names, rows.fetchone()))
            db.executemany(
                f"INSERT INTO candidates({','.join(names)}) VALUES"
                f"({','.join('?' * len(names))})",
                (tuple(changes[name](n) if name in changes else one[name]
                       for name in names) for n in range(count)))

    def first(self, path, leaf, password=None, username=None, **options):
        """A first connection, with certificate and proof."""
        return Device(self, path, username or leaf.base64,
                      jwt(leaf) if password is None else password, **options)

    def unused(self, path, leaf, password=None, **options):
        return Device(self, path, "unused",
                      jwt(leaf) if password is None else password, **options)

    def operator(self, **options):
        return Operator(self, **options)
