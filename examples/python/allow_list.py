"""A list of SHA-256 fingerprints, one per line: bare hex digits, or what
sha256sum and openssl write. # begins a comment. A line that is none of these is
an error: were it skipped, its device would be rejected."""

import re

FINGERPRINT = re.compile(
    r"(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)", re.I)


def read(path):
    found = set()
    # A lone return does not end a line, so that nothing in a comment is listed.
    with open(path, encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip(" \t\r\n")
            match = FINGERPRINT.search(text)
            if match:
                found.add(match[1].replace(":", "").lower())
            elif text:
                raise ValueError(f"{path}:{number}: not a SHA-256 fingerprint")
    return found
