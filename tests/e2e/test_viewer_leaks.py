# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The page's tab of what lives, on fixture_native() of tests/unit/fixture_native.h."""

import os

import lab
from viewer import plain, share, table_rows
# Fixtures: pytest finds them by their names here.
from viewer import chromium, page, pages  # noqa: F401

LIVE = {"cache::put(char const*)": (38400, 600), "session::open()": (28672, 7), "main": (64, 2)}
BYTES = sum(b for b, _ in LIVE.values())
BLOCKS = sum(n for _, n in LIVE.values())


def test_what_lives_is_a_unit(page):
    p = page("native", "#unit=inuse")
    assert p.state()["unit"] == "inuse"
    totals = p.js("return alloctap.totals()")
    assert (totals["inuse"], totals["inuse_objects"], totals["frees"]) == (BYTES, BLOCKS, 454)
    assert (totals["bytes"], totals["objects"]) == (93864, 1063)
    node = p.node(["server-300", "_start", "main", "session::open()", "malloc"])
    assert node["self"]["inuse"] == 28672 and node["self"]["inuse_objects"] == 7
    p.press("#units button[value='7']")
    assert p.state()["unit"] == "inuse_objects"


def test_table_of_what_lives(page):
    p = page("native", "#tab=leaks")
    assert p.text("#n-leaks") == "3"
    rows = [[plain(c) for c in r] for r in table_rows(p, "leaks")]
    assert len(rows) == 3
    for row, (name, (size, blocks)) in zip(rows, LIVE.items()):
        assert row[0].endswith(name)
        assert row[3] == share(size, BYTES) and row[4] == str(blocks)
    assert rows[0][6] == "15.6 kB/s" and rows[1][6] == "\u2013"
    assert "3 frees were of blocks that were not seen to be allocated" in p.text("#panel-leaks")


def test_row_opens_into_its_stack(page):
    p = page("native", "#tab=leaks")
    p.press("#leaks button.open[aria-label='Details of cache::put(char const*)']")
    text = plain(p.text("#leaks tr.detail"))
    at = [text.index(part) for part in
          ["malloc", "operator new(unsigned long)", "/src/cache.cc:42", "/src/main.cc:9", "_start"]]
    assert at == sorted(at)
    assert "38,400 B" in text and "6,400 B" in text


def test_row_leads_to_the_graph(page):
    p = page("native", "#tab=leaks")
    p.js("document.querySelector('#leaks button.name-of').click()")
    state = p.state()
    assert (state["tab"], state["unit"]) == ("flame", "inuse")
    assert state["matched"] == 38400


def test_controls_are_one_row(page):
    """Of a screen as most have them, with all units there are of a native program."""
    p = page("native")
    tops = p.js("""return [...document.querySelectorAll(".bar > *")].filter(e => e.checkVisibility())
                   .map(e => e.getBoundingClientRect().top)""")
    assert len(tops) >= 4 and len({round(top) for top in tops}) == 1


def test_table_of_sites_fits(page):
    p = page("native", "#tab=sites")
    assert p.js("""const panel = document.getElementById("panel-sites");
                   return panel.scrollWidth <= panel.clientWidth""")


def test_what_lives_is_compared(chromium, tmp_path):
    """With a recording that does not say; never per second."""
    golden = os.path.join(lab.TOP, "tests/golden")
    r = lab.run_alloctap("diff", f"{golden}/fixture.atap", f"{golden}/native.atap",
                         "-o", tmp_path / "x.html")
    assert r.returncode == 0, r.stderr
    p = chromium.open(tmp_path / "x.html", "#tab=leaks")
    rows = [[plain(c) for c in r] for r in table_rows(p, "leaks")]
    assert [row[0] for row in rows] == list(LIVE)
    assert [row[3:6] for row in rows][0] == ["37.5 kB", "+37.5 kB", "new"]
    assert rows[0][7] == "+600"
    assert "before does not say what lives" in plain(p.text("#warnings"))
    p.js("document.querySelector('#leaks button.name-of').click()")
    assert p.state()["unit"] == "inuse"
    assert p.js("return alloctap.totals()")["inuse"] == BYTES


def test_processes(page):
    p = page("native", "#tab=processes")
    rows = [[plain(c) for c in r] for r in table_rows(p, "processes")]
    assert p.text("#n-processes") == "2"
    assert [row[:4] for row in rows] == [["server", "300", "glibc", "91.5 kB"],
                                         ["worker", "301", "glibc", "192 B"]]
    assert [row[-1] for row in rows] == ["\u2013", "12.3 ms"]
    assert "1 \u00d7 process ran, for 12.3 ms at most, while not all of its probes were in" in plain(
        p.text("#warnings"))
    p.js("document.querySelectorAll('#processes button.name-of')[1].click()")
    state = p.state()
    assert (state["tab"], state["matched"]) == ("flame", 192)


def test_why_stacks_are_not_whole(page):
    text = plain(page("native").text("#warnings"))
    assert "50 \u00d7 stacks not whole: code without unwind table" in text
    assert "6 \u00d7 stacks not whole: a frame that leads nowhere" in text


def test_others_have_no_such_tab(page):
    p = page("shop")
    assert not p.shown("#tab-leaks")
    assert "inuse" not in p.js("return alloctap.totals()")
