"""What each start of an Apache Kafka would do again takes a processor for seconds,
and is done once for each release of Kafka and of Java: a storage is formatted, and
the classes that a broker loads go into an archive of the JVM's. Both are kept in
the build directory, and made by whoever needs them first."""

import dataclasses
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import tempfile

from confluent_kafka import Consumer, Producer

from . import where
from .until import until

ARCHIVE, STORAGE = "classes.jsa", "storage"
TOPIC = GROUP = "once"


@dataclasses.dataclass
class Once:
    storage: object  # the path of a formatted one, or None
    java: list  # options


def name_of(jars):
    """An archive is of one Java, which Debian replaces by others of that name."""
    java = os.path.realpath(shutil.which("java"))
    mark = hashlib.sha256(f"{java} {os.stat(java).st_mtime_ns}".encode())
    return f"{pathlib.Path(jars).name}-{mark.hexdigest()[:16]}"


@functools.lru_cache
def of(kafka):
    """kafka: the class."""
    home = where.build() / "kafka"
    home.mkdir(parents=True, exist_ok=True)
    name = name_of(where.kafka_jars())
    folder = home / name
    with open(home / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = pathlib.Path(tempfile.mkdtemp(dir=home))
            make(made, kafka)
            made.rename(folder)
    archive = folder / ARCHIVE
    return Once(folder / STORAGE, [f"-XX:SharedArchiveFile={archive}"]
                if archive.exists() else [])


def make(folder, kafka):
    """By a first broker. A JVM that has no archives does not know the option."""
    first = kafka(folder / "first", once=Once(None, []))
    shutil.copytree(first.folder / "data", folder / STORAGE)
    first.argv[1:1] = ["-XX:+IgnoreUnrecognizedVMOptions",
                       f"-XX:ArchiveClassesAtExit={folder / ARCHIVE}"]
    first.start()
    use(first)
    first.stop()
    shutil.rmtree(first.folder)


def use(kafka):
    """A transaction and a group, whose classes it loads only then."""
    kafka.create([TOPIC], 1)
    producer = Producer({"bootstrap.servers": kafka.brokers,
                         "transactional.id": GROUP})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(TOPIC, b"one")
    producer.commit_transaction(60)
    consumer = Consumer({"bootstrap.servers": kafka.brokers, "group.id": GROUP,
                         "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    until(lambda: consumer.poll(0.1), "what was written is read", 60)
    consumer.close()
