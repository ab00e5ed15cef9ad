"""What is asked and what has to come of it. Every device of a campaign is a
number, and everything about it follows from that number, so that driver,
approver and oracle agree without talking to each other."""

import base64
import json
import re
import zlib

SECRET = "ZTPSECRET"  # in every password and JWT
PAYLOAD = "ZTPPAYLOAD"  # in every payload
DEVICE = re.compile(r"subscriptions/(acme|late)/registries/r\d/devices/d(\d+)")

# What must not appear anywhere outside: the secrets and any certificate
# (base64 DER starts like this, and PEM says it in words).
LEAKS = (SECRET.encode(), b"BEGIN CERT", b"MII")


def path_of(n, late=False):
    who = "late" if late else "acme"
    return f"subscriptions/{who}/registries/r{n % 5}/devices/d{n}"


def number_of(path):
    """The device's number, or -1 if it is not one of our devices."""
    found = DEVICE.fullmatch(path)
    return int(found.group(2)) if found else -1


def draw(n):
    return zlib.crc32(b"plan %d" % n)


def own_id(n):
    """Half of the events carry a request id, as a gate's do."""
    return f"own-{n}" if draw(n) & 256 else None


def event(n, path, certificate):
    """The pending event, as bytes."""
    own = own_id(n)
    return (
        (f'{{"request_id":"{own}",' if own else "{")
        + f'"device_path":"{path}","certificate":"{certificate}",'
        f'"password":"{SECRET}-password-{n}","jwt":"{SECRET}-jwt-{n}",'
        '"remote_addr":"192.0.2.7"}'
    ).encode()


def answer(n, request_id, path):
    """The customer's decision."""
    body = {"request_id": request_id, "device_path": path}
    kind = draw(n) % 8
    if kind >= 6:
        body.update(decision="reject", reason="not_ours", message=f"no {n}")
    elif kind == 5:
        body = {
            "request_id": request_id,
            "isApprove": True,
            "customOnboardData": f"{PAYLOAD}-{n}",
        }
    elif kind == 4:
        body.update(decision="approve")
    elif kind == 3:
        data = base64.b64encode(b"\x00%s-%d" % (PAYLOAD.encode(), n)).decode()
        body.update(decision="approve", payload_base64=data)
        body.update(content_type="application/octet-stream")
    else:
        body.update(decision="approve", payload={"mark": f"{PAYLOAD}-{n}"})
    return body


def second_answer(n, request_id, path):
    """A contradicting second decision of some customers; None for the
    others."""
    if draw(n) % 97:
        return None
    body = {"request_id": request_id, "device_path": path}
    approve = draw(n) % 8 >= 6
    body["decision"] = "approve" if approve else "reject"
    if approve:
        body["payload"] = f"{PAYLOAD} that nobody may get"
    return body


def approved(n):
    return draw(n) % 8 < 6


def command(n, request_id, path):
    """The envelope that the device must receive."""
    said = answer(n, request_id, path)
    body = {
        "type": "provisioning",
        "request_id": request_id,
        "status": "approved" if approved(n) else "rejected",
        "device_path": path,
    }
    if "customOnboardData" in said:
        body["payload"] = said["customOnboardData"]
    for name in ("reason", "message", "payload", "payload_base64",
                 "content_type"):
        if name in said:
            body[name] = said[name]
    return body


def right_command(n, request_id, path, payload):
    try:
        body = json.loads(payload)
    except ValueError:
        return False
    want = command(n, request_id, path)
    if isinstance(body, dict) and "content_type" not in want:
        body.pop("content_type", None)
    return body == want


def outcome(n):
    return "onboarded" if approved(n) else "rejected"
