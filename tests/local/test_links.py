"""Every link in the tree's Markdown leads to a file or a heading that is there."""

import collections
import re
import subprocess

import pytest

from harness.where import ROOT

FENCE = re.compile(r"^( *)(```+|~~~+).*?^ *\2[ \t]*$", re.M | re.S)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
LINK = re.compile(r"\]\(<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^]^]+\]:\s+<?([^\s<>]+)>?", re.M)
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.M)
ID = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")


def slug(heading):
    """As GitHub makes it: the text in lower case, without punctuation, and with
    a hyphen for each space."""
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", heading)
    text = text.replace("`", "").replace("*", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(text):
    """Of a page. A heading that is there twice has a number the second time."""
    text = FENCE.sub("", text)
    seen, found = collections.Counter(), set(ID.findall(text))
    for heading in HEADING.findall(text):
        name = slug(heading)
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def links(text):
    """What a page links to in this tree."""
    text = CODE.sub("``", FENCE.sub("", text))
    return [link for link in LINK.findall(text) + REFERENCE.findall(text)
            if not re.match(r"[a-z][a-z+.-]*:", link)]


def pages():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "*.md"],
                            stdout=subprocess.PIPE, text=True, check=False)
    names = listed.stdout.split() or [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")]
    return sorted(names)


def dead(page, text):
    """The links of a page that lead nowhere."""
    found = []
    for link in links(text):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists():
            found.append(link)
        elif anchor and target.suffix == ".md" and anchor not in anchors(
                target.read_text(encoding="utf-8")):
            found.append(link)
    return found


@pytest.mark.parametrize("heading, name", [
    ("The gate's word", "the-gates-word"),
    ("`ztpctl` and [Kafka](x.md)", "ztpctl-and-kafka"),
    ("What a_b is: 1.2 / 3", "what-a_b-is-12--3"),
])
def test_anchors_are_as_github_makes_them(heading, name):
    assert slug(heading) == name
    assert anchors(f"# {heading}\n\n# {heading}\n") == {name, f"{name}-1"}


def test_dead_links_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Here\n", encoding="utf-8")
    text = ("[a](page.md) [b](#here) [c](https://x.test/y#z) `[d](no)`\n"
            "```\n[e](no)\n```\n[f](gone.md) [g](#there) [h](page.md#no)\n"
            "[i]: lost.md\n")
    assert dead(page, text) == ["gone.md", "#there", "page.md#no", "lost.md"]


@pytest.mark.parametrize("name", pages())
def test_links_lead_somewhere(name):
    page = ROOT / name
    assert dead(page, page.read_text(encoding="utf-8")) == []
