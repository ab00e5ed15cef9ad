"""Who can use the page of ztp-approver serve, what it keeps to itself, and what
it says when something is gone, in a real browser. Where there are to be many
requests, `ztp-approver simulate` plays the operator."""

import pytest
from selenium.webdriver.common.keys import Keys

from harness.bridge import topic_names
from harness.decide_page import Page, ask, name_of, only
from harness.looks import (FOCUS, LISTEN, fits, is_readable, nameless, tab_to,
                           wait_told)
from harness.process import Process
from harness.rig import device_path
from harness.serve import Serve
from harness.until import until
from harness.where import binary

TOKEN = "a-token-of-the-customer"
RTL = "\u202e"


# ---- who can use it


def test_keys_alone(rig, ca, page):
    paths = [ask(rig, ca.leaf(), "keys") for _ in range(3)]
    names = [name_of(path) for path in paths]
    page.opened(only("keys"))
    browser = page.browser
    until(lambda: page.count() == 3, "all are there")
    browser.press(Keys.TAB)
    assert browser.js(FOCUS)["id"] == "skip"
    browser.press(Keys.ENTER)
    assert browser.js(FOCUS)["id"] == "requests-title"
    tab_to(browser, lambda focus: focus["id"] == "f-find")
    tab_to(browser, lambda focus: focus["id"] == "all")
    tab_to(browser, lambda focus: focus["text"] == names[0])
    browser.press(Keys.ENTER)
    assert paths[0] in page.text(".details")
    browser.press(Keys.ENTER, "/")
    assert browser.js(FOCUS)["id"] == "f-find"
    browser.press("nobody")
    assert page.count() == 0
    browser.press(Keys.ESCAPE)
    assert page.count() == 3
    tab_to(browser, lambda focus: focus["id"] == "all")
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.SPACE)
    assert names[1] in browser.js(FOCUS)["label"]
    assert page.text("#chosen-count") == "1 chosen"
    browser.press("r")
    assert browser.js(FOCUS)["id"] == "reason"
    browser.press("ar", Keys.ENTER, Keys.ESCAPE)  # letters, and no decision
    assert not page.text("#decide-title") and not page.made()
    assert names[1] in browser.js(FOCUS)["label"]
    browser.press("m")
    assert page.text("#chosen-count") == "3 chosen"
    browser.press("c")
    assert page.text("#chosen-count") == "0 chosen"
    browser.press(Keys.SPACE, "r")
    for _ in range(8):
        browser.press(Keys.TAB)  # also to the browser's own buttons
        assert browser.js("const e = document.activeElement;"
                          "return e === document.body ||"
                          " Boolean(e.closest('#decide'))")
    browser.press_with(Keys.CONTROL, Keys.ENTER)
    page.wait_made({names[1]: "rejected"})
    assert names[2] in browser.js(FOCUS)["label"], "on to the next one"
    browser.press("?")
    assert "choose all that match" in page.text("#keys")
    browser.press(Keys.ESCAPE)
    assert not page.text("#keys")


@pytest.mark.parametrize("view", ["list", "approve", "reject"])
def test_to_read_it(rig, ca, page, view):
    """In either theme, on a telephone, and for those who listen."""
    ask(rig, ca.leaf(), "reading")
    page.opened(width=390, height=844)
    until(lambda: page.count(), "there is a row")
    assert page.browser.js(
        "return document.querySelector('#list tbody tr')"
        ".getBoundingClientRect().bottom <"
        " document.getElementById('choice').getBoundingClientRect().top")
    page.click(".device")
    page.click("#list tbody input")
    if view != "list":
        page.click(f"#{view}")
    for width in (320, 390, 640, 1280):
        page.browser.size(width, 844)
        fits(page.browser, width)
    is_readable(page.browser, 60)
    assert nameless(page.browser) == []
    assert page.browser.complaints() == []


# ---- what it keeps to itself


def hostile(rig, topics, **certificate):
    """A request as no bridge writes it; returns its path."""
    path = device_path(registry="hostile")
    stamp = "2099-01-01T00:00:00.000Z"
    rig.writer.send(topics["requests"], {
        "request_id": f"r-{name_of(path)}",
        "device": {"path": path, "subscription": "acme",
                   "registry": "hostile", "id": name_of(path)},
        "certificate": {
            "fingerprint_sha256": "ab" * 32, "subject": "CN=x",
            "issuer": "CN=x", "serial": "01", "not_before": stamp,
            "not_after": stamp, "subject_alt_names": [],
            "public_key": {"algorithm": "EC", "bits": 256,
                           "spki_sha256": "cd" * 32}, **certificate},
        "received_at": "2026-01-01T00:00:00.000Z", "expires_at": stamp,
        "attempt": 1, "contenders": 1,
        "decision_topic": topics["decisions"]}, key=path)
    return path


def test_strangers_words_are_words(rig, browser, tmp_path):
    markup = '<img src=x onerror="document.title=1">'
    topics = topic_names("hostile")
    rig.kafka.create(topics.values())
    serve = Serve(tmp_path, rig.kafka.brokers, topics).start()
    page = Page(browser, serve.address()).opened()
    until(lambda: page.text("#empty-what"), "nothing is open")
    assert "connects for the first time" in page.text("#empty-next")
    assert "ztp-approver simulate" in page.text("#empty-try")
    assert not page.text("#choice")
    path = hostile(rig, topics, subject=f"CN={markup}",
                   issuer=f"CN=gnp{RTL}txt.a\nb\u0007c\u200bd",
                   serial="f" * 4000, subject_alt_names=["DNS:" + "x" * 9000])
    bare = f"{path}-bare"
    rig.writer.send(topics["requests"], {
        "request_id": "r-bare", "device": {"path": bare},
        "certificate": {"fingerprint_sha256": "ef" * 32}}, key=bare)
    page.opened()
    assert page.row(path)[3] == \
        r"CN=gnp\u{202e}txt.a\u{a}b\u{7}c\u{200b}d"
    # What an operator has left out is left out.
    assert page.row(bare) == ["", name_of(bare), "acme/hostile", "",
                              "efef efef efef efef", "", "", "", ""]
    facts = page.details(name_of(path))
    assert facts["subject"] == f"CN={markup}"
    assert facts["other names"] == "DNS:" + "x" * 9000
    for width in (390, 1280):
        page.browser.size(width, 844)
        fits(page.browser, width)
    assert page.browser.js("return [document.images.length,"
                           " document.scripts.length]") == [0, 1]
    assert RTL not in page.browser.js("return document.body.innerText")
    assert page.browser.complaints() == []
    with pytest.raises(Exception, match="TrustedHTML"):
        page.browser.js("document.body.innerHTML = arguments[0]", markup)
    assert [url for url in page.browser.asked()
            if not url.startswith((page.address, "data:"))] == []
    assert page.browser.js("return [localStorage.length,"
                           " sessionStorage.length, document.cookie]") == [
                               0, 0, ""]
    serve.stop()


# ---- many, and a session

MANY = 500
SOME = "sample-45"  # of their names


@pytest.fixture
def played(rig, tmp_path):
    """The operator's side of many requests, and a server that wants a
    token."""
    folder = tmp_path
    topics = topic_names("many")
    rig.kafka.create(topics.values())
    simulate = Process("simulate", [
        binary("ztp-approver"), "simulate", "--brokers", rig.kafka.brokers,
        "--count", str(MANY), "--requests", topics["requests"], "--decisions",
        topics["decisions"], "--results", topics["results"]], folder).start()
    simulate.wait_log(rf"(?:.* asked .*\n){{{MANY}}}")
    serve = Serve(folder, rig.kafka.brokers, topics, {TOKEN: "acme"}).start()
    yield serve
    serve.stop()
    simulate.stop(expect=None)


# Holds the next list that the server answers with until release().
HOLD = """
const real = window.fetch;
window.fetch = async (path, how) => {
    const answer = await real(path, how);
    if (how.method === "GET")
        await new Promise((go) => { window.release = go; });
    return answer;
}
"""


def sign_in(page, token=TOKEN):
    until(lambda: page.text("#login-title"), "it asks for the token")
    page.write("#token", token)
    page.browser.press(Keys.ENTER)


def test_many_and_a_session(browser, played):
    page = Page(browser, played.address()).open()
    sign_in(page, "wrong")
    until(lambda: "does not know" in page.text("#login-note"), "it is refused")
    assert page.count() == 0 and page.text("#list-empty") == ""
    sign_in(page)
    until(lambda: page.count() == MANY, "all are there")
    # From an empty page to all rows. A machine that is busy can make that late, but
    # what costs too much is never quicker.
    times = []

    def opens_quickly():
        page.open()
        until(lambda: page.count() == MANY, "all are there again")
        times.append(browser.js("return performance.getEntriesByName('list')[0]"
                                ".startTime"))
        return times[-1] < 1000

    until(opens_quickly, lambda: f"less than a second: {times} ms")
    times.clear()

    def filters_quickly():
        times.append(browser.js("""
            const before = performance.now();
            const f = document.getElementById('f-find');
            f.value = '7'; f.dispatchEvent(new Event('input'));
            document.body.getBoundingClientRect();
            return performance.now() - before"""))
        page.find("")
        return times[-1] < 1000

    until(filters_quickly, lambda: f"less than a second: {times} ms")
    page.choose_all()
    # The session ends in the middle of it.
    browser.cdp("Network.clearBrowserCookies")
    until(lambda: "What you have chosen is kept" in page.text("#login-what"),
          "it says that the session has ended")
    browser.press(Keys.ESCAPE)
    until(lambda: page.text("#login-title"), "there is nothing behind it")
    sign_in(page)
    until(lambda: not page.text("#login-title"), "it goes on")
    assert page.text("#chosen-count") == f"{MANY} chosen"
    page.click("#approve")
    assert page.text("#decide-title") == f"Approve {MANY} requests?"
    browser.press(Keys.ESCAPE)
    page.click("#choose-none")
    page.find(SOME)
    some = page.count()
    page.choose_all()
    assert page.text("#chosen-count") == f"{some} chosen"
    page.click("#reject")
    page.click("#confirm")
    until(lambda: page.text("#tally") == f"{some} rejected",
          lambda: page.text("#tally"))
    page.find("")
    until(lambda: page.update() or page.count() == MANY - some, "they are gone")
    # Another page is signed in by the same cookie.
    page.open()
    until(lambda: page.count() == MANY - some, "it is signed in")
    # Whoever signs in next sees nothing of what was written.
    page.choose_all()
    page.click("#approve")
    page.click("[name=kind][value=json]")
    page.write("#json", '{"secret": 1}')
    page.click("#cancel")
    browser.js(HOLD)
    until(lambda: browser.js("return Boolean(window.release)"),
          "an answer is under way")
    page.click("#sign-out")
    until(lambda: page.text("#login-title"), "it wants a token again")
    browser.js("release(); return new Promise((go) => setTimeout(go))")
    assert not page.made() and page.count() == 0
    assert browser.js("return document.getElementById('json').value") == ""


# ---- what it says when something is gone


def test_a_server_that_is_gone(rig, ca, page, page_server):
    path = ask(rig, ca.leaf(), "gone")
    page.opened(only("gone")).row(path)
    page.choose(name_of(path))
    page.browser.js(LISTEN)
    page_server.stop()
    until(lambda: "does not answer" in page.text("#trouble"), "it says so")
    wait_told(page.browser, "does not answer")
    until(lambda: page.disabled("#approve") and page.disabled("#reject"),
          "nothing can be decided")
    page.click("#approve")
    assert not page.text("#decide-title")
    assert page.browser.js(
        "return getComputedStyle(document.querySelector('main')).opacity"
    ) == "0.5"
    assert page.browser.driver.title.startswith("no answer")
    page_server.start()
    until(lambda: page.again() or not page.text("#trouble"), "it is back")
    wait_told(page.browser, "answers again")
    assert page.text("#chosen-count") == "1 chosen"
    until(lambda: not page.disabled("#approve"), "it can be decided")
