"""The page of ztp-approver serve in a real browser: a customer decides by hand.
Behind it are a real Kafka, a broker and a bridge, or `ztp-approver simulate`
where there are to be many requests.

What is shown is what one decides by, every decision has exactly one effect,
and everybody can use it."""

import base64
import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness.bridge import topic_names
from harness.looks import FOCUS, fits, is_readable, nameless, tab_to
from harness.process import Process
from harness.rig import device_path
from harness.serve import Serve
from harness.until import until
from harness.where import binary

TOKEN = "a-token-of-the-customer"
RTL = "\u202e"


class Page:
    """What a person sees and does there."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address

    def open(self, hash="", width=1280, height=900):
        self.browser.size(width, height)
        self.browser.scheme("light")
        self.browser.open(f"{self.address}/{hash}")
        return self

    def opened(self, hash="", **more):
        self.open(hash, **more)
        until(lambda: self.title().startswith("Open requests: "),
              "the list is there")
        return self

    def title(self):
        return self.browser.text("#requests-title")

    def text(self, selector):
        return self.browser.text(selector)

    def rows(self):
        """{device: [cell, ...]} of the list."""
        return dict(self.browser.js(
            "return [...document.querySelectorAll("
            "'#list tbody tr:not(.details)')].map((row) =>"
            " [row.querySelector('.device').innerText,"
            "  [...row.cells].map((cell) => cell.innerText)])"))

    def count(self):
        return self.browser.js("return document.querySelectorAll("
                               "'#list tbody tr:not(.details)').length")

    def row(self, path):
        return until(lambda: self.rows().get(name_of(path)),
                     f"{path} is in the list")

    def find(self, text):
        self.write("#f-find", text)

    def write(self, selector, text):
        """Replaces what a field holds."""
        self.browser.js(
            "const f = document.querySelector(arguments[0]);"
            "f.value = arguments[1]; f.focus();"
            "f.dispatchEvent(new Event('input'))", selector, text)

    def select(self, selector, value):
        self.browser.js(
            "const f = document.querySelector(arguments[0]);"
            "f.value = arguments[1]; f.dispatchEvent(new Event('input'))",
            selector, value)

    def element(self, selector):
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def put(self, selector, file):
        self.element(selector).send_keys(str(file))

    def click(self, selector):
        """As a mouse does it."""
        self.element(selector).click()

    def disabled(self, selector):
        return self.element(selector).get_attribute(
            "aria-disabled") == "true"

    def choose(self, name):
        """Chooses it or not, by its checkbox."""
        self.browser.js(
            "[...document.querySelectorAll('#list tbody tr')].find((row)"
            " => row.innerText.includes(arguments[0]))"
            ".querySelector('input').click()", name)

    def choose_all(self):
        self.browser.js("document.getElementById('all').click()")

    def update(self):
        """Lets the list move, if it waits for that."""
        self.browser.js("document.getElementById('catch-up').click()")

    def again(self):
        self.browser.js("document.getElementById('try-now').click()")

    def details(self, name):
        """{name: value} of the row's details."""
        self.browser.js(
            "[...document.querySelectorAll('.device')].find((b) =>"
            " b.innerText === arguments[0]).click()", name)
        return dict(self.browser.js(
            "return [...document.querySelectorAll('.details dl div')].map("
            "(pair) => [...pair.children].map((e) => e.innerText))"))

    def made(self):
        """{device: state} of what was decided."""
        return dict(self.browser.js(
            "return [...document.querySelectorAll('#made li')].map((item) =>"
            " [item.querySelector('b').innerText,"
            "  item.querySelector('.state').innerText])"))

    def wait_made(self, wanted):
        until(lambda: self.made() == wanted,
              lambda: f"{self.made()} is {wanted}")

    def news(self):
        return self.browser.js(
            "return document.getElementById('news').textContent")


@pytest.fixture(scope="module")
def serve(rig, tmp_path_factory):
    serve = Serve(tmp_path_factory.mktemp("serve"), rig.kafka.brokers,
                  rig.topics).start()
    yield serve
    serve.stop()


@pytest.fixture
def page(browser, serve):
    return Page(browser, serve.address())


def ask(rig, leaf, registry, prefix="dev"):
    """A device asks; returns its path."""
    path = device_path(prefix, registry=registry)
    rig.pending(path, leaf.pem)
    rig.request(path)
    return path


def name_of(path):
    return path.rsplit("/", 1)[1]


def only(registry):
    """The page's address with the list of that registry alone."""
    return f"#/?registry=acme%2F{registry}"


# ---- what one decides by


def test_what_one_decides_by(rig, ca, page):
    leaf = ca.issue("rsa2048", subject="/CN=pump/O=Acme",
                    extensions="subjectAltName=DNS:pump.acme.example\n")
    path = ask(rig, leaf, "shown")
    row = page.opened(only("shown")).row(path)
    assert row[2:4] == ["acme/shown", "CN=registry-ca"]
    assert row[4].replace(" ", "") == leaf.fingerprint[:16]
    assert row[5:7] == ["RSA 2048", ""]
    assert row[7].endswith("ago") and row[8].startswith("in 23 h")
    body = rig.request(path).json()
    facts = page.details(name_of(path))
    stamp = body["expires_at"][:19].replace("T", " ")
    assert facts["expires"].startswith(f"{stamp} UTC, in 23 h")
    assert facts.items() >= {
        "device path": path,
        "fingerprint": f"SHA-256 {leaf.fingerprint}",
        "subject": body["certificate"]["subject"],
        "issuer": "CN=registry-ca",
        "other names": "DNS:pump.acme.example",
        "key": "RSA 2048",
        "contenders": "1, only this one",
        "attempt": "1",
        "request": body["request_id"]}.items()


def test_contenders(rig, ca, page):
    path = rig.device(device_path(registry="rivals")).path
    for _ in range(2):
        rig.pending(path, ca.issue("p256").pem)
    rig.reader.wait(rig.topics["requests"], key=path, count=2)
    page.opened(only("rivals"))
    until(lambda: page.count() == 2, "both are there")
    assert page.row(path)[6].startswith("2 contend")
    page.choose(name_of(path))
    page.click("#approve")
    assert "claimed by another certificate as well" in page.text(
        "#decide-warn")
    page.click("#cancel")
    page.click("#choose-all")
    page.click("#approve")
    assert page.text("#decide-title") == "Approve 2 requests?"
    assert "2 of these claim a path" in page.text("#decide-warn")
    page.click("#confirm")
    until(lambda: set(page.text("#tally").split(", ")) ==
          {"1 onboarded", "1 conflict"}, lambda: page.text("#tally"))


def test_one_certificate_for_several_paths(rig, ca, page):
    leaf = ca.issue("p256")
    paths = [ask(rig, leaf, "leaked") for _ in range(2)]
    ask(rig, ca.issue("p256"), "leaked")
    page.opened(only("leaked"))
    until(lambda: page.count() == 3, "all are there")
    page.select("#f-only", "shared")
    assert sorted(page.rows()) == sorted(map(name_of, paths))
    assert page.row(paths[0])[6] == "asks for 2 paths"
    assert page.details(name_of(paths[0]))["certificate"] == \
        f"asks for 2 paths: also {paths[1]}"
    page.choose(name_of(paths[0]))
    page.click("#approve")
    assert "asks for several paths" in page.text("#decide-warn")


def test_find_and_filter(rig, ca, page):
    leaf = ca.issue("p256", subject="/CN=needle")
    rig_path = ask(rig, leaf, "finding", "needle")
    other = ask(rig, ca.leaf(), "finding", "straw")
    page.opened(only("finding"))
    until(lambda: page.count() == 2, "both are there")
    colons = ":".join(leaf.fingerprint[at:at + 2].upper()
                      for at in range(0, 20, 2))
    for words in (name_of(rig_path), leaf.fingerprint[:10], colons,
                  "NEEDLE cn=registry-ca",
                  rig.request(rig_path).json()["request_id"]):
        page.find(words)
        assert list(page.rows()) == [name_of(rig_path)], words
    # What is chosen stays so when it is not shown, and is counted.
    page.choose(name_of(rig_path))
    page.find("straw")
    assert list(page.rows()) == [name_of(other)]
    assert page.text("#chosen-note") == "1 of them not in this list"
    page.find("nothing like it")
    assert "matches the filter" in page.text("#list-empty")
    page.click("#show-all")
    assert {name_of(rig_path), name_of(other)} <= set(page.rows())
    assert "#/?" not in page.browser.driver.current_url


# ---- decisions


WATCH = """
const real = window.fetch, posts = window.posts = [];
window.fetch = async (path, how) => {
    if (how.method !== "POST") return real(path, how);
    how = {...how, ...arguments[0]};
    posts.push({body: how.body, key: how.headers["Idempotency-Key"]});
    const answer = await real(path, how);
    if (posts.length <= arguments[1]) throw new TypeError("lost");
    return answer;
}
"""


def watch_posts(browser, change=None, lost=0):
    """Keeps what the page posts in window.posts. change: replaces members of
    it; lost: so many answers do not arrive."""
    browser.js(WATCH, change or {}, lost)


BIG = '{"n": 900719925474099312345678901234567890, "f": 1.0}'


def test_approve_one(rig, ca, page):
    """The device gets the JSON as it was written, and a double click is one
    decision."""
    device = rig.device(device_path(registry="one"))
    leaf = ca.issue("p256")
    rig.pending(device.path, leaf.pem)
    page.opened(only("one")).row(device.path)
    page.choose(name_of(device.path))
    assert page.text("#chosen-count") == "1 chosen"
    page.click("#approve")
    assert page.text("#decide-title") == "Approve 1 request?"
    what = page.text("#decide-what")
    assert what.startswith("1 device in acme/one: each is registered")
    assert leaf.fingerprint in page.text("#decide-list").replace(" ", "")
    page.click("[name=kind][value=json]")
    page.write("#json", '{"n": 1,}')
    assert page.text("#payload-note").startswith(
        "Not JSON: line 1, column 9:")
    assert page.disabled("#confirm")
    page.click("#confirm")
    assert page.text("#decide-title"), "it is not sent"
    page.write("#json", BIG)
    assert page.text("#payload-note") == "Will be sent: JSON, 53 bytes."
    watch_posts(page.browser)
    page.browser.js("const b = document.getElementById('confirm');"
                    "b.click(); b.click();")
    page.wait_made({name_of(device.path): "onboarded"})
    assert page.news() == f"{name_of(device.path)}: onboarded, " \
        "the device has joined: " + rig.result(device.path).json()["message"]
    command = device.wait(device.command_topic)[0]
    assert f'"payload":{BIG}' in command.payload.decode()
    decision, = rig.reader.find(rig.topics["decisions"], key=device.path)
    assert decision.json()["fingerprint_sha256"] == leaf.fingerprint
    # It says so itself: this is the certificate that was seen.
    (post,) = page.browser.js("return window.posts")
    assert json.loads(post["body"])["fingerprint_sha256"] == leaf.fingerprint
    assert rig.reader.find(rig.topics["results"], key=device.path) == [
        rig.result(device.path)]


def test_a_file_is_the_payload(rig, ca, page, tmp_path):
    """JSON goes as JSON, anything else as bytes; what is too large not at
    all."""
    path = ask(rig, ca.leaf(), "files")
    page.opened(only("files")).row(path)
    page.choose(name_of(path))
    page.click("#approve")
    page.click("[name=kind][value=file]")
    for name, data, note in (
            ("large", b"x" * 65537, "at most 65\u202f536"),
            ("empty", b"", "empty"),
            ("a.json", b'\xef\xbb\xbf{"a": 1}', "JSON, 8 bytes"),
            ("a.bin", bytes(range(256)), "256 bytes as they are")):
        (tmp_path / name).write_bytes(data)
        page.put("#file", tmp_path / name)
        until(lambda: note in page.text("#payload-note"),
              lambda: page.text("#payload-note"))
    page.write("#type", "application/x-conf")
    page.click("#confirm")
    decision = rig.reader.one(rig.topics["decisions"], key=path).json()
    assert base64.b64decode(decision["payload_base64"]) == bytes(range(256))
    assert decision["content_type"] == "application/x-conf"


def test_reject_many(rig, ca, page):
    paths = [ask(rig, ca.leaf(), "refused") for _ in range(3)]
    page.opened(only("refused"))
    until(lambda: page.count() == 3, "all are there")
    page.click("#all")
    page.choose(name_of(paths[1]))  # not this one
    page.click("#reject")
    assert page.text("#decide-title") == "Reject 2 requests?"
    page.write("#reason", "x" * 129)
    assert "at most 128" in page.text("#reject-note")
    assert page.disabled("#confirm")
    page.write("#reason", "not_on_list")
    page.write("#message", "We did not deliver this one.")
    page.click("#confirm")
    page.wait_made({name_of(paths[0]): "rejected",
                    name_of(paths[2]): "rejected"})
    assert page.news() == "2 decisions: 2 rejected"
    for path in (paths[0], paths[2]):
        decision = rig.reader.one(rig.topics["decisions"], key=path).json()
        assert decision["reason"] == "not_on_list"
        assert decision["message"] == "We did not deliver this one."
    until(lambda: page.update() or page.count() == 1, "they leave the list")
    assert list(page.rows()) == [name_of(paths[1])]


def test_an_answer_that_is_lost(rig, ca, page):
    """The page sends the same again with the same key, and it counts once."""
    path = ask(rig, ca.leaf(), "lost")
    page.opened(only("lost")).row(path)
    watch_posts(page.browser, lost=2)
    page.choose(name_of(path))
    page.click("#reject")
    page.click("#confirm")
    page.wait_made({name_of(path): "rejected"})
    keys = [post["key"] for post in page.browser.js("return window.posts")]
    assert len(keys) == 3 and len(set(keys)) == 1
    rig.result(path)
    assert len(rig.reader.find(rig.topics["decisions"], key=path)) == 1


def test_a_result_that_is_late(rig, ca, page):
    path = ask(rig, ca.leaf(), "late")
    page.opened(only("late")).row(path)
    rig.bridge.pause()
    watch_posts(page.browser, {"headers": {
        "Content-Type": "application/json", "Prefer": "wait=0"}})
    page.choose(name_of(path))
    page.click("#reject")
    page.click("#confirm")
    page.wait_made({name_of(path): "sent, no result yet"})
    rig.bridge.resume()
    page.wait_made({name_of(path): "rejected"})


def test_the_server_refuses(rig, ca, page):
    """What it says is shown, and one may decide again."""
    path = ask(rig, ca.leaf(), "wrong")
    page.opened(only("wrong")).row(path)
    watch_posts(page.browser, {"body": '{"decision": "perhaps"}'})
    page.choose(name_of(path))
    page.click("#reject")
    page.click("#confirm")
    page.wait_made({name_of(path): "not taken"})
    assert page.text("#made .what") == \
        "decision is neither approve nor reject"
    page.choose(name_of(path))
    assert page.text("#chosen-count") == "1 chosen"


def test_somebody_else_was_first(rig, ca, page):
    """The page says so, and that nothing was done."""
    path = ask(rig, ca.leaf(), "first")
    page.opened(only("first")).row(path)
    page.click("#pause")
    page.choose(name_of(path))
    rig.decide(rig.request(path), "reject")
    rig.result(path)
    page.click("#approve")
    page.click("#confirm")
    page.wait_made({name_of(path): "already_decided"})
    assert page.text("#made .what").startswith(
        "it was decided otherwise before")


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
    # From an empty page to all rows.
    page.open()
    until(lambda: page.count() == MANY, "all are there again")
    shown = browser.js("return performance.getEntriesByName('list')[0]"
                       ".startTime")
    assert shown < 1000, f"{shown} ms"
    # Filtering is quick, too.
    took = browser.js("""
        const before = performance.now(), f = document.getElementById('f-find');
        f.value = '7'; f.dispatchEvent(new Event('input'));
        document.body.getBoundingClientRect();
        return performance.now() - before""")
    assert took < 300, f"{took} ms"
    page.find("")
    page.choose_all()
    # The session ends in the middle of it.
    browser.cdp("Network.clearBrowserCookies")
    until(lambda: "What you have chosen is kept" in page.text("#login-what"),
          "it says that the session has ended")
    browser.press(Keys.ESCAPE)
    assert page.text("#login-title"), "there is nothing behind it"
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
    page.click("#sign-out")
    until(lambda: page.text("#login-title"), "it wants a token again")
    assert not page.made()


# ---- what it says when something is gone


def test_a_server_that_is_gone(rig, ca, page, serve):
    path = ask(rig, ca.leaf(), "gone")
    page.opened(only("gone")).row(path)
    page.choose(name_of(path))
    serve.stop()
    until(lambda: "does not answer" in page.text("#trouble"), "it says so")
    assert "does not answer" in page.news()
    assert page.disabled("#approve") and page.disabled("#reject")
    page.click("#approve")
    assert not page.text("#decide-title")
    assert page.browser.js(
        "return getComputedStyle(document.querySelector('main')).opacity"
    ) == "0.5"
    assert page.browser.driver.title.startswith("no answer")
    serve.start()
    until(lambda: page.again() or not page.text("#trouble"), "it is back")
    assert "answers again" in page.news()
    assert page.text("#chosen-count") == "1 chosen"
    assert not page.disabled("#approve")
