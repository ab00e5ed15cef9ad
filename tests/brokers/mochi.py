"""mochi, a broker library for Go, in a program of ours."""

from harness import where

from .broker import Broker, fetched


class Mochi(Broker):
    title = "mochi"
    nobody = 0x01
    settings = "`Capabilities.MaximumInflight = 65535`"
    advice = """\
Its PUBACK carries the QoS, 1, as its reason code, whoever is subscribed. libmosquitto from
2.0.12 on (Debian 13) treats that as a protocol error: on MQTT 5 the bridge then loses its
connection with every command and logs it (`mqtt_lost` with a hint). Either set
`mqtt.version: 3.1.1`, or make mochi send the reason code that MQTT 5 requires: the hook in
`examples/brokers/mochi/answers.go` is 40 lines, and also makes mochi answer 0x10.

Its storage hooks for Bolt and Redis do not keep packet ids (2.7.9). After a restart, a
session that had messages waiting cannot be resumed (`resend inflight: protocol violation:
missing packet id`), and the bridge logs `mqtt_lost` again and again. The hooks for Badger
(used here) and Pebble keep them.

Messages that wait for a session count as in flight. `MaximumInflight` bounds them, 8192 by
default and at most 65535; messages beyond it are dropped."""

    truthful = False

    def command(self):
        argv = [
            f"{fetched('mochi')}/mochi",
            "-listen", f"127.0.0.1:{self.port}",
            "-data", self.folder / "data",
        ]
        if self.tls:
            argv += ["-cert", self.tls["certfile"],
                     "-key", self.tls["keyfile"]]
        if self.users:
            argv += ["-users", ",".join(
                f"{name}:{password}" for name, password in self.users.items())]
        if not self.stock:
            argv += ["-queue", 65535]
        if self.truthful:
            argv.append("-truthful")
        return argv

    @classmethod
    def release(cls):
        path = where.ROOT / "tests" / "brokers" / "mochi" / "go.mod"
        return path.read_text().split("server/v2 v")[1].split()[0]


class MochiTruthful(Mochi):
    title = "mochi with `answers.go`"
    versions = ("5",)
    nobody = 0x10
    truthful = True
    advice = ""
