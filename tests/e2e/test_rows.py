# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Unwind tables against readelf's reading of the same .eh_frame; needs no root.

Every row of every function is asked for, at its first and its last address. readelf
does not say what an expression is: those may only not be taken for plain registers.
"""

import glob
import os
import re
import shutil
import subprocess

import pytest

import lab

ROWDUMP = os.path.join(lab.TOP, "build/tests/rowdump")
# A name or a path; of these the bytes their table may take, as they are in Debian 12 and 13.
FILES = {
    "libc.so.6": 150_000,
    "libstdc++.so.6": 200_000,
    "libcrypto.so.3": 400_000,
    "libgcc_s.so.1": 40_000,
    "ld-linux-x86-64.so.2": 40_000,
    "/usr/bin/python3": 400_000,
    "/usr/lib/postgresql/*/bin/postgres": 400_000,
    "libLLVM-14.so.1": 6_000_000,
}
REGISTERS = re.compile(r"(rsp|rbp)[+-]\d+$")
FDE = re.compile(r"FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)")
ADDRESS = re.compile(r"[0-9a-f]{16}$")
CIE = re.compile(r'^([0-9a-f]+) .* CIE "([^"]*)"')
# One in so many functions of the largest files, which take readelf half a minute.
MANY, EVERY = 20_000, 11


def find(name):
    if name.startswith("/"):
        found = glob.glob(name)
    else:
        r = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True)
        found = [line.split(" => ")[1] for line in r.stdout.splitlines()
                 if line.split()[0] == name and "x86-64" in line]
    if not found:
        pytest.skip(f"no {name} here")
    return os.path.realpath(found[0])


def read_functions(path):
    """[(start, end, signal, [(address, cfa, rbp, ra)])] by readelf."""
    out, signals, initial, columns, rows, function = [], {}, {}, None, None, None
    r = subprocess.run(["readelf", "-wF", path], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        words = re.sub(r" \(\w+\)", "", line).split()  # "r9 (r9)"
        m = FDE.search(line)
        c = CIE.match(line)
        if c:
            signals[c[1]] = "S" in c[2]
            rows = initial[c[1]] = []
        elif m:
            rows = []
            # A record's place is written with more digits in some lines than in others.
            cie = next(k for k in signals if int(k, 16) == int(m[1], 16))
            function = (int(m[2], 16), int(m[3], 16), signals[cie], rows, initial[cie])
            out.append(function)
        elif words[:1] == ["LOC"]:
            columns = words
        elif columns and len(words) == len(columns) and ADDRESS.match(words[0]):
            row = dict(zip(columns, words))
            rows.append((int(words[0], 16), row["CFA"], row.get("rbp", "u"), row.get("ra", "c-8")))
    # Without a program of its own a function has its common part's only row.
    return [(start, end, signal, rows or [(start, *first[0][1:])])
            for start, end, signal, rows, first in out if start and end > start]


def dump(path, addresses):
    r = subprocess.run([ROWDUMP, path, "-"], input="\n".join(f"{a:x}" for a in addresses),
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return [line.split() for line in r.stdout.splitlines()]


def agrees(ours, signal, cfa, rbp, ra):
    if signal:
        return ours[0] == "signal"
    if ra == "u":
        return ours[0] == "stop"
    if ra != "c-8":
        return ours[0] == "?"
    if not REGISTERS.match(cfa):
        return not REGISTERS.match(ours[0])
    if ours[0] != cfa:
        return False
    return ours[1] == rbp if re.match(r"u$|c[+-]\d+$", rbp) else ours[1] in ("?", "*rbp+0")


@pytest.mark.parametrize("name", FILES)
def test_rows_are_those_of_readelf(name):
    if not shutil.which("readelf"):
        lab.unavailable("no readelf; apt-get install binutils")
    if not os.access(ROWDUMP, os.X_OK):
        pytest.fail("build/tests/rowdump is not there; make unit-binaries", pytrace=False)
    path = find(name)
    functions = read_functions(path)
    assert len(functions) > 50
    if len(functions) > MANY:
        functions = functions[::EVERY]
    asked = []
    for start, end, signal, rows in functions:
        for (at, *place), following in zip(rows, [*(r[0] for r in rows[1:]), end]):
            if following > at:
                asked += [(at, signal, *place), (following - 1, signal, *place)]
    wrong = [(hex(row[0]), ours, row[1:])
             for row, ours in zip(asked, dump(path, [row[0] for row in asked]))
             if not agrees(ours, *row[1:])]
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:5]}"


@pytest.mark.parametrize("name", FILES)
def test_tables_are_small(name):
    r = subprocess.run([ROWDUMP, find(name)], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    rows, rules, size, us, functions, damaged, _ = r.stdout.split()
    assert int(damaged) == 0
    assert int(functions) > 50
    assert 0 < int(size) <= FILES[name]
    # 118,000 functions take 0.2 s on an idle machine of 2 CPUs.
    assert int(us) < 20_000 + 10 * int(functions)
    assert int(rules) < int(rows)


def test_without_section_headers(tmp_path):
    """PT_GNU_EH_FRAME says where the rows are when nothing else does."""
    path = find("libc.so.6")
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[40:48] = bytes(8)  # e_shoff
    data[60:62] = bytes(2)  # e_shnum
    bare = tmp_path / "bare"
    bare.write_bytes(data)
    addresses = [row[0] for _, _, _, rows in read_functions(path) for row in rows]
    assert dump(str(bare), addresses) == dump(path, addresses)
