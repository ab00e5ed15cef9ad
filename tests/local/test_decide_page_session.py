"""The page of ztp-approver serve when its session ends with decisions that are
not sent: whoever signs in next has not decided them."""

import pytest

from harness.decide_page import Page, watch_posts
from harness.door import Simulated, fresh_topics
from harness.serve import Serve
from harness.until import until

ONE, OTHER = "a-token-of-one", "a-token-of-another"
MANY = 40


@pytest.fixture
def served(tmp_path, mock_kafka):
    topics = fresh_topics(mock_kafka)
    simulate = Simulated(tmp_path, mock_kafka, topics, "--count",
                         str(MANY)).start()
    serve = Serve(tmp_path, mock_kafka.brokers, topics,
                  {ONE: "acme", OTHER: "acme"}).start()
    yield serve
    serve.stop()
    simulate.stop(expect=None)


@pytest.fixture
def page(browser, served):
    browser.cdp("Network.clearBrowserCookies")
    return Page(browser, served.address()).open()


def sign_in(page, token):
    until(lambda: page.text("#login-title"), "it asks for the token")
    page.write("#token", token)
    page.click("#sign-in")
    until(lambda: not page.text("#login-title"), "somebody is signed in")


def decided_without_a_session(page):
    """Decides all; the session has ended before the first one arrives."""
    sign_in(page, ONE)
    until(lambda: page.count() == MANY, "all are there")
    page.click("#pause")  # nothing but decisions finds out
    page.choose_all()
    page.click("#reject")
    page.browser.cdp("Network.clearBrowserCookies")
    page.click("#confirm")
    until(lambda: page.text("#login-title"), "the session has ended")
    until(lambda: set(page.made().values()) == {"not sent"},
          lambda: f"what is not sent is drawn: {page.made()}")


def posts(page):
    return page.browser.js("return window.posts")


def test_what_is_not_sent_is_held(browser, page):
    decided_without_a_session(page)
    until(lambda: f"{MANY} decisions are not sent" in page.text(
        "#login-what"), "it says what is not sent")
    watch_posts(browser)
    sign_in(page, OTHER)
    assert set(page.made().values()) == {"not sent"}
    page.click("#pause")
    until(lambda: page.browser.js("return pulse.answered > 0 && !pulse.busy"),
          "the list is there again")
    assert [one for one in posts(page) if one["key"]] == []
    assert page.count() == MANY  # and may be decided otherwise
    assert page.text("#send-held") == f"Send {MANY} decisions"
    page.click("#send-held")
    until(lambda: page.text("#tally") == f"{MANY} rejected",
          lambda: page.text("#tally"))
    assert len({one["key"] for one in posts(page)} - {None}) == MANY


def test_what_is_not_sent_may_be_dropped(page):
    decided_without_a_session(page)
    sign_in(page, OTHER)
    page.click("#outcomes-clear")
    assert page.made() == {}
    assert page.text("#send-held") == ""
    page.click("#pause")
    until(lambda: page.update() or page.count() == MANY, "all are open")


def test_another_window_signs_out(browser, served, page):
    """The cookie is of all windows: none goes on with another's session."""
    sign_in(page, ONE)
    until(lambda: page.count() == MANY, "all are there")
    first, = browser.driver.window_handles
    browser.driver.switch_to.new_window("tab")
    other = Page(browser, served.address()).open()
    until(lambda: other.count() == MANY, "it is signed in by the same cookie")
    other.click("#sign-out")
    sign_in(other, OTHER)
    browser.driver.close()
    browser.driver.switch_to.window(first)
    until(lambda: page.text("#login-title"), "it wants a token, too")
