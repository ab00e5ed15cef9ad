"""What the bridge shows of its gate: refusals, why requests failed, who is away,
and what there is to do when there is nothing yet. On the page in a real
browser, over HTTP, as metrics and in the log."""

import contextlib
import os
import signal

import pytest
import requests

from harness import schemas
from harness.attack import Connect, knock
from harness.certs import Ca
from harness.gate import OPERATOR, PASSWORD, jwt, path_of
from harness.handshake import CUSTOM, Handshake
from harness.mqtt import Client
from harness.until import until

LINES = "return [...document.querySelectorAll(arguments[0])].map(" \
        "(row) => row.innerText)"


@pytest.fixture(scope="module")
def told(children_gone, tmp_path_factory, mock_kafka, ca):
    told = Handshake(tmp_path_factory.mktemp("told"), mock_kafka, ca,
                     ca.server()).start()
    told.publisher = Client(told.gate.port, user=OPERATOR, password=PASSWORD)
    told.address = f"http://{told.bridge.http()}/"
    yield told
    told.stop()


@pytest.fixture(scope="module")
def strangers(told, tmp_path_factory):
    """Two devices of another CA that the gate has refused: one three times."""
    ca = Ca(tmp_path_factory.mktemp("stranger"), "stranger")
    leaves = [ca.issue() for _ in range(2)]
    connects = [Connect(path_of(CUSTOM), leaf.base64, jwt(leaf))
                for leaf in leaves]
    for connect in (connects[0], connects[0], connects[1], connects[0]):
        assert knock(told.gate.port, connect) != 0
    until(lambda: verdicts(told, "refused", "untrusted_issuer") == 4,
          "all are counted")
    return [connect.client_id for connect in connects]


def ask(told, path):
    answer = requests.get(told.address + path, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def verdicts(told, verdict, code):
    """The counter, which must be there once."""
    name = f'ztp_gate_verdicts_total{{verdict="{verdict}",code="{code}"}} '
    [line] = [line for line in ask(told, "metrics").text.split("\n")
              if line.startswith(name)]
    return int(line[len(name):])


def shown(browser, told, place="", width=1280, height=900):
    browser.size(width, height)
    browser.scheme("light")
    browser.open(told.address + place)
    until(lambda: browser.js("return pulse.answered > 0 && !pulse.busy"),
          "everything has been asked and drawn once")


def test_a_new_page_says_what_to_do(told, browser):
    shown(browser, told)
    until(lambda: "ztpctl registry create" in browser.text("#list-empty"),
          "it says how to get a request")
    assert "No request has ended yet" in browser.text("#results-empty")
    assert browser.text("#refusals-empty") == "Nobody, since the bridge started."
    assert browser.js("return [...document.querySelectorAll('.beside table')]"
                      ".some((table) => table.checkVisibility())") is False
    assert ask(told, "v1/refusals").json() == {"refusals": []}
    assert verdicts(told, "refused", "untrusted_issuer") == 0


def test_refusals(told, strangers, browser):
    page = ask(told, "v1/refusals").json()
    assert schemas.problems("refusals", page) == []
    assert [(one["code"], one["device_path"], one["count"], one["remote_addr"])
            for one in page["refusals"]] == [
                ("untrusted_issuer", strangers[0], 3, "127.0.0.1"),
                ("untrusted_issuer", strangers[1], 1, "127.0.0.1")]
    shown(browser, told)
    until(lambda: len(browser.js(LINES, "#refusals tbody tr")) == 2,
          "they are shown")
    first = browser.js(LINES, "#refusals tbody tr")[0]
    for text in ("untrusted_issuer", "its CA is not in the registry",
                 strangers[0].rsplit("/", 1)[1], "3", "127.0.0.1"):
        assert text in first
    until(lambda: "refused 4" in browser.text("#list-empty"),
          "it says that there is something to see")
    browser.js("document.querySelector('#list-empty a').click()")
    until(lambda: browser.js(
        "return document.getElementById('refusals').getBoundingClientRect()"
        ".top") < 900, "there it is")


def test_history(told):
    page = ask(told, "v1/history").json()
    assert schemas.problems("history", page) == []
    assert page["samples"][0][0] <= page["now"][0]


def test_why_it_failed(told, browser):
    """The gate has no candidate for an event that somebody else published."""
    path, leaf = path_of(CUSTOM), told.ca.leaf()
    told.publisher.publish("ztp/v1/pending", {
        "device_path": path, "certificate": leaf.pem})
    request = told.request_of(path)
    told.decide(request)
    body = told.ended(request, "failed")
    page = ask(told, f"v1/requests/{body['request_id']}").json()
    assert page["message"] == body["message"] != ""
    [line] = [line for line in told.bridge.log().split("\n")
              if "event=request_ended" in line and body["request_id"] in line]
    assert "outcome=failed" in line and f'why="{body["message"]}"' in line
    shown(browser, told, f"#/requests/{body['request_id']}")
    until(lambda: body["message"] in browser.text("#life"), "it is shown")


def test_approved_and_away(told, browser):
    device, _ = told.held()
    request = told.request_of(device.path)
    device.close()
    told.clients.remove(device)
    told.decide(request)
    until(lambda: ask(told, "v1/status").json()["requests"]["registered"] == 1,
          "it is registered")
    name = device.path.rsplit("/", 1)[1]
    shown(browser, told, f"#/requests?find={name}")
    until(lambda: browser.js(LINES, "#list tbody td .state")
          == ["registered, away"], "it is shown as away")
    colours = browser.js(
        "const seen = (name) => getComputedStyle(document.querySelector("
        "`#states li.${name}`)).color; return ['away', 'move', 'good'].map("
        "seen).concat(getComputedStyle(document.querySelector("
        "'#list .state')).color)")
    assert len(set(colours[:3])) == 3 and colours[3] == colours[0]


def test_on_a_narrow_screen(told, browser):
    """The first request is on the first screen of a telephone."""
    shown(browser, told, "", 390, 844)
    until(lambda: browser.js(LINES, "#list tbody tr"), "the list is shown")
    assert browser.js(
        "return document.querySelector('#list tbody tr')"
        ".getBoundingClientRect().bottom") <= 844
    assert browser.js("return document.scrollingElement.scrollWidth") == 390


@contextlib.contextmanager
def stopped(process):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_a_bridge_that_hangs(told, browser):
    shown(browser, told)
    ink = "return getComputedStyle(document.querySelector('#states b')).color"
    before = browser.js(ink)
    with stopped(told.bridge):
        until(lambda: "no answer since" in browser.text("#as-of"),
              "it says since when")
        assert browser.js("return document.body.dataset.worth") == "silent"
        assert browser.js(ink) != before
    until(lambda: browser.js("return document.body.dataset.worth") == "",
          "it is back")
    assert browser.js(ink) == before
