"""What goes through the gate's doors: at the bound, one over it and far over
it. A door has told(world, over), which is the code that the operator gets, or
for a connection whether it was let in, and flood(world), one over it many times
in a row."""

import json

from harness.attack import Connect, knock
from harness.certs import openssl
from harness.gate import CONTROL, RESPONSE, b64url, claims, jwt, path_of, sign
from harness.until import until

REGISTRY, MANY, OTHER = "acme/walk", "acme/many", "acme/other"
KIB, MIB = 1024, 1 << 20
FLOOD_BYTES = 8 * MIB
LET_IN = (0, 0x87)  # held, or told to come again


# --- connections

class Knock:
    """make(world, over) is a CONNECT."""

    accepted, refused = "OK", ("refused",)

    def __init__(self, make):
        self.make = make

    def told(self, world, over):
        code = knock(world.gate.port, self.make(world, over))
        return "OK" if code in LET_IN else "refused"

    def flood(self, world):
        connect = self.make(world, 1)
        for _ in range(300):  # as many as a second or two allow
            assert knock(world.gate.port, connect) not in LET_IN


def served(world):
    leaf = world.ca.leaf()
    connect = Connect(path_of(REGISTRY), leaf.base64, world.proof)
    assert knock(world.gate.port, connect) in LET_IN


def client_id(world, over):
    path = f"subscriptions/acme/registries/walk/devices/{'d' * (255 + over)}"
    return Connect(path, world.ca.leaf().base64, world.proof)


def username(world, over):
    """White space around it is not a part of the certificate."""
    text = world.ca.leaf().base64
    return Connect(path_of(REGISTRY), text + " " * (16 * KIB + over -
                                                    len(text)), world.proof)


def password(world, over):
    return Connect(path_of(REGISTRY), world.ca.leaf().base64,
                   token_of_size(world.ca.leaf(), 16 * KIB + over))


def encoded(value, size=None):
    """base64url of JSON, of that size where one is given, by a member x."""
    bare = json.dumps(value)
    if size is None:
        return b64url(bare.encode())
    more = size * 3 // 4 - len(json.dumps({**value, "x": ""}))
    text = b64url(json.dumps({**value, "x": "x" * more}).encode())
    return text


def token_of_size(leaf, size):
    """Not each length can be had by the claims alone: base64url of n bytes has
    never 4m + 1 characters."""
    for name in ("", "x", "xx", "xxx"):
        head = encoded({"alg": "ES256", "typ": "JWT", "n": name})
        body = encoded(claims(), size - len(head) - 2 - 86)
        text = f"{head}.{body}"
        made = f"{text}.{b64url(sign(leaf, text.encode()))}"
        if len(made) == size:
            return made
    raise AssertionError(size)


def claims_depth(world, over):
    """The claims are the outermost."""
    leaf, deep = world.ca.leaf(), 15 + min(over, 500)
    body = claims(x=json.loads("[" * deep + "]" * deep))
    text = f"{encoded({'alg': 'ES256'})}.{encoded(body)}"
    return Connect(path_of(REGISTRY), leaf.base64,
                   f"{text}.{b64url(sign(leaf, text.encode()))}")


class Candidates:
    """Eight of a path, and those that come again are not counted again."""

    refused = ("refused",)

    def told(self, world, over):
        if over == 0:
            self.path = path_of(MANY)
            for leaf in world.leaves[:8]:
                self.knock(world, leaf)
        else:
            self.knock(world, world.leaves[8])
        listed = world.operator.do("listPending", registry=MANY)["pending"]
        assert [one["device_path"] for one in listed].count(self.path) == 8
        return "refused" if over else "OK"

    def knock(self, world, leaf):
        knock(world.gate.port, Connect(self.path, leaf.base64, jwt(leaf)))

    def flood(self, world):
        """Each is a signature."""
        for _ in range(50):
            self.knock(world, world.leaves[8])


# --- $CONTROL

class Message:
    """make(world, over) is the text of a message on $CONTROL."""

    def __init__(self, make, refused="INVALID_ARGUMENT"):
        self.make = make
        self.refused = (refused,)

    def codes(self, world):
        return [r["code"] for m in list(world.operator.seen)
                if m.topic == RESPONSE
                for r in json.loads(m.payload)["responses"]]

    def told(self, world, over):
        """Of several commands, the first code."""
        world.operator.seen.clear()
        world.operator.publish(CONTROL, self.make(world, over))
        return until(lambda: self.codes(world), "a response")[0]

    def flood(self, world):
        operator, text = world.operator, self.make(world, 1)
        many = min(1000, FLOOD_BYTES // len(text))
        operator.seen.clear()
        for _ in range(many):
            operator.client.publish(CONTROL, text, 1)
        until(lambda: len(operator.seen) >= many, "all responses",
              interval=0.1)
        assert set(self.codes(world)) == set(self.refused)


def command(name, **members):
    """A step that sends one command with what members(world, over) are."""
    def make(world, over):
        said = {key: value(world, over) if callable(value) else value
                for key, value in members.items()}
        return json.dumps({"commands": [{"command": name, **said}]})

    return make


def control_size(_world, over):
    bare = '{"commands":[{"command":"getInfo"}],"x":""}'
    return f"{bare[:-2]}{'x' * (MIB + over - len(bare))}\"}}"


def control_count(_world, over):
    return json.dumps({"commands": [{"command": "getInfo"}] * (1000 + over)})


def control_depth(_world, over):
    deep = 15 + min(over, 500)
    return ('{"commands":[{"command":"getInfo"}],"x":' + "[" * deep + "]" * deep
            + "}")


def padded(text, size):
    """White space after PEM is no part of it."""
    return text + "\n" * (size - len(text))


def device_path(_world, _over):
    return path_of(REGISTRY)


def key_of_size(world, over):
    return padded(world.public_key, 16 * KIB + over)


def cas(world, over):
    """The first 64 of those that were made, or the last one."""
    return json.dumps({"commands": [
        {"command": "addRegistryCa", "registry": OTHER, "pem": pem}
        for pem in (world.cas[64:] if over else world.cas[:64])]})


def make_cas(folder, count):
    """Certificates of CAs, all of one key."""
    key = folder / "cas.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", key)
    return [openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-subj",
                    f"/CN=ca-{n}").decode() for n in range(count)]


STEPS = {
    "client_id": Knock(client_id),
    "username": Knock(username),
    "password": Knock(password),
    "claims_depth": Knock(claims_depth),
    "candidates": Candidates(),
    "public_key": Message(command(
        "createDevice", device_path=device_path, request_id="r",
        public_key=key_of_size, fingerprint_sha256="0" * 64)),
    "device_request_id": Message(command(
        "createDevice", device_path=device_path, fingerprint_sha256="0" * 64,
        request_id=lambda _, over: "r" * (128 + over),
        public_key=lambda world, _: world.public_key)),
    "metadata": Message(command(
        "createDevice", device_path=device_path, request_id="r",
        fingerprint_sha256="0" * 64,
        metadata=lambda _, over: {"k": "x" * (16 * KIB - len('{"k":""}')
                                              + over)},
        public_key=lambda world, _: world.public_key)),
    "control": Message(control_size),
    "control_count": Message(control_count),
    "control_depth": Message(control_depth),
    "correlation": Message(command(
        "getInfo", correlationData=lambda _, over: "c" * (256 + over))),
    "request_ids": Message(command(
        "ackPending", request_ids=lambda _, over: ["r"] * (1000 + over))),
    "limit": Message(command("listDevices",
                             limit=lambda _, over: 1000 + over)),
    "retry_after": Message(command(
        "rejectDevice", device_path=device_path, fingerprint_sha256="0" * 64,
        retry_after_s=lambda _, over: 365 * 24 * 3600 + over)),
    "ca": Message(command(
        "addRegistryCa", registry=REGISTRY,
        pem=lambda world, over: padded(world.ca.cert.read_text(),
                                       16 * KIB + over))),
    "cas": Message(cas, "RESOURCE_EXHAUSTED"),
    "audience": Message(command("modifyRegistry", registry=OTHER,
                                audience=lambda _, over: "a" * (1024 + over))),
}
# At the bound it is read, and then there is nothing that it could be done to.
ACCEPTED = {"ca": ("ALREADY_EXISTS",), "cas": ("OK", "ALREADY_EXISTS")}
