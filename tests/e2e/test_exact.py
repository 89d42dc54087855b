# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every event counted once: alloctap's totals against the target's own books.

The target is tests/targets/exact. The rules that make the two comparable:

Objects. Equal to MemStats.Mallocs, always: each heap object, tiny ones included.
Zero-sized allocations are in neither.

Bytes. Ours are what the heap gives: the size class with the 8-byte header that
objects with pointers over 512 bytes carry since Go 1.22, whole pages above 32 KiB,
and for a tiny object (under 16 bytes, no pointers) 16 bytes when it opens a new
block and none when it fits the current one. That is how MemStats.TotalAlloc counts
too, so they are equal. With one exception: where the probe sits before a place that
can put the goroutine aside (up to Go 1.23 and in 1.27: the assist of the GC), the
allocation may go on with another tiny block than the one we saw. One such event makes
us wrong by one block, 16 bytes. It takes a tiny allocation that has to wait, and
when one has to, the GC cycle is about to end; seen here is at most one such event in
two GC cycles. So programs without tiny objects are compared exactly on all versions,
and programs with them up to 16 bytes per GC cycle on those.

Requested bytes. As asked for by the program, which counts them itself.

Map inserts. One per m[k] = v, m[k] += v and reflect's SetMapIndex, new key or not.

Stacks. The heap profile at MemProfileRate=1 knows objects and bytes per stack, in the
runtime's own words: it leaves out tiny objects that fit the current block, frames of
the runtime at the leaf (how many depends on the version), wrappers made by the
compiler, and writes [...] for type arguments. So stacks are compared from the first
frame outside src/runtime on, down to the goroutine's entry. There the work is done
without GC and on one P, so that tiny objects can be compared too.
"""

import json
import re

import pytest

import lab
from pprof_file import ALLOC, Pprof, Recording

LINKS = [
    "perf",
    pytest.param("multi", marks=pytest.mark.skipif(
        lab.kernel_version() < (6, 6), reason="uprobe_multi came with Linux 6.6")),
]
ENV = {"GOGC": "20", "PATH": "/usr/bin:/bin"}


def minor(version):
    return int(version.split(".")[1])


def check_books(books, out, tiny, broken_max=0):
    """The exact program's @books against what alloctap wrote: x.json, x.pb.gz, x.atap.

    Stacks that alloctap says it could not read to their ends may be nobody's, up to @broken_max.
    """
    report = lab.load_json(out("json"))
    lab.no_losses(report)
    totals = report["totals"]
    assert totals["alloc_objects"] == books["mallocs"]
    off = totals["alloc_bytes"] - books["total_alloc"]
    if tiny and not 24 <= minor(report["targets"][0]["version"]) <= 26:
        print(f"bytes off by {off} in {books['num_gc']} GC cycles")
        assert off % 16 == 0 and abs(off) <= 16 * books["num_gc"]
    else:
        assert off == 0
    pprof = Pprof(out("pb.gz"))
    assert pprof.total("alloc_objects") == totals["alloc_objects"]
    assert pprof.total("alloc_space") == totals["alloc_bytes"]
    broken = min(report["stacks"]["broken"], broken_max)
    for function, done in books["inserts"].items():
        assert done - broken <= pprof.total_where("map_inserts", function) <= done, function
    done = sum(books["inserts"].values())
    assert done - broken <= pprof.total_where("map_inserts", "main.allInserts") <= done
    assert totals["map_inserts"] >= done
    sized = [s for s in Recording(out("atap")).samples if allocated_by(s, "main.sizedBytes")]
    objects = books["sized"]["objects"]
    assert objects - broken <= sum(s.objects for s in sized) <= objects
    if not broken:
        assert sum(s.requested for s in sized) == books["sized"]["requested"]
    return report


def allocated_by(sample, function):
    """Did @function itself ask? Not the GC that the runtime started on its stack."""
    if sample.kind != ALLOC or function not in sample.functions:
        return False
    return all(f.startswith(("runtime.malloc", "runtime.makeslice"))
               for f in sample.functions[:sample.functions.index(function)])


def outputs(tmp_path):
    return lambda suffix: str(tmp_path / f"x.{suffix}")


def launch(binary, tmp_path, *words, options=()):
    """Records a whole run of the target; its books."""
    out = outputs(tmp_path)
    r = lab.run_alloctap("record", *options, "-o", out("json"), "-o", out("pb.gz"), "-o",
                         out("atap"), "--", binary, "launch", *words, env=ENV)
    assert r.returncode == 0, r.stderr
    return check_books(json.loads(r.stdout), out, "notiny" not in words)


def amount(version):
    """Of work: how exactly it is counted is seen by less of it, too."""
    return [] if version in lab.GO_KEY_VERSIONS else ["small"]


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_launched(root, tmp_path, version):
    """From the first instruction on, tiny objects and all."""
    report = launch(lab.build_go("exact", version), tmp_path, *amount(version))
    assert report["targets"][0]["version"].startswith(f"go{version}")


@pytest.mark.parametrize("variant", [v for v in lab.VARIANTS if v != "plain"])
@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
def test_launched_variant(root, tmp_path, version, variant):
    """How it is built changes what is found where, not how much is counted."""
    launch(lab.build_go("exact", version, variant), tmp_path, "small")


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("version", ["1.19", "1.26.5"])
def test_launched_link(root, tmp_path, version, link):
    launch(lab.build_go("exact", version), tmp_path, "small", options=["--link", link])


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_bracket(start, tap, tmp_path, version):
    """Attached in the middle of its life; without tiny objects, so exact on all versions."""
    bracket(start, tap, tmp_path, version, ())


@pytest.mark.parametrize("link", LINKS)
def test_bracket_link(start, tap, tmp_path, link):
    bracket(start, tap, tmp_path, "1.23.12", ["--link", link])


def bracket(start, tap, tmp_path, version, options):
    out = outputs(tmp_path)
    target = start([lab.build_go("exact", version), "bracket", "notiny", *amount(version)],
                   env=ENV)
    target.expect("ready")
    t = tap(target.pid, [out("json"), out("pb.gz"), out("atap")], options)
    target.send("x")
    books = json.loads(target.read_line())
    target.expect("ready")
    t.stop()
    target.send("x")
    assert target.wait() == 0
    report = check_books(books, out, tiny=False)
    # Nothing else ran: these are all inserts there were.
    assert report["totals"]["map_inserts"] == sum(books["inserts"].values())


def comparable(frames):
    """Of (function, file, line), leaf first: what both sides have, in the runtime's words."""
    # By file: reflect.unsafe_New, for one, is the runtime's own under another name.
    first = next((i for i, f in enumerate(frames) if "/src/runtime/" not in f[1]), 0)
    kept = [(re.sub(r"\[.*\]", "[...]", function), file, line)
            for function, file, line in frames[first:] if file != "<autogenerated>"]
    if kept and kept[-1][0] == "runtime.goexit":
        kept.pop()
    return tuple(kept)


def heap_profile(text):
    """{stack: [objects, bytes]} of the target's own heap profile, and its tiny objects."""
    books = json.loads(text)
    stacks = {}
    for record in books["stacks"]:
        frames = []
        for frame in record["frames"]:
            function, position = frame.rsplit(" ", 1)
            file, line = position.rsplit(":", 1)
            frames.append((function, file, int(line)))
        add(stacks, comparable(frames), record["objects"], record["bytes"])
    return stacks, books["tiny_objects"]


def add(stacks, frames, objects, size):
    if any(f[0] == "main.profileWork" for f in frames) or \
       any(f[0] == "main.profileElsewhere" for f in frames):
        entry = stacks.setdefault(frames, [0, 0])
        entry[0] += objects
        entry[1] += size


def same_stacks(text, path):
    """The exact program's heap profile, as it printed it, against the pprof file at @path."""
    theirs, tiny_objects = heap_profile(text)

    pprof = Pprof(path)
    ours = {}
    for sample, objects, size in zip(pprof.samples, pprof.values("alloc_objects"),
                                     pprof.values("alloc_space")):
        if objects:
            add(ours, comparable([tuple(f) for f in sample.frames]), objects, size)

    # Tiny objects: we count each, the profile only those that open a block.
    for stacks in (ours, theirs):
        for frames in [f for f in stacks if f[0][0] == "main.profileTiny"]:
            objects, size = stacks.pop(frames)
            if stacks is ours:
                assert objects == tiny_objects
                tiny_bytes = size
            else:
                assert size == 16 * objects == tiny_bytes
    assert len(theirs) > 60
    assert max(len(f) for f in theirs) > 12
    different = {f: (ours.get(f), theirs.get(f)) for f in {*ours, *theirs}
                 if ours.get(f) != theirs.get(f)}
    assert not different, "\n".join(f"ours {a}, theirs {b}: {f}"
                                    for f, (a, b) in list(different.items())[:5])


@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_stacks_equal_heap_profile(start, tap, tmp_path, version):
    target = start([lab.build_go("exact", version), "profile"], env=dict(ENV, GOGC="off"))
    target.expect("ready")
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    target.send("x")
    target.expect("ready")
    t.stop()
    target.send("x")
    same_stacks(target.read_line(), tmp_path / "x.pb.gz")
