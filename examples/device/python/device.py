#!/usr/bin/env python3
"""A device that its customer onboards, and that then works as any other.

    python3 device.py --host broker.example --ca broker_ca.pem \\
        --cert cert.pem --key private.pem --audience acme \\
        --id subscriptions/acme/registries/plant-7/devices/pump-42

Until it is approved it connects with its bootstrap certificate, afterwards with
its key alone. Every connection has a JWT of its own, because the session ends
when the JWT expires. state.json is the approval that was applied last, as it was
written: it is delivered at least once, so it may come twice."""

import argparse
import base64
import json
import os
import pathlib
import random
import signal
import sys
import time

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

LIFETIME_S = 3600
PAUSE_S = (5, 600)  # between failed tries, from and to
WEEK_S = 7 * 24 * 3600


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(key, text):
    """The algorithm follows from the key. ECDSA: a JWT wants r and s side by
    side, not the DER that a library returns."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    half = key.curve.key_size // 8
    digest = hashes.SHA256() if half == 32 else hashes.SHA384()
    pair = utils.decode_dss_signature(key.sign(text, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(half, "big") for number in pair)


def jwt(key, path, audience):
    curve = getattr(key, "curve", None)
    alg = "RS256" if not curve else f"ES{curve.key_size}"
    now = int(time.time())
    claims = {"iat": now, "exp": now + LIFETIME_S, "aud": audience, "sub": path}
    text = ".".join(b64url(json.dumps(part).encode())
                    for part in ({"alg": alg, "typ": "JWT"}, claims))
    return f"{text}.{b64url(sign(key, text.encode()))}"


def username(cert):
    """The certificate on one line: DER in base64."""
    found = x509.load_pem_x509_certificate(pathlib.Path(cert).read_bytes())
    return base64.b64encode(
        found.public_bytes(serialization.Encoding.DER)).decode()


class Device:
    def __init__(self, options):
        self.options = options
        self.path = options.id
        self.key = serialization.load_pem_private_key(
            pathlib.Path(options.key).read_bytes(), None)
        self.state_file = pathlib.Path(options.state)
        self.state = (json.loads(self.state_file.read_text())
                      if self.state_file.exists() else {})
        self.end = None  # the exit status, once it is known
        self.tries = self.retry_after_s = 0
        self.client = self.new_client()

    def new_client(self):
        """paho-mqtt 2 or 1.6."""
        version = getattr(mqtt, "CallbackAPIVersion", None)
        client = mqtt.Client(*([version.VERSION2] if version else []),
                             client_id=self.path, protocol=mqtt.MQTTv5)
        client.tls_set(ca_certs=self.options.ca)
        client.on_connect = self.on_connect
        client.on_message = self.on_message
        return client

    # --- connections

    def connect(self):
        """The broker keeps the session: what comes while the device is away is
        not lost."""
        week = Properties(PacketTypes.CONNECT)
        week.SessionExpiryInterval = WEEK_S
        who = ("unused" if self.state
               else username(self.options.cert))
        self.client.username_pw_set(
            who, jwt(self.key, self.path, self.options.audience))
        self.client.connect(self.options.host, self.options.port, 60,
                            clean_start=False, properties=week)

    def run_once(self):
        """One connection, until it is lost or its JWT is nearly used up."""
        try:
            self.connect()
            until = time.monotonic() + 0.9 * LIFETIME_S
            while self.end is None and time.monotonic() < until:
                if self.client.loop(0.5) != mqtt.MQTT_ERR_SUCCESS:
                    return
            self.client.disconnect()
        except OSError as error:  # TLS's errors are among them
            print(f"no connection: {error}", file=sys.stderr)

    def run(self):
        while self.end is None:
            self.tries += 1
            self.run_once()
            pause = max(min(PAUSE_S[0] * 2 ** min(self.tries - 1, 10),
                            PAUSE_S[1]), self.retry_after_s)
            ready = time.monotonic() + random.uniform(1, 1.25) * pause
            while self.end is None and time.monotonic() < ready:
                time.sleep(0.1)
        return self.end

    def on_connect(self, client, _data, _flags, reason, *_):
        """Always subscribes, even if the broker has kept the session: the
        bridge sends the approval when it learns of a subscription."""
        if reason != 0:
            print(f"refused: {reason}", file=sys.stderr)
            return
        self.tries = 0
        client.subscribe(f"{self.path}/commands", 1)

    # --- what the device is told

    def on_message(self, client, _data, message):
        try:
            command = json.loads(message.payload)
            status, request_id = command["status"], command["request_id"]
        except (ValueError, KeyError, TypeError):
            print("not an envelope", file=sys.stderr)
            return
        print(status, request_id, flush=True)
        if status == "pending":
            self.retry_after_s = command.get("retry_after_s", 0)
        elif status == "rejected":
            self.end = 3
        elif status == "approved":
            self.approved(client, command, message.payload)

    def approved(self, client, command, text):
        answer = {"request_id": command["request_id"], "status": "applied"}
        try:
            if self.state.get("request_id") != command["request_id"]:
                self.apply(command, text)
        except (OSError, ValueError) as error:
            answer |= {"status": "failed", "message": str(error)}
        self.retry_after_s = 0
        client.publish(f"{self.path}/events/provisioning", json.dumps(answer), 1)

    def apply(self, command, text):
        """Here: keeps the approval, whose payload may be a secret, so the file
        is for its owner only; and it is there as a whole or not at all. It is
        not written anew: numbers would lose digits."""
        if command.get("payload_erased"):
            raise ValueError("the payload has been erased")
        new = self.state_file.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.state_file)
        self.state = command


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "host ca cert key audience id".split():
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, default=8883)
    parser.add_argument("--state", default="state.json")
    device = Device(parser.parse_args())

    def stop(*_):
        device.end = 0

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return device.run()


if __name__ == "__main__":
    sys.exit(main())
