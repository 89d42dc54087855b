# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The files alloctap writes, read by the programs they are for.

All but one are made from tests/golden/fixture.atap, so this needs neither root nor a
kernel with BPF. What the fixture holds is in tests/unit/fixture.h.
"""

import json
import os
import re
import subprocess

import jsonschema
import pytest

import lab

GOLDEN = os.path.join(lab.TOP, "tests/golden")
FIXTURE = os.path.join(GOLDEN, "fixture.atap")
BYTES, OBJECTS, INSERTS, LOST = 70912, 1040, 253, 5


@pytest.fixture
def export(alloctap, tmp_path):
    """export(suffix, *options): the fixture in that format; its path."""
    def export_one(suffix, *options):
        path = tmp_path / ("x." + suffix)
        r = lab.run_alloctap("export", FIXTURE, "-o", path, *options)
        assert r.returncode == 0, r.stderr
        assert os.listdir(tmp_path) == [path.name]
        return path

    return export_one


def pprof(*args, version=lab.GO_ANY):
    go = os.path.join(lab.go_root(version), "bin/go")
    r = subprocess.run([go, "tool", "pprof", *map(str, args)], capture_output=True, text=True,
                       env=dict(os.environ, GOTOOLCHAIN="local"))
    assert r.returncode == 0, r.stderr
    return r.stdout


@pytest.mark.parametrize("version", ["1.19", lab.GO_ANY])
def test_google_pprof_finds_it_valid(export, version):
    checkvalid = lab.build_go("checkvalid", version)
    r = subprocess.run([checkvalid, export("pb.gz")], capture_output=True, text=True)
    assert (r.returncode, r.stderr) == (0, "")
    found = json.loads(r.stdout)
    assert found["types"] == ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count",
                              "inuse_space/bytes", "map_inserts/count"]
    assert found["totals"] == {"alloc_objects": OBJECTS, "alloc_space": BYTES,
                               "inuse_objects": 0, "inuse_space": 0, "map_inserts": INSERTS}
    assert (found["period_type"], found["period"]) == ("space/bytes", 1)
    assert found["default"] == "alloc_space"
    assert (found["binary"], found["build_id"]) == ("/srv/bin/server", "0123abcd")
    assert found["labels"] == {"pid": 7, "comm": 7, "bytes": 6, "type": 2}
    # With the allocator hidden, as viewers hide it, the program's own frames are the leaves.
    assert found["leaves"] == ["main.(*store).load",
                               "main.odd[go.shape.struct { a;\x1b[31m b\ufffd }]",
                               "runtime.doInit1", "operator new 12", "[lost stack]", "main.main"]


def test_checkvalid_finds_fault(export, tmp_path):
    """Or the test above could not fail."""
    damaged = tmp_path / "y.pb.gz"
    damaged.write_bytes(export("pb.gz").read_bytes()[:-9])
    r = subprocess.run([lab.build_go("checkvalid"), damaged], capture_output=True, text=True)
    assert r.returncode == 1
    assert str(damaged) in r.stderr


def test_go_tool_pprof_shows_it(export):
    path = export("pb.gz")
    top = pprof("-top", "-nodefraction=0", path)
    assert "Type: alloc_space" in top
    assert "Duration: 2.50s, Total samples = 69.25kB" in top
    assert re.search(r"68\.75kB 99\.28% 99\.28%\s+68\.75kB 99\.28%  main\.\(\*store\)\.load", top)
    assert "runtime.mallocgc" not in top
    assert "lost: 3 stack_map_full" in top
    inserts = pprof("-top", "-sample_index=map_inserts", path)
    assert re.search(r"230 90\.91% .* main\.main\n", inserts)
    tags = pprof("-tags", path)
    assert re.search(r"6\.25kB \( 9\.03%\): main\.item", tags)
    assert re.search(r"256B \( 0\.36%\): 4712", tags)


def test_profiles_merge_and_compare(export):
    path = export("pb.gz")
    assert "Total samples = 138.50kB" in pprof("-top", path, path)
    assert re.search(r"Showing nodes accounting for 0, +0% of 69\.25kB total",
                     pprof("-top", "-diff_base", path, path))


def test_json_is_as_its_schema_says(export):
    with open(os.path.join(GOLDEN, "report.schema.json")) as f:
        schema = json.load(f)
    jsonschema.Draft7Validator.check_schema(schema)
    report = lab.load_json(export("json"))
    jsonschema.validate(report, schema)
    assert report["totals"] == {"alloc_objects": OBJECTS, "alloc_bytes": BYTES,
                                "alloc_requested": 69000, "map_inserts": INSERTS, "wb_flushes": 0}
    assert report["lost"] == {"total": LOST, "stack_map_full": 3, "recursion": 2}
    for key, total in (("objects", OBJECTS), ("bytes", BYTES), ("inserts", INSERTS)):
        assert sum(site[key] for site in report["sites"]) == total
    for key in schema["required"]:
        poorer = {k: v for k, v in report.items() if k != key}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(poorer, schema)


def test_a_layout_is_as_the_schema_says():
    with open(os.path.join(GOLDEN, "report.schema.json")) as f:
        schema = json.load(f)
    r = lab.run_alloctap("report", FIXTURE, "--layout", "main.item", "--json")
    assert r.returncode == 0, r.stderr
    report = json.loads(r.stdout)
    jsonschema.validate(report, schema)
    row = next(t for t in report["types"] if t["type"] == "main.item")
    asked = report["layout"]
    assert (asked["type"], asked["size"], asked["optimal_size"]) == ("main.item", 32, 24)
    assert asked["optimal_order"] == ["string", "paid", "open"]
    assert {key: asked[key] for key in row["layout"]} == row["layout"]
    for broken in ({"fields": [{}]}, {"fields": None}, {"padding": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**report, "layout": {**asked, **broken}}, schema)


def test_write_barriers_are_a_sample_type(root, tmp_path):
    r = lab.run_alloctap("record", "--probe", "alloc,map,wb", "-o", tmp_path / "x.pb.gz", "-o",
                         tmp_path / "x.folded", "-o", tmp_path / "x.json", "--unit", "flushes",
                         "--", lab.build_go("exact"), "launch", "small",
                         env={"GOGC": "5", "PATH": "/usr/bin:/bin"})
    assert r.returncode == 0, r.stderr
    r = subprocess.run([lab.build_go("checkvalid"), tmp_path / "x.pb.gz"], capture_output=True,
                       text=True)
    assert (r.returncode, r.stderr) == (0, "")
    found = json.loads(r.stdout)
    report = lab.load_json(tmp_path / "x.json")
    assert report["totals"]["wb_flushes"] == found["totals"]["wb_flushes"] == \
        sum(site["wb_flushes"] for site in report["sites"])
    assert found["types"][4:] == ["map_inserts/count", "wb_flushes/count"]
    folded = [line.rsplit(" ", 1) for line in (tmp_path / "x.folded").read_text().splitlines()]
    assert sum(int(count) for _, count in folded) == found["totals"]["wb_flushes"] > 20
    assert all(stack.endswith("runtime.wbBufFlush1") for stack, _ in folded)
    top = pprof("-top", "-cum", "-nodefraction=0", "-sample_index=wb_flushes", tmp_path / "x.pb.gz")
    assert re.search(r"runtime\.wbBufFlush1\n", top), top


@pytest.mark.parametrize("unit, total", [("bytes", BYTES), ("objects", OBJECTS),
                                         ("inserts", INSERTS)])
def test_folded_lines_are_what_flamegraph_reads(export, unit, total):
    # flamegraph.pl's own expressions: a line, then a line with two numbers.
    one = re.compile(r"^(.*)\s+?(\d+(?:\.\d*)?)$")
    counted = 0
    for line in export("folded", "--unit", unit).read_text().splitlines():
        stack, count = one.match(line).groups()
        assert not one.match(stack), f"read as a difference: {line}"
        assert all(stack.split(";")), f"an empty frame: {line}"
        assert re.match(r"server-4711$|wor:ker_2-4712$", stack.split(";")[0])
        counted += int(count)
    assert counted == total


def test_a_recording_is_exported_unchanged(export):
    assert export("atap").read_bytes()[:16] == b"ALLOCTAP\1\0\0\0\0\0\0\0"
    before = lab.run_alloctap("report", FIXTURE, "--json").stdout
    assert lab.run_alloctap("report", export("atap"), "--json").stdout == before


def test_report_is_the_text_format(alloctap, export):
    r = lab.run_alloctap("report", FIXTURE)
    assert (r.returncode, r.stderr) == (0, "")
    assert r.stdout == export("txt").read_text()


@pytest.mark.parametrize("data, said", [
    (b"", "not an alloctap recording"),
    (b"ALLOCTAP\7\0\0\0\0\0\0\0", "recording format 7 is newer than this alloctap (1): "
                                  "use a newer alloctap"),
    (b"ALLOCTAP\1\0\0\0\0\0\0\0junk", "damaged recording: the data ends early or was changed"),
])
def test_a_bad_recording_is_one_line(alloctap, tmp_path, data, said):
    path = tmp_path / "x.atap"
    path.write_bytes(data)
    r = lab.run_alloctap("report", path)
    assert r.returncode == 1
    assert r.stdout == ""
    assert r.stderr == f"alloctap: {path}: {said}\n"
