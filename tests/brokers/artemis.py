"""ActiveMQ Artemis, run by its own command line with an instance of the
test's."""

from .broker import JAVA, SIGTERM_OF_JAVA, Broker, fetched, jar_version

BOOTSTRAP = """\
<broker xmlns="http://activemq.apache.org/schema">
  <jaas-security domain="activemq"/>
  <server configuration="file:{folder}/etc/broker.xml"/>
</broker>
"""
MANAGEMENT = '<management-context xmlns="http://activemq.apache.org/schema"/>\n'
LOGIN = """\
activemq {
  org.apache.activemq.artemis.spi.core.security.jaas.PropertiesLoginModule required
    org.apache.activemq.jaas.properties.user="users.properties"
    org.apache.activemq.jaas.properties.role="roles.properties";
};
"""
BROKER = """\
<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <security-enabled>{secure}</security-enabled>
    <persistence-enabled>true</persistence-enabled>
    <journal-type>NIO</journal-type>
    <max-disk-usage>-1</max-disk-usage>
    <journal-file-size>1M</journal-file-size>
    <journal-directory>{folder}/data/journal</journal-directory>
    <bindings-directory>{folder}/data/bindings</bindings-directory>
    <paging-directory>{folder}/data/paging</paging-directory>
    <large-messages-directory>{folder}/data/large</large-messages-directory>
    <acceptors>
      <acceptor name="mqtt">tcp://127.0.0.1:{port}?protocols=MQTT{tls}</acceptor>
    </acceptors>
    <security-settings>
      <security-setting match="#">
        {permissions}
      </security-setting>
    </security-settings>
  </core>
</configuration>
"""
PERMISSIONS = ("createAddress", "createDurableQueue", "createNonDurableQueue",
               "deleteAddress", "deleteDurableQueue", "deleteNonDurableQueue",
               "consume", "browse", "send")


class Artemis(Broker):
    title = "ActiveMQ Artemis"
    nobody = 0x00
    advice = """\
Its queues are on disk and page out what does not fit in memory. There is nothing to set
as long as `<address-full-policy>` stays `PAGE`, its default; `DROP` drops messages. Each
session's queue is kept under the client ID. While its disk is fuller than
`<max-disk-usage>`, 90 % by default, it ends the connection of whoever publishes, and the
bridge's commands end as `undeliverable`."""

    def command(self):
        tls = ""
        if self.tls:
            tls = (f";sslEnabled=true;keyStorePath={self.keystore()}"
                   ";keyStorePassword=secret;keyStoreType=PKCS12")
        permissions = "\n        ".join(
            f'<permission type="{name}" roles="all"/>' for name in PERMISSIONS)
        self.write("etc/broker.xml", BROKER.format(
            folder=self.folder, port=self.port, tls=tls,
            permissions=permissions,
            secure="true" if self.users else "false"))
        self.write("etc/bootstrap.xml", BOOTSTRAP.format(folder=self.folder))
        self.write("etc/management.xml", MANAGEMENT)
        login = self.write("etc/login.config", LOGIN)
        self.write("etc/users.properties", "".join(
            f"{name}={password}\n" for name, password in self.users.items()))
        self.write("etc/roles.properties",
                   f"all={','.join(self.users)}\n" if self.users else "")
        self.clean_exit = SIGTERM_OF_JAVA
        return [*JAVA, f"-Dartemis.home={self.folder}",
                f"-Dartemis.instance={self.folder}",
                f"-Dartemis.instance.etc={self.folder}/etc",
                f"-Djava.security.auth.login.config={login}",
                "-cp", f"{fetched('artemis')}/lib/*",
                "org.apache.activemq.artemis.cli.Artemis", "run"]

    @classmethod
    def release(cls):
        return jar_version(fetched("artemis"), "artemis-server")
