# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Collections in the files alloctap writes, read as their readers do.

All of them are made from tests/golden/gc.atap, so this needs neither root nor a
kernel with BPF. What it holds is in tests/unit/fixture_gc.h: fixture_gc_small().

Perfetto's own importer, trace_processor, comes in no package: pip's perfetto
fetches it when run. So its rules are checked here: the schema, nesting of slices,
and that every track that has slices has a name.
"""

import copy
import json
import os
import re
import subprocess

import jsonschema
import pytest

import lab

GOLDEN = os.path.join(lab.TOP, "tests/golden")
RECORDING = os.path.join(GOLDEN, "gc.atap")
CYCLES, EPOCH, BYTES, PAUSE_NS, ASSIST_NS = 6, 4000000, 28000000, 635000, 12000000


@pytest.fixture
def export(alloctap, tmp_path):
    """export(suffix, *options): the recording in that format; its path."""
    def export_one(suffix, *options):
        path = tmp_path / ("x." + suffix)
        r = lab.run_alloctap("export", RECORDING, "-o", path, *options)
        assert r.returncode == 0, r.stderr
        return path

    return export_one


@pytest.fixture
def trace(export):
    return lab.load_json(export("trace.json"))


def schema_of(name):
    with open(os.path.join(GOLDEN, name)) as f:
        schema = json.load(f)
    jsonschema.Draft7Validator.check_schema(schema)
    return schema


def events(trace, phase):
    return [e for e in trace["traceEvents"] if e["ph"] == phase]


def misplaced(slices):
    """Slices that overlap another of their track in part: viewers drop those."""
    found, tracks = [], {}
    for s in sorted(slices, key=lambda s: (s["ts"], -s["dur"])):
        ends = tracks.setdefault((s["pid"], s["tid"]), [])
        while ends and ends[-1] <= s["ts"] + 1e-9:
            ends.pop()
        if ends and s["ts"] + s["dur"] > ends[-1] + 1e-4:
            found.append(s)
        ends.append(s["ts"] + s["dur"])
    return found


def test_trace_is_as_its_schema_says(trace):
    schema = schema_of("trace.schema.json")
    jsonschema.validate(trace, schema)
    for spoil in (lambda t: t.pop("traceEvents"),
                  lambda t: t["traceEvents"][0].update(ts=-1),
                  lambda t: t["traceEvents"][0].update(ph="Q"),
                  lambda t: events(t, "C")[0]["args"].update(value="12"),
                  lambda t: events(t, "M")[0].pop("args")):
        poorer = copy.deepcopy(trace)
        spoil(poorer)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(poorer, schema)


def test_trace_is_strict_json(export):
    def refuse(constant):
        raise ValueError(constant)

    json.loads(export("trace.json").read_bytes().decode("utf-8", "strict"),
               parse_constant=refuse)


def test_slices_nest_on_named_tracks(trace):
    slices = events(trace, "X")
    assert misplaced(slices) == []
    assert misplaced(slices + [dict(slices[0], ts=slices[0]["ts"] + 1)]) != []
    named = {(e["pid"], e["tid"]) for e in events(trace, "M") if e["name"] == "thread_name"}
    assert {(s["pid"], s["tid"]) for s in slices} == named
    assert [e["args"]["name"] for e in events(trace, "M")] == ["server", "GC",
                                                               "other stops of the world",
                                                               "GC sweeping"]


def test_trace_tells_what_was_recorded(trace):
    slices = events(trace, "X")
    cycles = [s for s in slices if re.fullmatch(r"GC \d+", s["name"])]
    assert [(s["name"], s["ts"], s["dur"]) for s in cycles] == [
        (f"GC {n}", n * 100000.0, 20000.0) for n in range(1, CYCLES + 1)]
    assert [s["args"]["trigger"] for s in cycles] == ["heap"] * 4 + ["forced", "time"]
    pauses = [s for s in slices if "by" in s["args"]]
    assert round(sum(s["dur"] for s in pauses) * 1000) == PAUSE_NS
    parts = [s for s in slices if s["name"] in ("stopping", "stopped")]
    assert round(sum(s["dur"] for s in parts) * 1000) == PAUSE_NS
    rates = [e for e in events(trace, "C") if e["name"] == "allocated, bytes/s"]
    # 10 ms each, but for the one that says that it has ended.
    assert sum(e["args"]["value"] for e in rates) / 100 == BYTES
    assert rates[-1]["args"]["value"] == 0
    assert rates[-1]["ts"] == trace["otherData"]["duration_ns"] / 1000
    assists = [e for e in events(trace, "C") if e["name"] == "assists in cycle, ns"]
    assert sum(e["args"]["value"] for e in assists) == ASSIST_NS


def test_json_is_as_its_schema_says(export):
    schema = schema_of("report.schema.json")
    report = lab.load_json(export("json"))
    jsonschema.validate(report, schema)
    for key in schema["definitions"]["gc"]["required"]:
        poorer = copy.deepcopy(report)
        del poorer["gc"][key]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(poorer, schema)


def test_sweeps_follow_marking(trace, export):
    sweeps = [s for s in events(trace, "X") if re.fullmatch(r"sweep \d+", s["name"])]
    cycles = lab.load_json(export("json"))["gc"]["cycles"]
    assert [(s["ts"] * 1000, (s["ts"] + s["dur"]) * 1000) for s in sweeps] == [
        (c["sweep_start_ns"], c["sweep_end_ns"]) for c in cycles]
    assert all(c["start_ns"] < c["sweep_start_ns"] < c["end_ns"] < c["sweep_end_ns"] for c in cycles)


def test_json_adds_up(export):
    report = lab.load_json(export("json"))
    gc = report["gc"]
    parts = gc["cycles"] + gc["other_epochs"]
    assert sum(part["bytes"] for part in parts) == report["totals"]["alloc_bytes"] == BYTES
    assert all(sum(s["bytes"] for s in part["sites"]) == part["bytes"] for part in parts)
    for table in (gc["sites"], gc["types"]):
        assert sum(row["bytes"] for row in table) == BYTES
        assert sum(row["cycles_caused"] for row in table) == pytest.approx(CYCLES)
        assert sum(row["pause_ns"] for row in table) == pytest.approx(600000)
    # Each cycle is of who allocated 99 % of what led to it.
    for cycle in gc["cycles"]:
        most = cycle["sites"][0]
        assert most["func"] == ("main.decode" if cycle["n"] % 2 else "main.render")
        assert most["bytes"] >= 0.99 * cycle["bytes"] == 0.99 * EPOCH
    assert [p["kind"] for p in gc["patterns"]] == ["timer", "forced", "other_stops"]


def test_report_has_the_view(alloctap):
    r = lab.run_alloctap("report", RECORDING, "--view", "gc")
    assert r.returncode == 0, r.stderr
    with open(os.path.join(GOLDEN, "gc.txt")) as f:
        assert r.stdout.endswith(f.read())


def pprof(*args):
    go = os.path.join(lab.go_root(lab.GO_ANY), "bin/go")
    r = subprocess.run([go, "tool", "pprof", *map(str, args)], capture_output=True, text=True,
                       env=dict(os.environ, GOTOOLCHAIN="local"))
    assert r.returncode == 0, r.stderr
    return r.stdout


def test_pprof_has_pauses_and_assists(export):
    path = export("pb.gz")
    pauses = pprof("-top", "-nodefraction=0", "-sample_index=gc_pause", path)
    assert "Type: gc_pause" in pauses and "Total samples = 635us" in pauses
    assert re.search(r"35us +5\.51% .* main\.metrics\n", pauses)
    assists = pprof("-top", "-sample_index=gc_assist", path)
    assert re.search(r"8ms 66\.67% .* main\.decode\n", assists)


def test_pprof_shows_one_cycle_on_demand(export):
    assert "gc_cycle" not in pprof("-tags", export("pb.gz"))
    path = export("pb.gz", "--gc-cycle")
    one = pprof("-top", "-nodefraction=0", "-tagfocus=gc_cycle=2", path)
    assert re.search(r"3\.78MB .* main\.render\n", one)
    assert re.search(r"0\.04MB .* main\.decode\n", one)
    two = pprof("-top", "-nodefraction=0", "-sample_index=gc_pause", "-tagfocus=gc_cycle=2:3",
                path)
    assert "Showing nodes accounting for 200us" in two
    assert "gc_cycle" in pprof("-tags", path)
