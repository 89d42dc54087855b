# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of the flame graph page share: pages, a browser, expected numbers.

The pages come from tests/unit/html_pages.h through build/tests/test_html; what
they must show is computed here, from the samples written down beside them.
"""

import collections
import os
import re
import subprocess

import pytest

import browser
import lab

UNITS = ["bytes", "objects", "inserts"]
SERVE = ["runtime.goexit", "net/http.(*conn).serve"]
HANDLE = SERVE + ["github.com/acme/shop/api.(*Server).ServeHTTP"]
LOAD = HANDLE + ["github.com/acme/shop/orders.(*Store).Load"]
ADD = HANDLE + ["github.com/acme/shop/orders.(*Index[go.shape.string]).Add"]
PAGE = HANDLE + ["github.com/acme/shop/render.Page"]
ESCAPE, BACKSPACE, ENTER, HOME, TAB = "\ue00c", "\ue003", "\ue007", "\ue011", "\ue004"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Folder with one page per profile."""
    program = os.path.join(lab.TOP, "build/tests/test_html")
    if not os.access(program, os.X_OK):
        pytest.fail("build/tests/test_html is not there; make unit-binaries", pytrace=False)
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([program], env=dict(os.environ, HTML_OUT=str(folder)), check=True,
                   timeout=lab.SECONDS)
    return folder


@pytest.fixture(scope="module")
def chromium():
    with browser.open_browser() as b:
        yield b


@pytest.fixture
def page(chromium, pages):
    """page(name, fragment, dark=, width= ...): opens it. No page may complain or load anything."""
    chromium.forget_logs()

    def open_page(name, fragment="", **emulated):
        return chromium.open(pages / f"{name}.html", fragment, **emulated)

    yield open_page
    chromium.read_logs()
    assert chromium.messages == []
    foreign = [u for u in chromium.requests if not u.startswith(("file:", "about:", "data:"))]
    assert foreign == []


class Shop:
    """The shop profile added up without any of our code: {path: [bytes, objects, inserts]}."""

    def __init__(self, folder):
        self.samples = []
        self.self = collections.defaultdict(lambda: [0, 0, 0])
        self.total = collections.defaultdict(lambda: [0, 0, 0])
        for line in (folder / "shop.tsv").read_text().splitlines():
            kind, objects, size, stack = line.split("\t")
            frames = [f.rsplit(":", 1)[0].lstrip("~") for f in stack.split(";")]
            value = [0, 0, int(objects)] if kind == "insert" else [int(size), int(objects), 0]
            self.samples.append((tuple(frames), value))
            self._add(self.self[tuple(frames)], value)
            for depth in range(len(frames) + 1):
                self._add(self.total[tuple(frames[:depth])], value)

    @staticmethod
    def _add(to, value):
        for i in range(3):
            to[i] += value[i]

    def matching(self, pattern):
        """What stacks with a matching frame on them weigh, each counted once."""
        total = [0, 0, 0]
        for frames, value in self.samples:
            if any(re.search(pattern, f) for f in frames):
                self._add(total, value)
        return total


@pytest.fixture(scope="module")
def shop(pages):
    return Shop(pages)


def share(part, whole):
    """As the page writes it."""
    percent = part / whole * 100
    return "<0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def plain(text):
    return text.replace("\u202f", " ")


def type_search(p, text):
    p.js("document.getElementById('search').select()")
    p.keys(text or BACKSPACE)


def table_rows(p, table):
    return p.js("""return [...document.querySelectorAll(`#${arguments[0]} > tbody > tr`)].map(r =>
                   [...r.cells].map(c => c.innerText))""", table)


def site_rows(p):
    return table_rows(p, "sites")
