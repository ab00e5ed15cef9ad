"""Kafka's own tool for groups: what people see of one, and how they forget it."""

import subprocess

from harness.kafka import java_for

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def tool(kafka, *args):
    done = subprocess.run(
        [*java_for(TOOL), "--bootstrap-server", kafka.brokers, *args],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def forget(kafka, group):
    said = tool(kafka, "--delete", "--group", group)
    assert "was successful" in said, said


def lag(kafka, group):
    """Of each partition that the group has a position in: (position, lag)."""
    rows = [line.split() for line in
            tool(kafka, "--describe", "--group", group).splitlines()
            if line.startswith(group)]
    return {(topic, int(partition)): (int(at), int(behind))
            for _, topic, partition, at, _, behind, *_ in rows
            if at != "-"}
