"""Headless Chromium, driven by Debian's ChromeDriver and Selenium."""

import json
import pathlib
import signal

from selenium import webdriver
from selenium.webdriver.chromium.remote_connection import (
    ChromiumRemoteConnection,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.file_detector import UselessFileDetector

from .ports import free_port
from .process import Process

# Contacts nobody but the pages it opens. As root it needs --no-sandbox.
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--no-proxy-server",
    "--remote-debugging-pipe",  # the browser ends with it
]


class Browser(Process):
    """ChromeDriver and the one browser it starts."""

    def __init__(self, folder):
        # With --port=0 it lets the kernel choose a port for one family and
        # ends when somebody has the same one of the other.
        self.port = free_port()
        super().__init__("chromedriver",
                         ["chromedriver", f"--port={self.port}"], folder,
                         clean_exit=-signal.SIGTERM)
        self.driver = None
        self.profile = pathlib.Path(folder) / "profile"

    def start(self):
        super().start()
        self.wait_log(rf"successfully on port {self.port}\b")
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--user-data-dir={self.profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs",
                               {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Remote(
            command_executor=ChromiumRemoteConnection(
                f"http://127.0.0.1:{self.port}", "goog", "chrome",
                ignore_proxy=True),
            options=options)
        self.driver.file_detector = UselessFileDetector()  # same machine
        return self

    def stop(self, **how):
        if self.driver:
            self.driver.quit()
            self.driver = None
        super().stop(**how)

    def cdp(self, command, **params):
        return self.driver.execute(
            "executeCdpCommand", {"cmd": command, "params": params})["value"]

    def open(self, address):
        """Opens a page and forgets the requests and the log before it."""
        self.driver.get("about:blank")
        self.asked()
        self.complaints()
        self.driver.get(address)

    def size(self, width, height, scale=1):
        """Sets the viewport, in CSS pixels."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=scale, mobile=False)

    def scheme(self, name):
        """Sets prefers-color-scheme."""
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name}])

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def text(self, selector):
        """The text a person can read there; "" if it is not shown."""
        return self.js(
            "const e = document.querySelector(arguments[0]);"
            "return e && e.checkVisibility() ? e.innerText.trim() : ''",
            selector)

    def press(self, *keys):
        """Sends keys to the focused element."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def press_with(self, modifier, key):
        ActionChains(self.driver).key_down(modifier).send_keys(key).key_up(
            modifier).perform()

    def complaints(self):
        """What was written to the console since the last call."""
        return self.driver.execute(
            "getLog", {"type": "browser"})["value"]

    def asked(self):
        """The URLs of all requests since the last call."""
        entries = self.driver.execute(
            "getLog", {"type": "performance"})["value"]
        messages = [json.loads(entry["message"])["message"]
                    for entry in entries]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))
