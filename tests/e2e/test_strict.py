# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Maps that are too small lose stacks, never events: totals stay right, it shows."""

import json

import pytest

import lab
from pprof_file import Pprof

ENV = {"GOGC": "20", "PATH": "/usr/bin:/bin"}


def record(tmp_path, *options):
    out = {suffix: str(tmp_path / f"x.{suffix}") for suffix in ("json", "pb.gz", "folded")}
    files = [word for path in out.values() for word in ("-o", path)]
    r = lab.run_alloctap("record", *options, *files, "--", lab.build_go("exact"), "launch",
                         env=ENV)
    return r, json.loads(r.stdout), lab.load_json(out["json"]), out


@pytest.mark.parametrize("option", ["--max-stacks", "--max-counts"])
def test_too_small(root, tmp_path, option):
    r, books, report, out = record(tmp_path, option, "16")
    assert r.returncode == 0, r.stderr
    assert report["lost"]["total"] > 0
    reasons = {k: v for k, v in report["lost"].items() if k != "total" and v}
    assert sum(reasons.values()) == report["lost"]["total"]
    # How a map grew is part of a count's key: that is lost where the key is.
    counts = {"count_map_full", "growth"}
    assert set(reasons) == (counts if option == "--max-counts" else {"stack_map_full"})

    assert report["totals"]["alloc_objects"] == books["mallocs"]
    assert report["totals"]["alloc_bytes"] == books["total_alloc"]
    pprof = Pprof(out["pb.gz"])
    assert pprof.total("alloc_objects") == books["mallocs"]
    assert pprof.total_where("alloc_objects", "[lost stack]") > 0
    assert any("lost" in c for c in pprof.comments)
    with open(out["folded"]) as f:
        assert any(line.startswith("[lost stack] ") for line in f)
    # What to do about it is said where it is seen.
    assert "lost" in r.stderr and option in r.stderr


@pytest.mark.parametrize("option", ["--max-stacks", "--max-counts"])
def test_strict_fails(root, tmp_path, option):
    r, books, report, _ = record(tmp_path, option, "16", "--strict")
    assert r.returncode == 4, r.stderr
    # The result is written all the same.
    assert report["totals"]["alloc_objects"] == books["mallocs"]


def test_strict_passes_at_default_sizes(root, tmp_path):
    r, books, report, _ = record(tmp_path, "--strict")
    assert r.returncode == 0, r.stderr
    lab.no_losses(report)
    assert report["totals"]["alloc_objects"] == books["mallocs"]
