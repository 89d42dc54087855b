# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Native heaps in every format, from fixture_native() of tests/unit/fixture_native.h."""

import json
import os
import re

import jsonschema
import pytest

import lab
from test_formats import GOLDEN, pprof

NATIVE = os.path.join(GOLDEN, "native.atap")
GO = os.path.join(GOLDEN, "fixture.atap")
LIVE_BYTES, LIVE = 38400 + 28672 + 64, 609


def report(*args):
    r = lab.run_alloctap("report", *args)
    return r.returncode, r.stdout, r.stderr


def export(tmp_path, suffix, *args):
    path = tmp_path / ("x." + suffix)
    r = lab.run_alloctap("export", NATIVE, "-o", path, *args)
    assert r.returncode == 0, r.stderr
    return path


def test_json_is_as_its_schema_says():
    with open(os.path.join(GOLDEN, "report.schema.json")) as f:
        schema = json.load(f)
    code, out, _ = report(NATIVE, "--json")
    assert code == 0
    data = json.loads(out)
    jsonschema.validate(data, schema)
    totals, leaks = data["totals"], data["leaks"]
    assert totals["alloc_objects"] - totals["frees"] == totals["live_objects"] == LIVE
    assert totals["alloc_bytes"] - totals["freed_bytes"] == totals["live_bytes"] == LIVE_BYTES
    for key, total in (("objects", LIVE), ("bytes", LIVE_BYTES)):
        assert sum(site[key] for site in leaks["sites"]) == leaks[key] == total
    for site in leaks["sites"]:
        assert site["look_bytes"][-1] == site["bytes"]
        assert len(site["look_bytes"]) == len(leaks["looks_ns"])
    stacks = data["stacks"]
    assert sum(stacks["not_whole"].values()) == stacks["hits"] - stacks["whole"]
    for part in ("leaks", "address_space"):
        for key in data[part]:
            if key in ("totals", "sites", "looks_ns", "bytes"):
                poorer = {**data, part: {k: v for k, v in data[part].items() if k != key}}
                with pytest.raises(jsonschema.ValidationError):
                    jsonschema.validate(poorer, schema)


def test_pprof_has_what_lives(tmp_path):
    path = export(tmp_path, "pb.gz")
    top = pprof("-top", "-sample_index=inuse_space", path)
    assert re.search(r"37\.50kB 57\.2\d% .* cache::put", top)
    assert re.search(r"28kB 42\.7\d% .* session::open", top)
    # The allocator's own frames are hidden, as Go's are.
    assert "malloc" not in top and "operator new" not in top
    assert "Showing nodes accounting for 609" in pprof("-top", "-sample_index=inuse_objects", path)
    tags = pprof("-tags", "-sample_index=inuse_space", path)
    assert re.search(r"64B +\( *0\.09.*%\): 3f1c0a9be2d4", tags)


def test_folded_stacks_of_what_lives(tmp_path):
    lines = export(tmp_path, "folded", "--unit", "inuse").read_text().splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == LIVE_BYTES
    assert {line.split(";")[0] for line in lines} == {"server-300", "worker-301"}
    lines = export(tmp_path, "folded", "--unit", "inuse-objects").read_text().splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == LIVE


def test_suppressions(tmp_path):
    known = tmp_path / "known.supp"
    known.write_text("# known\nleak:cache::put\nleak:^nothing\n")
    code, out, _ = report(NATIVE, "--view", "leaks", "--suppressions", str(known))
    assert code == 0
    assert "exactly 38400 in 600" in out and "by leak:cache::put" in out
    assert "leak:^nothing" not in out
    assert "cache::put(char const*)" not in out
    assert re.search(r"^ +1 +28\.0kB.*session::open\(\)", out, re.M)
    code, out, _ = report(NATIVE, "--json", "--suppressions", str(known))
    assert json.loads(out)["leaks"]["suppressed"]["bytes"] == 38400
    known.write_text("race:cache\n")
    code, out, err = report(NATIVE, "--view", "leaks", "--suppressions", str(known))
    assert (code, out) == (2, "") and "known.supp:1: no suppression" in err
    code, out, err = report(NATIVE, "--view", "leaks", "--suppressions", str(tmp_path / "none"))
    assert (code, out) == (1, "") and "No such file" in err


@pytest.mark.parametrize("args", [["report", GO, "--view", "leaks"],
                                  ["export", GO, "--unit", "inuse", "-o", "x.folded"],
                                  ["export", GO, "--unit", "inuse-objects", "-o", "x.folded"]])
def test_recordings_without_live_say_so(tmp_path, args):
    r = lab.run_alloctap(*args, cwd=tmp_path)
    assert (r.returncode, r.stdout) == (2, "")
    assert "nothing in it tells what lives" in r.stderr and "--live" in r.stderr
    assert not os.listdir(tmp_path)
