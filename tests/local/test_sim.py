"""The simulation (tests/sim): the real bridge with simulated brokers, in one
thread and from one seed. It runs briefly here; `make sim` runs it for
longer."""

import re
import subprocess

import pytest
from confluent_kafka import KafkaException, Producer

from harness.where import ROOT, binary

SIM = binary("sim/sim")
SEEDS = ROOT / "tests" / "sim" / "seeds"


def run(*args, timeout=120):
    """Its exit status and its output."""
    done = subprocess.run(
        [SIM, *args], capture_output=True, text=True, timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def found_nothing(*args):
    code, said = run(*args)
    assert code == 0, said
    assert re.search(r"; 0 findings$", said.strip()), said
    return said


def test_seeds_that_found_something():
    said = found_nothing("--seeds", SEEDS)
    seeds = [line for line in SEEDS.read_text().split("\n")
             if line and not line.startswith("#")]
    assert said.startswith(f"{len(seeds)} seeds, ")


def test_others():
    found_nothing("--seconds", "20", "--seed", "1")


def test_a_seed_repeats_itself_to_the_bit():
    def told(seed):
        code, said = run("--seed", seed, "--once")
        assert code == 0, said
        return re.search(r"hash ([0-9a-f]{16})", said).group(1)

    first = [told(str(seed)) for seed in (1, 2, 3)]
    assert [told(str(seed)) for seed in (1, 2, 3)] == first
    assert len(set(first)) == 3


def test_the_steps_of_one_seed_are_told():
    code, said = run("--seed", "2", "--once", "--verbose")
    assert code == 0
    assert "event=started" in said and " calm " in said


# --- as strict as the real ones

BOUND = 3000


def largest_value(producer, key, headers):
    """The longest value that librdkafka accepts with that key and headers."""
    def takes(size):
        try:
            producer.produce("t", key=b"k" * key, value=b"v" * size,
                             headers=headers)
        except KafkaException:
            return False
        return True

    low, high = 0, BOUND
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if takes(middle) else (low, middle - 1)
    return low


@pytest.mark.parametrize("key, name, text", [
    (0, 0, 0), (10, 0, 0), (500, 1, 1), (0, 3, 63), (0, 3, 64), (7, 64, 100),
])
def test_librdkafkas_own_bound(key, name, text):
    """The simulation refuses what librdkafka itself refuses, to the byte."""
    producer = Producer({"bootstrap.servers": "127.0.0.1:1",
                         "message.max.bytes": BOUND, "log_level": 0})
    headers = [("n" * name, b"x" * text)] if name else None
    value = largest_value(producer, key, headers)
    producer.purge()
    for size, played in ((value, BOUND), (value + 1, BOUND + 1)):
        code, said = run("--record", f"{key}:{size}:{name}:{text}")
        assert code == 0 and int(said) == played
