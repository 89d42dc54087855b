# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names of code that is in no file, and of what a signal interrupted."""

import glob
import os

import pytest

import lab

TIMES = 101


@pytest.fixture(autouse=True)
def perf_maps():
    """The program cannot remove its own: it is read when it has ended."""
    before = set(glob.glob("/tmp/perf-*.map"))
    yield
    for path in set(glob.glob("/tmp/perf-*.map")) - before:
        os.unlink(path)


def stacks(tmp_path, mode):
    """Frames from main on, of the stacks that allocate() is in."""
    out = tmp_path / "out.folded"
    target = lab.build_native("native_names", "odd.c")
    r = lab.run_alloctap("record", "--unit", "objects", "-o", str(out), "--", target, mode)
    assert r.returncode == 0, r.stderr
    found = {}
    for line in out.read_text().splitlines():
        frames, count = line.rsplit(" ", 1)
        frames = frames.split(";")
        if "allocate" in frames:
            found[tuple(frames[frames.index("main"):])] = int(count)
    return found


@pytest.mark.parametrize("mode, name", [
    ("jit", "compiled::thunk"),
    ("jit-untold", "[anonymous executable memory]"),
])
def test_compiled(tmp_path, mode, name):
    assert stacks(tmp_path, mode) == {
        ("main", "run_compiled", name, "allocate", "malloc"): TIMES}


def test_signal(tmp_path):
    assert stacks(tmp_path, "signal") == {
        ("main", "run_signal", "interrupted", "__restore_rt", "handler", "allocate", "malloc"):
            TIMES}
