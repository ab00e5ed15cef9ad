"""Nothing leaks: plants markers in everything secret and searches for them in
every topic, every log line and every page."""

import base64
import urllib.error
import urllib.request

import pytest

MARKERS = {
    "password": "pw-7f3a91-marker",
    "jwt": "eyJhbGciOiJSUzI1NiJ9.bWFya2VyLWp3dC1ib2R5.c2lnLW1hcmtlcg",
    "unknown": "unknown-member-marker",
}
PAYLOAD = "payload-marker-55aa"


def pieces(data, size, step):
    return [data[i:i + size] for i in range(0, len(data) - size + 1, step)]


def secrets_of(leaf):
    """Byte strings that must not be seen: the certificate in base64 at each
    alignment, in DER and in hex, and the markers plain and in base64."""
    found = [b"BEGIN CERTIFICATE", b"BEGIN%20CERT"]
    found += pieces(leaf.base64.encode(), 24, 4)
    for shift in (1, 2):
        shifted = base64.b64encode(leaf.der[shift:])
        found += pieces(shifted, 24, 4)
    # Windows of DER long enough to include a tag, because the text of a name
    # alone may be shown.
    found += pieces(leaf.der, 32, 8)
    found += pieces(leaf.der.hex().encode(), 96, 16)
    for marker in [*MARKERS.values(), PAYLOAD]:
        found.append(marker.encode())
        found.append(base64.b64encode(marker.encode()).rstrip(b"="))
    return found


def search(place, text, secrets):
    for secret in secrets:
        assert secret not in text, f"{secret!r} is in {place}"


def pages(rig):
    """Every admin page that the bridge has, by path."""
    address = rig.bridge.http()
    for path in ("/", "/metrics", "/healthz", "/readyz", "/v1/status",
                 "/v1/requests", "/v1/requests?order=finished"):
        try:
            with urllib.request.urlopen(f"http://{address}{path}") as page:
                yield path, page.read()
        except urllib.error.HTTPError as error:
            yield path, error.read()


@pytest.fixture(scope="module")
def used(rig, ca):
    """A rig through which good and bad input has passed, full of markers."""
    leaf = ca.issue("rsa2048")
    plant = {**MARKERS, "padding": MARKERS["unknown"]}
    for form in leaf.forms.values():
        device = rig.device()
        rig.pending(device.path, form, **plant)
        request = rig.request(device.path)
        rig.decide(request, payload={"k": PAYLOAD})
        device.wait(device.command_topic)
        rig.decide(request, payload={"k": PAYLOAD})
        rig.decide(request, "reject")
        rig.reader.wait(rig.topics["results"], device.path, count=3)
    refused = [
        {"device_path": "bad path", "certificate": leaf.pem, **plant},
        {"certificate": leaf.base64, **plant},
        {"device_path": device.path, "certificate": leaf.pem + "x", **plant},
        {"device_path": device.path, "certificate": leaf.pem,
         "request_id": MARKERS["jwt"] + "/", **plant},
        leaf.pem.encode(),
        leaf.der,
        MARKERS["jwt"].encode(),
        f'{{"password":"{MARKERS["password"]}"'.encode(),
        f'{{"{MARKERS["password"]}":1,"{MARKERS["password"]}":2}}'.encode(),
    ]
    for event in refused:
        rig.publisher.publish(rig.pending_topic, event)
    rig.reader.wait(rig.topics["dlq"], count=len(refused))
    rig.onboard(ca.leaf())
    return rig, secrets_of(leaf)


def test_topics(used):
    rig, secrets = used
    for record in rig.reader.find():
        if record.topic == rig.topics["decisions"]:
            continue  # the customer's own words
        search(f"{record.topic} {record.offset}", record.raw(), secrets)


def test_logs(used):
    rig, secrets = used
    search("the bridge's log", rig.bridge.log(whole=True).encode(), secrets)


def test_pages(used):
    rig, secrets = used
    for path, text in pages(rig):
        search(path, text, secrets)


def test_the_search_finds(ca):
    """The search must be able to find something."""
    leaf = ca.leaf()
    secrets = secrets_of(leaf)
    for text in (leaf.pem.encode(), leaf.der, leaf.base64.encode(),
                 base64.b64encode(b"x" + leaf.der),
                 b"a " + MARKERS["jwt"].encode()):
        with pytest.raises(AssertionError):
            search("here", text, secrets)
