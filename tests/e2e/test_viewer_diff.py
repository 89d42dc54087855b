# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The page of two recordings compared, on those of test_html: the profile of
tests/unit/html_typed.h, and three times as much of it in twice the time, orders
made three lines further down and a map of another type."""

import math

import pytest

import lab
from viewer import plain, table_rows
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages  # noqa: F401

MAIN = ["runtime.goexit", "main.main"]
LOAD = MAIN + ["main.load"]
INDEX = MAIN + ["main.indexOrders"]
# Of the profile, per second of its ten.
LOAD_BYTES = (240000 + 144000) / 10
RATIO = 3 / 2


def sides(p, path):
    return [side["bytes"] for side in p.node(path)["sides"]]


def test_boxes_have_both_weights_per_second(page):
    p = page("compared")
    before, after = sides(p, LOAD)
    assert math.isclose(before, LOAD_BYTES) and math.isclose(after, LOAD_BYTES * RATIO)
    assert p.node(LOAD)["total"]["bytes"] == after
    totals = [sides(p, path) for path in (LOAD, INDEX, MAIN + ["main.openSessions"],
                                          MAIN + ["main.idle"])]
    assert [math.isclose(sum(t[i] for t in totals), sides(p, [])[i]) for i in (0, 1)] == [True] * 2


def test_boxes_are_as_wide_as_after_or_before(page):
    p = page("compared")
    state = p.state()
    assert state["side"] == 1 and p.shown("#sides")
    width = p.rect(LOAD)["width"] / p.rect([])["width"]
    assert math.isclose(width, sides(p, LOAD)[1] / sides(p, [])[1], abs_tol=1e-3)
    p.press("#sides button[value='0']")
    assert p.state()["side"] == 0
    assert "side=before" in p.js("return location.hash")
    width = p.rect(LOAD)["width"] / p.rect([])["width"]
    assert math.isclose(width, sides(p, LOAD)[0] / sides(p, [])[0], abs_tol=1e-3)
    p.keys("a")
    assert p.state()["side"] == 1
    p.js("history.back()")
    p.wait("alloctap.state().side === 0")


def test_colours_say_what_changed(page):
    p = page("compared")
    red, _, blue, _ = p.pixel(p.rect(LOAD)["x"] + 2, p.rect(LOAD)["y"] + 2)
    assert red > blue + 20, "half as much again is a little red"
    assert p.text("#legend").split("\n")[:5] == ["gone", "half", "the same", "twice", "new"]
    assert "wide as after" in p.text("#legend")


def test_hover_shows_before_after_and_change(page):
    p = page("compared")
    p.hover(LOAD)
    rows = p.js("return [...document.querySelectorAll('#tip tr')].map(r => r.innerText)")
    rows = [plain(r).split("\t") for r in rows]
    assert rows[0][1:] == ["before", "after", "change", "", "of total"]
    assert rows[1][:5] == ["Bytes", "37.5 kB/s", "56.3 kB/s", "+18.8 kB/s", "+50.0 %"]


def test_header_and_title(page):
    p = page("compared")
    assert "before and after" in p.text("#target")
    facts = plain(p.text("#facts"))
    assert "10.0 s \u2192 20.0 s" in facts and "compared per second" in facts
    assert "125.8 kB/s \u2192 188.7 kB/s" in facts and "+50.0 %" in facts
    assert p.text("#subtitle").count("pid 4711") == 2
    assert not p.shown("#warnings")


def test_sites_are_compared(page):
    p = page("compared", "#tab=sites")
    rows = [[plain(c) for c in r] for r in table_rows(p, "sites")]
    # The largest change first: all of an order's site is new.
    assert rows[0][0] == "main.load" and rows[1][0] == "main.indexOrders"
    by_place = {r[1]: r for r in rows}
    # Two sites of one function moved: which was which is known for neither.
    assert by_place["main/main.go:121"][2:6] == ["\u2013", "35.2 kB/s", "+35.2 kB/s", "new"]
    assert by_place["main/main.go:118"][2:6] == ["23.4 kB/s", "\u2013", "\u221223.4 kB/s", "gone"]
    assert by_place["main/main.go:9"][5] == "+50.0 %"
    p.press("#sites tbody tr:nth-child(2)")
    assert p.state()["query"] == "^main\\.indexOrders$" and p.state()["tab"] == "flame"


def test_types_are_compared(page):
    p = page("compared", "#tab=types")
    rows = {r[0]: [plain(c) for c in r] for r in table_rows(p, "types")}
    assert rows["orders.Order"][1:5] == ["23.4 kB/s", "35.2 kB/s", "+11.7 kB/s", "+50.0 %"]
    assert rows["map[string]*orders.Order"][4] == "new"
    assert rows["map[string]orders.Order"][4] == "gone"
    p.js("[...document.querySelectorAll('#types .name-of')]"
         ".find(b => b.textContent === 'orders.Session').click()")
    assert p.shown("#only")
    assert [round(n * 10) for n in sides(p, [])] == [187200, round(187200 * RATIO)]


def test_maps_are_compared(page):
    p = page("compared", "#tab=maps")
    rows = [[plain(c) for c in r] for r in table_rows(p, "maps")]
    assert [r[0] for r in rows] == ["map[string]*orders.Order (was map[string]orders.Order)",
                                    "map[uint64]orders.Session"]
    assert [r[5] for r in rows] == ["+50.0 %", "+50.0 %"]
    p.press("#maps tbody tr:nth-child(2) td:nth-child(2) button")
    assert p.state()["query"] == "^main\\.openSessions$"


def test_bars_are_to_scale(page):
    p = page("compared", "#tab=maps")
    bars = p.js("""return [...document.querySelectorAll("#maps .delta")].map(b =>
                   [b.offsetWidth / b.parentNode.offsetWidth, b.classList.contains("more-than")])""")
    assert all(more for _, more in bars)
    assert math.isclose(bars[0][0], 0.5, abs_tol=0.02)
    assert math.isclose(bars[1][0], 0.5 * 187200 / 716800, abs_tol=0.02)


def test_hostile_names_are_text(page):
    p = page("compared_hostile", "#tab=types")
    assert "</script><script>window.hacked=1</script>" in {
        r["name"] for r in p.js("return alloctap.rows('types')")}
    for tab in ["sites", "types", "maps", "flame"]:
        p.press(f"#tab-{tab}")
    assert p.js("return window.hacked") is None
    assert p.js("return document.images.length") == 0
    assert p.js("return document.scripts.length") == 2


@pytest.mark.parametrize("fragment", ["#side=x", "#side=after", "#side=__proto__"])
def test_side_in_the_address_may_be_anything(page, fragment):
    assert page("compared", fragment).state()["side"] == 1


def test_one_recording_has_no_sides(page):
    p = page("typed", "#side=before")
    assert not p.shown("#sides") and p.state()["side"] == 0
    p.keys("a")
    assert p.state()["side"] == 0


def test_comparison_in_a_narrow_window(page):
    p = page("compared", width=420, height=860)
    for tab in ["flame", "sites", "types", "maps"]:
        p.press(f"#tab-{tab}")
        assert p.js("return document.documentElement.scrollWidth") <= 420


def test_page_of_two_recordings(chromium, root, tmp_path):
    """The whole way: two runs of one program, compared, opened; the JSON beside it agrees."""
    recordings = [tmp_path / "a.atap", tmp_path / "b.atap"]
    for path, phases in zip(recordings, (["unsizedMid"], []), strict=True):
        r = lab.run_alloctap("record", "-o", path, "--", lab.build_go("maps"), 700, 3000, 1792,
                             1793, *phases)
        assert r.returncode == 0, r.stderr
    outputs = [tmp_path / "x.html", tmp_path / "x.json"]
    r = lab.run_alloctap("diff", *recordings, "--totals", *(a for o in outputs for a in ("-o", o)))
    assert r.returncode == 0 and r.stdout == "", r.stderr
    report = lab.load_json(outputs[1])
    chromium.forget_logs()
    p = chromium.open(outputs[0])
    assert sides(p, []) == [report[side]["totals"]["bytes"] for side in ("before", "after")]
    for table in ("sites", "types", "maps"):
        shown = [r["bytes_delta"] for r in p.js("return alloctap.rows(arguments[0])", table)]
        assert shown == [r["delta"]["bytes"] for r in report[table]] and any(shown)
    p.read_logs()
    assert p.messages == []
