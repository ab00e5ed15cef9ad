"""As many rejections as the limits allow are in force: who asks for one more path is
refused until a cool-down ends, and nobody's rejection gives way."""

import pytest

from harness.cpu import cpu_seconds
from harness.gate import NOT_AUTHORIZED, Gate, path_of

REGISTRY, OTHER, DIRECT = "acme/plant", "acme/other", "acme/direct"
PER_REGISTRY = 4
PER_CERTIFICATE = 2


@pytest.fixture
def gate_of(tmp_path, ca):
    """Makes the test's gate, with these options."""
    gates = []

    def start(options):
        gates.append(Gate(tmp_path / "gate", ca.server(), options).start())
        with gates[0].operator(listen=False) as operator:
            for registry in (REGISTRY, OTHER, DIRECT):
                make(operator, registry, ca)
        return gates[0]

    yield start
    gates[0].stop()


@pytest.fixture
def gate(gate_of):
    return gate_of({"max_per_registry": PER_REGISTRY,
                    "max_per_certificate": PER_CERTIFICATE})


def make(operator, registry, ca):
    operator.registry(registry, ca,
                      onboarding="direct" if registry == DIRECT else "custom")


def rejected(gate, operator, leaf, registry=REGISTRY):
    """A path for which the certificate has asked, in vain."""
    path = path_of(registry)
    with gate.first(path, leaf) as device:
        assert device.accepted
        operator.pending(path)
        assert operator.do("rejectDevice", device_path=path,
                           fingerprint_sha256=leaf.fingerprint,
                           retry_after_s=3600) == {"rejected": True}
        device.wait_ended()
    return path


def refused(gate, operator, path, leaf, code):
    with gate.first(path, leaf) as device:
        assert device.connack == NOT_AUTHORIZED[5]
    operator.audit(code, path)


def held(gate, registry, leaf):
    with gate.first(path_of(registry), leaf) as device:
        return device.accepted


def cooled(gate, path):
    """The cool-down of one path's rejection has ended."""
    with gate.while_stopped() as db:
        assert db.execute(
            "UPDATE candidates SET retry_at = (strftime('%s', 'now') - 1) * "
            "1000 WHERE path = ? AND rejected", (path,)).rowcount == 1


def in_force(gate):
    with gate.while_stopped() as db:
        return {path for path, in db.execute(
            "SELECT path FROM candidates WHERE rejected AND retry_at > "
            "strftime('%s', 'now') * 1000")}


def test_a_registry_that_is_full(gate, ca):
    leaves = [ca.issue() for _ in range(PER_REGISTRY)]
    new, last, elsewhere = ca.issue(), ca.issue(), ca.issue()
    with gate.operator() as operator:
        paths = [rejected(gate, operator, leaf) for leaf in leaves]
        refused(gate, operator, path_of(REGISTRY), new, "too_many")
        refused(gate, operator, paths[0], leaves[0], "rejected")
        # it is nobody's business elsewhere
        assert held(gate, OTHER, elsewhere)
        assert held(gate, DIRECT, elsewhere)
    assert in_force(gate) == set(paths)
    with gate.operator() as operator:
        refused(gate, operator, path_of(REGISTRY), new, "too_many")
    cooled(gate, paths[1])
    with gate.operator() as operator:
        paths.append(rejected(gate, operator, new))
        refused(gate, operator, path_of(REGISTRY), last, "too_many")
        for path, leaf in zip(paths, leaves + [new]):
            refused(gate, operator, path, leaf,
                    "too_many" if path == paths[1] else "rejected")
    # the one that was over has given way
    assert in_force(gate) == set(paths) - {paths[1]}


def test_a_certificate_that_is_full(gate, ca):
    leaf, other = ca.issue(), ca.issue()
    with gate.operator() as operator:
        paths = [rejected(gate, operator, leaf)
                 for _ in range(PER_CERTIFICATE)]
        refused(gate, operator, path_of(REGISTRY), leaf, "too_many")
        refused(gate, operator, path_of(OTHER), leaf, "too_many")
        assert held(gate, REGISTRY, other)
    cooled(gate, paths[0])
    with gate.operator() as operator:
        refused(gate, operator, paths[1], leaf, "rejected")
        with gate.first(paths[0], leaf) as device:
            assert device.accepted
            # the one of its two cool-downs that is left counts
            assert operator.pending(paths[0])["attempt"] == 2


def test_a_registry_that_is_made_anew(gate, ca):
    leaves = [ca.issue() for _ in range(PER_REGISTRY)]
    with gate.operator() as operator:
        paths = [rejected(gate, operator, leaf) for leaf in leaves]
        operator.do("deleteRegistry", registry=REGISTRY)
        make(operator, REGISTRY, ca)
        refused(gate, operator, path_of(REGISTRY), ca.issue(), "too_many")
        for path, leaf in zip(paths, leaves):
            refused(gate, operator, path, leaf, "rejected")


CROWD = 20000


def test_a_path_with_a_crowd_of_rejections(gate_of, ca):
    """They cost the broker's one thread nothing, whoever asks for the path."""
    gate = gate_of({})
    leaf, others = ca.issue(), [ca.issue() for _ in range(4)]
    with gate.operator() as operator:
        path = rejected(gate, operator, leaf)
    gate.multiply(path, CROWD, fingerprint=lambda n: n.to_bytes(32, "big"))
    with gate.operator() as operator:
        used = cpu_seconds(gate)
        for other in others[:3]:
            with gate.first(path, other) as device:
                assert device.accepted
            operator.do("rejectDevice", device_path=path,
                        fingerprint_sha256=other.fingerprint)
        refused(gate, operator, path, leaf, "rejected")
        with gate.first(path, others[3]) as device:
            assert device.accepted
            assert operator.do(
                "createDevice", device_path=path, request_id="r",
                fingerprint_sha256=others[3].fingerprint)["created"]
        assert cpu_seconds(gate) - used < 0.5
