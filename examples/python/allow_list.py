"""A list of SHA-256 fingerprints, one per line: bare hex digits, or what
sha256sum and openssl write. # begins a comment, unless it is in a name in brackets.
A line that is none of these is an error: were it skipped, its device would be
rejected."""

import re

FINGERPRINT = re.compile(
    r"(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)", re.I)
# A name in brackets may have a # in it. Where it may end in two places, one of them
# is in a comment, and nobody can tell which.
TAG = re.compile(r"\\?[Ss][Hh][Aa](?:2-)?256 ?\(")
TAGGED = re.compile(
    r"\)[ \t]*=[ \t]*((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})[ \t]*(?:#|$)", re.I)


def fingerprint(line):
    """The one of a line, or None."""
    match = FINGERPRINT.search(line.partition("#")[0].strip(" \t\r"))
    if match:
        return match[1]
    tagged = TAGGED.findall(line) if TAG.match(line) else []
    return tagged[0] if len(tagged) == 1 else None


def read(path):
    found = set()
    # A lone return does not end a line, so that nothing in a comment is listed.
    with open(path, encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip(" \t\r\n")
            one = fingerprint(text)
            if one:
                found.add(one.replace(":", "").lower())
            elif text and not text.startswith("#"):
                raise ValueError(f"{path}:{number}: not a SHA-256 fingerprint")
    return found
