# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Inserts into containers of C++ and Rust, by call site: as many as the program says."""

import json

import lab


def record(tmp_path, source):
    out = str(tmp_path / "x.json")
    r = lab.run_alloctap("record", "-o", out, "--", lab.build_native("native_containers", source))
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    assert report["lost"]["total"] == 0
    return json.loads(r.stdout), report


def by_function(report, key):
    sums = {}
    for row in report["maps"]:
        name = row["func"].split("(")[0].split("::")[-1]
        sums[name] = sums.get(name, 0) + row[key]
    return {name: n for name, n in sums.items() if n}


def test_cplusplus(root, tmp_path):
    books, report = record(tmp_path, "containers.cc")
    assert by_function(report, "inserts") == {f: b["inserts"] for f, b in books.items()}
    assert by_function(report, "growths") == \
        {f: b["rehashes"] for f, b in books.items() if b["rehashes"]}
    types = {row["func"].split("(")[0]: row["type"] for row in report["maps"]}
    assert types["fill_map"] == types["fill_set"] == "std::map"
    assert types["fill_unordered"] == types["fill_unordered_set"] == "std::unordered_map"


def test_rust(root, tmp_path):
    """hashbrown inserts inline: what can be seen is the table making room."""
    books, report = record(tmp_path, "containers.rs")
    assert by_function(report, "growths") == \
        {f: b["rehashes"] for f, b in books.items() if b["rehashes"]}
