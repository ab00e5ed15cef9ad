"""What a compressed record costs the bridge, on a real Kafka.

usage: unpacked.py [--codecs gzip,lz4,snappy,zstd] [--mib 1,15,31,64,256]

Each record is zeros of that size. Beside it stand the size that travelled, the
bridge's highest RSS until the record behind it was answered, its RSS after
that, and the time the record behind it waited. The exit status is 1 if a record
behind was not answered."""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from confluent_kafka import Producer  # noqa: E402

from harness import process  # noqa: E402
from harness.bridge import topic_names  # noqa: E402
from harness.admin import create_topics  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from harness.rig import Rig, device_path  # noqa: E402

MIB = 1 << 20
LARGEST = 1000000000  # librdkafka's own limit of message.max.bytes
TOPIC_MOST = 1048588  # Kafka's default of a topic's max.message.bytes
LINE = "{:<7}{:>10} {:>12} {:>10} {:>11} {:>9}  {}"


def memory(pid, name):
    """VmRSS or VmHWM in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{name}:")[1].split()[0]) * 1024


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def write(rig, codec, size, partition=0):
    """None, or why the client or the broker would not take it."""
    producer = Producer({
        "bootstrap.servers": rig.kafka.brokers, "compression.codec": codec,
        "message.max.bytes": LARGEST, "batch.size": 2147483647,
        "queue.buffering.max.kbytes": 2097151, "log_level": 0,
    })
    told = []
    producer.produce(rig.topics["decisions"], value=bytes(size), key="k",
                     partition=partition,
                     on_delivery=lambda error, _: told.append(error))
    assert producer.flush(60) == 0
    return told[0]


def decide_behind(rig):
    """Waits for the answer to a decision behind; the seconds that it took."""
    path = device_path()
    begin = time.monotonic()
    rig.writer.send(rig.topics["decisions"], key=path, partition=0, value={
        "request_id": "none", "decision": "reject", "device_path": path})
    rig.result(path, timeout=60)
    return time.monotonic() - begin


def log_bytes(kafka, topic):
    return sum(path.stat().st_size for path in
               kafka.folder.glob(f"data/{topic}-0/*.log"))


def measure(rig, codec, size):
    """(bytes that travelled, peak, after, seconds behind), or the error."""
    pid = rig.bridge.pid
    before = log_bytes(rig.kafka, rig.topics["decisions"])
    forget_peak(pid)
    error = write(rig, codec, size)
    if error:
        return error
    travelled = log_bytes(rig.kafka, rig.topics["decisions"]) - before
    behind = decide_behind(rig)
    return travelled, memory(pid, "VmHWM"), memory(pid, "VmRSS"), behind


def show(codec, mib, found):
    if not isinstance(found, tuple):
        print(LINE.format(codec, mib, "", "", "", "", found.str()), flush=True)
        return
    travelled, peak, after, behind = found
    print(LINE.format(codec, mib, travelled, f"{peak / MIB:.0f}",
                      f"{after / MIB:.0f}", f"{behind:.1f}", ""), flush=True)


def run(folder, codecs, sizes):
    kafka = Kafka(folder / "kafka").start()
    for codec in codecs:
        for size in sizes:
            topics = topic_names(f"{codec}-{size}")
            create_topics(kafka.brokers, topics.values(), 1)
            rig = Rig(folder / f"{codec}-{size}", kafka, topics=topics,
                      create=False).start()
            decide_behind(rig)
            show(codec, size, measure(rig, codec, size * MIB))
            rig.stop()
    kafka.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--codecs", default="gzip,lz4,snappy,zstd")
    parser.add_argument("--mib", default="1,15,31,64,256")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ztp-unpacked-"))
    print(LINE.format("codec", "MiB", "travelled", "peak MiB", "after MiB",
                      "behind s", ""))
    try:
        run(folder, options.codecs.split(","),
            [int(n) for n in options.mib.split(",")])
    finally:
        process.kill_all(list(process.Process.live))
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
