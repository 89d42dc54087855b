# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Inserts into containers of C++ and Rust, by call site: as many as the program says."""

import json
import os
import re

import lab


def record(tmp_path, source):
    out = str(tmp_path / "x.json")
    r = lab.run_alloctap("record", "-o", out, "--", lab.build_native("native_containers", source))
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    lab.no_losses(report)
    return json.loads(r.stdout), report


def by_function(report, key, value=sum):
    """By the function of the target a row is in: its innermost inlined one may be a lambda."""
    found = {}
    for row in report["maps"]:
        if os.path.basename(os.path.dirname(row["file"])) != "native_containers":
            continue
        with open(row["file"]) as f:
            above = f.read().splitlines()[:row["line"]]
        name = re.findall(r"^(?:NOINLINE books|fn) (fill_\w+)\(", "\n".join(above), re.M)[-1]
        found.setdefault(name, []).append(row[key])
    return {name: value(rows) for name, rows in found.items() if any(rows)}


def test_cplusplus(root, tmp_path):
    books, report = record(tmp_path, "containers.cc")
    assert by_function(report, "inserts") == {f: b["inserts"] for f, b in books.items()}
    assert by_function(report, "growths") == \
        {f: b["rehashes"] for f, b in books.items() if b["rehashes"]}
    types = by_function(report, "type", set)
    assert types["fill_map"] == types["fill_set"] == {"std::map"}
    assert types["fill_unordered"] == types["fill_unordered_set"] == {"std::unordered_map"}


def test_rust(root, tmp_path):
    """hashbrown inserts inline: what can be seen is the table making room."""
    books, report = record(tmp_path, "containers.rs")
    assert by_function(report, "growths") == \
        {f: b["rehashes"] for f, b in books.items() if b["rehashes"]}
