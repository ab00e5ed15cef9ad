"""The status pages of two real bridges in a real browser: each says what it is,
and whose requests it shows."""

import pytest

from cluster.pages import get
from cluster.pair import Plain
from harness.looks import fits, is_readable, nameless
from harness.until import until


@pytest.fixture
def rig(tmp_path, kafka, names):
    rig = Plain(tmp_path, kafka, names)
    rig.bridge.settings["standby"]["advertise"] = "http://zulu.example:9464/"
    rig.bridge.write_config()
    yield rig.start()
    rig.stop()


def shown(browser, bridge):
    browser.size(1280, 900)
    browser.scheme("light")
    browser.open(f"http://{bridge.http()}/")
    until(lambda: browser.text("#members").count("\n") == 1,
          lambda: f"both are shown: {browser.text('body')}")


def test_each_says_what_it_is(rig, browser):
    zulu, alpha = rig.bridge, rig.standby("alpha")
    until(lambda: get(alpha, "/readyz")[0] == 200, "it is ready")
    shown(browser, alpha)
    assert "alpha stands by for" in browser.text("#group-note")
    until(lambda: "of its copy, up to date" in browser.text("#group-note"),
          lambda: f"it is: {browser.text('#group-note')}")
    assert "copy" in browser.text("#requests-title")
    assert "copy" in browser.text("#standing-title")
    until(lambda: "zulu active," in browser.text("#members"),
          lambda: f"the other is active: {browser.text('#members')}")
    assert "alpha standby, this bridge," in browser.text("#members")
    assert browser.js("return document.querySelector('#members a').href") \
        == "http://zulu.example:9464/"
    assert not browser.js(
        "return document.querySelector('#group-twice').checkVisibility()")
    assert nameless(browser) == []
    is_readable(browser, 30)
    browser.size(400, 800)
    fits(browser, 400)
    shown(browser, zulu)
    assert "zulu is active for" in browser.text("#group-note")
    assert "copy" not in browser.text("body")


def test_one_name_twice(rig, browser):
    """A second one under the same name never becomes active, and both say so."""
    twin = rig.bridges["alpha"]
    twin.settings["standby"]["instance"] = "zulu"
    twin.write_config()
    rig.standby("alpha")
    twin.wait_log("event=instance_twice")
    rig.bridge.wait_log("event=instance_twice")
    browser.size(1280, 900)
    browser.open(f"http://{rig.bridge.http()}/")
    until(lambda: "have the name zulu" in browser.text("#group-twice"),
          "it is shown")
