"""Moquette, its server as distributed."""

import hashlib

from .broker import JAVA, SIGTERM_OF_JAVA, Broker, fetched, jar_version

LOG = """\
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1} %m%n
"""


class Moquette(Broker):
    title = "Moquette"
    versions = ("3.1.1",)
    advice = """\
`netty.mqtt.message_size` is 8092 bytes by default, and a larger PUBLISH ends the
connection: set it to 131072 at least. Set `persistence_enabled true` with a `data_path`;
otherwise sessions are kept in memory only. Even then, it forgets what it acknowledged in
the moments before it was killed. Its queues have no bound that these tests reached."""

    def command(self):
        lines = ["host 127.0.0.1", "persistence_enabled true",
                 f"data_path {self.folder}/data/", "telemetry_enabled false",
                 f"allow_anonymous {'false' if self.users else 'true'}",
                 "netty.mqtt.message_size 262144"]
        (self.folder / "data").mkdir(exist_ok=True)
        if self.users:
            self.write("config/passwords", "".join(
                f"{name}:{hashlib.sha256(password.encode()).hexdigest()}\n"
                for name, password in self.users.items()))
            lines.append("password_file config/passwords")
        if self.tls:
            lines += ["port disabled", f"ssl_port {self.port}",
                      f"jks_path {self.keystore()}",
                      "key_store_type pkcs12", "key_store_password secret",
                      "key_manager_password secret"]
        else:
            lines.append(f"port {self.port}")
        self.write("config/moquette.conf", "\n".join(lines) + "\n")
        log = self.write("log4j.properties", LOG)
        self.clean_exit = SIGTERM_OF_JAVA
        return [*JAVA, f"-Dmoquette.path={self.folder}",
                f"-Dlog4j.configuration=file:{log}",
                "-cp", f"{fetched('moquette')}/lib/*",
                "io.moquette.broker.Server"]

    @classmethod
    def release(cls):
        return jar_version(fetched("moquette"), "moquette-broker")
