# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Types of allocations and inserts, and growths of maps, against a program that knows.

The target is tests/targets/typed. It allocates a known number of objects of known
types in functions of their own, so each is looked for as (first function of package
main, type), and has to be there as often as the program says. What the runtime and
reflect allocate on the way to it is of other types. The GC is off: it would run, and
allocate, on the stacks of whoever allocates.

The map is inserted into until it has grown from one group or bucket to 1024 slots.
Both kinds of map double at fixed numbers of entries on the way, known from the
runtime's sources: Swiss ones when 7/8 full, classic ones at 6.5 entries a bucket (6 in
Go 1.21).
"""

import collections
import json
import os
import re
import subprocess

import pytest

import lab
from pprof_file import ALLOC, DOUBLE, MAP_INSERT, OVERFLOW, WB_FLUSH, Pprof, Recording

ENV = {"GOGC": "off", "PATH": "/usr/bin:/bin"}
INSERTED = 800
MAP = "map[uint64]main.Tag"


def minor(version):
    return int(version.split(".")[1])


def main_function(functions):
    return next((f for f in functions if f.startswith("main.")), None)


def by_type(recording, kind):
    """{(function, type): objects}"""
    sums = collections.Counter()
    for s in recording.samples:
        if s.kind == kind:
            sums[main_function(s.functions), s.type] += s.objects
    return sums


def doublings(version, swiss):
    """{level: entries} of the growths of a map with INSERTED entries."""
    if swiss:
        return {3: 8, **{level: 7 * 2 ** level // 8 for level in range(4, 10)}}
    load = 12 if minor(version) == 21 else 13
    full = {level: max(8, load * 2 ** (level - 3) // 2) for level in range(3, 12)}
    return {level: entries for level, entries in full.items() if entries < INSERTED}


def check_growths(recording, version, swiss):
    growths = [g for g in recording.growths if main_function(g.functions) == "main.inserted"
               and g.type == MAP]
    doubled = [g for g in growths if g.how == DOUBLE]
    assert {g.level: g.entries for g in doubled} == doublings(version, swiss)
    assert all(g.count == 1 and g.map == 0 for g in doubled)
    leaves = {g.functions[0] for g in doubled}
    if swiss:
        assert growths == doubled
        assert leaves == {"internal/runtime/maps.(*Map).growToTable",
                          "internal/runtime/maps.(*table).grow"}
        return
    assert leaves == {"runtime.hashGrow"}
    # Of the overflow buckets only those that were allocated count.
    chained = [g for g in growths if g.how == OVERFLOW]
    assert len(chained) == len(growths) - len(doubled)
    allocated = sum(s.objects for s in recording.samples if s.kind == ALLOC
                    and main_function(s.functions) == "main.inserted"
                    and s.type == "map.bucket[uint64]main.Tag"
                    and "runtime.(*hmap).newoverflow" in s.functions)
    assert sum(g.count for g in chained) == allocated


def check(books, atap, version, swiss):
    """Shared with test_kernels.py."""
    recording = Recording(atap)
    allocated = by_type(recording, ALLOC)
    expected = {(e["function"], e["type"]): e["objects"] for e in books["entries"]}
    assert len(expected) >= 16
    assert {key: allocated[key] for key in expected} == expected
    inserted = [s for s in recording.samples if s.kind == MAP_INSERT and s.type == MAP]
    assert sum(s.objects for s in inserted) == books["inserts"]["main.inserted"][0] == INSERTED
    # Entries are those before the insert.
    assert max(s.entries for s in inserted) == INSERTED - 1
    check_growths(recording, version, swiss)
    return recording


def is_swiss(version):
    return minor(version) >= 24


def launch(binary, tmp_path, *options):
    atap, pprof = str(tmp_path / "x.atap"), str(tmp_path / "x.pb.gz")
    r = lab.run_alloctap("record", *options, "-o", atap, "-o", pprof, "--", binary, "launch",
                         env=ENV)
    assert r.returncode == 0, r.stderr
    assert "nothing was lost" in r.stderr
    return json.loads(r.stdout), atap, pprof


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_launched(root, tmp_path, version):
    books, atap, pprof = launch(lab.build_go("typed", version), tmp_path)
    recording = check(books, atap, version, is_swiss(version))
    # pprof's label says the same, with a hash where types of one name are several.
    p = Pprof(pprof)
    labelled = collections.Counter()
    for s, objects in zip(p.samples, p.values("alloc_objects")):
        name = re.sub("#[0-9a-f]{8}$", "", s.labels.get("type", ""))
        labelled[main_function([f.function for f in s.frames]), name] += objects
    assert +labelled == +by_type(recording, ALLOC)


@pytest.mark.parametrize("variant", ["stripped", "pie", "cgo-pie-stripped", "no-buildinfo"])
@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
def test_launched_variant(root, tmp_path, version, variant):
    books, atap, _ = launch(lab.build_go("typed", version, variant), tmp_path)
    check(books, atap, version, is_swiss(version))


@pytest.mark.parametrize("version", ["1.24.13", "1.25.5"])
def test_classic_maps_of_new_go(root, tmp_path, version):
    binary = str(tmp_path / "typed")
    r = subprocess.run([os.path.join(lab.go_root(version), "bin/go"), "build", "-o", binary, "."],
                       cwd=os.path.join(lab.TARGETS, "typed"), capture_output=True, text=True,
                       env=dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false",
                                GOWORK="off", CGO_ENABLED="0", GOEXPERIMENT="noswissmap"))
    assert r.returncode == 0, r.stderr
    books, atap, _ = launch(binary, tmp_path)
    check(books, atap, version, swiss=False)


def attach(start, tap, tmp_path, version, mode, options=(), variant="plain"):
    """Books and recording of what the target did between its two waits."""
    atap = str(tmp_path / "x.atap")
    target = start([lab.build_go("typed", version, variant), *mode], env=ENV)
    target.expect("ready")
    t = tap(target.pid, [atap], options)
    target.send("x")
    books = json.loads(target.read_line())
    target.expect("ready")
    t.stop()
    target.send("x")
    assert target.wait() == 0, target.stderr
    return books, atap


@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
def test_attached(start, tap, tmp_path, version):
    books, atap = attach(start, tap, tmp_path, version, [], variant="pie")
    check(books, atap, version, is_swiss(version))


@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
def test_hostile_types(start, tap, tmp_path, version):
    """Whatever lies where a type should: a name, and no hang (the fixtures have time limits)."""
    books, atap = attach(start, tap, tmp_path, version, ["hostile"])
    forged = {t: n for (f, t), n in by_type(Recording(atap), ALLOC).items() if f == "main.forged"}
    assert sum(forged.values()) == books["entries"][0]["objects"]
    assert forged.pop("[reflect struct, 64 bytes]", 0) <= 2
    assert set(forged) <= {"[bad type]", "[too many types]"}
    assert forged["[bad type]"] >= 6


def test_no_types(root, tmp_path):
    books, atap, _ = launch(lab.build_go("typed"), tmp_path, "--no-types")
    recording = Recording(atap)
    assert recording.types == [""]
    expected = sum(e["objects"] for e in books["entries"] if e["function"] == "main.converted")
    counted = by_type(recording, ALLOC)
    assert counted["main.converted", ""] == expected


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_write_barriers(root, tmp_path, version):
    """That all are counted was checked against bpftrace's count of the same function."""
    atap = str(tmp_path / "x.atap")
    r = lab.run_alloctap("record", "--probe", "wb", "-o", atap, "--",
                         lab.build_go("exact", version), "launch", "small",
                         env=dict(ENV, GOGC="5"))
    assert r.returncode == 0 and "nothing was lost" in r.stderr, r.stderr
    recording = Recording(atap)
    assert {s.kind for s in recording.samples} == {WB_FLUSH}
    assert {s.functions[0] for s in recording.samples} == {"runtime.wbBufFlush1"}
    # From the write itself: the function that wrote, the barrier, the flush.
    written = [s for s in recording.samples
               if "runtime.wbBufFlush" in s.functions and main_function(s.functions)
               and any(f.removeprefix("runtime.").startswith("gcWriteBarrier")
                       for f in s.functions)]
    assert sum(s.objects for s in written) > 20
    assert len({main_function(s.functions) for s in written}) >= 3
