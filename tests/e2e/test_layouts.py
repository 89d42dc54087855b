# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Types and layouts in a recording of a real program, against reflect in it.

The target is tests/targets/types: it says what reflect knows of some 300 types, then
makes three objects of each while it is recorded.
"""

import json
import os
import re
import subprocess

import pytest

import lab
from test_types import build, check_fields

OBJECTS = 3


def identity(e):
    """Of what test_types.py's target says of a type: as the report tells types apart."""
    return e["name"], e["package"], e["kind"], e["size"]


def record(version, path, tmp):
    """(what reflect says of the static types, of those it made, the recording)"""
    target = lab.Running([path])
    try:
        static, made = (json.loads(target.read_line()) for _ in range(2))
        tap = lab.Tap(target.pid, [tmp / "x.atap"])
        try:
            target.send("now\n")
            target.expect("done")
            tap.stop()
        finally:
            tap.close()
    finally:
        target.close()
    return static, made, tmp / "x.atap"


@pytest.fixture(scope="module", params=lab.GO_KEY_VERSIONS)
def recorded(request, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("attaching needs root")
    path = build(request.param, "-ldflags=-s -w", "-buildmode=pie")
    return record(request.param, path, tmp_path_factory.mktemp("layouts"))


@pytest.fixture(scope="module")
def report(recorded):
    r = lab.run_alloctap("report", recorded[2], "--json")
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def rows_of(report, e):
    """What the report has of that type; the runtime has no package for some names."""
    name, package, kind, size = identity(e)
    return [row for row in report["types"] if (row["type"], row["kind"], row["size"]) ==
            (name, kind, size) and row["package"] in (package, "")]


def as_dumped(layout, size):
    """A layout of the report's as check_fields() of test_types.py wants it."""
    fields = [[str(f["offset"]), str(f["size"]), str(f["align"]), str(f["padding"]),
               str(int(f["pointers"])), str(int(f["embedded"])), f["name"], f["type"]]
              for f in layout["fields"]]
    return {"F": fields, "L": [[size, layout["padding"], layout["optimal_size"]]]}


def test_layouts_are_those_of_reflect(recorded, report):
    static, _, _ = recorded
    structs, optimal = 0, 0
    for e in static:
        if e["kind"] != "struct" or not e["size"]:
            continue
        rows = rows_of(report, e)
        assert len(rows) == 1, (identity(e), rows)
        row, layout = rows[0], rows[0]["layout"]
        assert row["objects"] >= OBJECTS and row["align"] == e["align"]
        assert row["requested"] == row["objects"] * e["size"]
        assert (row["pointer_bytes"] > 0) == e["pointers"]
        check_fields(e, as_dumped(layout, e["size"]))
        # The size class is the one that the heap charged, where no blocks are shared.
        if e["size"] >= 16 or e["pointers"]:
            assert row["bytes"] == row["objects"] * layout["heap_bytes"], row
            assert layout["saving_bytes"] == row["objects"] * (
                layout["heap_bytes"] - layout["optimal_heap_bytes"])
        order = [next(f for f in layout["fields"] if f["name"] == name and name != "_")
                 for name in layout["optimal_order"] if name != "_"]
        assert [f["align"] for f in order if f["size"]] == sorted(
            (f["align"] for f in order if f["size"]), reverse=True)
        structs += 1
        optimal += layout["optimal_size"] < e["size"]
    print(f"{structs} structs, {optimal} could be smaller")
    assert structs > 60 and optimal > 5


def test_every_type_is_there(recorded, report):
    static, made, _ = recorded
    for e in static:
        if not e["size"]:
            continue
        rows = rows_of(report, e)
        assert len(rows) == 1 and rows[0]["objects"] >= OBJECTS, (identity(e), rows)
    for e in made:
        name = f"[reflect {e['kind']}, {e['size']} bytes]"
        assert any(row["type"] == name and row["objects"] >= OBJECTS for row in report["types"]), e
    odd = next(row for row in report["types"] if row["type"] ==
               f"[reflect struct, {made[0]['size']} bytes]")
    check_fields({**made[0], "optimal": -1}, as_dumped(odd["layout"], made[0]["size"]))
    for key in ("objects", "bytes", "requested"):
        assert sum(row[key] for row in report["types"]) == report["totals"]["alloc_" + key]


def report_text(recording, *arguments):
    r = lab.run_alloctap("report", recording, *arguments)
    assert r.returncode == 0, r.stderr
    return r.stdout


def test_layout_by_name(recorded):
    """As people ask for one: fields in their lines."""
    static, _, recording = recorded
    for e in static:
        if e["name"] not in ("main.padded", "main.embeds", "account.User2", "http.Server"):
            continue
        text = report_text(recording, "--layout", e["name"])
        assert f": a struct of {e['size']} bytes, aligned to {e['align']}\n" in text
        for f in e["fields"]:
            padding = f" +{f['padding']}" if f["padding"] else ""
            pointers = " +yes" if f["pointers"] else ""
            embedded = r" \(embedded\)" if f["embedded"] else ""
            assert re.search(rf"^ *{f['offset']} +{f['size']} +{f['align']}{padding}{pointers}"
                             rf" +{f['name']} +{re.escape(f['type'])}{embedded}$", text, re.M), f
        assert f"\npadding      {e['padding']} bytes" in text
        asked = json.loads(report_text(recording, "--layout", e["name"], "--json"))["layout"]
        assert (asked["type"], asked["size"]) == (e["name"], e["size"])
        check_fields(e, as_dumped(asked, e["size"]))


def test_names_that_are_not_enough(recorded):
    """main.User is declared twice: the error names both, and each name finds its own."""
    static, _, recording = recorded
    sizes = {e["size"] for e in static if e["name"] == "main.User"}
    assert len(sizes) == 2
    r = lab.run_alloctap("report", recording, "--layout", "main.User")
    assert (r.returncode, r.stdout) == (1, "")
    names = re.search(r"main\.User may be any of these: (.*)\n", r.stderr).group(1).split(", ")
    assert len(names) == 2 and all(n.startswith("main.User#") for n in names)
    found = {int(re.search(r"a struct of (\d+) bytes", report_text(recording, "--layout", name))
                 .group(1)) for name in names}
    assert found == sizes
    # The same two in the table of types, and the whole import path finds one too.
    table = report_text(recording, "--view", "types", "--top", 1000)
    assert all(f"  {name}\n" in table for name in names)
    text = report_text(recording, "--layout", "example.com/alloctap/types.v2/user.User")
    assert "\nexample.com/alloctap/types.v2/user.User: a struct of " in text


@pytest.mark.parametrize("name, said", [
    ("main.Usr", r"no type in it is called main\.Usr: did you mean .*main\.User"),
    ("PADDED", r"did you mean main\.padded"),
    ("no.such_type_at_all", "no type in it is called .*: see --view types"),
    ("int64", "int64 is no struct whose fields were recorded"),
])
def test_names_that_find_nothing(recorded, name, said):
    r = lab.run_alloctap("report", recorded[2], "--layout", name)
    assert (r.returncode, r.stdout) == (1, "")
    assert len(r.stderr.splitlines()) == 1 and re.search(said, r.stderr), r.stderr


def pprof(*args):
    go = os.path.join(lab.go_root(lab.GO_ANY), "bin/go")
    r = subprocess.run([go, "tool", "pprof", *map(str, args)], capture_output=True, text=True,
                       env=dict(os.environ, GOTOOLCHAIN="local"))
    assert r.returncode == 0, r.stderr
    return r.stdout


def test_pprof_and_folded_by_type(recorded, report, tmp_path):
    static, _, recording = recorded
    r = lab.run_alloctap("export", recording, "-o", tmp_path / "x.pb.gz", "-o",
                         tmp_path / "x.folded", "--by", "type", "--unit", "objects")
    assert r.returncode == 0, r.stderr
    embeds = next(row for row in report["types"] if row["type"] == "main.embeds")
    top = pprof("-top", "-cum", "-nodefraction=0", "-sample_index=alloc_space", "-unit=B",
                "-tagroot=type", tmp_path / "x.pb.gz")
    assert re.search(rf" {embeds['bytes']}B +\S+  main\.embeds\n", top), top
    focus = pprof("-top", "-nodefraction=0", "-sample_index=alloc_objects",
                  r"-tagfocus=type=^main\.embeds$", tmp_path / "x.pb.gz")
    assert re.search(rf"Showing nodes accounting for {embeds['objects']},", focus), focus
    counted = {}
    for line in (tmp_path / "x.folded").read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        leaf = stack.rsplit(";", 1)[1]
        counted[leaf] = counted.get(leaf, 0) + int(count)
    assert counted["[type main.embeds]"] == embeds["objects"]
    assert sum(counted.values()) == report["totals"]["alloc_objects"]
    twins = [count for leaf, count in counted.items() if leaf.startswith("[type main.User#")]
    assert twins == [OBJECTS, OBJECTS]
