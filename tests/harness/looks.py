"""What every page for people must hold, asked of the browser: contrast,
visible focus, names for those who listen, nothing wider than the window."""

from selenium.webdriver.common.keys import Keys

from .until import until

# The lowest contrast of any shown text, with that text, by WCAG 2's formula.
# The background is the nearest one that is not transparent.
CONTRAST = r"""
function rgba(text) {
    const n = text.match(/[\d.]+/g).map(Number);
    return n.length < 4 ? [...n, 1] : n;
}
function light([r, g, b]) {
    const f = (c) => (c /= 255) <= 0.04045 ? c / 12.92
        : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
}
function under(e) {
    for (; e; e = e.parentElement) {
        const c = rgba(getComputedStyle(e).backgroundColor);
        if (c[3] === 1) return c;
        if (c[3] !== 0) throw "a background that shines through";
    }
    throw "no background";
}
function ratio(a, b) {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
}
let least = [99, "", 0];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility()
        || e.closest("option, script, noscript")) continue;
    const found = ratio(rgba(getComputedStyle(e).color), under(e));
    least[2]++;
    if (found < least[0]) least = [found, walk.currentNode.data, least[2]];
}
return {least: least[0], text: least[1], count: least[2]};
"""

FOCUS = """
const e = document.activeElement, s = getComputedStyle(e);
return {name: e.tagName, id: e.id, text: e.innerText || '',
        label: e.getAttribute('aria-label') || '',
        row: (e.closest('tr') || {dataset: {}}).dataset.key || '',
        table: (e.closest('table') || {}).id || '',
        seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2
              && e.getBoundingClientRect().top >= -1};
"""

# From now on, all that those who listen are told, which the next one replaces.
LISTEN = """
const news = document.getElementById('news'), heard = window.heard = [];
new MutationObserver(() => heard.push(news.textContent)).observe(
    news, {childList: true, characterData: true, subtree: true});
"""

CLEAN = {"light": "rgb(252, 252, 250)", "dark": "rgb(20, 23, 26)"}
NAMED = ("link", "button", "textbox", "combobox", "table", "searchbox",
         "checkbox", "radio", "dialog")


def wait_told(browser, words):
    """Waits until they have been told that, after LISTEN."""
    def heard():
        return browser.js("return window.heard")

    until(lambda: any(words in text for text in heard()),
          lambda: f"{words}: {heard()}")


def tab_to(browser, wanted, limit=80):
    """Presses Tab until the focus is there; the focus must be visible at every
    stop."""
    for _ in range(limit):
        browser.press(Keys.TAB)
        focus = browser.js(FOCUS)
        assert focus["seen"], focus
        if wanted(focus):
            return focus
    raise AssertionError("the Tab key does not get there")


def is_readable(browser, at_least):
    """In either theme, of at least so many texts."""
    inks = set()
    for scheme, paper in CLEAN.items():
        browser.scheme(scheme)
        found = browser.js(CONTRAST)
        assert found["count"] > at_least
        assert found["least"] >= 4.5, (scheme, found)
        colours = browser.js(
            "const s = getComputedStyle(document.body);"
            "return [s.backgroundColor, s.color]")
        assert colours[0] == paper
        inks.add(colours[1])
    assert len(inks) == 2


def fits(browser, width):
    """Nothing scrolls sideways, nothing is cut off."""
    assert browser.js("return document.scrollingElement.scrollWidth") == width
    assert browser.js(
        "return [...document.querySelectorAll('main *, header *')].filter("
        "(e) => e.checkVisibility() && !e.closest('svg, .unseen') &&"
        " e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))") == []


def nameless(browser):
    """What a screen reader would call by its kind alone."""
    tree = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    return [node for node in tree
            if node.get("role", {}).get("value") in NAMED
            and not node.get("ignored")
            and not node.get("name", {}).get("value")]
