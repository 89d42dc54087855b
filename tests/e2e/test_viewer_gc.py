# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The page's timeline and its tab of collections.

The profile is fixture_gc_small() of tests/unit/fixture_gc.h: cycles 1 to 6 begin
at 100, 200 ... 600 of 700 ms and mark for 20 ms. Of the 4,000,000 bytes of every
epoch 99 % are main.decode's (even ones) or main.render's (odd ones).
"""

import pytest

from viewer import DOWN, ESCAPE, LEFT, RIGHT, plain, table_rows
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages  # noqa: F401

MS = 1000000
EPOCH = 4000000
MUCH, LITTLE = EPOCH // 100 * 99, EPOCH // 100
DECODE, RENDER = ["main.decode"], ["main.render"]
KEPT, HOUR = 1000, 3600 * 1000 * MS


def point(p, ms, lane="rate"):
    at = p.js("return alloctap.timelinePoint(arguments[0], arguments[1])", ms * MS, lane)
    return at["x"], at["y"]


def drag(p, from_ms, to_ms, **more):
    x, y = point(p, from_ms)
    p.drag(x, y, point(p, to_ms)[0], **more)


def window(p):
    """[cycles, from, to] of what is chosen, in ms."""
    w = p.state()["window"]
    return w and [w["cycles"], w["from"] / MS, w["to"] / MS]


def weights(p):
    """Bytes of all, of decode and of render in the graph."""
    return [p.node(path)["total"]["bytes"] for path in ([], DECODE, RENDER)]


def rows(p, table):
    return {r["name"]: r["bytes"] for r in p.js("return alloctap.rows(arguments[0])", table)}


# --- windows ----------------------------------------------------------------------


def test_all_of_it_at_first(page):
    p = page("collected")
    assert p.shown("#timeline") and window(p) is None and not p.shown("#window")
    assert weights(p)[0] == 7 * EPOCH
    assert [lane["id"] for lane in p.js("return alloctap.timeline().lanes")] == \
        ["rate", "heap", "cycles", "pauses", "assists"]


# Fills from the beginning of one cycle to the next; what is dragged need not be exact.
@pytest.mark.parametrize("drag_ms,cycles,span,epochs", [
    ((101, 199), [2], (100, 200), [1]),
    ((201, 299), [3], (200, 300), [2]),
    ((90, 310), [2, 3], (100, 300), [1, 2]),
    ((310, 90), [2, 3], (100, 300), [1, 2]),
    ((120, 180), [2], (100, 200), [1]),
    ((130, 150), [2], (100, 200), [1]),
    ((0, 700), [1, 2, 3, 4, 5, 6], (0, 700), [0, 1, 2, 3, 4, 5, 6]),
    ((620, 690), [], (600, 700), [6]),
    ((10, 90), [1], (0, 100), [0]),
])
def test_drag_shows_what_was_allocated_then(page, drag_ms, cycles, span, epochs):
    p = page("collected")
    drag(p, *drag_ms)
    assert window(p) == [cycles, *span]
    decode = sum(LITTLE if e % 2 else MUCH for e in epochs)
    render = sum(MUCH if e % 2 else LITTLE for e in epochs)
    assert weights(p) == [decode + render, decode, render]
    assert {k: v for k, v in rows(p, "sites").items() if v} == \
        {"main.decode": decode, "main.render": render}
    assert rows(p, "types") == {"main.message": decode, "[]uint8": render}
    # The header goes on telling of the whole recording.
    assert p.js("return alloctap.totals()")["bytes"] == 7 * EPOCH


def test_shares_are_of_the_window(page):
    p = page("collected")
    drag(p, 101, 199)
    p.press("#tab-sites")
    assert [plain(c) for c in table_rows(p, "sites")[0]][:4] == \
        ["main.render", "src/server.go:88", "3.78 MB", "99.0 %"]
    p.press("#tab-types")
    assert [plain(c) for c in table_rows(p, "types")[0]][2] == "99.0 %"


def test_window_says_what_it_holds_and_goes(page):
    p = page("collected")
    drag(p, 90, 310)
    assert plain(p.text("#window-text")) == "2 cycles (#2\u2013#3), 200.0 ms".replace("#3", "3")
    p.press("#window-clear")
    assert window(p) is None and weights(p)[0] == 7 * EPOCH and not p.shown("#window")
    drag(p, 101, 199)
    assert plain(p.text("#window-text")) == "1 cycle (#2), 100.0 ms"
    p.focus("#flame")
    p.keys(ESCAPE)
    assert window(p) is None and weights(p)[0] == 7 * EPOCH


def test_window_in_the_address(page):
    p = page("collected")
    drag(p, 101, 199)
    address = p.js("return location.hash")
    p.js("history.back()")
    p.wait("!alloctap.state().window")
    assert weights(p)[0] == 7 * EPOCH
    p = page("collected", address)
    assert window(p) == [[2], 100, 200] and weights(p)[0] == EPOCH
    for bad in ["#window=5", "#window=9-3", "#window=a-b", "#window=1e3-1e9", "#window=-1-5"]:
        assert window(page("collected", bad)) is None


def test_window_and_type_together(page):
    p = page("collected")
    p.press("#tab-types")
    p.press("#types tbody tr:nth-child(1) button.name-of")
    drag(p, 101, 199)
    assert p.node([])["total"]["bytes"] == LITTLE
    p.press("#only-clear")
    assert weights(p)[0] == EPOCH


# --- pointing and clicking ------------------------------------------------------------


@pytest.mark.parametrize("ms,cycle", [(100, 1), (119.9, 1), (200, 2), (519.9, 5)])
def test_click_on_a_pause_shows_what_led_to_it(page, ms, cycle):
    p = page("collected")
    p.click_at(*point(p, ms, "pauses"))
    assert window(p) == [[cycle], 100 * (cycle - 1), 100 * cycle]
    assert weights(p)[1] == (LITTLE if cycle % 2 == 0 else MUCH)


def test_click_on_a_cycle(page):
    p = page("collected")
    p.click_at(*point(p, 310, "cycles"))
    assert window(p) == [[3], 200, 300]
    # Not on any: nothing changes.
    p.click_at(*point(p, 460, "cycles"))
    assert window(p) == [[3], 200, 300]


def test_memory_stands_beside_collections(page):
    """fixture_gc_hotspot(): two collections of two pools; 40, 64, 48 and 56 MB resident."""
    p = page("collected_hotspot")
    assert [lane["id"] for lane in p.js("return alloctap.timeline().lanes")] == \
        ["heap", "memory", "cycles", "pauses"]
    assert "resident memory" in p.text("#timeline-legend")
    assert "Only collections were recorded" in p.text("#nothing")
    p.hover_at(*point(p, 300, "memory"))
    assert "resident memory\t64.0 MB" in plain(p.text("#tip"))
    p.hover_at(*point(p, 600, "memory"))
    assert "resident memory\t48.0 MB" in plain(p.text("#tip"))
    p.hover_at(*point(p, 402, "cycles"))
    tip = plain(p.text("#tip"))
    assert "G1 Young Generation" in tip
    assert "G1 Eden Space\t24.0 MB \u2192 0 B" in tip and "G1 Old Gen\t6.00 MB \u2192 8.00 MB" in tip


def test_sweeping_is_told(page):
    p = page("collected")
    assert "sweeping" in p.text("#timeline-legend")
    p.hover_at(*point(p, 210, "cycles"))
    assert "sweeping\t3.02 ms" in plain(p.text("#tip"))


def test_hover_tells(page):
    p = page("collected")
    p.hover_at(*point(p, 210, "cycles"))
    text = plain(p.text("#tip"))
    for part in ["Cycle 2", "heap", "20.0 ms", "2, 100.0 \u00b5s in all", "30.0 MB", "32.0 MB",
                 "8.00 ms", "38.1 MB/s"]:
        assert part in text, part
    p.hover_at(*point(p, 219.94, "pauses"))
    text = plain(p.text("#tip"))
    for part in ["GC mark termination", "60.0 \u00b5s (20.0 \u00b5s until", "Cycle 2"]:
        assert part in text, part
    p.hover_at(*point(p, 250, "pauses"))
    text = plain(p.text("#tip"))
    for part in ["read mem stats", "35.0 \u00b5s", "by", "main.metrics"]:
        assert part in text, part
    assert "Cycle" not in text
    before = p.js("return alloctap.timeline().paints")
    for ms in range(0, 700, 20):
        p.hover_at(*point(p, ms))
    assert p.js("return alloctap.timeline().paints") == before, "pointing draws nothing"
    p.hover_at(5, 5)
    assert not p.shown("#tip")


def test_pauses_can_be_seen(page):
    """60 us of 700 ms are a tenth of a pixel."""
    p = page("collected")
    for ms in [100, 219.94, 250]:
        x, y = point(p, ms, "pauses")
        seen = [p.pixel(round(x) + at, y + 9, "lanes") for at in range(-2, 4)]
        assert sum(color[3] == 255 and max(color[:3]) - min(color[:3]) > 60 for color in seen) >= 2


# --- zoom ------------------------------------------------------------------------


def shown_ms(p):
    t = p.js("return alloctap.timeline()")
    return t["from"] / MS, t["to"] / MS


def test_wheel_zooms_around_the_pointer(page):
    p = page("collected")
    x, y = point(p, 300)
    for _ in range(4):
        p.wheel(x, y, -300)
    start, end = shown_ms(p)
    assert start < 300 < end and end - start < 100
    assert abs(point(p, 300)[0] - x) < 1
    # What is dragged is of the time now shown.
    drag(p, start + (end - start) * 0.7, end - (end - start) * 0.1)
    assert window(p) == [[4], 300, 400]
    drag(p, end, start, modifiers=8)
    assert shown_ms(p)[0] > start, "with shift it moves"
    for _ in range(9):
        p.wheel(x, y, 300)
    assert shown_ms(p) == (0, 700)
    p.wheel(x, y, -300)
    p.focus("#flame")
    p.keys(ESCAPE)
    assert shown_ms(p) == (0, 700) and window(p) is None


def test_keys(page):
    p = page("collected")
    p.focus("#lanes-box")
    p.keys(RIGHT)
    assert window(p) == [[1], 0, 100]
    p.keys(RIGHT, RIGHT, LEFT)
    assert window(p) == [[2], 100, 200]
    p.keys("+", "+")
    assert shown_ms(p)[1] - shown_ms(p)[0] == 175
    p.keys(RIGHT, RIGHT, RIGHT, RIGHT)
    assert window(p) == [[6], 500, 600]
    assert shown_ms(p)[0] <= 500 and shown_ms(p)[1] >= 600
    p.keys(RIGHT, RIGHT, RIGHT)
    assert window(p) == [[], 600, 700]
    p.keys(DOWN, ESCAPE)
    assert window(p) is None and shown_ms(p) == (0, 700)


# --- where there is less, or more --------------------------------------------------


@pytest.mark.parametrize("name", ["shop", "empty", "compared"])
def test_no_timeline_without_collections(page, name):
    p = page(name)
    assert not p.shown("#timeline") and not p.shown("#tab-gc")
    p.keys("g")
    assert p.state()["tab"] == "flame"
    assert page(name, "#tab=gc").state()["tab"] == "flame"


def test_two_processes_with_cycles_of_the_same_numbers(page):
    p = page("collected_two")
    p.click_at(*point(p, 300, "pauses"))
    assert p.node([])["total"]["bytes"] == 3000
    p.click_at(*point(p, 550, "pauses"))
    assert p.node([])["total"]["bytes"] == 7
    p.hover_at(*point(p, 555, "cycles"))
    assert "Cycle 2 of pid 4712" in p.text("#tip")


def test_hostile_words_are_text(page):
    p = page("collected_hostile")
    for ms, lane in [(100, "pauses"), (110, "cycles"), (200, "pauses")]:
        p.hover_at(*point(p, ms, lane))
        assert p.shown("#tip")
        p.click_at(*point(p, ms, lane))
    assert "Nothing is known of this time" in p.text("#nothing")
    p.press("#tab-gc")
    assert "</script><script>window.hacked=1</script>" in p.text("#gc-reasons")
    assert p.js("return window.hacked") is None
    assert p.js("return document.images.length") == 0


def test_odd_times(page):
    p = page("collected_odd")
    at = p.js("return alloctap.timelinePoint(0, 'pauses')")
    for x in range(0, 1200, 100):
        p.hover_at(at["x"] + x, at["y"])
        p.click_at(at["x"] + x, at["y"])
        p.drag(at["x"] + x, at["y"], at["x"] + 40)
        p.wheel(at["x"] + x, at["y"], -2000)
    p.press("#tab-gc")
    assert p.shown("#gc-facts")


# --- the tab ------------------------------------------------------------------------


def test_tab_of_collections(page):
    p = page("collected", "#tab=gc")
    facts = plain(p.text("#gc-facts"))
    for part in ["8.57 a second, 4 heap, 1 time, 1 forced", "635.0 \u00b5s in all", "0.0907 %",
                 "40.0 \u00b5s", "60.0 \u00b5s", "12.0 ms in all"]:
        assert part in facts, part
    patterns = p.text("#gc-patterns")
    assert "main.tick (/src/server.go:7)" in patterns and "GOMEMLIMIT" in patterns
    reasons = p.js("""return [...document.querySelectorAll("#gc-reasons tbody tr")].map(r =>
                      [...r.cells].map(c => c.innerText))""")
    assert [[plain(c) for c in r[:3]] for r in reasons] == [
        ["GC mark termination", "6", "360.0 \u00b5s"], ["GC sweep termination", "6", "240.0 \u00b5s"],
        ["read mem stats", "1", "35.0 \u00b5s"]]
    sites = table_rows(p, "gc-by-site")
    assert [r[0] for r in sites][:2] == ["main.decode", "main.render"]
    assert [plain(c) for c in sites[0]][2:6] == ["15.2 MB", "57.0 %", "3.00", "300.0 \u00b5s"]
    assert sorted(r[0] for r in table_rows(p, "gc-by-type"))[:2] == ["[]uint8", "main.message"]
    p.js("document.getElementById('filter').select()")
    p.keys("render")
    assert [r[0] for r in table_rows(p, "gc-by-site")] == ["main.render"]
    p.press("#gc-by-site tbody tr:nth-child(1) button.name-of")
    assert p.state()["tab"] == "flame" and p.state()["matches"] == 1


def test_tab_says_that_nothing_was_found(page):
    p = page("collected_two", "#tab=gc")
    assert "None of those known to be trouble was found" in p.text("#gc-patterns")


@pytest.mark.parametrize("dark", [False, True])
def test_themes(page, dark):
    p = page("collected", dark=dark)
    x, y = point(p, 350)
    first = p.pixel(x, y, "lanes")
    p.keys("t")
    p.settle()
    assert p.state()["theme"] == ("light" if dark else "dark")
    # Text is drawn in the colour of the theme: what is behind it stays the panel's.
    assert p.pixel(x, y, "lanes")[3] == first[3] == 255


# --- an hour ---------------------------------------------------------------------------


def test_an_hour_opens_fast_and_stays_fluid(page):
    p = page("hour")
    opened = p.js("return alloctap.timings()")
    print("ms to open:", opened)
    assert opened["since_navigation"] <= 2000
    took = []
    x, y = point(p, 1800000)
    for by in [-300] * 5 + [300] * 7:
        p.wheel(x, y, by)
        took.append(p.js("return alloctap.timeline().took"))
    print("ms to draw:", took)
    assert sorted(took)[len(took) // 2] <= 50
    drag(p, 0, 3600000)
    assert p.node([])["total"]["bytes"] == p.js("return alloctap.totals()")["bytes"]
    times = p.js("return alloctap.timings()")
    print("ms to weigh and fill tables:", times["weigh"], times["tables"])


def test_folded_cycles_are_told(page):
    p = page("hour")
    assert "up to 9,001" in p.text("#timeline-note")
    whole = p.node([])["total"]["bytes"]
    # The last ones are told apart.
    drag(p, 3500000, 3600000)
    assert p.state()["window"]["folded"] == 0 and 0 < p.node([])["total"]["bytes"] < whole / 30
    # Of these only the worst are.
    drag(p, 100000, 700000)
    folded, cycles = p.state()["window"]["folded"], len(p.state()["window"]["cycles"])
    assert cycles - 10 < folded < cycles and "folded and left out" in p.text("#window")
    assert 0 < p.node([])["total"]["bytes"] < whole / 1000
    # A single one of them: nothing is known of it alone.
    drag(p, 3500000, 3600000)
    p.js("history.replaceState(null, '', '#window=36100000000-36200000000'); dispatchEvent(new Event('popstate'))")
    assert p.state()["window"]["folded"] == 1
    assert "folded together" in p.text("#nothing")
    p.focus("#flame")
    p.keys(ESCAPE)
    assert p.node([])["total"]["bytes"] == whole
