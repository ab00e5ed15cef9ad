"""The stage on which tests/sim/contract is played against the real ones: does
what an assertion asks for, and says "ok"."""

import subprocess
import threading
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic

from harness.admin import admin, create_topics, delete_topics
from harness.mosquitto import Mosquitto
from harness.mqtt import Client
from harness.process import Process
from harness.topics import Writer
from harness.until import until
from harness.where import binary

from .member import Member
from .proxy import Net, Proxy
from .refusal import Frames, Refusal

DEADLINE = 300  # s, for one assertion


def names():
    done = subprocess.run([binary("sim/contract"), "--list"], check=True,
                          capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def played(name):
    """Its exit status, and what it said."""
    done = subprocess.run([binary("sim/contract-played"), name], check=False,
                          capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stderr


def real(name, stage, before=()):
    """The same, with the stage to ask. before: a command that runs it."""
    with subprocess.Popen([*before, binary("sim/contract"), name],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as child:
        alarm = threading.Timer(DEADLINE, child.kill)
        alarm.start()
        try:
            for line in child.stdout:
                what, *args = line.split()
                said = getattr(stage, what.replace("-", "_"))(*args)
                print(f"ok {'' if said is None else said}",
                      file=child.stdin, flush=True)
        finally:
            alarm.cancel()
        return child.wait(), child.stderr.read()


class Gatekeeper(Refusal):
    """Refuses when it is told to; or ends a connection before the answer to a
    ProduceRequest is through."""

    def __init__(self, topic):
        super().__init__(topic)
        self.first.set()  # not before it is told to
        self.losing = False

    def refuse(self):
        self.second.clear()
        self.first.clear()

    def __call__(self):
        return Watched(self)


class Watched(Frames):
    def __init__(self, keeper):
        super().__init__(keeper)
        self.cutting = False

    def produces(self):
        if self.refusal.losing:
            self.refusal.losing = False
            self.cutting = True

    def ends(self):
        return self.cutting


class KafkaStage:
    """On a ProxiedKafka that has an authorizer."""

    def __init__(self, kafka, folder):
        self.server = kafka
        self.folder = folder
        self.keeper = None
        self.away = False
        self.writer = Writer(kafka.brokers)
        self.transactions = {}
        self.members = {}
        self.written = None

    def close(self):
        for member in self.members.values():
            member.close()
        if self.away:
            self.kafka("1")
        self.server.proxy.make_filter = None

    def brokers(self):
        return self.server.proxied

    def direct(self):
        return self.server.brokers

    def topic(self, partitions, max_bytes):
        name = f"contract-{uuid.uuid4().hex[:8]}"
        config = {"max.message.bytes": max_bytes} if max_bytes != "0" else {}
        create_topics(self.server.brokers, [name], int(partitions), config)
        self.keeper = Gatekeeper(name)
        self.server.proxy.make_filter = self.keeper
        return name

    def delete(self, topic):
        delete_topics(self.server.brokers, [topic])
        until(lambda: topic not in self._topics(), f"{topic} is gone")

    def _topics(self):
        return admin(self.server.brokers).list_topics(timeout=60).topics

    def make(self, topic, partitions):
        count = int(partitions)
        if topic in self._topics():
            more = [NewPartitions(topic, count)]
            client = admin(self.server.brokers)
            client.create_partitions(more)[topic].result()

        def made():
            create_topics(self.server.brokers, [topic], count)
            found = self._topics().get(topic)
            return found and len(found.partitions) == count

        until(made, f"{topic} is there", interval=0.1)
        self.writer = Writer(self.server.brokers)

    def kafka(self, there):
        self.away = there == "0"
        if self.away:
            self.server.stop()
        else:
            self.server.start()

    def refuse_next(self, _topic):
        self.keeper.refuse()

    def await_refused(self, _topic):
        assert self.keeper.first.wait(DEADLINE)

    def lose_answer(self, _topic):
        self.keeper.losing = True

    def values(self, topic, partition):
        return ",".join(values(self.server.brokers, topic, int(partition)))

    def write(self, topic, partition, value, transaction):
        self.written = TopicPartition(topic, int(partition))
        if transaction == "0":
            self.writer.send(topic, value, "k", partition=int(partition))
            return
        if transaction not in self.transactions:
            self.transactions[transaction] = begin(self.server.brokers)
        producer = self.transactions[transaction]
        producer.produce(topic, value, "k", int(partition))
        producer.flush(30)

    def end(self, transaction, commit):
        producer = self.transactions.pop(transaction)
        if commit == "1":
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
        # The markers are written after that.
        until(lambda: end(self.server.brokers, self.written, "committed")
              == end(self.server.brokers, self.written, "uncommitted"),
              "the transaction has ended", interval=0.05)

    def member(self, group, topic, there):
        if there == "1":
            self.members[group] = Member(self.server.brokers, group, topic)
        else:
            self.members.pop(group).close()

    def killed_member(self, group, topic):
        member = Process("member", Member.command(self.server.brokers, group,
                                                  topic), self.folder)
        member.start()
        member.wait_log("^assigned$")
        member.kill9()


class PairStage(KafkaStage):
    """On two nodes: the second leads the topic, and is killed."""

    def __init__(self, first, second, folder):
        super().__init__(first, folder)
        self.second = second

    def brokers(self):
        return self.server.brokers

    def topic(self, _partitions, _max_bytes):
        name = f"contract-{uuid.uuid4().hex[:8]}"
        client = admin(self.server.brokers)
        client.create_topics([NewTopic(name, 1, replica_assignment=[[2, 1]])],
                             operation_timeout=20)[name].result()

        def led():
            found = admin(self.server.brokers).list_topics(timeout=60).topics
            return name in found and found[name].partitions[0].leader == 2

        until(led, "the second node leads it")
        return name

    def lose_leader(self, _topic):
        self.second.kill9()

    def close(self):
        pass


def begin(brokers):
    producer = Producer({"bootstrap.servers": brokers, "log_level": 0,
                         "transactional.id": f"tx-{uuid.uuid4()}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer


def end(brokers, partition, isolation):
    consumer = Consumer({
        "bootstrap.servers": brokers, "group.id": f"end-{uuid.uuid4()}",
        "isolation.level": f"read_{isolation}", "log_level": 0,
    })
    _, high = consumer.get_watermark_offsets(partition, 10)
    consumer.close()
    return high


def values(brokers, topic, partition):
    """What a read_committed reader sees from the first to the last."""
    consumer = Consumer({
        "bootstrap.servers": brokers, "group.id": f"values-{uuid.uuid4()}",
        "isolation.level": "read_committed", "enable.auto.commit": False,
        "enable.partition.eof": True, "log_level": 0,
    })
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    found = []

    def look():
        message = consumer.poll(0.1)
        if message and not message.error():
            found.append(message.value().decode())
        return message and message.error()  # the end

    until(look, f"all of {topic} is read", interval=0)
    consumer.close()
    return found


class BrokerStage:
    """Mosquitto behind a proxy."""

    def __init__(self, folder):
        self.folder = folder
        self.net = Net()
        self.broker = self.proxy = None
        self.losing = False
        self.clients = []

    def close(self):
        for client in self.clients:
            client.close()
        self.broker.stop()
        self.proxy.close()
        self.net.close()

    def mqtt(self, max_queued):
        extra = []
        if max_queued != "0":
            extra = [f"max_queued_messages {max_queued}"]
        self.broker = Mosquitto(self.folder, extra=extra).start()
        self.proxy = Proxy(self.net, self.broker.port)
        self.proxy.make_filter = lambda: self
        return f"tcp://127.0.0.1:{self.proxy.port}"

    def mqtt_port(self):
        return self.proxy.port

    def client(self, **more):
        client = Client(self.broker.port, **more)
        client.client.on_message = lambda *_: None
        self.clients.append(client)
        return client

    def publish(self, topic, payload, qos):
        with Client(self.broker.port) as client:
            client.publish(topic, payload, int(qos))
        return 1

    def subscriber(self, topic, offline):
        client = self.client(session=offline == "1")
        client.subscribe(topic)
        if offline == "1":
            self.clients.remove(client)
            client.close()

    # as a filter of what the client sends

    def __call__(self, data):
        return b"" if self.losing else data

    def ends(self):
        return False

    def lose_acks(self, lose):
        self.losing = lose == "1"

    def cut(self):
        self.proxy.cut()

    def take_over(self, client):
        with Client(self.broker.port, client_id=client, session=True):
            pass

    def kill_broker(self):
        self.broker.kill9()
        self.broker.start()


class DiskStage:
    def __init__(self, folder):
        self.folder = folder

    def disk(self):
        return self.folder
