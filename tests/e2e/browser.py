# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A headless Chromium to look at pages with, as a reader would: pointer and keys."""

import contextlib
import json
import os
import shutil
import tempfile
import time

import lab

CHROMEDRIVER = shutil.which("chromedriver") or "/usr/bin/chromedriver"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
WIDTH, HEIGHT = 1400, 900

# Without these Chromium asks its maker's hosts for news at every start.
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextlib.contextmanager
def open_browser():
    """A Browser of its own, gone with the block."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        lab.unavailable("no python3-selenium")
    if not os.path.exists(CHROMEDRIVER) or not os.path.exists(CHROMIUM):
        lab.unavailable("no chromium with its chromedriver")
    with tempfile.TemporaryDirectory() as home:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in [*QUIET, f"--user-data-dir={home}", f"--window-size={WIDTH},{HEIGHT}"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(service=Service(CHROMEDRIVER), options=options)
        try:
            driver.set_script_timeout(30)
            driver.command_executor.set_timeout(120)
            driver.get("about:blank")
            yield Browser(driver)
        finally:
            driver.quit()


class Browser:
    def __init__(self, driver):
        self.driver = driver
        self.messages = []
        self.requests = []

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def emulate(self, dark=False, motion=False, width=WIDTH, height=HEIGHT, ratio=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=ratio, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"}])

    def open(self, path, fragment="", **emulated):
        """Loads a page anew; a change of nothing but the fragment would not."""
        self.emulate(**emulated)
        self.driver.get("about:blank")
        self.driver.get(f"file://{path}{fragment}")
        self.settle()
        return self

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def wait(self, condition, seconds=20):
        """Until the JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.js(f"return !!({condition})"):
            assert time.monotonic() < end, f"never came true: {condition}"
            time.sleep(0.02)

    def settle(self):
        self.wait("window.alloctap && !alloctap.state().moving")

    # --- the page's own view of itself (viewer.start.js) ------------------------

    def state(self):
        self.settle()
        return self.js("return alloctap.state()")

    def find(self, path):
        node = self.js("return alloctap.find(arguments[0])", list(path))
        assert node >= 0, f"no such box: {path}"
        return node

    def node(self, path):
        return self.js("return alloctap.node(arguments[0])", self.find(path))

    def rect(self, path):
        self.settle()
        return self.js("return alloctap.rect(arguments[0])", self.find(path))

    # --- what a reader does ---------------------------------------------------------

    def _pointer(self, kind, x, y, **more):
        self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def _middle(self, path):
        r = self.rect(path)
        assert r, f"out of range: {path}"
        return r["x"] + min(r["width"] / 2, 40), r["y"] + r["height"] / 2

    def hover(self, path):
        self._pointer("mouseMoved", *self._middle(path))

    def hover_at(self, x, y):
        self._pointer("mouseMoved", x, y)

    def click(self, path):
        self.click_at(*self._middle(path))

    def click_at(self, x, y):
        self._pointer("mouseMoved", x, y)
        self._pointer("mousePressed", x, y, button="left", clickCount=1)
        self._pointer("mouseReleased", x, y, button="left", clickCount=1)
        self.settle()

    def drag(self, x, y, to_x, **more):
        self._pointer("mouseMoved", x, y)
        self._pointer("mousePressed", x, y, button="left", clickCount=1, **more)
        for at in ((x + to_x) / 2, to_x):
            self._pointer("mouseMoved", at, y, button="left", buttons=1, **more)
        self._pointer("mouseReleased", to_x, y, button="left", clickCount=1, **more)
        self.settle()

    def wheel(self, x, y, by):
        self._pointer("mouseWheel", x, y, deltaX=0, deltaY=by)
        self.settle()

    def press(self, selector):
        """Clicks a control as a reader would: it has to be there, shown and free."""
        self.driver.find_element("css selector", selector).click()
        self.settle()

    def keys(self, *keys):
        """Keys to whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)
        self.settle()

    def focus(self, selector):
        self.js("document.querySelector(arguments[0]).focus()", selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).innerText", selector)

    def shown(self, selector):
        return self.js("return document.querySelector(arguments[0]).checkVisibility()", selector)

    def pixel(self, x, y, canvas="canvas"):
        """Colour of a canvas at a point of the window, read from a copy: reading slows it."""
        return self.js("""
            const canvas = document.getElementById(arguments[2]), r = canvas.getBoundingClientRect();
            const copy = new OffscreenCanvas(1, 1).getContext("2d");
            copy.drawImage(canvas, r.left - arguments[0], r.top - arguments[1]);
            return [...copy.getImageData(0, 0, 1, 1).data]""", x, y, canvas)

    # --- what it must not do --------------------------------------------------------

    def forget_logs(self):
        """What the browser did before, on its own page too, is nobody's fault here."""
        self.read_logs()
        self.messages, self.requests = [], []

    def read_logs(self):
        """Adds what was logged since the last time to .messages and .requests."""
        self.messages += [m["message"] for m in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
