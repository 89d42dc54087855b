# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The flame graph page where it is hard: hostile names, nothing at all, 100,000 frames.

Work is asserted in counts, which are the same on every machine; times are printed.
"""

import math
import re

import pytest

import lab
from viewer import (DOWN, ENTER, ESCAPE, HOME, LEFT, LOAD, RIGHT, UP, site_rows,
                    type_search)
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages  # noqa: F401


# --- odd profiles ---------------------------------------------------------------


def test_hostile_names_are_text(page):
    p = page("hostile")
    names = p.js("""return JSON.parse(document.getElementById("profile").textContent).strings""")
    assert "<img src=x onerror=window.hacked=2>" in names and "</script>" in names[1] + names[2]
    root = "</script><script>window.hacked=1</script>"
    for path in [[root], [root, "<img src=x onerror=window.hacked=2>"], [root, "<!--<script>"],
                 [root, "__proto__"], [root, "constructor"], [root, "[no name]"],
                 [root, "<" * 20000]]:
        p.hover(path)
        assert p.state()["hover"] == p.find(path)
        assert p.text("#tip .name") == path[-1]
        p.click(path)
        assert p.text("#selection .name") == path[-1]
        p.press("#reset")
    p.press("#tab-sites")
    for i in range(len(site_rows(p))):
        p.press("#tab-sites")
        p.press(f"#sites tbody tr:nth-child({i + 1})")
        assert p.state()["matches"] > 0, "found again by its name"
    # Bytes that are no text, controls, and what turns text round are shown to be there.
    shown = p.js("return [...Array(alloctap.size().nodes).keys()].map(n => alloctap.node(n).name)")
    assert "\ufffdevil.exe\ufffd" in shown
    assert not [n for n in shown if re.search("[\0-\x1f\x7f\u202a-\u202e]", n)]
    assert p.js("return window.hacked") is None
    assert p.js("return document.images.length") == 0
    assert p.js("return document.scripts.length") == 2


@pytest.mark.parametrize("ratio", [1.25, 2])
def test_sharp_on_any_screen(page, ratio):
    p = page("shop", ratio=ratio)
    width = p.js("return document.getElementById('flame').clientWidth")
    assert p.state()["canvas"][0] == round(width * ratio)
    p.click(LOAD)
    assert p.state()["zoom"] == p.find(LOAD)


def test_nothing_recorded(page):
    p = page("empty")
    assert "Nothing was recorded" in p.text("#nothing")
    assert p.js("""
        const r = document.getElementById("flame").getBoundingClientRect();
        const seen = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
        return seen.closest("#nothing") !== null""")
    assert p.js("return [...document.querySelectorAll('#units button')].every(b => b.disabled)")
    p.focus("#flame")
    p.keys(UP, DOWN, LEFT, RIGHT, ENTER, ESCAPE, "b", "o", "m", "i", "n", "t", "t", "s", "f")
    type_search(p, "main")
    p.hover_at(700, 200)
    assert p.text("#found") == "no match"


def test_only_inserts(page):
    p = page("inserts")
    assert p.state()["unit"] == "inserts"
    assert p.js("return alloctap.totals()") == {"bytes": 0, "objects": 0, "inserts": 800000}
    p.keys("b")
    assert p.state()["unit"] == "inserts", "nothing to see in bytes"
    p.press("#tab-sites")
    assert p.js("return [...document.querySelectorAll('#sites th')].map(h => h.innerText)") == \
        ["Function", "Source", "Average", "Map inserts"]


def test_one_stack(page):
    p = page("one")
    assert p.node(["main.main"])["self"] == {"bytes": 16, "objects": 1, "inserts": 0}
    p.click(["main.main"])
    assert p.rect(["main.main"])["width"] == p.rect([])["width"]


def test_deep_stacks_scroll(page):
    p = page("deep")
    height = p.js("return document.getElementById('flame').clientHeight")
    deepest = [f"main.level{i}" for i in range(1, 3001)]
    assert p.js("return alloctap.size().rows") == 3001
    for turn in range(2):
        # Canvases end at 32767 px: this one is as high as what is seen.
        assert p.state()["canvas"][1] == height
        box = p.js("const r = document.getElementById('flame').getBoundingClientRect();"
                   "return [r.top, r.bottom]")
        assert box[0] <= p.rect([])["y"] < box[1], "the root is what one sees first"
        p.js("const f = document.getElementById('flame');"
             "f.scrollTop = alloctap.state().icicle ? f.scrollHeight : 0")
        p.settle()
        assert box[0] <= p.rect(deepest)["y"] < box[1]
        p.hover(deepest)
        assert p.state()["hover"] == p.find(deepest)
        assert p.js("return alloctap.work().rects") <= height / 20 + 2
        p.focus("#flame")
        p.keys(HOME)
        p.keys("i")


def test_narrow_window(page):
    p = page("shop", width=420, height=860)
    assert p.js("return document.documentElement.scrollWidth") <= 420
    p.js("document.getElementById('flame').scrollIntoView()")
    p.click(LOAD)
    assert p.state()["zoom"] == p.find(LOAD)
    p.press("#tab-sites")
    assert p.js("return document.documentElement.scrollWidth") <= 420


# --- 100,000 frames -------------------------------------------------------------


def drawn(work):
    return work["rects"] + work["slivers"]


def most_drawn(p, rows=math.inf):
    """Each step along a visible row takes a pixel of it, at the least."""
    width, height = p.state()["canvas"]
    return min(rows, height // 20 + 2) * width


def test_work_is_bounded_by_pixels(page):
    """200,000 boxes in one row: drawn are as many as a row of pixels can show."""
    p = page("wide")
    size = p.js("return alloctap.size()")
    assert size["boxes"] == 200501 and size["rows"] == 3
    work = p.js("return alloctap.paint()")
    assert drawn(work) <= most_drawn(p, rows=3) < size["boxes"] / 40
    # A binary search for each sliver, and one to begin a row with.
    assert work["searches"] <= work["slivers"] + 3
    # The strip of slivers says that something is there.
    rect = p.rect(["main.f250"])
    strip = [p.pixel(rect["x"] + dx, rect["y"] - 10)[3] for dx in (0.5, 1)]
    assert all(strip)


def test_hundred_thousand_frames(page):
    p = page("big")
    size = p.js("return alloctap.size()")
    assert size["boxes"] >= 100000
    small = page("shop").js("return document.querySelectorAll('*').length - "
                            "document.querySelectorAll('#sites *').length")
    p = page("big")
    # No element per frame: the large page has as many as the small one, short of some legend.
    assert p.js("return document.querySelectorAll('*').length - "
                "document.querySelectorAll('#sites *').length") <= small
    opened = p.js("return alloctap.timings()")
    assert drawn(p.js("return alloctap.paint()")) <= most_drawn(p)

    # Hover and selection draw nothing.
    before = p.js("return alloctap.work().paints")
    seen = set()
    for i in range(60):
        p.hover_at(30 + 22 * i, 300 + 6 * i)
        seen.add(p.js("return alloctap.state().hover"))
    assert len(seen) > 20
    assert p.js("return alloctap.work().paints") == before

    # One drawing for a search, none of it more than the pixels allow.
    type_search(p, "x")
    before = p.js("return alloctap.work().paints")
    type_search(p, "y")
    assert p.js("return alloctap.work().paints") <= before + 1
    assert drawn(p.js("return alloctap.work()")) <= most_drawn(p)

    # The layout of a unit is made once: the time the last one took stays what it was.
    p.keys("o", "m", "b")
    layout = p.js("return alloctap.timings().layout")
    p.keys("o", "m", "b")
    assert p.js("return alloctap.timings().layout") == layout > 0
    p.focus("#flame")
    p.keys(HOME, UP, UP, UP, ENTER)
    assert p.state()["zoom"] > 0 and drawn(p.js("return alloctap.work()")) <= most_drawn(p)
    print("ms to open:", opened, "later:", p.js("return alloctap.timings()"))


def test_zoom_moves_and_arrives(page):
    """Ranges on the way cut boxes anywhere; no such cut may stop the drawing."""
    p = page("big", motion=True)
    p.focus("#flame")
    for _ in range(8):
        p.keys(UP, UP, ENTER, ESCAPE, UP, ENTER)
        p.settle()
    assert p.state()["zoom"] > 0


# --- from a recording -----------------------------------------------------------


# What a table's row is in the page and in the report, key by key.
TABLES = {
    "sites": [("name", "func"), ("bytes", "bytes"), ("objects", "objects"), ("inserts", "inserts")],
    "types": [("name", "type"), ("bytes", "bytes"), ("objects", "objects")],
    "maps": [("name", "type"), ("function", "func"), ("inserts", "inserts"), ("bytes", "bytes"),
             ("growths", "growths"), ("presize_saving_bytes", "presize_saving_bytes")],
}


def test_page_of_a_recording_agrees_with_its_report(chromium, root, tmp_path):
    """The whole way: a real program, recorded, exported, opened."""
    outputs = [tmp_path / "x.html", tmp_path / "x.json"]
    r = lab.run_alloctap("record", *(a for o in outputs for a in ("-o", o)), "--",
                         lab.build_go("maps"), 700, 3000, 1792, 1793)
    assert r.returncode == 0, r.stderr
    report = lab.load_json(outputs[1])
    chromium.forget_logs()
    p = chromium.open(outputs[0])
    totals = report["totals"]
    assert totals["alloc_objects"] > 0
    assert p.js("return alloctap.totals()") == {
        "bytes": totals["alloc_bytes"], "objects": totals["alloc_objects"],
        "inserts": totals["map_inserts"]}
    for table, keys in TABLES.items():
        shown = sorted(tuple(row[key] for key, _ in keys)
                       for row in p.js("return alloctap.rows(arguments[0])", table))
        expected = sorted(tuple(row[key] or "[type not known]" if key == "type" else row[key]
                                for _, key in keys) for row in report[table])
        assert expected and shown == expected, table
        p.press(f"#tab-{table}")
        assert p.text(f"#n-{table}") == str(len(expected))
    p.read_logs()
    assert p.messages == []


@pytest.mark.parametrize("heights", [(600, 1000, 700), (1000, 600, 1000)])
def test_flame_stands_on_its_root(page, heights):
    """A window that grows or shrinks must not scroll the root out of sight."""
    below = """const e = document.getElementById("flame");
               return e.scrollHeight - e.scrollTop - e.clientHeight"""
    p = page("deep")
    for height in heights:
        p.emulate(height=height)
        p.wait(f"document.documentElement.clientHeight === {height}")
        p.settle()
        assert abs(p.js(below)) <= 1
