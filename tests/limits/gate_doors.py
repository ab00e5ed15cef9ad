"""What goes through the gate's doors: at the bound, one over it and far over
it. Each step is step(world, over) and says what the operator or device is
told."""

import json

from harness.attack import Connect, knock
from harness.gate import CONTROL, jwt, path_of

REGISTRY, OTHER = "acme/walk", "acme/other"
KIB = 1024


def username(world, over):
    """Only what is a certificate is accepted, so at the bound it is refused
    like one over it; the honest one beside it is the accepted one."""
    connect = Connect(path_of(REGISTRY), "x" * (16 * KIB + over),
                      jwt(world.ca.leaf()))
    assert knock(world.gate.port, connect) != 0
    assert served(world)
    return "refused"


def password(world, over):
    leaf = world.ca.leaf()
    proof = jwt(leaf, pad="x" * 11000) if over == 0 else \
        "x" * (16 * KIB + over)
    connect = Connect(path_of(REGISTRY), leaf.base64, proof)
    return "OK" if knock(world.gate.port, connect) in (0, 0x87) else "refused"


def served(world):
    leaf = world.ca.leaf()
    return knock(world.gate.port, Connect(path_of(REGISTRY), leaf.base64,
                                          jwt(leaf))) in (0, 0x87)


def candidates(world, over):
    path = path_of(REGISTRY)
    count = 8 + (1 if over else 0)
    for leaf in world.leaves[:count]:
        knock(world.gate.port, Connect(path, leaf.base64, jwt(leaf)))
    for _ in range(min(over, 50) - 1):  # each is a signature
        knock(world.gate.port, Connect(path, world.leaves[8].base64,
                                       jwt(world.leaves[8])))
    listed = world.operator.do("listPending", limit=1000)
    here = [one for one in listed["pending"] if one["device_path"] == path]
    assert len(here) == 8
    return "refused" if over else "OK"


def public_key(world, over):
    return world.operator.code(
        "createDevice", device_path=path_of(REGISTRY), request_id="r",
        public_key="x" * (16 * KIB + over), fingerprint_sha256="0" * 64)


def control(world, over):
    """A thousand commands in a message."""
    world.operator.seen.clear()
    world.operator.publish(CONTROL, json.dumps({"commands": [
        {"command": "getInfo"}] * (1000 + min(over, 1000))}))
    return world.first_code()


def correlation(world, over):
    world.operator.seen.clear()
    world.operator.publish(CONTROL, json.dumps({"commands": [
        {"command": "getInfo", "correlationData": "c" * (256 + over)}]}))
    return world.first_code()


def request_ids(world, over):
    return world.operator.code("ackPending",
                               request_ids=["r"] * (1000 + over))


def limit(world, over):
    return world.operator.code("listDevices", limit=1000 + over)


def metadata(world, over):
    text = "x" * (16 * KIB - len('{"k":""}') + over)
    return world.operator.code(
        "createDevice", device_path=path_of(REGISTRY), request_id="r",
        fingerprint_sha256="0" * 64, metadata={"k": text},
        public_key=world.public_key)


def ca(world, over):
    return world.operator.code("addRegistryCa", registry=REGISTRY,
                               pem="x" * (64 * KIB + over))


def audience(world, over):
    return world.operator.code("modifyRegistry", registry=OTHER,
                               audience="a" * (1024 + over))


STEPS = {step.__name__: step for step in (
    username, password, candidates, public_key, control, correlation,
    request_ids, limit, metadata, ca, audience)}
# Nothing as long as the bound is a certificate or a key, so it is refused for
# what it is.
ACCEPTED = {name: ("refused", "INVALID_ARGUMENT")
            for name in ("username", "public_key", "ca")}
