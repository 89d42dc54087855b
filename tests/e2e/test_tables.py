# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Unwind tables that do not all fit: room is made, and made again for those that come back."""

import os
import re
import shutil
import subprocess

import pytest

import lab

MEMORY = 4 << 20
ROW = 4
ROWS_OF_FUNCTION = 4000
# Two of these fit, with those of libc and the rest; three do not.
FUNCTIONS = int(0.4 * MEMORY / ROW / ROWS_OF_FUNCTION)
TOO_MANY = int(1.1 * MEMORY / ROW / ROWS_OF_FUNCTION)
WHOLE = "main;run;deep;deep;deep;allocate;malloc"


def build_library(folder, name, functions):
    out = str(folder / name)
    subprocess.run(["gcc", "-O2", "-fomit-frame-pointer", "-fPIC", "-shared",
                    f"-DFUNCTIONS={functions}", "-o", out,
                    os.path.join(lab.TARGETS, "native_tables/rows.c")], check=True)
    return out


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Files with equal, but not shared, tables; the last one has too large a table."""
    folder = tmp_path_factory.mktemp("tables")
    first = build_library(folder, "a.so", FUNCTIONS)
    return [first, *(shutil.copy(first, folder / f"{n}.so") for n in "bc"),
            build_library(folder, "large.so", TOO_MANY)]


def record(tmp_path, *steps):
    """(objects by stack from main on, of the stacks that allocate() is in, the report, said)"""
    folded, report = tmp_path / "x.folded", tmp_path / "x.json"
    r = lab.run_alloctap("record", "-v", "--unwind-memory", "4m", "--unit", "objects", "-o", folded,
                         "-o", report, "--", lab.build_native("native_tables", "tables.c"), *steps)
    assert r.returncode == 0, r.stderr[-4000:]
    found = {}
    for line in folded.read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        if ";allocate;" in stack:
            at = stack.find("main;run;")
            found[stack[at:] if at >= 0 else stack] = int(count)
    # libbpf says thousands of lines too.
    said = [line for line in r.stderr.splitlines() if "unwind table" in line]
    return found, lab.load_json(report)["stacks"], "\n".join(said)


def evicted(said):
    return int(re.search(r"unwind tables: .* (\d+) evicted", said).group(1))


def test_eviction(root, libraries, tmp_path):
    """One after the other, and the first one again: every stack is whole."""
    a, b, c, _ = libraries
    steps = [f"{op}{lib}" for lib, n in ((a, 11), (b, 13), (c, 17), (a, 19))
             for op in ("+", f"{n}=", "-")]
    found, stacks, said = record(tmp_path, *steps)
    assert found == {WHOLE: 11 + 13 + 17 + 19}
    assert evicted(said) >= 2
    assert "finds no room" not in said
    assert stacks["whole"] == stacks["hits"]


def test_held(root, libraries, tmp_path):
    """What is in use keeps its room; who came too late gets it once that is over."""
    a, b, c, _ = libraries
    # That a file was unmapped is learned of when the next one is mapped.
    found, stacks, said = record(tmp_path, f"+{a}", f"+{b}", f"0={b}", f"+{c}", f"11={a}",
                                 f"13={c}", f"-{a}", f"-{b}", "+libm.so.6", f"0={c}",
                                 "+libutil.so.1", f"0={c}", f"17={c}")
    assert said.count("finds no room") == 1
    assert "c.so: its unwind table (1.59MB) finds no room (--unwind-memory 4.00MB)" in said
    assert found[WHOLE] == 11 + 17
    assert stacks["hits"] - stacks["whole"] == 13
    assert evicted(said) == 1


def test_too_large(root, libraries, tmp_path):
    """It is said, the report says why stacks are not whole, and others are not harmed."""
    a, _, _, large = libraries
    found, stacks, said = record(tmp_path, f"+{a}", f"+{large}", f"0={a}", f"0={a}",
                                 f"11={a}", f"13={large}")
    assert said.count("large.so: its unwind table") == 1
    assert found[WHOLE] == 11
    assert sum(found.values()) == 24
    assert stacks["hits"] - stacks["whole"] == 13
    assert stacks["not_whole"]["no_table"] == 13
