# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The map report against what tests/targets/maps knows about its own maps.

One recording per Go version has all phases of the program; each phase has one line
that inserts, so it is one row of the report, and its own remedy is another phase. The
other side:

Inserts, maps, entries: the program's own counters.

Objects and bytes per cause: the heap profile at a rate of 1, whose stacks show what
the runtime was doing (CAUSES below; the first bucket and a box of the classic
mapassign look alike and are told apart by their line). The profile in turn has to add
up to MemStats.

Growths: the profile again, and where hashes have no say the runtime's rules, written
down here once more.

Savings: MemStats of the same phase with the remedy applied. Hashes are seeded anew for
each map, so where chance has its say (overflow buckets, splits near a full table), both
sides scatter: on top of 5 %, we allow three standard deviations of the sum, estimated
from the single maps.
"""

import json
import math
import random
import re
import time
from types import SimpleNamespace

import pytest

import lab

# (version, GOEXPERIMENT): every Go, and both kinds of map where there is a choice.
GOS = [(version, "") for version in lab.GO_VERSIONS] + [("1.24.13", "noswissmap"),
                                                        ("1.25.5", "noswissmap")]
# Entries that a table of the largest size, 1024 slots, takes.
TABLE_LOAD = 896
CAUSE_NAMES = ["growth", "box", "overflow", "directory", "first", "other"]


def minor(version):
    return int(version.split(".")[1])


def is_swiss(version, experiment):
    return minor(version) >= 24 and experiment != "noswissmap"


def two_buckets(version):
    """Entries for two classic buckets; in 1.21 an integer division came out differently."""
    return 12 if minor(version) == 21 else 13


# --- the program and its books --------------------------------------------------

class Books:
    """What one run of the program printed."""

    def __init__(self, version, experiment, text):
        found = json.loads(text)
        self.version, self.swiss = version, is_swiss(version, experiment)
        self.phases = {p["name"]: SimpleNamespace(**p) for p in found["phases"]}
        self.stacks = {name: [] for name in self.phases}
        self.elsewhere = []
        for s in found["stacks"]:
            frames = [f.rsplit(" ", 1) for f in s["frames"]]
            stack = SimpleNamespace(objects=s["objects"], bytes=s["bytes"],
                                    functions=[f for f, _ in frames],
                                    places=[place for _, place in frames])
            phase = next((f[5:] for f in stack.functions if f[5:] in self.phases), None)
            (self.stacks[phase] if phase else self.elsewhere).append(stack)

    def inside(self, name):
        """The stacks of a phase that are inside an insert, cut there."""
        for s in self.stacks[name]:
            at = next((i for i, f in enumerate(s.functions)
                       if re.fullmatch(r"runtime\.mapassign(_fast\w+)?", f)), None)
            if at is not None:
                site = next(i for i, f in enumerate(s.functions) if f.startswith("main."))
                yield SimpleNamespace(objects=s.objects, bytes=s.bytes, site=s.places[site],
                                      functions=[f.split("runtime/maps.")[-1]
                                                 for f in s.functions[:at]])


    def causes(self, name):
        """{cause: [objects, bytes]}"""
        phase, total = self.phases[name], {cause: [0, 0] for cause in CAUSE_NAMES}
        for s in self.inside(name):
            cause = self._cause(phase, s)
            total[cause][0] += s.objects
            total[cause][1] += s.bytes
        return total

    def _cause(self, phase, s):
        """As user/report/map_causes.c lists them, from the runtime's sources."""
        on = set(s.functions)
        if "runtime.(*hmap).newoverflow" in on:
            return "overflow"
        if "(*table).split" in on:
            return "directory"
        if "(*Map).growToSmall" in on:
            return "first"
        if "(*Map).growToTable" in on and "newTable" not in on:
            return "directory"
        if on & {"runtime.hashGrow", "(*Map).growToTable", "(*table).grow"}:
            return "growth"
        # mapassign itself: the first bucket is made once in a map, boxes for each new key.
        return "box" if self.swiss or s.objects > phase.maps else "first"

    def growths(self, name):
        """Of arrays or tables of a phase's maps, by the arrays that were made."""
        arrays = {"larger": 0, "split": 0}
        for s in self.inside(name):
            if "runtime.makeBucketArray" in s.functions:
                arrays["larger"] += s.objects
            elif "(*table).reset" in s.functions:
                arrays["split" if "(*table).split" in s.functions else "larger"] += s.objects
        assert arrays["split"] % 2 == 0
        return arrays["larger"] + arrays["split"] // 2


def classic_growths(n, load):
    """Doublings until 2^b buckets of 8 take @n (overLoadFactor in runtime/map.go)."""
    b = 0
    while n > 8 and n > load * (2 ** b // 2):
        b += 1
    return b


def swiss_growths(n):
    """Tables of 16, 32 ... slots at 7/8 of them until they take @n, while there is but one."""
    assert n <= TABLE_LOAD
    slots, growths = 8, 0
    while n > (slots if slots == 8 else slots * 7 // 8):
        slots *= 2
        growths += 1
    return growths


def same_type(version, reported, own):
    """Before Go 1.21 generic code works on maps of shapes: compare their keys then."""
    shape = re.match(r"map\[go\.shape\.(\w+)_\d+\]go\.shape\.", reported)
    if shape and minor(version) < 21:
        return own.startswith(f"map[{shape.group(1)}]")
    return reported == own


class Run:
    """The program, recorded once, and what the report says."""

    def __init__(self, version, experiment, folder):
        # Where make(map, n) takes twice the room for one more.
        below = 2 * TABLE_LOAD if is_swiss(version, experiment) else two_buckets(version) * 128
        self.numbers = [random.randint(100, 3000), random.randint(5000, 12000), below, below + 1]
        recording = folder / f"{version}{experiment}.atap"
        r = lab.run_alloctap("record", "--strict", "-o", recording, "--",
                             lab.build_go("maps", version, experiment=experiment), *self.numbers)
        assert r.returncode == 0, r.stderr
        self.books = Books(version, experiment, r.stdout)
        r = lab.run_alloctap("report", recording, "--view", "maps", "--json")
        assert r.returncode == 0, r.stderr
        self.report = json.loads(r.stdout)
        lab.no_losses(self.report)
        self.text = lab.run_alloctap("report", recording, "--view", "maps", "--top", 1000).stdout
        print(f"go{version}, n = {self.numbers}")

    def row(self, name):
        """The one row of a phase."""
        rows = [r for r in self.report["maps"] if r["func"] == "main." + name]
        if name.startswith("generic"):
            rows = [r for r in self.report["maps"] if r["func"] == "main.put[...]" and
                    same_type(self.books.version, r["type"], self.books.phases[name].type)]
        assert len(rows) == 1, (name, rows)
        return rows[0]

    def advice(self, name, kind):
        """The saving that a row's advice of that kind promises."""
        return next(a["saving_bytes"] for a in self.row(name)["advice"] if a["kind"] == kind)


@pytest.fixture(scope="module")
def runs(alloctap, tmp_path_factory):
    folder, done = tmp_path_factory.mktemp("maps"), {}

    def run_of(go):
        if go not in done:
            done[go] = None
            done[go] = Run(*go, folder)
        assert done[go], "there is no recording, as another test says"
        return done[go]

    return run_of


@pytest.fixture(params=GOS, ids=lambda go: "-".join(filter(None, go)))
def run(root, runs, request):
    return runs(request.param)


def test_books_agree(run):
    """What the other tests lean on: MemStats and the heap profile say the same."""
    books = run.books
    # The runtime's own, at a time of its choosing: its scavenger sets a timer.
    others = [s for s in books.elsewhere if "runtime.bgscavenge" in s.functions]
    for name, phase in books.phases.items():
        missing = phase.mallocs - sum(s.objects for s in books.stacks[name])
        assert 0 <= missing <= sum(s.objects for s in others), name
        missing = phase.bytes - sum(s.bytes for s in books.stacks[name])
        assert 0 <= missing <= sum(s.bytes for s in others), name
    assert sum(s.objects for s in others) < 10


def test_rules_agree(run):
    """The growths of the profile are those that the runtime's rules demand."""
    tried = [name for name, p in run.books.phases.items() if name.startswith(
        ("unsized", "padded", "generic", "reflect", "tiny"))
        and (not run.books.swiss or p.entries <= TABLE_LOAD) and name != "paddedBoxed"]
    for name in tried:
        p = run.books.phases[name]
        growths = swiss_growths(p.entries) if run.books.swiss else \
            classic_growths(p.entries, two_buckets(run.books.version))
        assert run.books.growths(name) == p.maps * growths, name
    assert len(tried) >= 5


def test_inserts(run):
    for name, phase in run.books.phases.items():
        row = run.row(name)
        assert row["inserts"] == phase.inserts, name
        places = {s.site for s in run.books.inside(name)}
        assert len(places) <= 1
        assert f"{row['file']}:{row['line']}" in places or not places, name
        if name == "reflectMade":
            assert row["type"] == "[reflect map, 8 bytes]"
        else:
            assert same_type(run.books.version, row["type"], phase.type), name
            assert row["type"] in run.text


def test_causes(run):
    for name in run.books.phases:
        row, expected = run.row(name), run.books.causes(name)
        got = {cause: [sums["objects"], sums["bytes"]] for cause, sums in row["causes"].items()}
        assert sorted(got) == sorted(expected)
        assert {c: n for c, (n, _) in got.items()} == {c: n for c, (n, _) in expected.items()}, name
        for cause in CAUSE_NAMES:
            assert got[cause][1] == pytest.approx(expected[cause][1], rel=0.01), (name, cause)
        assert row["objects"] == sum(n for n, _ in expected.values())
        assert row["bytes"] == pytest.approx(sum(n for _, n in expected.values()), rel=0.01)


def test_amplification(run):
    for name, phase in run.books.phases.items():
        size = sum(n for _, n in run.books.causes(name).values())
        if name != "reflectMade":
            expected = size / (phase.inserts * phase.slot)
            assert run.row(name)["amplification"] == pytest.approx(expected, rel=0.01, abs=0.01)


def test_growths(run):
    for name, phase in run.books.phases.items():
        row, growths = run.row(name), run.books.growths(name)
        assert row["growths"] == growths, name
        # All maps of a phase are alike, but for chance; churn does not make them larger.
        if name.startswith(("presized", "churn")):
            assert row["grown_maps"] <= phase.maps
        else:
            assert row["grown_maps"] == (phase.maps if growths else 0), name
        # What is in it when an insert begins.
        last_is_new = name != "overwrite"
        assert row["largest"] == phase.entries - last_is_new, name


def scatter(*phases):
    """Standard deviation of the sum of all maps' bytes; of the phases that have many."""
    variance = 0
    for phase in phases:
        if len(phase.each_map) < 2:
            continue
        mean = sum(phase.each_map) / len(phase.each_map)
        variance += sum((n - mean) ** 2 for n in phase.each_map) * \
            len(phase.each_map) / (len(phase.each_map) - 1)
    return math.sqrt(variance)


@pytest.mark.parametrize("which", ["Small", "Mid", "Large", "Below", "Above"])
def test_presize_saving(run, which):
    before, after = (run.books.phases[kind + which] for kind in ("unsized", "presized"))
    predicted = run.row("unsized" + which)["presize_saving_bytes"]
    measured = before.bytes - after.bytes
    chance = 3 * scatter(before, after)
    print(f"{before.maps} x {before.entries}: predicted {predicted}, measured {measured} "
          f"({predicted / measured - 1:+.2%}), chance {chance / measured:.2%}")
    assert abs(predicted - measured) <= 0.05 * measured + chance
    # There is nothing left to gain.
    assert run.row("presized" + which)["presize_saving_bytes"] == 0


@pytest.mark.parametrize("name, fixed, kind", [
    ("boxed", "unboxed", "pointers"),
    ("overBoxLimit", "underBoxLimit", "shrink_value"),
    ("paddedBoxed", "orderedBoxed", "reorder"),
    ("paddedInline", "orderedInline", "reorder"),
])
def test_advice_saves_what_it_says(run, name, fixed, kind):
    before, after = run.books.phases[name], run.books.phases[fixed]
    predicted, measured = run.advice(name, kind), before.bytes - after.bytes
    chance = 3 * scatter(before, after)
    print(f"{name}: predicted {predicted}, measured {measured} ({predicted / measured - 1:+.2%}), "
          f"chance {chance / measured:.2%}")
    assert abs(predicted - measured) <= 0.05 * measured + chance


def test_string_keys_saving(run):
    """The strings for certain, and what the map itself would be smaller by at the most."""
    strings = sum(s.bytes for s in run.books.stacks["stringKeys"]
                  if not any(f.startswith(("runtime.mapassign", "runtime.makemap"))
                             for f in s.functions))
    measured = run.books.phases["stringKeys"].bytes - run.books.phases["integerKeys"].bytes
    predicted = run.advice("stringKeys", "integer_key")
    print(f"strings {strings}, predicted {predicted}, measured {measured}")
    assert 0 < strings <= predicted <= 1.05 * measured


# Kinds of advice; all other phases get none.
ADVICE = {
    "unsizedSmall": {"presize"},
    "unsizedMid": {"presize"},
    "unsizedLarge": {"presize"},
    "unsizedBelow": {"presize"},
    "unsizedAbove": {"presize"},
    "boxed": {"pointers"},
    "boxedGrowing": {"pointers"},  # growth is a tenth of it
    "boxedReplaced": {"pointers"},
    "overBoxLimit": {"pointers", "shrink_value"},
    "justOverBoxLimit": {"pointers"},
    "paddedBoxed": {"pointers", "reorder"},
    "orderedBoxed": {"pointers"},
    "paddedInline": {"presize", "reorder"},
    "orderedInline": {"presize"},
    "stringKeys": {"integer_key"},
    "reflected": {"presize"},
    "reflectMade": {"presize"},
    "genericNumbers": {"presize"},
    "genericPairs": {"presize"},
    "genericPointers": {"presize"},
}


def test_advice(run):
    given = {name: {a["kind"] for a in run.row(name)["advice"]} for name in run.books.phases}
    wrong = {name: kinds for name, kinds in given.items() if kinds != ADVICE.get(name, set())}
    assert not wrong
    for name in ADVICE:
        row = run.row(name)
        for advice in row["advice"]:
            place = f"{row['file'].rsplit('/', 1)[-1]}:{row['line']}"
            assert place in advice["text"], advice
            assert advice["saving_bytes"] > 0
            assert advice["text"] in re.sub(r"\s+", " ", run.text)


def test_one_window_for_all(start, tap, tmp_path):
    """Attached to a running program, all probes begin to count together, and end so."""
    target = start([lab.build_go("demo")])
    target.read_line()
    t = tap(target.pid, [tmp_path / "x.json"])
    time.sleep(1)
    t.stop()
    row = next(r for r in lab.load_json(tmp_path / "x.json")["maps"]
               if r["func"] == "main.openSessions")
    # It makes maps of 400 entries, one after the other, with a box for each insert.
    assert row["inserts"] > 4000
    assert abs(row["inserts"] - row["causes"]["box"]["objects"]) <= 2
    maps = row["inserts"] / 400
    assert abs(row["causes"]["first"]["objects"] - maps) <= 1
    assert abs(row["growths"] / 6 - maps) <= 1
    assert abs(row["grown_maps"] - maps) <= 1
