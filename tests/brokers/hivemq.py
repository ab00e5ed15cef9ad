"""HiveMQ Community Edition, its server as distributed."""

import shutil

from .broker import JAVA, SIGTERM_OF_JAVA, Broker, fetched, jar_version

CONFIG = """\
<?xml version="1.0" encoding="UTF-8"?>
<hivemq>
  <listeners>
    {listener}
  </listeners>
  {queue}
  <anonymous-usage-statistics>
    <enabled>false</enabled>
  </anonymous-usage-statistics>
</hivemq>
"""
PLAIN = """<tcp-listener>
      <port>{port}</port>
      <bind-address>127.0.0.1</bind-address>
    </tcp-listener>"""
TLS = """<tls-tcp-listener>
      <port>{port}</port>
      <bind-address>127.0.0.1</bind-address>
      <tls>
        <keystore>
          <path>{keystore}</path>
          <password>secret</password>
          <private-key-password>secret</private-key-password>
        </keystore>
      </tls>
    </tls-tcp-listener>"""
QUEUE = """<mqtt>
    <queued-messages>
      <max-queue-size>1000000</max-queue-size>
    </queued-messages>
  </mqtt>"""
EXTENSION = """\
<?xml version="1.0" encoding="UTF-8"?>
<hivemq-extension>
  <id>{id}</id>
  <name>{id}</name>
  <version>1</version>
  <priority>1</priority>
  <start-priority>1</start-priority>
  <author>ztp-bridge</author>
</hivemq-extension>
"""


class HiveMq(Broker):
    title = "HiveMQ CE"
    settings = "`<queued-messages><max-queue-size>1000000</max-queue-size>`"
    advice = """\
`<mqtt><queued-messages><max-queue-size>` in `config.xml` is 1000 messages per session by
default. Messages beyond it are dropped, and the publisher is not told. The queue also
fills while the bridge is connected, when events arrive faster than HiveMQ serves the
session. `<strategy>` only chooses which messages are dropped. The Receive Maximum for the
bridge's commands is `<mqtt><receive-maximum><server-receive-maximum>`, 10 by default."""

    # {folder name: jar} of extensions beside the one with the passwords, or
    # instead of it.
    extensions = None

    def command(self):
        home, where = self.folder / "home", fetched("hivemq")
        for name in ("conf", "data", "log", "extensions"):
            (home / name).mkdir(parents=True, exist_ok=True)
        listener = TLS if self.tls else PLAIN
        keystore = self.keystore() if self.tls else None
        self.write("home/conf/config.xml", CONFIG.format(
            listener=listener.format(port=self.port, keystore=keystore),
            queue="" if self.stock else QUEUE,
        ))
        jars = self.extensions or {"passwords": f"{where}/passwords.jar"}
        for name, jar in jars.items():
            self.extension(name, jar)
        if "passwords" in jars:
            self.write("home/extensions/passwords/users.properties", "".join(
                f"{user}={password}\n"
                for user, password in self.users.items()))
        self.clean_exit = SIGTERM_OF_JAVA
        return [*JAVA, f"-Dhivemq.home={home}", "-cp", f"{where}/lib/*",
                "com.hivemq.HiveMQServer"]

    def extension(self, name, jar):
        """Puts an extension where HiveMQ looks for it."""
        path = self.write(f"home/extensions/{name}/hivemq-extension.xml",
                          EXTENSION.format(id=name))
        shutil.copy(jar, path.parent / f"{name}.jar")
        return path.parent

    def wait_ready(self):
        self.wait_log(r"Started HiveMQ in", 90)

    @classmethod
    def release(cls):
        return jar_version(fetched("hivemq"),
                           "hivemq-community-edition-embedded")
