# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""alloctap diff as people type it: usage, formats, and what two real runs differ in."""

import json
import os
import pty
import re
import subprocess

import jsonschema
import pytest

import lab

GOLDEN = os.path.join(lab.TOP, "tests/golden")
FIXTURE = os.path.join(GOLDEN, "fixture.atap")
NUMBERS = [700, 3000, 1792, 1793]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two recordings: all phases of the map program, and two of them."""
    if os.geteuid() != 0:
        pytest.skip("making a recording needs root")
    folder = tmp_path_factory.mktemp("recordings")
    paths = [folder / "before.atap", folder / "after.atap"]
    for path, phases in zip(paths, ([], ["unsizedSmall", "presizedMid"]), strict=True):
        r = lab.run_alloctap("record", "-o", path, "--", lab.build_go("maps"), *NUMBERS, *phases)
        assert r.returncode == 0, r.stderr
    return paths


def diff(*arguments, **kwargs):
    r = lab.run_alloctap("diff", *arguments, **kwargs)
    assert r.returncode == 0, r.stderr
    return r


def schema():
    with open(os.path.join(GOLDEN, "diff.schema.json")) as f:
        return json.load(f)


# --- wrong usage ----------------------------------------------------------------

USAGE = [
    ([], "two recordings"),
    (["a.atap"], "two recordings"),
    (["a.atap", "b.atap", "c.atap"], "two recordings"),
    (["a.atap", "b.atap", "-o", "x.pb.gz"], r"x\.pb\.gz.*text, html or json"),
    (["a.atap", "b.atap", "-o", "x.atap"], r"x\.atap.*text, html or json"),
    (["a.atap", "b.atap", "-f", "folded"], "folded.*text, html or json"),
    (["a.atap", "b.atap", "-o", "x.docx"], r"x\.docx.*use \.txt \.html \.json, or"),
    (["a.atap", "b.atap", "-f", "docx"], "expected one of text html json$"),
    (["a.atap", "b.atap", "--unit", "bytes"], "--unit"),
]


@pytest.mark.parametrize("arguments, text", USAGE)
def test_wrong_usage(alloctap, tmp_path, arguments, text):
    r = lab.run_alloctap("diff", *arguments, cwd=tmp_path)
    assert r.returncode == 2 and r.stdout == "", r.stderr
    assert re.search(text, r.stderr) and len(r.stderr.splitlines()) == 1, r.stderr
    assert os.listdir(tmp_path) == []


def test_help_names_the_formats_it_writes(alloctap, tmp_path):
    help_text = lab.run_alloctap("diff", "--help").stdout
    named = re.search(r"-f, --format FORMAT +.*: (.*)\n", help_text).group(1).split()
    everything = lab.run_alloctap("export", "--help").stdout
    all_formats = re.search(r"-f, --format FORMAT +.*: (.*)\n", everything).group(1).split()
    assert set(named) < set(all_formats)
    for name in all_formats:
        r = lab.run_alloctap("diff", FIXTURE, FIXTURE, "-f", name, "-o", "-")
        assert r.returncode == (0 if name in named else 2), name
        r = lab.run_alloctap("export", FIXTURE, "-f", name, "-o", tmp_path / name)
        assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("good", [0, 1])
def test_missing_or_damaged_recording(alloctap, tmp_path, good):
    (tmp_path / "damaged.atap").write_bytes(b"ALLOCTAP and not much else")
    for bad in ["missing.atap", "damaged.atap"]:
        operands = [FIXTURE, tmp_path / bad] if good == 0 else [tmp_path / bad, FIXTURE]
        r = lab.run_alloctap("diff", *operands, "-o", tmp_path / "x.html")
        assert r.returncode == 1 and bad in r.stderr, r.stderr
        assert not (tmp_path / "x.html").exists()


def test_disk_full(alloctap):
    r = lab.run_alloctap("diff", FIXTURE, FIXTURE, "-f", "html", "-o", "/dev/full")
    assert r.returncode == 1 and "/dev/full" in r.stderr, r.stderr


# --- nothing changed ------------------------------------------------------------


def test_a_recording_and_itself(alloctap, tmp_path):
    text = diff(FIXTURE, FIXTURE).stdout
    for table in ("sites", "types", "maps"):
        assert re.search(rf"^{table}: none of [1-9]\d* changed$", text, re.M), text
    diff(FIXTURE, FIXTURE, "-o", tmp_path / "x.json")
    report = lab.load_json(tmp_path / "x.json")
    rows = [report["totals"], *report["sites"], *report["types"], *report["maps"]]
    assert all(v == 0 for row in rows for v in row["delta"].values())
    assert all(row["match"] == "name" for row in rows[1:])


def test_losses_are_told_of(alloctap):
    text = diff(FIXTURE, FIXTURE).stdout
    for side in ("before", "after"):
        assert f"lost         {side}: 3 stack_map_full: the map of stacks was full" in text
        assert f"{side} lost events" in text


# --- what changed ---------------------------------------------------------------


def test_json(recordings, tmp_path):
    for compared, options in [("per_second", []), ("totals", ["--totals"]),
                              ("per_second", ["--totals", "--per-second"])]:
        diff(*recordings, *options, "-o", tmp_path / "x.json")
        report = lab.load_json(tmp_path / "x.json")
        jsonschema.Draft7Validator.check_schema(schema())
        jsonschema.validate(report, schema())
        assert report["compared"] == compared
        for key in schema()["required"]:
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({k: v for k, v in report.items() if k != key}, schema())


def test_totals_are_those_of_the_reports(recordings, tmp_path):
    diff(*recordings, "--totals", "-o", tmp_path / "x.json")
    report = lab.load_json(tmp_path / "x.json")
    single = [json.loads(lab.run_alloctap("report", path, "--json").stdout) for path in recordings]
    for side, one in zip(("before", "after"), single, strict=True):
        expected = {"bytes": one["totals"]["alloc_bytes"],
                    "objects": one["totals"]["alloc_objects"],
                    "inserts": one["totals"]["map_inserts"]}
        assert report[side]["totals"] == expected == report["totals"][side]
        # Every site and type is in its table, with what it has.
        for table in ("sites", "types"):
            for key in ("bytes", "objects"):
                assert sum(row[side][key] for row in report[table]) == expected[key]
        # Of maps inserted into by one function, those of one type are one row.
        for key in ("bytes", "inserts"):
            assert (sum(row[side][key] for row in report["maps"])
                    == sum(row[key] for row in one["maps"]))


def test_rates_are_sums_by_duration(recordings, tmp_path):
    diff(*recordings, "-o", tmp_path / "x.json")
    report = lab.load_json(tmp_path / "x.json")
    for side in ("before", "after"):
        seconds = report[side]["duration_ns"] / 1e9
        assert report["totals"][side]["bytes"] == pytest.approx(
            report[side]["totals"]["bytes"] / seconds, rel=1e-5)


def test_rows_are_ranked_by_their_change(recordings, tmp_path):
    diff(*recordings, "--totals", "-o", tmp_path / "x.json")
    report = lab.load_json(tmp_path / "x.json")
    for table in ("sites", "types", "maps"):
        changes = [abs(row["delta"]["bytes"]) for row in report[table]]
        assert changes == sorted(changes, reverse=True) and changes[0] > 0
        for row in report[table]:
            assert row["delta"]["bytes"] == row["after"]["bytes"] - row["before"]["bytes"]


def test_text(recordings, tmp_path):
    text = diff(*recordings, "--totals", "--top", "3").stdout
    assert re.search(r"^before +maps-?\S* \(pid", text, re.M) or text.startswith("before")
    assert re.search(r"^allocated +\S+ +\S+ +-\S+ +-[\d.]+%$", text, re.M), text
    assert re.search(r"^ +\d+ more: --top \d+ shows all$", text, re.M)
    diff(*recordings, "--totals", "--top", "3", "-o", tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_text() == text
    assert diff(*recordings, "--totals", "--top", "3", "-o", "-", "-f", "text").stdout == text


def on_terminal(arguments, env):
    """What a command prints to a terminal of its own."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen(arguments, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
                         env=env)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # EIO: nobody holds the other end any more
        pass
    os.close(ours)
    assert p.wait(lab.SECONDS) == 0
    return said.decode()


def test_colours_on_a_terminal_only(recordings):
    command = [lab.ALLOCTAP, "diff", *map(str, recordings), "--totals"]
    plain = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    assert "\x1b[32m" in on_terminal(command, plain)
    assert "\x1b" not in on_terminal(command, {**plain, "NO_COLOR": "1"})
    assert "\x1b[32m" in on_terminal(command, {**plain, "NO_COLOR": ""})
    assert "\x1b" not in diff(*recordings, "--totals").stdout
