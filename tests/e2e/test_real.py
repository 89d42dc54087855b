# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs that are not ours: esbuild, stripped Go from npm, and Debian's caddy and
prometheus under load.

Whatever they are, nothing is lost at default sizes, 999 of 1000 frames have a name, and
so has what was allocated; pprof takes what we write. Packages are unpacked below
build/cache/.
"""

import json
import os
import subprocess

import pytest

import lab
import servers
from pprof_file import Pprof

# package, the Go it was built with, and what is special about it
ESBUILDS = [
    ("esbuild-linux-64@0.14.39", "go1.18.1"),
    ("@esbuild/linux-x64@0.17.19", "go1.20.4"),
    ("@esbuild/linux-x64@0.25.12", "go1.23.12"),
    ("@esbuild/linux-x64@0.28.2", "go1.26.5"),  # no build info, no build id
]
LIBRARY = "three@0.170.0"
ENTRY = 'import * as THREE from "three"; console.log(THREE);\n'


def alias(package):
    return package.replace("@", "_").replace("/", "_").lstrip("_")


@pytest.fixture(scope="session")
def packages():
    """Folder of the npm packages, fetched once."""
    folder = os.path.join(lab.CACHE, "npm")
    wanted = [(alias(p), p) for p, _ in ESBUILDS] + [("three", LIBRARY)]
    modules = os.path.join(folder, "node_modules")
    if not all(os.path.isdir(os.path.join(modules, name)) for name, _ in wanted):
        os.makedirs(folder, exist_ok=True)
        r = subprocess.run(["npm", "install", "--prefix", folder, "--no-save", "--no-audit",
                            "--no-fund", "--ignore-scripts", "--force",
                            *(f"{name}@npm:{package}" for name, package in wanted)],
                           capture_output=True, text=True)
        if r.returncode:
            lab.unavailable(f"npm: {r.stderr.strip().splitlines()[-1]}")
    return modules


RESOLVED = 0.999


def check_result(tmp_path, version):
    report = lab.load_json(tmp_path / "x.json")
    assert report["targets"][0]["version"] == version
    lab.no_losses(report)
    assert report["totals"]["alloc_objects"] > 10_000
    assert report["totals"]["map_inserts"] > 100
    assert report["stacks"]["resolved_share"] >= RESOLVED

    pprof = Pprof(tmp_path / "x.pb.gz")
    frames = [f for s in pprof.samples for f in s.frames]
    nameless = [f.function for f in frames if f.function.startswith(("[", "0x"))]
    assert len(nameless) <= (1 - RESOLVED) * len(frames), set(nameless)
    # Walks that ended at a bad frame pointer, per hit.
    assert report["stacks"]["broken"] <= (1 - RESOLVED) * report["cost"]["hits"]

    r = subprocess.run(["go", "tool", "pprof", "-top", "-nodecount=5", tmp_path / "x.pb.gz"],
                       capture_output=True, text=True, timeout=lab.SECONDS * 5)
    assert r.returncode == 0, r.stderr
    assert "Type: alloc_space" in r.stdout and "flat%" in r.stdout
    check_types(report, tmp_path / "x.atap")
    check_maps(report, tmp_path / "x.atap")
    return report


def check_types(report, recording):
    """Every allocation has a type, or says why it has none; none is told twice."""
    types, totals = report["types"], report["totals"]
    assert sum(t["objects"] for t in types) == totals["alloc_objects"]
    assert sum(t["bytes"] for t in types) == totals["alloc_bytes"]
    assert not [t for t in types if "[bad type]" in t["type"]]
    unknown = sum(t["bytes"] for t in types if t["type"].startswith("[no type"))
    print(f"{len(types)} types; of {totals['alloc_bytes']} bytes, {unknown} without")
    assert unknown <= 0.001 * totals["alloc_bytes"]
    r = lab.run_alloctap("report", recording, "--view", "types", "--top", 5)
    assert r.returncode == 0 and types[0]["type"] in r.stdout, r.stderr


def check_maps(report, recording):
    """Every insert is in one row, and whatever it allocated has its cause."""
    rows = report["maps"]
    assert sum(row["inserts"] for row in rows) == report["totals"]["map_inserts"]
    assert not [row for row in rows if "[bad type]" in row["type"] or not row["type"]]
    for row in rows:
        assert sum(c["objects"] for c in row["causes"].values()) == row["objects"]
        assert sum(c["bytes"] for c in row["causes"].values()) == row["bytes"]
        assert row["presize_saving_bytes"] <= row["bytes"], row
        assert all(0 < a["saving_bytes"] <= report["totals"]["alloc_bytes"]
                   for a in row["advice"]), row
    other = sum(row["causes"]["other"]["bytes"] for row in rows)
    total = sum(row["bytes"] for row in rows)
    print(f"{len(rows)} maps, {total} bytes, {other} of them for other causes, "
          f"{sum(len(row['advice']) for row in rows)} pieces of advice")
    # A collection that an insert starts makes its workers.
    assert other <= 0.01 * total
    r = lab.run_alloctap("report", recording, "--view", "maps", "--top", 5, "--json")
    assert r.returncode == 0 and json.loads(r.stdout)["maps"][0] == rows[0], r.stderr


@pytest.mark.parametrize("package, version", ESBUILDS, ids=[v for _, v in ESBUILDS])
def test_esbuild(root, packages, tmp_path, package, version):
    entry = os.path.join(os.path.dirname(packages), "entry.js")
    with open(entry, "w") as f:
        f.write(ENTRY)
    bundle = tmp_path / "bundle.js"
    r = lab.run_alloctap("record", "-o", tmp_path / "x.json", "-o", tmp_path / "x.pb.gz",
                         "-o", tmp_path / "x.html", "-o", tmp_path / "x.atap", "--",
                         f"{packages}/{alias(package)}/bin/esbuild", entry, "--bundle", "--minify",
                         f"--outfile={bundle}")
    assert r.returncode == 0, r.stderr
    assert bundle.stat().st_size > 500_000
    report = check_result(tmp_path, version)
    top = {s["func"] for s in report["sites"][:40]}
    assert any("esbuild/internal/js_parser" in func for func in top), top


@pytest.fixture
def serve(tmp_path):
    """serve(servers.caddy): that server, gone with the test."""
    started = []

    def serve_one(kind):
        folder = tmp_path / "server"
        folder.mkdir()
        try:
            started.append(kind(str(folder)))
        except servers.Unavailable as e:
            lab.unavailable(str(e))
        return started[-1]

    yield serve_one
    for server in started:
        server.close()


def tap_under_load(tap, server, tmp_path, paths, **load):
    """Taps the server for as long as it is asked: how often it answered, and the report."""
    t = tap(server.pid, [tmp_path / f"x.{suffix}" for suffix in ("json", "pb.gz", "atap")])
    answered = server.load(paths, **load)
    t.stop()
    with open(server.exe, "rb") as f:
        version = lab.go_version_of(f.read())
    return answered, check_result(tmp_path, version)


def test_caddy_under_load(serve, tap, tmp_path):
    answered, report = tap_under_load(tap, serve(servers.caddy), tmp_path, ["/"], requests=300)
    assert answered == 300
    # Nothing is listed as often as the index page was asked for.
    listed = [s for s in report["sites"] if "fileserver" in s["func"]]
    assert sum(s["objects"] for s in listed) >= answered


def test_prometheus_under_load(serve, tap, tmp_path):
    answered, report = tap_under_load(tap, serve(servers.prometheus), tmp_path,
                                      servers.prometheus_paths(), requests=180)
    assert answered == 180
    # It sums up in maps of groups, by the hash of their labels.
    assert any("promql" in row["func"] and row["type"].startswith("map[uint64]")
               for row in report["maps"])
