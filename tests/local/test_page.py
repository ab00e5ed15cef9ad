"""The status page in a real browser, of a bridge with requests in many states.
What it shows is true, everybody can use and read it, and it contacts nobody
else."""

import dataclasses

import pytest
import requests
from selenium.webdriver.common.keys import Keys

from harness.looks import (FOCUS, LISTEN, fits, is_readable, nameless, tab_to,
                           wait_told)
from harness.ports import free_port
from harness.rig import device_path
from harness.until import holds_for, until

HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>'
UNDECIDED = 30


@dataclasses.dataclass
class Told:
    rig: object
    address: str
    oldest: str  # device id
    hostile: str  # request id
    newest: str  # device id


@pytest.fixture(scope="module")
def rig(make_rig):
    """Its pages are at the same address after a restart."""
    return make_rig({"http": {"listen": f"127.0.0.1:{free_port()}"}})


def reject(rig, ca, **words):
    path = device_path("bad", registry="plant-9")
    leaf = ca.issue("p256", subject="/CN=<img src=x onerror=alert(1)>")
    rig.pending(path, leaf.pem)
    request = rig.request(path)
    rig.decide(request, "reject", **words)
    rig.result(path)
    return request.json()["request_id"]


@pytest.fixture(scope="module")
def told(rig, ca):
    """Two onboarded, one rejected, thirty undecided."""
    for _ in range(2):
        rig.onboard(ca.leaf())
    hostile = reject(rig, ca, reason="not_ours", message=HOSTILE)
    paths = [device_path(registry="many") for _ in range(UNDECIDED)]
    for path in paths:
        rig.pending(path, ca.leaf().pem)
    rig.reader.wait(rig.topics["requests"], count=3 + UNDECIDED)
    address = f"http://{rig.bridge.http()}/"
    until(lambda: requests.get(f"{address}v1/status", timeout=60).json()
          ["requests"]["requested"] == UNDECIDED, "all are in Kafka")
    return Told(rig, address, paths[0].rsplit("/", 1)[1], hostile,
                paths[-1].rsplit("/", 1)[1])


def shown(browser, address, hash="", width=1280):
    """Opens the page and waits for its answers."""
    browser.size(width, 900)
    browser.scheme("light")
    browser.open(address + hash)
    until(lambda: "undecided" in browser.driver.title, "the page has answers")
    until(lambda: column(browser, "results", 0), "the results are shown")
    if "/requests/" in hash:
        until(lambda: browser.text("#life"), "the request is shown")
    else:
        until(lambda: browser.js(
            "return document.querySelectorAll('#list tbody tr').length"),
            "the list is shown")


def states(browser):
    """{state: count} as shown to a person."""
    lines = browser.text("#states").split("\n")
    return {name: int(number.replace("\u202f", ""))
            for number, name in zip(lines, lines[1:])
            if number.replace("\u202f", "").isdigit()}


def column(browser, table, number):
    return browser.js(
        "return [...document.querySelectorAll(arguments[0])].map("
        "(row) => row.cells[arguments[1]].innerText)",
        f"#{table} tbody tr", number)


# ---- what it shows


def test_counts_are_true(told, browser):
    shown(browser, told.address)
    found = states(browser)
    assert found == requests.get(
        f"{told.address}v1/status", timeout=60).json()["requests"]
    assert {name: n for name, n in found.items() if n} == {
        "onboarded": 2, "rejected": 1, "requested": UNDECIDED}
    oldest = browser.text("#oldest")
    assert told.oldest in oldest and "acme/many" in oldest
    assert browser.text("#rates-span") == "per second, last 5 min"
    assert browser.text("#parts").split() == [
        "mqtt", "ready", "kafka", "ready", "store", "ready"]
    assert sorted(column(browser, "results", 0)) == [
        "onboarded", "onboarded", "rejected"]
    assert column(browser, "results", 0)[0] == "rejected"
    totals = browser.text("#totals").split("\n")
    assert totals[totals.index("onboarded") + 1] == "2"
    assert totals[totals.index("rejected") + 1] == "1"

    def counted():
        rates = browser.text("#rates")
        return all(name in rates and f"{number} total" in rates
                   for name, number in (("events in", 33), ("decisions", 3),
                                        ("results", 3), ("dead letters", 0)))

    until(counted, "the bridge has counted the last ten seconds")
    assert browser.complaints() == []


def test_it_follows(told, browser, ca):
    """The page shows what happens without any action, and counts it as a
    rate."""
    shown(browser, told.address, "#/requests?order=finished")
    before = states(browser)["rejected"]
    request_id = reject(told.rig, ca)
    until(lambda: states(browser)["rejected"] == before + 1,
          "the count has grown")
    until(lambda: browser.js(
        "return document.querySelector('#list tbody tr').dataset.key")
        == request_id, "it is the first in the list")
    # A list that is redrawn at this moment loses the focus.
    until(lambda: browser.js("document.querySelector('#list tbody a').focus()")
          or "paused" in browser.text("#list-note"), "the list is held")
    reject(told.rig, ca)
    until(lambda: states(browser)["rejected"] == before + 2,
          "the count has grown again")
    assert browser.js(FOCUS)["row"] == request_id
    assert browser.js(
        "return document.querySelector('#list tbody tr').dataset.key"
    ) == request_id, "a list that somebody is in moved"
    until(lambda: any(
        line not in ("0", "\u2013") for line in
        browser.js("return [...document.querySelectorAll('#rates b')]"
                   ".map((b) => b.innerText)")), "there is a rate")


def test_pages_and_filters(told, browser):
    shown(browser, told.address, "#/requests?registry=acme%2Fmany")
    first = column(browser, "list", 1)
    assert len(first) == 25 and first[0] == told.newest
    assert browser.text("#page-number") == "page 1"
    browser.js("document.getElementById('behind').click()")
    until(lambda: browser.text("#page-number") == "page 2", "page 2")
    until(lambda: len(column(browser, "list", 1)) == 5, "the rest")
    assert column(browser, "list", 1)[-1] == told.oldest
    browser.js("document.getElementById('before').click()")
    until(lambda: column(browser, "list", 1) == first, "page 1 again")
    browser.js("location.hash = '#/requests?state=onboarded'")
    until(lambda: column(browser, "list", 0) == ["onboarded"] * 2, "filtered")
    browser.js("location.hash = '#/requests?state=conflict'")
    until(lambda: browser.text("#list-empty")
          == "No request matches. Show all requests",
          "it says that nothing matches")
    browser.js("document.querySelector('#list-empty a').click()")
    until(lambda: len(column(browser, "list", 1)) == 25, "all are shown")
    browser.js("location.hash = '#/requests?registry=nonsense'")
    until(lambda: "SUBSCRIPTION/REGISTRY" in browser.text("#list-trouble"),
          "it says what is wrong")


def find(browser, text):
    browser.js("document.getElementById('f-find').value = arguments[0];"
               "document.getElementById('filter').requestSubmit()", text)


def test_find(told, browser, ca):
    """By the beginning of a device's id, a fingerprint or a request's id, with
    or without capitals and colons, and by a path."""
    leaf = ca.issue("p256")
    path = device_path("needle", registry="hay")
    told.rig.pending(path, leaf.pem)
    request = told.rig.request(path).json()
    name = path.rsplit("/", 1)[1]
    sha256 = request["certificate"]["fingerprint_sha256"]
    colons = ":".join(sha256[i:i + 2] for i in range(0, 64, 2)).upper()
    shown(browser, told.address)
    for text in (name[:9], name, f"acme/hay/{name[:7]}", path, sha256,
                 sha256[:12], f"sha256 Fingerprint={colons}", colons[:20],
                 request["request_id"], f"  {name}  "):
        find(browser, text)
        until(lambda: column(browser, "list", 1) == [name], text)
        find(browser, "")
        until(lambda: len(column(browser, "list", 1)) == 25, "all again")
    find(browser, "nothing of the kind")
    until(lambda: "No request matches" in browser.text("#list-empty"),
          "it says so")
    reject(told.rig, ca)  # leaves the others alone


def test_curves_are_the_bridges(told, browser):
    """Whoever opens the page sees what happened before."""
    shown(browser, told.address)
    until(lambda: "peak" in browser.text("#rates"), "there are rates")
    peaks = browser.js("return [...document.querySelectorAll('#rates small')]"
                       ".map((e) => e.innerText.split('peak ')[1])")
    assert float(peaks[0]) > 0
    assert browser.js("return document.querySelector('#rates path:last-child')"
                      ".getAttribute('d')").startswith("M")


def test_a_life(told, browser):
    shown(browser, told.address, f"#/requests/{told.hostile}")
    life = browser.text("#life").split("\n")
    assert [line for line in life if line in (
        "received", "requested", "rejected")] == [
            "received", "requested", "rejected"]
    body = requests.get(f"{told.address}v1/requests/{told.hostile}",
                        timeout=60).json()
    for name in ("received_at", "announced_at", "finished_at"):
        assert body[name].replace("T", " ").rstrip("Z") in life
    facts = browser.text("#facts")
    assert body["device"]["path"] in facts
    assert body["fingerprint_sha256"] in facts
    assert "not_ours" in browser.text("#decision")
    browser.js("location.hash = '#/requests/nobody'")
    until(lambda: "Request nobody does not exist" in browser.text("#one-trouble"),
          "it says that there is none")


# ---- who can work and read it


def test_keys_alone(told, browser):
    shown(browser, told.address)
    browser.press(Keys.TAB)
    assert browser.js(FOCUS)["id"] == "skip" and browser.js(FOCUS)["seen"]
    browser.press(Keys.ENTER)
    assert browser.js(FOCUS)["id"] == "requests-title"
    link = tab_to(browser, lambda focus: focus["table"] == "list")
    browser.press(Keys.ENTER)
    until(lambda: browser.js(FOCUS)["id"] == "one-title", "the focus is on it")
    # Where the page asks anew meanwhile, the later answer is the one that is drawn.
    until(lambda: browser.text("#one-title") == link["text"], "it has its name")
    assert link["row"] in browser.driver.current_url
    assert link["row"] in browser.text("#facts")
    browser.press_with(Keys.SHIFT, Keys.TAB)
    assert browser.js(FOCUS)["id"] == "one-back"
    browser.press(Keys.ENTER)
    until(lambda: browser.js(FOCUS)["row"] == link["row"],
          "the focus is back on its line")
    # Tab also reaches the rest of the page, and the filter works
    tab_to(browser, lambda focus: focus["id"] == "behind")
    browser.press(Keys.ENTER)
    until(lambda: browser.text("#page-number") == "page 2", "page 2")
    assert browser.js(FOCUS)["id"] == "behind"
    until(lambda: "page 2" in browser.js(
        "return document.getElementById('news').textContent"),
        "those who listen are told")


def test_a_filter_by_keys(told, browser):
    shown(browser, told.address)
    tab_to(browser, lambda focus: focus["id"] == "f-state")
    browser.press("onb")
    browser.press(Keys.ENTER)
    until(lambda: column(browser, "list", 0) == ["onboarded"] * 2,
          "the list is filtered")
    assert browser.js(FOCUS)["id"] == "f-state"


@pytest.mark.parametrize("view", ["list", "one"])
def test_light_and_dark(told, browser, view):
    shown(browser, told.address,
          f"#/requests/{told.hostile}" if view == "one" else "")
    is_readable(browser, 60)


@pytest.mark.parametrize("view", ["list", "one"])
@pytest.mark.parametrize("width", [320, 640])
def test_narrow_or_enlarged(told, browser, view, width):
    """640 is 1280 at 200 %, 320 at 400 %: nothing scrolls sideways."""
    shown(browser, told.address,
          f"#/requests/{told.hostile}" if view == "one" else "", width)
    fits(browser, width)


def test_names_for_those_who_listen(told, browser):
    shown(browser, told.address)
    assert browser.js(
        "return ['header', 'main', 'footer', 'nav[aria-label]',"
        " '[role=search]', '[role=status]', 'html[lang]', 'h1'].filter("
        "(name) => document.querySelectorAll(name).length !== 1)") == []
    assert nameless(browser) == []


# ---- what it keeps to itself


def test_strangers_words_are_words(told, browser):
    shown(browser, told.address, f"#/requests/{told.hostile}")
    assert HOSTILE in browser.text("#decision")
    assert browser.js("return document.images.length") == 0
    assert browser.js("return document.scripts.length") == 1
    assert "undecided" in browser.driver.title
    assert browser.complaints() == []
    # even if somebody slipped in markup, it would not run
    with pytest.raises(Exception, match="TrustedHTML"):
        browser.js("document.body.innerHTML = arguments[0]", HOSTILE)


def test_nobody_else_is_asked(told, browser):
    shown(browser, told.address)
    browser.js("location.hash = arguments[0]", f"#/requests/{told.hostile}")
    until(lambda: browser.text("#life"), "the request is shown")
    asked = browser.asked()
    assert told.address in asked
    assert f"{told.address}metrics" in asked
    assert [url for url in asked
            if not url.startswith((told.address, "data:"))] == []
    kept = browser.js("return [localStorage.length, sessionStorage.length,"
                      " document.cookie]")
    assert kept == [0, 0, ""]


def test_paused_it_is_silent(told, browser):
    shown(browser, told.address)
    browser.js("document.getElementById('pause').click()")
    until(lambda: browser.text("#pause") == "Resume", "it is paused")
    until(lambda: browser.js("return !pulse.busy"), "all has been asked")
    browser.asked()
    holds_for(lambda: browser.asked() == [], 2.5, "nothing is asked",
              interval=0.1)
    browser.js("document.getElementById('pause').click()")
    until(lambda: f"{told.address}v1/status" in browser.asked(),
          "it asks again")


# ---- what it says when something is gone


def test_a_part_that_is_gone(told, browser):
    shown(browser, told.address)
    browser.js(LISTEN)
    told.rig.mosquitto.stop()
    until(lambda: "mqtt not connected" in browser.text("#parts"),
          "it names mqtt")
    wait_told(browser, "mqtt: not connected")
    assert browser.driver.title.startswith("not ready")
    since = requests.get(f"{told.address}v1/status", timeout=60).json()[
        "parts"][0]["since"].replace("T", " ")[:19]
    assert f"Not ready since {since} UTC" in browser.text("#unready")
    assert browser.js("return document.body.dataset.worth") == "unready"
    told.rig.mosquitto.start()
    until(lambda: not browser.text("#unready"), "it is ready again")


def test_a_bridge_that_is_gone(told, browser):
    shown(browser, told.address)
    before = states(browser)
    bridge = told.rig.bridge
    browser.js(LISTEN)
    bridge.stop()
    until(lambda: "does not answer" in browser.text("#trouble"), "it says so")
    assert "No answer since" in browser.text("#trouble")
    assert browser.js("return document.body.dataset.worth") == "silent"
    wait_told(browser, "does not answer")
    assert "ready" not in browser.text("#parts")
    assert browser.driver.title.startswith("no answer")
    assert states(browser) == before
    bridge.start()
    bridge.http()
    browser.js("document.getElementById('try-now').click()")
    until(lambda: not browser.text("#trouble"), "it is back")
    wait_told(browser, "answers again")
    until(lambda: "store ready" in browser.text("#parts"), "the store is ready")
    assert states(browser) == before
