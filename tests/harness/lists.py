"""Allow lists as customers have them: the lines that ztp-approver and every
example must take, and those that each must refuse, so that nobody is rejected
because of the form of a list."""

import importlib.util

from .where import ROOT

FORMS = {
    "bare": "{hex}",
    "capitals": "{HEX}",
    "colons": "{colons}",
    "blanks": " \t{hex} \t",
    "comment": "{hex} # pump-42",
    "comment at once": "{hex}#pump-42",
    "sha256sum": "{hex}  pump-42.der",
    "sha256sum of a binary": "{hex} *my pump=42.der",
    "sha256sum with an escaped name": "\\{hex}  pump\\n42.der",
    "sha256sum --tag": "SHA256 (pump=42.der) = {hex}",
    "sha256sum --tag of a name with #": "SHA256 (pump#42.der) = {hex}",
    "sha256sum --tag of an escaped name with #": "\\SHA256 (a\\n#) = {hex}",
    "a comment behind a name with #": "SHA256 (a#b) = {hex}# pump = 42",
    "openssl dgst of a name with #": "SHA2-256(a #) = (b.der)= {HEX} # pump",
    "openssl dgst": "SHA2-256(pump-42.der)= {hex}",
    "openssl 3 x509": "sha256 Fingerprint={colons}",
    "openssl 1 x509": "SHA256 Fingerprint={COLONS}",
    "openssl with a comment": "sha256 Fingerprint={colons} # pump-42",
}

# What ends a line for some libraries, and does not here: a comment goes on
# behind it, and whoever wrote the comment has not put anybody on the list.
NO_ENDS = ["\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]
EMPTY = ["", "   ", "# delivered in May", "  # {hex}", "\t",
         "# SHA256 (pump#42.der) = {hex}",
         *(f"# delivered{end}{{hex}}" for end in NO_ENDS)]

REFUSED = {
    "SHA-1": "SHA1 Fingerprint=" + ":".join(["ab"] * 20),
    "too short": "{short}",
    "too long": "{hex}0",
    "a name": "pump-42",
    "a name in front": "pump-42 {hex}",
    "CSV": "{hex},pump-42",
    "a # in a name, and two ends of it": "SHA256 (#) = {hex} #) = {hex}",
    "a # in a name, and no end of it": "SHA256 (a#b = {hex}",
    "a # in a name, and words behind it": "SHA256 (a#b) = {hex} c",
    "a # in the name of another digest": "SHA3-256 (a#b) = {hex}",
    "a # in a name without a digest": "pump (a#b) = {hex}",
    "a certificate": "-----BEGIN CERTIFICATE-----",
    "a no-break space in front": "\u00a0{hex}",
    "a wide space in front": "\u3000{hex}",
    "a form feed in front": "\f{hex}",
    "another byte order mark": " \ufeff{hex}",
    "two on a line": "{hex}\r{hex}",
    "a line separator": "{hex}\u2028{hex}",
    "a NUL behind": "{hex}\0",
    "wide digits": "\uff10\uff11" + "ab" * 31,
}

NOBODY = "f" * 64  # in comments only

ENDS = {"newline": "\n", "return and newline": "\r\n"}
BOM = "\ufeff"


def read_list(path):
    """The fingerprints in a list, as the example in Python reads it."""
    spec = importlib.util.spec_from_file_location(
        "allow_list", ROOT / "examples/python/allow_list.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.read(path)


def written(form, fingerprint):
    colons = ":".join(fingerprint[i:i + 2] for i in range(0, 64, 2))
    return form.format(hex=fingerprint, HEX=fingerprint.upper(),
                       colons=colons, COLONS=colons.upper(),
                       short=fingerprint[:63])


def other_encodings(fingerprint):
    """(bytes, is taken): a comment in Latin-1, and a whole list in UTF-16, as
    PowerShell writes it, which is refused in its first line."""
    yield f"# geliefert f\xfcr\r\n{fingerprint}\r\n".encode("latin-1"), True
    yield f"{BOM}{fingerprint}\r\n".encode("utf-16-le"), False


def texts(fingerprints):
    """Lists of these fingerprints, as many as FORMS has, in every form."""
    pairs = list(zip(FORMS.values(), fingerprints, strict=True))
    for end in ENDS.values():
        for bom in ("", BOM):
            lines = [written(form, one) for form, one in pairs]
            lines += [written(form, NOBODY) for form in EMPTY]
            yield bom + end.join(lines) + end
            # The byte order mark in front of a fingerprint, no end at the end.
            yield bom + end.join(reversed(lines[:len(pairs)]))


def refused(fingerprint):
    """(name, text): lists with one wrong line, the third."""
    for name, form in REFUSED.items():
        yield name, "\n".join(["# list", fingerprint,
                               written(form, fingerprint), fingerprint, ""])
