"""Kafka's access control lists, in its own protocol: Debian 12's confluent-kafka has
no calls for them, its librdkafka (before 2.8) none for transactional ids, and each
run of kafka-acls is a JVM of its own, seconds of a processor. What is given or taken
away is in force when a call returns."""

import socket
import struct

from .until import until

AUTHORIZER = {
    "authorizer.class.name":
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
ANONYMOUS, SOMEBODY = "User:ANONYMOUS", "User:somebody"
ADVICE = "kafka-acls --add --allow-principal ... --operation"

DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS = 29, 30, 31
VERSION = 1  # the first with kinds of patterns, and the last without tags
KINDS = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
OPERATIONS = {"Read": 3, "Write": 4, "Delete": 6, "Alter": 7, "Describe": 8,
              "ClusterAction": 9, "DescribeConfigs": 10, "AlterConfigs": 11}
LITERAL, ALLOW = 3, 3
CLUSTER_AUTHORIZATION_FAILED = 31
CLUSTER = "kafka-cluster"  # the name of the only one


def text(value):
    return struct.pack("!h", len(value)) + value.encode()


class Answer:
    """Reads one value after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        value, = struct.unpack_from(f"!{form}", self.data, self.at)
        self.at += struct.calcsize(f"!{form}")
        return value

    def text(self):
        """None, if there is none."""
        size = self.number("h")
        self.at += max(size, 0)
        return self.data[self.at - size:self.at].decode() if size >= 0 else None


def ask(brokers, key, body):
    """The answer, behind its throttle time. brokers: just one."""
    host, port = brokers.rsplit(":", 1)
    said = struct.pack("!hhi", key, VERSION, 0) + text("acls") + body
    with socket.create_connection((host, int(port)), 30) as link:
        link.sendall(struct.pack("!i", len(said)) + said)
        stream = link.makefile("rb")
        size, = struct.unpack("!i", stream.read(4))
        answer = Answer(stream.read(size))
    assert answer.number("i") == 0  # the number of the request
    answer.number("i")
    return answer


def entry(kind, name, principal, operation):
    """As it is in a list, and as it is looked for there."""
    return (struct.pack("!b", KINDS[kind]) + text(name)
            + struct.pack("!b", LITERAL) + text(principal) + text("*")
            + struct.pack("!bb", OPERATIONS[operation], ALLOW))


def is_listed(brokers, one):
    """None while nobody may ask that: the entries of the cluster come and go one
    after the other."""
    answer = ask(brokers, DESCRIBE_ACLS, one)
    code, says = answer.number("h"), answer.text()
    assert code in (0, CLUSTER_AUTHORIZATION_FAILED), (code, says)
    return None if code else answer.number("i") > 0


def change(brokers, key, entries, listed, kind, name):
    answer = ask(brokers, key, struct.pack("!i", len(entries))
                 + b"".join(entries))
    answer.number("i")
    code, says = answer.number("h"), answer.text()  # of the first
    assert code == 0, (code, says)
    until(lambda: all(is_listed(brokers, one) is listed for one in entries),
          f"the broker knows who has rights to {kind} {name}")


def allow(brokers, kind, name, principal, *operations):
    """Whatever has an entry is closed to all for whom it has none."""
    change(brokers, CREATE_ACLS, [entry(kind, name, principal, one)
                                  for one in operations], True, kind, name)


def withdraw(brokers, kind, name, principal, *operations):
    change(brokers, DELETE_ACLS, [entry(kind, name, principal, one)
                                  for one in operations], False, kind, name)
