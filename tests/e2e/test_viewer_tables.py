# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The page's tables of types and maps, on the profile of tests/unit/html_typed.h."""

import re

import pytest

from viewer import plain, share, table_rows
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages  # noqa: F401

# Bytes and objects of that profile, type by type, as written there.
TYPES = {
    "map[string]orders.Order": (716800, 300, "main.indexOrders"),
    "orders.Order": (240000, 5000, "main.load"),
    "orders.Session": (187200, 900, "main.openSessions"),
    "[string bytes]": (144000, 9000, "main.load"),
    "[type not known]": (96, 3, "main.idle"),
}
BYTES = sum(t[0] for t in TYPES.values())
OBJECTS = sum(t[1] for t in TYPES.values())


def open_row(p, table, name):
    """Opens the row of that name with its button; the element of what it shows."""
    p.press(f"#{table} button.open[aria-label='Details of {name}']")
    return "#" + table + " tr.detail"


# --- types ----------------------------------------------------------------------


def test_types_table(page):
    p = page("typed", "#tab=types")
    rows = [[plain(c) for c in r] for r in table_rows(p, "types")]
    assert p.text("#n-types") == "5" and len(rows) == 5
    assert [r[0].split()[-1] if r[0][0] != "[" else r[0] for r in rows]
    for row, (name, (size, objects, site)) in zip(rows, TYPES.items()):
        assert row[0].endswith(name)
        assert row[2] == share(size, BYTES) and row[4] == share(objects, OBJECTS)
        assert site in row[6]
    assert rows[1][5] == "48 B" and rows[1][1] == "234.4 kB"


def test_types_add_up_to_the_totals(page):
    p = page("typed")
    rows = {r["name"]: (r["bytes"], r["objects"]) for r in p.js("return alloctap.rows('types')")}
    assert rows == {name: t[:2] for name, t in TYPES.items()}
    totals = p.js("return alloctap.totals()")
    assert (totals["bytes"], totals["objects"]) == (BYTES, OBJECTS)


def test_struct_opens_into_its_layout(page):
    p = page("typed", "#tab=types")
    detail = open_row(p, "types", "orders.Order")
    text = plain(p.text(detail))
    for part in ["github.com/acme/shop/orders", "struct, 40 B", "4 fields, 1 with pointers",
                 "heap gives 48 B for one: 8 B unused", "14 B of padding",
                 "Best order: Customer, ID, Paid, Open: 32 B", "the heap gives 32 B",
                 "saved 78.1 kB"]:
        assert part in text, part
    fields = p.js(f"""return [...document.querySelectorAll("{detail} .fields tbody tr")].map(r =>
                      [...r.cells].map(c => c.innerText))""")
    assert fields == [
        ["0", "1", "Paid", "bool", ""], ["1", "7", "padding"],
        ["8", "16", "Customer", "string", "pointers"],
        ["24", "1", "Open", "bool", ""], ["25", "7", "padding"], ["32", "8", "ID", "uint64", ""]]
    # The strip is to scale: 7 of 48 bytes are the first gap.
    widths = p.js(f"""const strip = document.querySelector("{detail} .strip");
                      return [...strip.children].map(c => c.offsetWidth / strip.offsetWidth)""")
    for width, size in zip(widths, [1, 7, 16, 1, 7, 8, 8], strict=True):
        assert abs(width - size / 48) < 0.005
    # The same button closes it again.
    p.press("#types button.open[aria-expanded=true]")
    assert not p.js(f"return document.querySelector('{detail}')")


def test_what_is_no_struct_has_no_layout(page):
    p = page("typed", "#tab=types")
    assert "Only structs" in p.text(open_row(p, "types", "[string bytes]"))


def test_struct_without_waste(page):
    p = page("typed", "#tab=types")
    text = p.text(open_row(p, "types", "orders.Session"))
    assert "No padding." in text and "Best order" not in text


def test_type_leads_into_its_own_graph(page):
    p = page("typed", "#tab=types")
    p.press("#types tbody tr:nth-child(3) button.name-of")
    state = p.state()
    assert state["tab"] == "flame" and p.shown("#flame")
    # Nothing but the 900 boxes: everything else has no weight.
    assert p.node([])["total"] == {"bytes": 187200, "objects": 900, "inserts": 0, "flushes": 0}
    assert p.rect(["runtime.goexit", "main.main", "main.load"]) is None
    assert "orders.Session" in p.text("#only")
    fragment = p.js("return location.hash")
    # The header goes on telling of the whole recording.
    assert p.js("return alloctap.totals()")["bytes"] == BYTES
    p.press("#only-clear")
    assert p.state()["type"] == -1 and not p.shown("#only")
    assert p.node([])["total"]["bytes"] == BYTES
    p.js("history.back()")
    p.wait("alloctap.state().type >= 0")
    assert p.js("return location.hash") == fragment and p.node([])["total"]["bytes"] == 187200


def test_type_in_the_address(page, pages):
    p = page("typed", "#type=1")
    assert p.state()["type"] == 1 and p.shown("#only")
    p = page("typed", "#type=99")
    assert p.state()["type"] == -1 and not p.shown("#only")
    p = page("typed", "#type=-1")
    assert p.state()["type"] == -1


def test_site_of_a_type_leads_into_the_graph(page):
    p = page("typed", "#tab=types")
    detail = open_row(p, "types", "orders.Order")
    p.press(f"{detail} .sites-of button")
    state = p.state()
    assert state["query"] == "^main\\.load$" and state["type"] == -1
    assert state["matched"] == 240000 + 144000


def test_types_filter(page):
    p = page("typed", "#tab=types")
    p.keys("/", "ACME/SHOP")
    assert p.text("#filtered") == "2 of 5" and len(table_rows(p, "types")) == 2


def test_no_types_says_why(page):
    p = page("one", "#tab=types")
    assert "--no-types" in p.text("#panel-types") and not table_rows(p, "types")
    p = page("empty", "#tab=types")
    assert "Nothing was allocated" in p.text("#panel-types")


# --- maps -----------------------------------------------------------------------


def test_maps_table(page):
    p = page("typed", "#tab=maps")
    rows = [[plain(c) for c in r] for r in table_rows(p, "maps")]
    orders, sessions = [r for r in rows if len(r) > 1]
    advice = rows[1]
    assert p.text("#n-maps") == "2"
    assert orders[0].endswith("map[string]orders.Order") and orders[1] == "main.indexOrders"
    assert orders[3:7] == ["5.60 k", "700.0 kB", "128 B", f"{716800 / (5600 * 56):.2f} \u00d7"]
    assert orders[8:11] == ["300", "100", "56"]
    assert sessions[0].endswith("map[uint64]orders.Session") and sessions[3] == "900"
    # A line of advice with what it saves, below the row it is about.
    assert re.match(r"saves 306\.3 kB .*main\.go:83\b.*make\(map\[string\]orders\.Order, n\)",
                    advice[0])


def test_causes_are_drawn_to_scale_and_exact_on_hover(page):
    p = page("typed", "#tab=maps")
    bars = p.js("""return [...document.querySelectorAll("#maps .bar-of")].map(b =>
                   [...b.children].map(c => [c.className, c.offsetWidth / b.offsetWidth]))""")
    assert [[kind for kind, _ in bar] for bar in bars] == [["cause-growth"], ["cause-box"]]
    assert bars[0][0][1] == bars[1][0][1] == 1
    r = p.js("""const r = document.querySelector("#maps .bar-of").getBoundingClientRect();
                return [r.left + 5, r.top + 5]""")
    p.hover_at(*r)
    p.wait("!document.getElementById('tip').hidden")
    tip = plain(p.text("#tip"))
    assert "growth\t300\t716,800\t100.0 %" in tip and "inside the inserts\t300\t716,800" in tip
    p.hover_at(2, 2)
    assert not p.shown("#tip")
    assert "boxed keys and values" in p.text("#panel-maps .legend")


def test_map_opens_into_what_is_stored(page):
    p = page("typed", "#tab=maps")
    text = p.text(open_row(p, "maps", "map[uint64]orders.Session"))
    assert re.search(r"Value\s+200 B, an object of its own for each", text)
    assert re.search(r"Key\s+8 B, inline", text)
    text = p.text(open_row(p, "maps", "map[string]orders.Order"))
    assert re.search(r"Padding in the value\s+14 B", text)
    assert re.search(r"Pointer fields in the value\s+1\b", text)
    assert re.search(r"Growths\s+300, in 100 maps", text)


def test_map_leads_into_the_graph(page):
    p = page("typed", "#tab=maps")
    p.press("#maps tbody tr:nth-child(1) td:nth-child(2) button")
    state = p.state()
    assert state["tab"] == "flame" and state["query"] == "^main\\.indexOrders$"
    assert state["matched"] == 716800
    p.press("#tab-maps")
    p.js("[...document.querySelectorAll('#maps .name-of')]"
         ".find(b => b.textContent === 'map[uint64]orders.Session').click()")
    # Nothing of a map itself was allocated there: its inserts are what there is to see.
    assert p.state()["unit"] == "inserts" and p.node([])["total"]["inserts"] == 900


def test_no_maps_says_why(page):
    p = page("one", "#tab=maps")
    assert "No map inserts were recorded" in p.text("#panel-maps")


# --- all of them ----------------------------------------------------------------


def test_flushes_are_a_unit_where_there_are_any(page):
    p = page("typed")
    buttons = "return [...document.querySelectorAll('#units button')].map(b => b.textContent)"
    assert p.js(buttons)[-1] == "Barrier flushes"
    p.keys("w")
    assert p.state()["unit"] == "flushes" and p.node([])["total"]["flushes"] == 40
    p.press("#tab-sites")
    assert "Barrier flushes" in p.text("#sites thead")
    p = page("shop")
    assert p.js(buttons) == ["Bytes", "Objects", "Map inserts"]
    p.press("#tab-sites")
    assert "flushes" not in p.text("#sites thead").lower()


@pytest.mark.parametrize("letter, tab", [("s", "sites"), ("y", "types"), ("p", "maps"),
                                         ("f", "flame")])
def test_tabs_by_key(page, letter, tab):
    p = page("typed", "#tab=maps" if tab == "flame" else "")
    p.keys(letter)
    assert p.state()["tab"] == tab and p.shown("#panel-" + tab)
    assert p.js("return document.querySelectorAll('[role=tabpanel]:not([hidden])').length") == 1


def test_hostile_types_are_text(page):
    p = page("typed_hostile", "#tab=types")
    order, field, orders = ("</script><script>window.hacked=1</script>",
                            "<img src=x onerror=window.hacked=2>", "<!--<script>")
    assert {order, orders} <= {r["name"] for r in p.js("return alloctap.rows('types')")}
    p.js("document.querySelectorAll('#types tr:nth-child(2) .open')[0].click()")
    assert field in p.text("#types tr.detail")
    p.press("#tab-maps")
    assert f"make({orders}, n)" in p.text("#maps tr.note")
    p.js("document.querySelector('#maps .open').click()")
    assert orders in p.text("#maps tr.detail")
    p.js("document.querySelectorAll('#maps td:first-child .name-of')[0].click()")
    assert orders in p.text("#only")
    assert p.js("return window.hacked") is None
    assert p.js("return document.images.length") == 0
    assert p.js("return document.scripts.length") == 2


def test_tables_in_a_narrow_window(page):
    p = page("typed", "#tab=maps", width=420, height=860)
    for tab in ["types", "maps"]:
        p.press(f"#tab-{tab}")
        p.js(f"document.querySelector('#{tab} .open').click()")
        assert p.js("return document.documentElement.scrollWidth") <= 420


@pytest.mark.parametrize("name", ["typed", "compared"])
@pytest.mark.parametrize("width", [1280, 1400])
def test_maps_fit_an_ordinary_window(page, name, width):
    """However long names are; they keep enough of their own to be told apart."""
    p = page(name, "#tab=maps", width=width)
    found = p.js("""
        for (const name of document.querySelectorAll("#maps .name-of"))
            name.textContent = "github.com/acme/shop/orders.(*Index[go.shape.string]).AddAllOfThem";
        const table = document.getElementById("maps"), scroll = table.closest(".scroll");
        const names = [...table.querySelectorAll(".name-of")].map(
            n => n.getBoundingClientRect().width);
        return {needs: scroll.scrollWidth, has: scroll.clientWidth, names};""")
    assert 0 < found["needs"] <= found["has"]
    assert found["names"] and min(found["names"]) >= 100, found["names"]
