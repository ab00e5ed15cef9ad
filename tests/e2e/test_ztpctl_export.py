"""A registry made again on an empty gate: `ztpctl registry export` and
`import`."""

import base64
import hashlib
import json
import ssl

import pytest

from harness.certs import Ca
from harness.gate import Gate, path_of
from harness.ztpctl import Ctl, as_json

CUSTOM, DIRECT = "acme/custom", "acme/direct"


@pytest.fixture(scope="module")
def old(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("old"), ca.server()).start()
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def new(tmp_path_factory, ca):
    gate = Gate(tmp_path_factory.mktemp("new"), ca.server()).start()
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def devices(old, ca, tmp_path_factory):
    """A registry of each kind with devices: {path: (leaf, registry)}."""
    ctl = Ctl(old, tmp_path_factory.mktemp("ctl"))
    for name, mode in ((CUSTOM, "custom"), (DIRECT, "direct")):
        ctl("registry", "create", name, "--onboarding", mode, "--audience",
            "acme", "--ca", ca.cert)
    made = {}
    with old.operator() as operator:
        for number in range(3):
            path, leaf = path_of(CUSTOM), ca.issue()
            with old.first(path, leaf):
                request = operator.pending(path)["request_id"]
                operator.do("createDevice", device_path=path,
                            request_id=request,
                            fingerprint_sha256=leaf.fingerprint,
                            metadata={"rack": number, "ö": [1, None]})
            made[path] = leaf, CUSTOM
        path, leaf = path_of(DIRECT), ca.issue("rsa2048")
        with old.first(path, leaf) as device:
            device.subscribed(device.commands)
            device.wait_status("approved")
        made[path] = leaf, DIRECT
    # In the order of an export: pump-10 is before pump-9.
    return dict(sorted(made.items()))


def exported(gate, folder, name):
    done = Ctl(gate, folder)("registry", "export", name)
    assert done.stderr == ""
    file = folder / f"{name.replace('/', '-')}.jsonl"
    file.write_text(done.stdout)
    return file


def shown(gate, path):
    with gate.operator(listen=False) as operator:
        found = operator.do("getDevice", device_path=path)
    return {k: v for k, v in found.items()
            if k not in ("live", "subscribed", "connection", "credential")}


def test_a_device_of_the_old_gate_connects_to_the_new_one(
        old, new, devices, ca, tmp_path):
    ctl = Ctl(new, tmp_path)
    blocked = next(iter(devices))
    Ctl(old, tmp_path)("device", "block", blocked)
    for name, count in ((CUSTOM, 3), (DIRECT, 1)):
        file = exported(old, tmp_path, name)
        assert ctl("registry", "import", file).stdout == (
            f"{name}: registry created; CAs: 1 added; devices: {count} "
            "created, 0 there already, 0 refused\n")
        # once more, nothing is to be done
        assert as_json(ctl("registry", "import", file, "--json")) == {
            "registry": name, "created": False, "cas_added": 0,
            "devices_created": 0, "devices_same": count,
            "devices_refused": 0}
        # and the copy is exported as the original is
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        again = [json.loads(line) for line in
                 exported(new, tmp_path, name).read_text().splitlines()]
        for line in lines, again:
            del line[0]["exported_at"]
        assert lines == again
    for path, (leaf, _) in devices.items():
        assert shown(old, path) == shown(new, path)
        with new.unused(path, leaf) as device:
            assert device.accepted == (path != blocked)
            if device.accepted:
                device.subscribed(device.commands)
        with new.unused(path, ca.leaf()) as stranger:
            assert not stranger.accepted
    # its certificate is as good as its key
    path, (leaf, _) = list(devices.items())[-1]
    with new.first(path, leaf) as device:
        assert device.accepted
    # and new devices come as to the old one
    with new.first(path_of(DIRECT), ca.issue()) as device:
        assert device.accepted


def test_what_differs_is_refused(old, new, devices, ca, tmp_path):
    """Nothing of what is there already is changed."""
    ctl = Ctl(new, tmp_path)
    file = tmp_path / "changed.jsonl"
    first, *rest = exported(old, tmp_path, CUSTOM).read_text().splitlines()
    name = "acme/differs"

    def write(**changes):
        head = {**json.loads(first), "registry": name, **changes}
        lines = [line.replace("/registries/custom/", "/registries/differs/")
                 for line in rest]
        file.write_text("\n".join([json.dumps(head), *lines]) + "\n")

    write()
    ctl("registry", "import", file)
    write(audience="other")
    said = ctl("registry", "import", file, status=1).stderr
    assert 'audience is "acme" instead of "other"' in said
    assert "nothing was imported" in said
    write(cas=[])
    assert "other CAs" in ctl("registry", "import", file, status=1).stderr
    path = json.loads(rest[0])["device_path"].replace("custom", "differs")
    before = shown(new, path)
    row = json.loads(rest[0])
    row["request_id"] = "another"
    rest[0] = json.dumps(row)
    row = json.loads(rest[1])
    row["state"] = "blocked"
    rest[1] = json.dumps(row)
    row = json.loads(rest[2])
    row["metadata"] = {"rack": 7}
    rest[2] = json.dumps(row)
    write()
    done = ctl("registry", "import", file, status=1)
    assert "0 created, 0 there already, 3 refused" in done.stdout
    for what in ("request", "state", "metadata"):
        assert f"the device exists with another {what}" in done.stderr
    assert path in done.stderr
    assert shown(new, path) == before


def test_an_import_that_was_interrupted_is_run_again(old, new, devices,
                                                     tmp_path):
    """It was killed when the registry was there, and one device."""
    ctl = Ctl(new, tmp_path)
    text = exported(old, tmp_path, CUSTOM).read_text()
    text = text.replace("acme/custom", "acme/half")
    text = text.replace("registries/custom", "registries/half")
    file = tmp_path / "half.jsonl"
    file.write_text(text)
    device = json.loads(text.splitlines()[1])
    ctl("registry", "create", "acme/half", "--audience", "acme")
    with new.operator(listen=False) as operator:
        assert operator.do("importDevice", **device) == {"created": True}
    assert ctl("registry", "import", file).stdout == (
        "acme/half: registry there already; CAs: 1 added; devices: 2 created, "
        "1 there already, 0 refused\n")
    assert ctl("registry", "import", "-", stdin=open(file)).stdout == (
        "acme/half: registry there already; CAs: 0 added; devices: 0 created, "
        "3 there already, 0 refused\n")


def ca_of(folder):
    """A new CA as an export has it, and its file."""
    pem = Ca(folder).cert
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    return {"fingerprint_sha256": hashlib.sha256(der).hexdigest(),
            "certificate": base64.b64encode(der).decode()}, pem


def test_an_import_that_was_interrupted_between_cas(old, new, devices,
                                                    tmp_path):
    """CAs are added in the order of the file: the first ones are there. With
    any others than those it is another registry."""
    ctl = Ctl(new, tmp_path)
    cas = sorted((ca_of(tmp_path / f"ca{n}") for n in range(3)),
                 key=lambda one: one[0]["fingerprint_sha256"])
    text = exported(old, tmp_path, CUSTOM).read_text()
    text = text.replace("registries/custom", "registries/between")
    first, *rest = text.splitlines()
    file = tmp_path / "between.jsonl"

    def write(rows):
        file.write_text("\n".join([json.dumps({
            **json.loads(first), "registry": "acme/between", "cas": rows}),
            *rest]))

    write([row for row, _ in cas])
    ctl("registry", "create", "acme/between", "--audience", "acme", "--ca",
        cas[2][1])
    assert "other CAs" in ctl("registry", "import", file, status=1).stderr
    ctl("registry", "ca", "remove", "acme/between",
        cas[2][0]["fingerprint_sha256"], "--yes")
    write([cas[0][0], {**cas[1][0], "certificate": "AAAA"}, cas[2][0]])
    assert ("the import is not complete: 3 of 3 devices and 2 of 3 CAs are "
            "known to be there; run it again"
            ) in ctl("registry", "import", file, status=1).stderr
    ctl("registry", "ca", "remove", "acme/between",
        cas[2][0]["fingerprint_sha256"], "--yes")
    write([row for row, _ in cas])
    assert ctl("registry", "import", file).stdout == (
        "acme/between: registry there already; CAs: 2 added; devices: 0 "
        "created, 3 there already, 0 refused\n")
    assert ctl("registry", "import", file).stdout == (
        "acme/between: registry there already; CAs: 0 added; devices: 0 "
        "created, 3 there already, 0 refused\n")


def test_a_path_that_is_free_is_for_nobody_else(old, new, devices, ca,
                                                tmp_path):
    """One device could not be made: no CA lets a stranger take its path, until
    it is there."""
    text = exported(old, tmp_path, CUSTOM).read_text()
    text = text.replace("acme/custom", "acme/missing")
    text = text.replace("registries/custom", "registries/missing")
    first, row, *rest = text.splitlines()
    lost = json.loads(row)
    ctl, file = Ctl(new, tmp_path), tmp_path / "missing.jsonl"
    file.write_text("\n".join([first, json.dumps({**lost, "spki": "AAAA"}),
                               *rest]))
    done = ctl("registry", "import", file, status=1)
    assert done.stdout == (
        "acme/missing: registry created; CAs: 0 added; devices: 2 created, "
        "0 there already, 1 refused\n")
    assert "no CA was added, as 1 device is missing" in done.stderr
    with new.first(lost["device_path"], ca.issue()) as stranger:
        assert not stranger.accepted
    file.write_text(text)
    assert ctl("registry", "import", file).stdout == (
        "acme/missing: registry there already; CAs: 1 added; devices: 1 "
        "created, 2 there already, 0 refused\n")


@pytest.mark.parametrize("change, says", [
    (lambda lines: lines[:-1], "the file is not whole"),
    (lambda lines: [lines[0], *lines[2:]], "number of devices is wrong"),
    (lambda lines: lines[1:], ":1: not what `registry export` writes"),
    (lambda lines: [*lines, lines[-1]], "more after the last line"),
    (lambda lines: [lines[0][:-5], *lines[1:]], ":1: "),
    (lambda lines: [lines[0].replace('"ztp_export":1', '"ztp_export":2'),
                    *lines[1:]], "a later ztpctl has written this"),
    (lambda lines: [lines[0].replace("acme/custom", "acme/else"),
                    *lines[1:]], ":2: not a device of the registry"),
    (lambda lines: [], "bad.jsonl is empty"),
])
def test_half_a_file_is_not_imported(old, new, devices, tmp_path, change,
                                     says):
    lines = exported(old, tmp_path, CUSTOM).read_text().splitlines()
    file = tmp_path / "bad.jsonl"
    file.write_text("".join(f"{line}\n" for line in change(lines)))
    ctl = Ctl(new, tmp_path)
    before = ctl("registry", "list").stdout
    said = ctl("registry", "import", file, status=2).stderr
    assert str(file) in said and says in said
    assert ctl("registry", "list").stdout == before


def test_a_file_that_is_too_large(new, tmp_path):
    file = tmp_path / "large.jsonl"
    with open(file, "wb") as sparse:
        sparse.truncate((512 << 20) + 1)
    said = Ctl(new, tmp_path)("registry", "import", file, status=2).stderr
    assert str(file) in said and "larger than" in said
    file.write_text('{"x":"' + "x" * (1 << 20) + '"}\n')
    said = Ctl(new, tmp_path)("registry", "import", file, status=2).stderr
    assert f"{file}:1: " in said


@pytest.mark.parametrize("changes, code", [
    ({"spki": "AAAA"}, "INVALID_ARGUMENT"),
    ({"spki": "no base64"}, "INVALID_ARGUMENT"),
    ({"spki": None}, "INVALID_ARGUMENT"),
    ({"state": "gone"}, "INVALID_ARGUMENT"),
    ({"onboarding": "off"}, "INVALID_ARGUMENT"),
    ({"created_at": "yesterday"}, "INVALID_ARGUMENT"),
    ({"request_id": "no id"}, "INVALID_ARGUMENT"),
    ({"identity_sha256": "00"}, "INVALID_ARGUMENT"),
    ({"metadata": []}, "INVALID_ARGUMENT"),
    ({"device_path": "subscriptions/acme/registries/none/devices/d"},
     "NOT_FOUND"),
])
def test_what_is_no_device_is_refused(old, devices, changes, code):
    with old.operator(listen=False) as operator:
        rows = operator.do("exportRegistry", registry=CUSTOM)["devices"]
        assert operator.code("importDevice", **{**rows[0], **changes}) == code
        assert operator.code("exportRegistry", registry="acme/none"
                             ) == "NOT_FOUND"


def test_an_imported_key_ends_another_s_session(old, new, ca, devices,
                                                tmp_path):
    """A candidate that waits under the path loses to the operator's word."""
    Ctl(new, tmp_path)("registry", "create", "acme/taken", "--audience",
                       "acme", "--ca", ca.cert)
    path, stranger = path_of("acme/taken"), ca.issue()
    with old.operator(listen=False) as operator:
        row = operator.do("exportRegistry", registry=CUSTOM)["devices"][-1]
    leaf = devices[row["device_path"]][0]
    with new.operator() as operator, new.first(path, stranger) as held:
        operator.pending(path)
        assert operator.do("importDevice", **{**row, "device_path": path}
                           ) == {"created": True}
        held.wait_ended()
        operator.audit("imported", path)
        assert operator.do("listPending", registry="acme/taken"
                           )["pending"] == []
        with new.unused(path, leaf) as device:
            assert device.accepted, operator.on("ztp/v1/audit",
                                                device_path=path)


def test_more_devices_than_a_page(old, new, devices, tmp_path):
    """And more than one message of commands, in bytes as well: the broker
    takes none of more than 128 KiB, and a bridge reads none of 1 MiB."""
    text = exported(old, tmp_path, CUSTOM).read_text()
    text = text.replace("acme/custom", "acme/many")
    first, row, *_ = text.replace("registries/custom", "registries/many"
                                  ).splitlines()
    row = json.loads(row)
    base = row["device_path"]
    lines = [first]
    for i in range(450):
        row["device_path"] = f"{base}-{i:04}"
        row["metadata"] = {"x": "y" * (16000 if 50 <= i < 150 else i)}
        lines.append(json.dumps(row, separators=(",", ":")))
    lines.append('{"devices":450}')
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(lines))
    assert "devices: 450 created" in Ctl(new, tmp_path)(
        "registry", "import", file).stdout
    again = exported(new, tmp_path, "acme/many").read_text().splitlines()
    assert again[-1] == '{"devices":450}' and len(again) == 452
    assert [json.loads(line)["device_path"] for line in again[1:-1]] == [
        f"{base}-{i:04}" for i in range(450)]
    assert again[1:-1] == lines[1:-1]
    after, sizes = {}, []
    with new.operator(listen=False) as operator:
        while after is not None:
            page = operator.do("exportRegistry", registry="acme/many",
                               limit=1000, **after)
            sizes.append(len(json.dumps(page)))
            after = {"after": page["next"]} if "next" in page else None
    assert max(sizes) < 500_000 and len(sizes) > 7
