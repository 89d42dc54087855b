# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Stacks frame by frame: the addresses of each are those backtrace() finds in the target.

Without frame pointers in the target and in libc; through callbacks of qsort(), from
signal handlers, in threads, in a library loaded while it is tapped, and from C that Go
called.
"""

import os
import re
import time

import pytest

import lab
from pprof_file import Pprof

FLAGS = ("-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread")
# Levels; with those of libc in between the last make 113 frames.
DEPTHS = [2, 7, 11, 23, 36, 47, 53, 61, 70, 75]
WAYS = ["direct", "signal", "altstack", "fault", "thread", "plugin"]
# What backtrace() gives is this much or one less in a profile: return addresses are said as
# those of their calls, but where a signal came there was no call.
CALLS = (0, 1)


def work(program, ways):
    """{size: addresses by backtrace()} of one allocation each."""
    stacks = {}
    for way in ways:
        for depth in DEPTHS:
            size = 1_000_003 + len(stacks)
            program.send(f"{way} {depth} {size}\n")
            stacks[size] = way, [int(word, 16) for word in program.read_line().split()]
    return stacks


def check(stacks, profile):
    found = dict(zip(profile.values("alloc_space"), profile.addresses))
    assert set(stacks) <= set(found)
    for size, (way, expected) in stacks.items():
        # malloc itself; then the two calls of one function: of malloc, and of backtrace().
        got = found[size][1:]
        assert len(got) == len(expected), (way, got, expected)
        assert abs(got[0] - expected[0]) < 64
        assert all(e - g in CALLS for g, e in zip(got[1:], expected[1:])), (way, got, expected)
        signals = way in ("signal", "altstack", "fault")
        assert sum(g == e for g, e in zip(got[1:], expected[1:])) <= 2 * signals


def test_equal_to_backtrace(start, tap, tmp_path):
    plugin = lab.build_native("native_stacks", "plugin.c", (*FLAGS, "-shared", "-fPIC"))
    program = start([lab.build_native("native_stacks", "stacks.c", FLAGS), plugin])
    program.expect("ready")
    t = tap(program.pid, [tmp_path / "x.pb.gz", tmp_path / "x.json"])
    program.send("load\n")
    program.expect("loaded")
    # The kernel tells us of new mappings, but the program does not wait for us.
    time.sleep(1)
    stacks = work(program, WAYS)
    t.stop()
    lengths = [len(addresses) for _, addresses in stacks.values()]
    assert min(lengths) < 10 and max(lengths) > 110
    check(stacks, Pprof(tmp_path / "x.pb.gz"))
    report = lab.load_json(tmp_path / "x.json")
    lab.no_losses(report)
    assert report["stacks"]["whole_share"] == 1
    assert report["stacks"]["frame_pointer"] == 0


GO_FRAMES = ["main.intoC", "main.main", "runtime.main"]
# What a profile must say of Go's side, leaf first: of C called by Go, and of C called by Go
# called by C called by Go.
GO_SIDES = {1_000_003: GO_FRAMES,
            1_000_033: ["main.intoC", "main.inCallback", "main.goBack", "descend", *GO_FRAMES]}


@pytest.mark.parametrize("version", ["1.19", lab.GO_ANY])
def test_cgo(start, tap, tmp_path, version):
    program = start([lab.build_go("native_cgo", version, "cgo")])
    program.read_line()
    program.expect("ready")
    t = tap(program.pid, [tmp_path / "x.pb.gz"], ["--probe", "native"])
    program.send("go\n")
    stacks = dict((int(words[0]), [int(word, 16) for word in words[1:]])
                  for words in (program.read_line().split() for _ in GO_SIDES))
    t.stop()
    profile = Pprof(tmp_path / "x.pb.gz")
    sizes = profile.values("alloc_space")
    for size, expected in stacks.items():
        index = sizes.index(size)
        got, names = profile.addresses[index][1:], [f.function for f in
                                                    profile.samples[index].frames]
        # C's frames: those of libgcc, which stops at Go's.
        n_levels = sum(name == "descend" for name in names[:16])
        assert n_levels == 13 and len(expected) > n_levels
        assert all(e - g in CALLS for g, e in zip(got[1:n_levels + 1], expected[1:]))
        rest = iter(names[1 + n_levels:])
        assert all(name in rest for name in GO_SIDES[size]), names


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_mmap_inside_malloc(root, tmp_path, link):
    """Where malloc's return address is, a return probe has put its own meanwhile."""
    out, report_path = tmp_path / "x.folded", tmp_path / "x.json"
    program = lab.build_native("follow", "follow.c")
    r = lab.run_alloctap("record", "--live", "--link", link, "--probe", "alloc,pages", "-o",
                         report_path, "-o", out, "--", program, "map", "50")
    assert r.returncode == 0, r.stderr
    report = lab.load_json(report_path)
    lab.no_losses(report)
    assert report["stacks"]["whole_share"] == 1
    assert report["address_space"]["totals"]["mmap"]["calls"] >= 50


def test_page_that_is_moved(root, tmp_path):
    """What cannot be read for a moment is lost to one stack, and not to those that follow."""
    program = lab.build_native("native_stacks", "moved.c", ("-fomit-frame-pointer",))
    out = tmp_path / "x.json"
    r = lab.run_alloctap("record", "-o", out, "--", program, 200)
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    assert report["totals"]["alloc_objects"] >= 11 * 201
    # One at each depth.
    assert report["stacks"]["hits"] - report["stacks"]["whole"] == 11, report["stacks"]
