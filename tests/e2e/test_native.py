# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Allocations of C programs, counted once each: against the program's own books.

The target is tests/targets/native_matrix: every function of the C allocator, ending in
every way it can, from threads that free each other's blocks.

Without --live an allocation is counted when it is asked for. So what was asked for in
vain is counted too, but for sizes no allocator gives (over PTRDIFF_MAX), and
realloc(p, 0) is a free, although some allocators give a block for it. With --live what
was given is counted, and each free.
"""

import json
import os
import shutil
import time

import pytest

import lab

LINKS = [
    "perf",
    pytest.param("multi", marks=pytest.mark.skipif(
        lab.kernel_version() < (6, 6), reason="uprobe_multi came with Linux 6.6")),
]


def matrix(start, allocator, threads, rounds, source="matrix.c", flags=(), compiler=None):
    """The target, ready to work."""
    program = start([lab.build_native("native_matrix", source, ("-pthread", *flags), compiler),
                     str(threads), str(rounds)], env=lab.allocator_env(allocator))
    program.expect("ready")
    return program


def work(program):
    program.send("\n")
    return json.loads(program.read_line())


def record(start, tap, tmp_path, allocator, options, threads=4, rounds=5000, **kwargs):
    """(the target's books, the report)"""
    program = matrix(start, allocator, threads, rounds, **kwargs)
    out = str(tmp_path / "x.json")
    t = tap(program.pid, [out], options)
    books = work(program)
    t.stop()
    program.send("\n")
    assert program.wait() == 0
    return books, lab.load_json(out)


def check_asked_for(books, report):
    lab.no_losses(report)
    totals = report["totals"]
    assert totals["alloc_objects"] == books["allocs"] + books["refused"] - books["emptied"]
    assert totals["alloc_bytes"] == books["bytes"] + books["refused_bytes"]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("allocator", lab.ALLOCATORS)
def test_asked_for(start, tap, tmp_path, allocator, link):
    check_asked_for(*record(start, tap, tmp_path, allocator, ["--link", link]))


def check_live(books, report, may_not_follow=False):
    """On a kernel that preempts, a thread's first call may find no room: not followed, and said."""
    lost = report["lost"]
    slack = lost.get("live_call", 0) if may_not_follow else 0
    assert lost["total"] == slack <= 4, lost
    totals = report["totals"]
    for ours, theirs in (("alloc_objects", "allocs"), ("frees", "frees"),
                         ("live_objects", "live")):
        assert abs(totals[ours] - books[theirs]) <= slack, ours
    if not slack:
        for ours, theirs in (("alloc_bytes", "bytes"), ("freed_bytes", "freed_bytes"),
                             ("live_bytes", "live_bytes")):
            assert totals[ours] == books[theirs], ours


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("allocator", lab.ALLOCATORS)
def test_followed(start, tap, tmp_path, allocator, link):
    """With session links, where multi is and the kernel has them; else pairs of probes."""
    check_live(*record(start, tap, tmp_path, allocator, ["--live", "--link", link]))


@pytest.mark.parametrize("allocator", [*lab.ALLOCATORS, "tcmalloc-full"])
def test_new_and_delete(start, tap, tmp_path, allocator):
    """All forms of C++'s, for which allocators have short ways of their own."""
    check_live(*record(start, tap, tmp_path, allocator, ["--live"], rounds=3000,
                       source="new.cc"))


@pytest.mark.parametrize("compiler, flags", [
    ("musl-gcc", []),
    ("musl-gcc", ["-static"]),
    ("gcc", ["-static"]),
])
def test_other_libc(start, tap, tmp_path, compiler, flags):
    if not shutil.which(compiler):
        lab.unavailable(f"no {compiler}")
    check_live(*record(start, tap, tmp_path, "glibc", ["--live"], rounds=2000, flags=flags,
                       compiler=compiler))


@pytest.mark.parametrize("live", [[], ["--live"]])
@pytest.mark.parametrize("alone", [[], ["-DALONE"]])
def test_rust_that_counts(root, tmp_path, alone, live):
    """Nothing is counted twice, and nothing refused: a LOCK is no place for a probe."""
    program = lab.build_native("native_matrix", "rust.c", ["-pie", "-Wl,--no-relax", *alone])
    out = tmp_path / "x.json"
    r = lab.run_alloctap("record", *live, "-o", out, "--", program, "1000")
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    lab.no_losses(report)
    assert report["totals"]["alloc_objects"] == 1000
    assert report["totals"]["alloc_bytes"] == 48000
    if live:
        assert report["totals"]["frees"] == 999
        assert report["totals"]["live_bytes"] == 48


def test_loader_that_is_the_libc(root, tmp_path):
    """musl's: a command is let go when its libraries are there, not when it ends."""
    program = lab.build_native("follow", "follow.c", (), "musl-gcc")
    out = tmp_path / "x.json"
    begin = time.monotonic()
    r = lab.run_alloctap("record", "--live", "-d", "100ms", "-o", out, "--", program, "work", "1",
                         "7")
    assert r.returncode == 0, r.stderr
    assert lab.load_json(out)["duration_ns"] < 0.9e9 < (time.monotonic() - begin) * 1e9


def test_live_map_full(start, tap, tmp_path):
    """Full, it takes no more: what it says lives does live, and since when it is not all."""
    books, report = record(start, tap, tmp_path, "glibc", ["--live", "--max-live", "1000"],
                           rounds=500)
    totals = report["totals"]
    assert totals["alloc_objects"] == books["allocs"]
    assert totals["alloc_bytes"] == books["bytes"]
    assert totals["frees"] < books["frees"]
    assert 0 < totals["live_objects"] <= 1000
    assert totals["live_bytes"] < books["live_bytes"]
    assert report["leaks"]["partial_since_ns"] > 0
    assert report["lost"]["live_full"] > 0
    assert report["lost"]["live_full"] == report["lost"]["total"]


# With each allocator. Four busy threads leave us a cycle each second or two on 2 CPUs;
# ALLOCTAP_CYCLES=200 is the long form.
CYCLES = int(os.environ.get("ALLOCTAP_CYCLES", "5"))


def cycles(start, allocator, count, options):
    program = matrix(start, allocator, 4, 2000000000)
    program.send("\n")
    for i in range(count):
        r = lab.run_alloctap("record", "-p", program.pid, "-d", f"{1 + i % 20}ms", "--live",
                             "-o", "-", "-f", "folded", *options)
        assert r.returncode == 0, f"cycle {i}: {r.stderr}"
        assert program.process.poll() is None, f"dead after cycle {i}: {program.stderr}"


@pytest.mark.parametrize("allocator", ["glibc", "jemalloc", "tcmalloc"])
def test_attach_detach_cycles(root, start, allocator):
    """Probes come and go while four threads are in the middle of everything."""
    cycles(start, allocator, CYCLES, [])


def test_attach_detach_cycles_perf(root, start):
    cycles(start, "glibc", 5, ["--link", "perf"])


def test_empty_probes_count_nothing(root, tmp_path):
    out = tmp_path / "x.json"
    r = lab.run_alloctap("record", "--empty-probes", "-o", out, "--", "/bin/ls", "/")
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    assert (report["totals"]["alloc_objects"], report["cost"]["hits"]) == (0, 0)
