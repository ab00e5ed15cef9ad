"""Three Apache Kafkas that are one cluster: each is both broker and controller.
What one has acknowledged, another has as well."""

from .admin import admin, create_topics
from .kafka import Kafka, new_cluster
from .ports import free_port
from .until import until

COUNT = 3
REPLICATED = {
    "offsets.topic.replication.factor": COUNT,
    "transaction.state.log.replication.factor": COUNT,
    "transaction.state.log.min.isr": COUNT - 1,
    "min.insync.replicas": COUNT - 1,
    "default.replication.factor": COUNT,
    "controller.quorum.election.timeout.ms": 500,
    "controller.quorum.fetch.timeout.ms": 1000,
    "replica.lag.time.max.ms": 3000,
    "unclean.leader.election.enable": "false",
}


class KafkaCluster:
    """make: makes a node, as Kafka does."""

    def __init__(self, folder, properties=None, make=Kafka):
        cluster = new_cluster()
        controllers = [free_port() for _ in range(COUNT)]
        voters = ",".join(f"{number}@127.0.0.1:{port}"
                          for number, port in enumerate(controllers, 1))
        self.nodes = [
            make(folder / f"kafka-{number}", name=f"kafka-{number}",
                  cluster=cluster, controller=port, properties={
                      "node.id": number,
                      "controller.quorum.voters": voters,
                      **REPLICATED,
                      **(properties or {}),
                  })
            for number, port in enumerate(controllers, 1)
        ]

    @property
    def brokers(self):
        return ",".join(node.brokers for node in self.nodes)

    def start(self):
        for node in self.nodes:
            node.start(wait=False)
        self.wait_whole()
        return self

    def wait_whole(self):
        for node in self.nodes:
            node.wait_ready()
        until(lambda: len(admin(self.brokers).list_topics(timeout=60).brokers)
              == COUNT, "all brokers are in the cluster", 180)

    def wait_ready(self):
        self.wait_whole()

    def leader(self, topic):
        """The node that leads the topic's first partition."""
        found = admin(self.brokers).list_topics(topic, timeout=60)
        return self.nodes[found.topics[topic].partitions[0].leader - 1]

    def create(self, topics, partitions=None, config=None):
        create_topics(self.brokers, topics, partitions or 3, config,
                      replicas=COUNT)

    def stop(self):
        """Not by SIGTERM: the last ones have no quorum to leave."""
        for node in self.nodes:
            node.kill9()
