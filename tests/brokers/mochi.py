"""mochi, a broker in Go that is a library: a program of ours around it."""

from harness import where

from .broker import Broker, fetched


class Mochi(Broker):
    title = "mochi"
    nobody = 0x01
    settings = "`Capabilities.MaximumInflight = 65535`"
    advice = """\
Its PUBACK has the QoS for a reason code, 1, whoever listens. libmosquitto from
2.0.12 (Debian 13) takes that for a protocol error: on MQTT 5 the bridge then
loses its connection for every command and says so (`mqtt_lost` with a hint).
Either set `mqtt.version: 3.1.1`, or have mochi answer as MQTT 5 wants it: the
hook in `examples/brokers/mochi/answers.go` is 40 lines, and gives 0x10 as well.
Its store hooks for Bolt and Redis do not keep packet ids (2.7.9): after a restart a
session for which something waited cannot come back (`resend inflight: protocol
violation: missing packet id`), and the bridge says `mqtt_lost` again and again. Those
for Badger (as here) and Pebble do. What waits for a session is counted as in flight:
`MaximumInflight` bounds it, 8192 by default and at most 65535, and what is beyond is
dropped."""

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
