"""aedes, a broker library for Node, in a program of ours."""

import json

from .broker import Broker, fetched, which


class Aedes(Broker):
    title = "aedes"
    versions = ("3.1.1",)
    advice = """\
Sessions are kept in memory only: a restart forgets them, with every message that was
acknowledged and not passed on. For anything beyond a trial, add one of its persistence
modules (Redis, MongoDB). Its queues are bounded only by memory."""

    def command(self):
        self.env = {"PORT": str(self.port)}
        if self.tls:
            self.env.update(CERT=self.tls["certfile"],
                            KEY=self.tls["keyfile"])
        if self.users:
            self.env["USERS"] = json.dumps(self.users)
        return [which("node"), f"{fetched('aedes')}/broker.js"]

    @classmethod
    def release(cls):
        path = f"{fetched('aedes')}/node_modules/aedes/package.json"
        with open(path, encoding="utf-8") as file:
            return json.load(file)["version"]
