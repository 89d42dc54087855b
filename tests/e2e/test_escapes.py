# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""report --escapes against the compiler, which says what can, and the program, which did."""

import json
import os
import re
import subprocess

import pytest

import lab

ROUNDS = 250


def says_escapes(version, tmp_path):
    """Lines of main.go that go build -gcflags=-m has something to say about."""
    source = os.path.join(lab.TARGETS, "escapes")
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false", GOWORK="off",
               CGO_ENABLED="0")
    r = subprocess.run([os.path.join(lab.go_root(version), "bin/go"), "build", "-gcflags=-m", "-o",
                        tmp_path / "m", "."], cwd=source, env=env, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return {int(n) for n in re.findall(r"^\./main\.go:(\d+):\d+: .*(?:escapes to|moved to:?) heap",
                                       r.stderr, re.M)}


def record(tap, start, version, recording, options=()):
    """What the program says it did, by line."""
    target = start([lab.build_go("escapes", version), str(ROUNDS)])
    expected = json.loads(target.read_line())
    t = tap(target.pid, [recording], options)
    target.send("\n")
    target.expect("done")
    t.stop()
    return {int(line): count for line, count in expected.items()}


def by_line(report):
    counts = {}
    for row in report["escapes"]:
        if row["file"].endswith("/escapes/main.go"):
            counts[row["line"]] = counts.get(row["line"], 0) + row["objects"]
    return counts


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_what_escapes_is_what_escaped(tap, start, tmp_path, version):
    recording = tmp_path / "x.atap"
    expected = record(tap, start, version, recording)
    report = json.loads(lab.run_alloctap("report", recording, "--json").stdout)
    lab.no_losses(report)
    assert by_line(report) == expected
    assert set(expected) <= says_escapes(version, tmp_path)
    assert len(expected) == 11
    rows = [row for row in report["escapes"] if row["func"] == "main.newNode"]
    assert [(row["type"], row["package"], row["objects"]) for row in rows] == \
        [("main.node", "main", ROUNDS)]
    assert rows[0]["per_second"] == pytest.approx(ROUNDS * 1e9 / report["duration_ns"], rel=1e-4)


def test_text(tap, start, tmp_path):
    recording = tmp_path / "x.atap"
    record(tap, start, lab.GO_ANY, recording)
    r = lab.run_alloctap("report", recording, "--view", "sites", "--escapes", "--top", 1000)
    assert r.returncode == 0, r.stderr
    row = re.search(r"^ +\d+ +(\d+) +[\d.]+% +\S+ +\S+  main\.node +main\.newNode +"
                    r"\S*/escapes/main\.go:\d+$", r.stdout, re.M)
    assert row and int(row.group(1)) == ROUNDS, r.stdout
    objects = re.search(r"put on the heap: (\S+), ", r.stdout)
    assert objects, r.stdout
    ranks = [int(n) for n in re.findall(r"^ +(\d+) +\S+ +[\d.]+% ", r.stdout, re.M)]
    assert ranks == list(range(1, len(ranks) + 1)) and len(ranks) >= 11


def test_without_types(tap, start, tmp_path):
    """Lines and counts need no types."""
    recording = tmp_path / "x.atap"
    expected = record(tap, start, "1.27.4", recording, ["--no-types"])
    report = json.loads(lab.run_alloctap("report", recording, "--json").stdout)
    counts = by_line(report)
    assert {line: counts.get(line) for line in expected} == expected
    assert {row["type"] for row in report["escapes"]} == {""}
