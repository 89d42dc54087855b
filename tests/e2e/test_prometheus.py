# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Metrics, read by Prometheus' own promtool and by the parser of its Python client.

What they must hold is compared with the JSON report of the same recording.
"""

import json
import os
import subprocess

import pytest

import lab
from test_usdt import PYTHON, java_homes, java_options, needs_python_probes
# A fixture: pytest finds it by its name here.
from test_usdt import collect_class  # noqa: F401

GOLDEN = os.path.join(lab.TOP, "tests/golden")


@pytest.fixture(scope="module")
def promtool():
    """Path of promtool: installed, or taken out of its package, which would start a service."""
    r = subprocess.run("command -v promtool || tools/debian-file prometheus usr/bin/promtool",
                       shell=True, cwd=lab.TOP, capture_output=True, text=True)
    if r.returncode:
        lab.unavailable(r.stderr.strip())
    return r.stdout.strip()


def check_metrics(promtool, text):
    """(exit status, what it says): 3 is a finding of its lint, 1 what cannot be read."""
    r = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True,
                       timeout=lab.SECONDS)
    return r.returncode, r.stdout + r.stderr


def parse(text):
    """{family: (type, {sample name: {labels: value}})}; no series may come twice."""
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        lab.unavailable("no python3-prometheus-client")
    families = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in families, f"{family.name} is in two places"
        assert family.documentation
        samples = {}
        for s in family.samples:
            series = samples.setdefault(s.name, {})
            labels = frozenset(s.labels.items())
            assert labels not in series, f"twice: {s.name} {s.labels}"
            series[labels] = s.value
        families[family.name] = (family.type, samples)
    return families


def values(families, name, family=None):
    """[(labels, value)] of samples with that name; [] where there are none."""
    _, samples = families.get(family or name.removesuffix("_total"), (None, {}))
    return [(dict(labels), value) for labels, value in samples.get(name, {}).items()]


def total(families, name, family=None, **labels):
    return sum(value for found, value in values(families, name, family)
               if labels.items() <= found.items())


def export(recording, *options):
    r = lab.run_alloctap("export", recording, "-f", "prometheus", "-o", "-", *options)
    assert r.returncode == 0, r.stderr
    return r.stdout


def compare(families, report):
    """Metrics against the report of the same recording."""
    totals = report["totals"]
    for name, key in (("alloc_objects", "alloc_objects"), ("alloc_bytes", "alloc_bytes"),
                      ("alloc_requested_bytes", "alloc_requested"), ("map_inserts", "map_inserts"),
                      ("write_barrier_flushes", "wb_flushes")):
        assert total(families, f"alloctap_{name}_total") == totals[key], name
    assert total(families, "alloctap_lost_events_total") == report["lost"]["total"]
    assert total(families, "alloctap_probe_hits_total") == report["cost"]["hits"]
    assert total(families, "alloctap_recording_seconds") == \
        pytest.approx(report["duration_ns"] / 1e9, rel=1e-12)
    pids = {str(t["pid"]): t for t in report["targets"]}
    for labels, _ in values(families, "alloctap_alloc_bytes_total"):
        target = pids[labels["pid"]]
        assert [labels[k] for k in ("comm", "runtime", "version")] == \
            [target[k] for k in ("comm", "runtime", "version")]
    leaks = report.get("leaks")
    assert ("alloctap_live_bytes" in families) == bool(leaks)
    if leaks:
        for name, key in (("free_objects_total", "frees"), ("free_bytes_total", "freed_bytes"),
                          ("live_objects", "live_objects"), ("live_bytes", "live_bytes")):
            assert total(families, f"alloctap_{name}") == totals[key] > 0, name
        for key in ("bytes", "objects"):
            assert total(families, f"alloctap_site_live_{key}") == leaks[key]
        assert total(families, "alloctap_live_peak_bytes") == leaks["peak_bytes"]
        assert total(families, "alloctap_untracked_frees_total") == leaks["untracked_frees"]
    gc = report.get("gc")
    if not gc:
        assert "alloctap_gc_cycles" not in families
        return
    for trigger, n in gc["totals"]["by_trigger"].items():
        assert total(families, "alloctap_gc_cycles_total", trigger=trigger) == n
    assert total(families, "alloctap_gc_assists_total") == gc["totals"]["assists"]
    assert total(families, "alloctap_gc_assist_seconds_total") == \
        pytest.approx(gc["totals"]["assist_ns"] / 1e9, rel=1e-12)
    for reason in gc["reasons"]:
        family = "alloctap_gc_pause_seconds" if reason["gc"] else "alloctap_other_pause_seconds"
        assert families[family][0] == "histogram"
        count = total(families, family + "_count", family, reason=reason["reason"])
        assert count == reason["pauses"]
        assert total(families, family + "_sum", family, reason=reason["reason"]) == \
            pytest.approx(reason["pause_ns"] / 1e9, rel=1e-12)
        buckets = [n for labels, n in values(families, family + "_bucket", family)
                   if labels["reason"] == reason["reason"]]
        assert buckets == sorted(buckets) and buckets[-1] == count
        below = sum(p["stopping_ns"] + p["stopped_ns"] <= 50000 for p in gc["pauses"]
                    if p["reason"] == reason["reason"])
        assert total(families, family + "_bucket", family, reason=reason["reason"],
                     le="0.00005") == below


@pytest.mark.parametrize("name", ["fixture", "gc", "native"])
def test_metrics_are_those_of_the_report(alloctap, name):
    recording = os.path.join(GOLDEN, name + ".atap")
    report = lab.run_alloctap("report", recording, "--json")
    compare(parse(export(recording)), json.loads(report.stdout))


@pytest.mark.parametrize("name", ["fixture", "gc", "native"])
def test_promtool_has_nothing_to_say(alloctap, promtool, name):
    text = export(os.path.join(GOLDEN, name + ".atap"))
    assert check_metrics(promtool, text) == (0, "")
    # Or it could not say anything.
    assert check_metrics(promtool, text.replace('",comm=', ',comm=', 1))[0] == 1
    assert check_metrics(promtool, text.replace("_objects_total", "_objectsTotal"))[0] == 3


def test_call_sites_are_the_top_ones(alloctap):
    recording = os.path.join(GOLDEN, "fixture.atap")
    two = parse(export(recording, "--top", "2"))
    sites = values(two, "alloctap_site_alloc_bytes_total")
    assert [(s["function"], s["line"], value) for s, value in sites] == [
        ("main.(*store).load", "77", 70400),
        ("main.odd[go.shape.struct { a;?[31m b\ufffd }]", "99", 256)]
    every = parse(export(recording))
    for name in ("alloc_bytes", "alloc_objects", "map_inserts"):
        assert total(every, f"alloctap_site_{name}_total") == total(every, f"alloctap_{name}_total")


def test_record_writes_for_the_textfile_collector(root, promtool, tmp_path):
    """The collector takes every *.prom of a folder: none may be there half written."""
    r = lab.run_alloctap("record", "-o", tmp_path / "x.prom", "-o", tmp_path / "x.json", "--",
                         lab.build_go("demo"), "100")
    assert r.returncode == 0, r.stderr
    assert sorted(os.listdir(tmp_path)) == ["x.json", "x.prom"]
    text = (tmp_path / "x.prom").read_text()
    assert check_metrics(promtool, text) == (0, "")
    report = lab.load_json(tmp_path / "x.json")
    families = parse(text)
    compare(families, report)
    assert total(families, "alloctap_gc_cycles_total", trigger="heap") >= 3
    assert total(families, "alloctap_map_inserts_total") >= 100 * 1200
    assert total(families, "alloctap_heap_live_bytes") == report["gc"]["cycles"][-1]["heap_live"]


@pytest.mark.parametrize("runtime", [pytest.param("cpython", marks=needs_python_probes), "hotspot"])
def test_names_are_the_same_for_other_runtimes(root, promtool, tmp_path, runtime, request):
    if runtime == "hotspot":
        request.getfixturevalue("collect_class")
        home = java_homes()[0]
        command = [f"{home}/bin/java", *java_options(home, "Serial", tmp_path / "gc.log"),
                   "Collect", "now"]
    else:
        command = [PYTHON, "-c", "import gc\nfor i in range(9): gc.collect()"]
    r = lab.run_alloctap("record", "-o", tmp_path / "x.prom", "-o", tmp_path / "x.json", "--",
                         *command)
    assert r.returncode == 0, r.stderr
    text = (tmp_path / "x.prom").read_text()
    assert check_metrics(promtool, text) == (0, "")
    report = lab.load_json(tmp_path / "x.json")
    families = parse(text)
    compare(families, report)
    assert total(families, "alloctap_gc_cycles_total", runtime=runtime) >= 2
    assert total(families, "alloctap_resident_bytes") == report["gc"]["memory"][0]["last_bytes"]
    assert total(families, "alloctap_resident_peak_bytes") == \
        report["gc"]["memory"][0]["peak_bytes"]
    # What its runtime takes from malloc.
    assert total(families, "alloctap_alloc_bytes_total") > 0
    pools = {s["pool"] for s, _ in values(families, "alloctap_heap_pool_bytes")}
    assert pools == {p["pool"] for c in report["gc"]["cycles"] for p in c["pools"]}
