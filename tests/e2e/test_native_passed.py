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
MATRIX = ["native_matrix", "matrix.c", ("-pthread",)]


def environment(*flags):
    library = lab.build_native("native_matrix", "passing.c", ("-shared", "-fPIC", *flags))
    return dict(os.environ, LD_PRELOAD=library)


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_attached(start, tap, tmp_path, shape, options):
    program = start([lab.build_native(*MATRIX), "4", "1000"], env=environment(f"-D{shape}"))
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
    assert report["leaks"]["untracked_frees"] == 0


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
        totals[flags] = [*(report["totals"][name] for name in ("alloc_objects", "alloc_bytes")),
                         report["address_space"]["totals"]["mmap"]]
    assert totals[()][0] > 500
    assert totals[("-DJUMPS",)] == totals[()]
    assert totals[("-DWORKS",)] == totals[()]
