"""The page of ztp-approver serve in a real browser: a customer decides by hand.
Behind it are a real Kafka, a broker and a bridge. What is shown is what one
decides by, and every decision has exactly one effect."""

import base64
import json

from harness.decide_page import ask, name_of, only, watch_posts
from harness.rig import device_path
from harness.until import until


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
