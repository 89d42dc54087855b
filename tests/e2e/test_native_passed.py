# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Preloaded allocators that pass calls on to libc's through pointers: each is counted once.

Against the books of tests/targets/native_matrix/matrix.c, or what the same program does
without them. What the library asks of libc for itself is counted as well.
"""

import os

import pytest

import lab
from test_native import check_asked_for, check_live, work

SHAPES = ["JUMPS", "WORKS"]
MODES = [[], ["--live"]]
KEPT = 64 * 7  # glibc: TCACHE_MAX_BINS lists of TCACHE_FILL_COUNT blocks, for each thread
MATRIX = ["native_matrix", "matrix.c", ("-pthread",)]


def environment(*flags):
    library = lab.build_native("native_matrix", "passing.c", ("-shared", "-fPIC", *flags))
    return dict(os.environ, LD_PRELOAD=library)


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_attached(start, tap, tmp_path, shape, options):
    program = start([lab.build_native(*MATRIX), "4", "3000"], env=environment(f"-D{shape}"))
    program.expect("ready")
    out = str(tmp_path / "x.json")
    t = tap(program.pid, [out], options)
    books = work(program)
    t.stop()
    report = lab.load_json(out)
    if not options:
        check_asked_for(books, report)
        return
    check_live(books, report)
    # glibc itself frees what it keeps of a thread that ends.
    assert report["leaks"]["untracked_frees"] <= 4 * KEPT < report["totals"]["frees"]


@pytest.mark.parametrize("options", MODES)
def test_launched(root, tmp_path, options):
    totals = {}
    for flags in [(), *((f"-D{shape}",) for shape in SHAPES)]:
        out = str(tmp_path / "x.json")
        r = lab.run_alloctap("record", "--probe", "alloc,pages", *options, "-o", out, "--",
                             lab.build_native(*MATRIX), "1", "500", env=environment(*flags))
        assert r.returncode == 0, r.stderr
        report = lab.load_json(out)
        lab.no_losses(report)
        totals[flags] = [report["totals"][name] for name in ("alloc_objects", "alloc_bytes")]
        assert [(site["calls"], site["bytes"]) for site in report["address_space"]["sites"]
                if (site["func"], site["call"]) == ("begin", "mmap")] == [(3, 3 * 4321)]
    assert totals[()][0] > 400
    assert totals[("-DJUMPS",)] == totals[()]
    assert totals[("-DWORKS",)] == totals[()]
