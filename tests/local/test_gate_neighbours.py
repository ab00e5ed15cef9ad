"""Strangers behind a device's own address (NAT, a load balancer, an IPv6 /64)
try to keep it from connecting. One real broker for all of them."""

import time

import pytest

from harness import attack
from harness.attack import HOME, Attack, Connect, Target, knock
from harness.certs import Ca
from harness.gate import Gate, jwt, path_of

DIRECT, CUSTOM = "acme/direct", "acme/custom"
TRIES = 100
# CONNECTs a second. Those that need a signature verified are fewer, so that a
# slow machine can verify all of them: the honest devices here connect more
# often than the 50 times a second that each has for itself.
RATES = {"wrong_proofs": 200, "strangers": 200}


@pytest.fixture(scope="module")
def gate(children_gone, tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("gate"), ca.server(),
                {"max_per_certificate": 100000}).start()
    with gate.operator(listen=False) as operator:
        for registry in (DIRECT, CUSTOM):
            operator.registry(registry, ca, audience="acme",
                              onboarding=registry.split("/")[1])
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Ca(tmp_path_factory.mktemp("stranger"), "stranger").issue()


def onboard(gate, leaf, registry=DIRECT):
    """A device that has proven its key from this address."""
    connect = Connect(path_of(registry), leaf.base64, jwt(leaf))
    assert knock(gate.port, connect) == 0
    return connect


def unused(connect):
    return Connect(connect.client_id, "unused", connect.password)


def accepted(gate, connects):
    return sum(knock(gate.port, connect) == 0 for connect in connects)


def new_devices(leaf, count, registry=DIRECT):
    proof = jwt(leaf)
    return [Connect(path_of(registry), leaf.base64, proof)
            for _ in range(count)]


@pytest.mark.parametrize("kind", attack.KINDS)
def test_neighbours_are_served(gate, ca, stranger, kind):
    """The victim, another device, one that waits for its customer, and devices
    that have never been here, all from the attacker's own address."""
    victim = unused(onboard(gate, ca.leaf()))
    other = unused(onboard(gate, ca.leaf()))
    waiting = onboard(gate, ca.leaf(), CUSTOM)
    target = Target(victim.client_id, stranger=stranger)
    rate = RATES.get(kind, 600)
    with Attack(gate.port, attack.KINDS[kind](target), rate) as hostile:
        hostile.wait(rate)
        for connect in (victim, other, waiting):
            assert accepted(gate, [connect] * TRIES) == TRIES
        assert accepted(gate, new_devices(ca.leaf(), 20)) == 20
        assert accepted(gate, new_devices(ca.leaf(), 20, CUSTOM)) == 20
        hostile.wait(10)
    assert not hostile.accepted


def test_a_flood_of_expensive_proofs(gate, ca):
    """Forged proofs of a P-384 key, as fast as this machine can send them,
    which is usually more than the gate has time for. Those who have proven
    their keys are served, also after a restart of the broker; so are new
    devices, and other addresses."""
    expensive = unused(onboard(gate, ca.leaf("p384")))
    victim = unused(onboard(gate, ca.leaf()))
    gate.restart()
    target = Target(expensive.client_id, kind="ES384")
    with Attack(gate.port, attack.wrong_proofs(target)) as hostile:
        hostile.wait(500)
        assert accepted(gate, [victim] * TRIES) == TRIES
        assert accepted(gate, new_devices(ca.leaf(), 20)) == 20
        assert knock(gate.port, new_devices(ca.leaf(), 1)[0],
                     "127.0.0.77") == 0
        hostile.wait(10)
    assert not hostile.accepted


def logged(gate):
    """In bytes; without what Mosquitto 2.1 itself says of a CONNECT that is none."""
    return sum(len(line) + 1 for line in gate.log().splitlines()
               if ": Protocol error from " not in line)


def test_log_and_audit_are_bounded(gate, ca, stranger):
    """A flood from 200 addresses: every kind in turn."""
    target = Target(onboard(gate, ca.leaf()).client_id, stranger=stranger)
    kinds = [kind(target) for kind in attack.KINDS.values()]
    flood = (connect for row in zip(*kinds) for connect in row)
    sources = [HOME] + [f"127.0.1.{n}" for n in range(1, 200)]
    with gate.operator() as operator:
        log, begin = logged(gate), time.monotonic()
        with Attack(gate.port, flood, sources=sources) as hostile:
            hostile.wait(4000)
        limited = operator.audit("audit_limited")
        took = time.monotonic() - begin
        assert limited["omitted"] > 0
        assert len(operator.on("ztp/v1/audit")) < 1000 + 150 * (took + 1)
        # Of 1 MB a minute.
        assert logged(gate) - log < 20000 * (1 + took // 60)
    assert not hostile.accepted
