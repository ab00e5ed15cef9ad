"""ztp-approver serve, and a client of it. The customer's own records are played
by simulate (Simulated), or written one by one by a test (Written)."""

import json
import uuid

import requests

from . import where
from .bridge import topic_names
from .process import Process
from .topics import Reader, Writer

TYPES = ("requests", "decisions", "results")
KEY = "Idempotency-Key"


def fresh_topics(kafka):
    topics = topic_names(f"t{uuid.uuid4().hex[:10]}")
    kafka.create(topics.values())
    return topics


def topic_options(topics, names=TYPES):
    return [arg for name in names for arg in (f"--{name}", topics[name])]


class Door(Process):
    """Its url is known after start(); then it has read all topics."""

    def __init__(self, folder, kafka, topics, *args, name="serve",
                 listen="127.0.0.1:0", given=TYPES):
        super().__init__(name, [
            where.binary("ztp-approver"), "serve", "--brokers", kafka.brokers,
            "--listen", listen, *topic_options(topics, given), *args], folder)
        self.url = None
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Content-Type"] = "application/json"

    def start(self):
        super().start()
        self.url = self.wait_log(r"listening on (\S+)$").group(1)
        self.wait_log("ready, open requests")
        return self

    def call(self, method, path, body=None, **more):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return self.session.request(method, self.url + path, data=body,
                                    timeout=60, **more)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def open_ids(self):
        ids, after = [], ""
        while True:
            answer = self.get(f"/v1/requests?limit=500{after}")
            assert answer.status_code == 200, answer.text
            ids += [one["request_id"] for one in answer.json()["requests"]]
            if "next" not in answer.json():
                return ids
            after = f"&after={answer.json()['next']}"

    def decide(self, request_id, body, **headers):
        return self.call("POST", f"/v1/requests/{request_id}/decision", body,
                         headers=named(headers))

    def omnicore(self, path, body, **headers):
        return self.call("POST", f"/{path}/updateCustomOnboardRequest", body,
                         headers=named(headers))


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def path_of(device, registry="acme/plant-7"):
    subscription, name = registry.split("/")
    return (f"subscriptions/{subscription}/registries/{name}/devices/"
            f"{device}")


class Written:
    """Requests and results that a test writes itself."""

    def __init__(self, kafka, topics):
        self.topics = topics
        self.writer = Writer(kafka.brokers)
        self.reader = Reader(kafka.brokers, [topics["decisions"]])

    def ask(self, request_id, path, fingerprint="ab" * 32, **more):
        self.writer.send(self.topics["requests"], {
            "request_id": request_id, "device": {"path": path},
            "certificate": {"fingerprint_sha256": fingerprint},
            "expires_at": "2099-01-01T00:00:00.000Z", **more}, key=path)

    def answer(self, record, outcome, code, status, message="as told"):
        """The result of a decision's record."""
        decision = record.json()
        result = {"request_id": decision["request_id"],
                  "device_path": decision["device_path"], "outcome": outcome,
                  "code": code, "status": status, "message": message,
                  "decision": {"topic": record.topic,
                               "partition": record.partition,
                               "offset": record.offset},
                  "at": "2026-01-01T00:00:00.000Z"}
        self.writer.send(self.topics["results"], result,
                         key=decision["device_path"])
        return result

    def end(self, request_id, path, outcome, code, status):
        """The end of a request without a decision."""
        self.writer.send(self.topics["results"], {
            "request_id": request_id, "device_path": path,
            "outcome": outcome, "code": code, "status": status,
            "message": "as told", "at": "2026-01-01T00:00:00.000Z"}, key=path)

    def decisions(self, request_id, count=1):
        return self.reader.wait(
            self.topics["decisions"], count=count,
            match=lambda record: record.json()["request_id"] == request_id)

    def close(self):
        self.reader.close()


class Simulated(Process):
    """The operator's side, played by simulate."""

    def __init__(self, folder, kafka, topics, *args, name="simulate"):
        super().__init__(name, [
            where.binary("ztp-approver"), "simulate", "--brokers",
            kafka.brokers, *topic_options(topics, (*TYPES, "dlq")), *args],
            folder)
