# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The flame graph page in a browser: pointed at, typed at, and its numbers read back."""

import math

import pytest

from viewer import (ADD, BACKSPACE, DOWN, ENTER, ESCAPE, HANDLE, HOME, LEFT, LOAD, PAGE, RIGHT,
                    SERVE, TAB, UNITS, UP, plain, share, site_rows, type_search)
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages, shop  # noqa: F401


# --- numbers --------------------------------------------------------------------


def test_every_box_has_the_numbers_of_the_samples(page, shop):
    p = page("shop")
    assert p.js("return alloctap.size().nodes") == len(shop.total)
    for path, total in shop.total.items():
        node = p.node(path)
        assert [node["total"][u] for u in UNITS] == total, path
        assert [node["self"][u] for u in UNITS] == shop.self[path], path
    assert p.js("return alloctap.totals()") == dict(zip(UNITS, shop.total[()]))


def test_boxes_are_as_wide_as_their_share(page, shop):
    p = page("shop")
    for i, unit in enumerate(UNITS):
        p.keys("bom"[i])
        whole = p.rect([])
        for path in ([LOAD, ADD, PAGE] if unit != "inserts" else [ADD]):
            expected = whole["width"] * shop.total[tuple(path)][i] / shop.total[()][i]
            assert math.isclose(p.rect(path)["width"], expected, abs_tol=0.01), (unit, path)
    # Nothing of the inserts was here.
    assert p.rect(LOAD) is None


def test_header_says_what_was_tapped(page):
    p = page("shop")
    assert p.js("return document.title") == "server \u2013 alloctap"
    assert p.text("#target") == "server"
    assert "pid 4711" in p.text("#subtitle") and "go1.26.8" in p.text("#subtitle")
    facts = plain(p.text("#facts"))
    for fact in ["10.0 s", "219.6 MB", "2.19 M", "890.0 k", "2.43 % of CPU", "816 ns"]:
        assert fact in facts
    assert not p.shown("#warnings")


def test_losses_are_loud(page):
    p = page("lossy")
    warnings = p.text("#warnings")
    assert "700 \u00d7 stacks did not fit" in warnings and "3 \u00d7 hits skipped" in warnings
    assert "1,000 \u00d7 stacks deeper" in warnings and "1,000 \u00d7 stacks that ended" in warnings
    assert "703" in p.text("#facts .bad")
    assert p.find(["worker-4712", "[truncated stack]", "main.deep"]) > 0
    assert p.find(["worker-4712", "[broken stack]", "main.odd"]) > 0


# --- units, zoom, turning round -------------------------------------------------


def test_units_by_button_and_key(page):
    p = page("shop")
    for i, unit in enumerate(UNITS):
        p.press(f"#units button:nth-child({i + 1})")
        assert p.state()["unit"] == unit
        assert p.js("""return [...document.querySelectorAll("#units [aria-pressed=true]")]
                       .map(b => Number(b.value))""") == [i]
    for key, unit in zip("obm", ["objects", "bytes", "inserts"]):
        p.keys(key)
        assert p.state()["unit"] == unit


def test_zoom_and_every_way_back(page):
    p = page("shop")
    for back in [lambda: p.press("#reset"), lambda: p.keys(ESCAPE), lambda: p.keys(BACKSPACE),
                 lambda: p.click([])]:
        p.click(LOAD)
        assert p.state()["zoom"] == p.find(LOAD)
        assert math.isclose(p.rect(LOAD)["width"], p.rect([])["width"], abs_tol=0.01)
        # Callers stay in sight, what is beside does not.
        assert p.rect(HANDLE)["width"] == p.rect(LOAD)["width"]
        assert p.rect(PAGE) is None
        back()
        assert p.state()["zoom"] == 0
        assert p.rect(LOAD)["width"] < p.rect([])["width"] * 0.6


def test_zoom_follows_into_another_unit(page):
    p = page("shop")
    p.click(LOAD)
    p.keys("m")
    # No insert happened below Load: its caller is what can be shown.
    assert p.state()["zoom"] == p.find(HANDLE)


def test_flame_and_icicle(page):
    p = page("shop")
    assert p.rect([])["y"] > p.rect(SERVE)["y"] > p.rect(LOAD)["y"]
    p.press("#icicle")
    assert p.state()["icicle"]
    assert p.rect([])["y"] < p.rect(SERVE)["y"] < p.rect(LOAD)["y"]
    p.keys("i")
    assert not p.state()["icicle"]
    assert p.rect([])["y"] > p.rect(SERVE)["y"]


def test_pointer_hits_what_it_points_at(page):
    p = page("shop")
    for turn in range(2):
        for path in [[], SERVE, LOAD, ADD, PAGE]:
            p.hover(path)
            assert p.state()["hover"] == p.find(path)
        p.keys("i")
    p.hover_at(2, 2)
    assert p.state()["hover"] == -1 and not p.shown("#tip")


def test_tooltip(page, shop):
    p = page("shop")
    p.hover(LOAD)
    tip = plain(p.text("#tip"))
    total, whole, caller = (shop.total[tuple(x)] for x in (LOAD, [], HANDLE))
    assert "github.com/acme/shop/orders.(*Store).Load" in tip
    # The lines of one function, with what share each has of it.
    lines = [(58368000 + 41984000) / total[0], 15360000 / total[0], 3840000 / total[0]]
    assert ("orders/orders.go: lines " + ", ".join(
        f"{n} ({share(s, 1)})" for n, s in zip([118, 131, 140], lines))) in tip
    assert f"{round(total[0] / total[1])} B per object" in tip
    rows = p.js("return [...document.querySelectorAll('#tip tr')].map(r => r.innerText)")
    rows = [plain(r).split("\t") for r in rows]
    assert rows[0][1:] == ["self", "total", "of total", "of caller"]
    assert rows[1] == ["Bytes", "0 B", "114.0 MB", share(total[0], whole[0]),
                       share(total[0], caller[0])]
    assert rows[2][3:] == [share(total[1], whole[1]), share(total[1], caller[1])]
    assert rows[3] == ["Map inserts", "0", "0", "0.0 %", "0.0 %"]


def test_inlined_frames_are_marked(page):
    p = page("shop")
    inlined = LOAD + ["github.com/acme/shop/orders.newOrder"]
    assert p.node(inlined)["inlined"] and not p.node(LOAD)["inlined"]
    p.hover(inlined)
    assert "inlined" in p.text("#tip")
    assert "inlined" in p.text("#legend")
    for name in ["Go", "Go runtime", "Native", "Allocator", "Not a function"]:
        assert name in p.text("#legend").split("\n")
    # One category, two shades.
    a, b = p.rect(inlined), p.rect(LOAD)
    assert p.pixel(a["x"] + 2, a["y"] + 2) != p.pixel(b["x"] + 2, b["y"] + 2)


# --- search ---------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["growslice|newobject", "runtime", r"orders\.", "^main",
                                     r"\(\*Store\)", "malloc"])
def test_search_share_counts_each_stack_once(page, shop, pattern):
    p = page("shop")
    type_search(p, pattern)
    for i, unit in enumerate(UNITS):
        p.press(f"#units button:nth-child({i + 1})")
        matched, whole = shop.matching(pattern)[i], shop.total[()][i]
        assert p.state()["matched"] == matched
        found = plain(p.text("#found"))
        noun = "map inserts" if unit == "inserts" else unit
        assert found == (f"{share(matched, whole)} of {noun}" if matched else "no match")


def test_search_is_a_regular_expression(page):
    p = page("shop")
    type_search(p, "STORE")
    assert p.state()["matches"] == 0, "a capital letter means it"
    type_search(p, "store")
    assert p.state()["matches"] == 2, "literalStore is within (*Store).Load"
    type_search(p, "(")
    assert p.js("return document.getElementById('search').getAttribute('aria-invalid')") == "true"
    assert p.text("#found") == "not a regular expression"
    type_search(p, "")
    assert p.state()["matches"] is None and p.text("#found") == ""
    assert p.js("return document.getElementById('search').getAttribute('aria-invalid')") == "false"


def test_matches_stand_out(page):
    p = page("shop")
    growslice = PAGE + ["strings.(*Builder).WriteString", "runtime.growslice"]
    spot = p.rect(growslice)
    spot = spot["x"] + 2, spot["y"] + 2
    before = p.pixel(*spot)
    type_search(p, "growslice")
    after = p.pixel(*spot)
    type_search(p, "Unmarshal")
    faded = p.pixel(*spot)
    assert len({tuple(before), tuple(after), tuple(faded)}) == 3
    assert faded[3] < 255 == after[3]


def test_next_and_previous_match(page):
    p = page("shop")
    p.keys("/")
    assert p.js("return document.activeElement.id") == "search"
    # Letters typed there are text, not shortcuts.
    p.keys("newobject|sprintf")
    assert p.state()["unit"] == "bytes"
    p.keys(ENTER)
    assert p.js("return document.activeElement.id") == "flame"
    order = [p.state()["selected"]]
    p.keys("n", "n")
    order.append(p.state()["selected"])
    assert p.node(PAGE + ["fmt.Sprintf"])["name"] == "fmt.Sprintf"
    first = p.find(LOAD + ["github.com/acme/shop/orders.newOrder", "runtime.newobject"])
    assert order[0] == first == order[1], "two matches, round and back"
    p.keys("N")
    assert p.state()["selected"] == p.find(PAGE + ["fmt.Sprintf"])
    p.press("#next")
    assert p.state()["selected"] == first


# --- keyboard and assistive technology ------------------------------------------


def test_arrow_keys_go_where_they_point(page):
    p = page("shop")
    p.focus("#flame")
    walk = [(UP, SERVE[:1]), (UP, SERVE), (UP, HANDLE), (UP, LOAD), (RIGHT, PAGE), (RIGHT, ADD),
            (LEFT, PAGE), (DOWN, HANDLE)]
    for key, path in walk:
        p.keys(key)
        assert p.state()["selected"] == p.find(path), path
    p.keys("i")
    for key, path in [(DOWN, LOAD), (UP, HANDLE), (UP, SERVE)]:
        p.keys(key)
        assert p.state()["selected"] == p.find(path), path
    p.keys(ENTER)
    assert p.state()["zoom"] == p.find(SERVE)
    p.keys(HOME)
    assert p.state()["selected"] == 0
    p.keys(UP)
    assert p.state()["selected"] == 0, "nothing above the root"


def test_selection_is_announced_and_described(page):
    p = page("shop")
    p.focus("#flame")
    p.keys(UP, UP, UP, UP)
    live = plain(p.js("return document.getElementById('live').textContent"))
    assert live == "github.com/acme/shop/orders.(*Store).Load, 114.0 MB, 51.9 % of total, Go"
    assert "/src/github.com/acme/shop/orders/orders.go" in p.text("#selection")
    assert "bytes" in p.js("return document.getElementById('flame').getAttribute('aria-label')")
    p.keys("o")
    assert "objects" in p.js("return document.getElementById('flame').getAttribute('aria-label')")


def test_controls_have_names_and_show_focus(page):
    p = page("shop")
    nameless = p.js("""
        return [...document.querySelectorAll("button, input")].filter(e => e.checkVisibility() &&
            !(e.getAttribute("aria-label") || e.textContent.trim())).map(e => e.id)""")
    assert nameless == []
    reached = []
    while "flame" not in reached:
        p.keys(TAB)
        reached.append(p.js("return document.activeElement.id || document.activeElement.tagName"))
        assert p.js("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["tab-flame", "tab-sites", "tab-types", "tab-maps", "BUTTON", "BUTTON",
                       "BUTTON", "search", "icicle", "theme", "help", "flame"]


def test_help(page):
    p = page("shop")
    p.keys("?")
    assert p.shown("#keys")
    p.keys("m")
    assert p.state()["unit"] == "bytes", "shortcuts rest while help is open"
    p.keys(ESCAPE)
    assert not p.shown("#keys")


# --- theme ----------------------------------------------------------------------


def test_theme_follows_system_until_chosen(page):
    p = page("shop", dark=True)
    assert p.state()["theme"] == "dark"
    background = "return getComputedStyle(document.body).backgroundColor"
    r = p.rect(LOAD)
    spot = r["x"] + r["width"] - 5, r["y"] + 2
    dark = p.js(background), p.pixel(*spot)
    p.emulate(dark=False)
    p.wait("alloctap.state().theme === 'light'")
    light = p.js(background), p.pixel(*spot)
    assert light[0] != dark[0] and light[1] != dark[1]
    p.press("#theme")
    assert p.state()["theme"] == "dark" and p.pixel(*spot) == dark[1]
    p.keys("t")
    assert p.state()["theme"] == "light" and p.pixel(*spot) == light[1]
    p.emulate(dark=True)
    assert p.state()["theme"] == "light", "a choice outlasts what the system says"
    p.js("localStorage.clear()")


# --- address --------------------------------------------------------------------


def test_address_brings_a_view_back(page, pages):
    p = page("shop")
    p.keys("o")
    p.click(LOAD)
    type_search(p, "a|b&c=#%")
    p.focus("#flame")
    p.keys("i")
    before = p.state()
    fragment = p.js("return location.hash")
    p.open(pages / "shop.html", fragment)
    after = p.state()
    for key in ["unit", "zoom", "query", "icicle", "tab", "matched"]:
        assert after[key] == before[key], key
    assert after["query"] == "a|b&c=#%" and after["zoom"] == p.find(LOAD)
    p.press("#reset")
    assert p.state()["zoom"] == 0


def test_back_button(page):
    p = page("shop")
    p.click(LOAD)
    p.keys("o")
    p.js("history.back()")
    p.wait("alloctap.state().unit === 'bytes'")
    assert p.state()["zoom"] == p.find(LOAD)
    p.js("history.back()")
    p.wait("alloctap.state().zoom === 0")
    p.js("history.forward()")
    p.wait("alloctap.state().zoom !== 0")


@pytest.mark.parametrize("fragment", [
    "#zoom=99999999", "#zoom=-1", "#zoom=1.5", "#zoom=NaN", "#unit=__proto__", "#search=%5B",
    "#view=x&tab=y&=&&&", "#%E0%A4%A", "#search=%3Cimg%20src%3Dx%3E"])
def test_address_may_be_anything(page, fragment):
    p = page("shop", fragment)
    state = p.state()
    assert state["zoom"] == 0 and state["unit"] == "bytes" and state["tab"] == "flame"
    assert p.js("return document.images.length") == 0


# --- sites ----------------------------------------------------------------------


def test_sites_table(page, shop):
    p = page("shop")
    p.press("#tab-sites")
    rows = site_rows(p)
    assert len(rows) == 14 and p.text("#n-sites") == "14"
    first = [plain(c) for c in rows[0]]
    assert first[0] == "json.(*decodeState).object" and first[1] == "json/json.go:690"
    assert first[2:7] == ["55.7 MB", share(58368000, shop.total[()][0]), "912.0 k",
                          share(912000, shop.total[()][1]), "64 B"]
    # Everything is in the table.
    sites = p.js("return alloctap.rows('sites')")
    assert [sum(r[u] for r in sites) for u in UNITS] == shop.total[()]


def test_sites_sort_and_filter(page):
    p = page("shop", "#tab=sites")
    p.press("#sites th:nth-child(6) button")
    assert site_rows(p)[0][0] == "orders.(*Index[go.shape.string]).Add"
    assert site_rows(p)[0][7] != "\u2013"
    p.press("#sites th:nth-child(1) button")
    names = [r[0] for r in site_rows(p)]
    order = "return document.querySelector('#sites th').getAttribute('aria-sort')"
    assert p.js(order) == "ascending"
    assert names[0] == "[lost stack]"
    p.press("#sites th:nth-child(1) button")
    assert site_rows(p)[-1][0] == "[lost stack]"
    p.keys("/", "ORDERS.GO")
    assert p.text("#filtered") == "5 of 14" and len(site_rows(p)) == 5
    p.js("document.getElementById('filter').select()")
    p.keys("no such thing")
    assert site_rows(p) == []


def test_site_leads_into_the_graph(page, shop):
    p = page("shop", "#tab=sites")
    p.press("#sites tbody tr:nth-child(4)")
    state = p.state()
    assert state["tab"] == "flame" and p.shown("#flame")
    assert state["selected"] == p.find(ADD)
    assert state["matched"] == shop.total[tuple(ADD)][0]
    assert state["query"].startswith("^") and state["query"].endswith("$")


def test_sites_are_drawn_by_the_page(page):
    p = page("big", "#tab=sites")
    everything = len(p.js("return alloctap.rows('sites')"))
    assert everything > 5000 and len(site_rows(p)) == 300
    p.press("#panel-sites .more")
    assert len(site_rows(p)) == 600
