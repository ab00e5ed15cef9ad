"""What the gate may refuse with: each code is counted under its own name, and the
status page says what is behind it."""

import re

from harness.where import ROOT

PROTOCOL = (ROOT / "include/ztp/gate_protocol.h").read_text()
ERRORS = (ROOT / "include/ztp/error.h").read_text()
PAGE = (ROOT / "bridge/http/page/refusals.js").read_text()
# Of the errors: those of a path, a certificate and a proof, and the limits.
JUDGED = re.compile(r"X\((?:PATH|CERT\w*|UNTRUSTED|PROOF\w*|TOO_MANY), -\d+, "
                    r'"(\w+)"\)')


def names():
    """{ZTP_WHY_X: its code}"""
    return dict(re.findall(r'^#define (ZTP_WHY_\w+)\s+"(\w+)"', PROTOCOL, re.M))


def listed():
    """[(ZTP_WHY_X, may it be a refusal's?)]"""
    return [(name, word == "true") for name, word in
            re.findall(r"X\((ZTP_WHY_\w+), (true|false)\)", PROTOCOL)]


def test_each_code_is_counted_under_its_name():
    assert sorted(name for name, _ in listed()) == sorted(names())


def test_the_page_says_what_is_behind_each():
    codes = {names()[name] for name, refuses in listed() if refuses}
    codes |= set(JUDGED.findall(ERRORS))
    assert len(codes) > 25
    cures = PAGE.split("const CURES = {")[1].split("};")[0]
    assert set(re.findall(r"^\t(\w+): ", cures, re.M)) == codes
