"""The page of ztp-approver serve: what a person sees and does there."""

from selenium.webdriver.common.by import By

from .rig import device_path
from .until import until

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


def name_of(path):
    return path.rsplit("/", 1)[1]


def ask(rig, leaf, registry, prefix="dev"):
    """A device asks; returns its path."""
    path = device_path(prefix, registry=registry)
    rig.pending(path, leaf.pem)
    rig.request(path)
    return path


def only(registry):
    """The page's address with the list of that registry alone."""
    return f"#/?registry=acme%2F{registry}"


def watch_posts(browser, change=None, lost=0):
    """Keeps what the page posts in window.posts. change: replaces members of
    it; lost: so many answers do not arrive."""
    browser.js(WATCH, change or {}, lost)


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
