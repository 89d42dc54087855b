# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Collections of Go: what alloctap saw against the runtime's own books.

The target is tests/targets/gc; its books are MemStats, and gctrace on its stderr.
The rules that make the two comparable:

Cycles. As many as NumGC counts, none left out, none twice.

Pauses. MemStats.PauseNs has one number for a cycle, its stops added. The runtime reads
its clock an instruction or a few before or after we do, and is interrupted in between
like anybody. So: 95 of 100 cycles within 20 us or 5 %, and the median of the
differences within 5 us.

gctrace. Prints milliseconds with two digits: 20 us or 10 % for each of the two stops,
in 95 of 100 cycles. Assists are CPU time in gcAssistAlloc1, all cycles added: 10 %.
Waiting in an assist is not in it; of our samples it is told by its leaf.

Sweeping. Begins in the stop of mark termination, and has ended when the next cycle's first
stop has. The runtime tells of its end from Go 1.25 on (gcpacertrace; before, a slip), when the
last span is swept; the goroutine whose next step we see may have to wait for a CPU, and so
may we who read that line: half of them within 5 ms, where cycles are some 50 ms apart.

Heap. gctrace prints megabytes cut, read a little after we do: 1 MB.
"""

import json
import re
import signal
import statistics
import struct
import subprocess
import time

import pytest

import lab
import test_exact
from pprof_file import ALLOC, GC_ASSIST, Recording

VERSIONS = ["1.19", "1.21.13", "1.23.12", "1.26.5", "1.27.4"]
SWEEP, MARK = "GC sweep termination", "GC mark termination"


class Run:
    """A whole run of the target, tapped from its first "ready" to its second."""

    def __init__(self, start, tap, tmp_path, version, mode, n, options=(), env=(), poke=None):
        path = str(tmp_path / "x.atap")
        binary = lab.build_go("gc", version)
        target = start([binary, mode, str(n)],
                       env={"PATH": "/usr/bin:/bin", "GODEBUG": "gctrace=1", **dict(env)})
        target.expect("ready")
        t = tap(target.pid, [path, str(tmp_path / "x.json")], options)
        if poke:
            poke(binary, target.pid)
        target.send("x")
        self.books = json.loads(target.read_line())
        target.expect("ready")
        t.signal(signal.SIGINT)
        self.peak_kib = peak_until_its_end(t.pid)
        t.stop()
        target.send("x")
        assert target.wait() == 0
        self.recording = Recording(path)
        self.path = path
        self.report = lab.load_json(tmp_path / "x.json")
        lab.no_losses(self.report)
        self.traces = [Trace(line) for line in target.stderr_lines if re.match(r"gc \d", line)]
        self.traces = self.traces[-self.books["num_gc"]:]
        self.cycles = self.recording.cycles

    def pauses_of(self, cycle, *reasons):
        return sum(p.stopping + p.stopped for p in self.recording.pauses
                   if p.epoch == cycle.epoch and p.reason in reasons)

    def check_cycles(self):
        assert len(self.cycles) == self.books["num_gc"] == len(self.traces) > 0
        assert [c.epoch for c in self.cycles] == list(range(1, len(self.cycles) + 1))
        for c, following in zip(self.cycles, self.cycles[1:] + [None]):
            assert 0 < c.start < c.end
            assert not following or c.end <= following.start
        self.check_sweeps()

    def check_sweeps(self):
        stops = {(p.epoch, p.reason): (p.start + p.stopping, p.start + p.stopping + p.stopped)
                 for p in self.recording.pauses}
        for c, following in zip(self.cycles, self.cycles[1:]):
            begun, ended = stops[c.epoch, MARK]
            assert begun <= c.sweep_start <= ended, c
            assert c.sweep_start < c.sweep_end <= stops[following.epoch, SWEEP][1], (c, following)
        last = self.cycles[-1]
        assert last.sweep_start >= stops[last.epoch, MARK][0]

    def check_pauses(self):
        kept = self.cycles[-len(self.books["pause_ns"]):]
        pairs = [(self.pauses_of(c, SWEEP, MARK), ns)
                 for c, ns in zip(kept, self.books["pause_ns"])]
        mostly([abs(ours - theirs) <= max(20e3, 0.05 * theirs) for ours, theirs in pairs], pairs)
        assert abs(statistics.median(ours - theirs for ours, theirs in pairs)) < 5e3, pairs
        stops = [(self.pauses_of(c, reason), ns) for c, trace in zip(self.cycles, self.traces)
                 for reason, ns in ((SWEEP, trace.sweep_ns), (MARK, trace.mark_ns))]
        mostly([abs(ours - theirs) <= max(20e3, 0.1 * theirs) for ours, theirs in stops], stops)

    def assist_ns(self):
        return sum(s.ns for s in self.recording.samples
                   if s.kind == GC_ASSIST and s.functions[0] == "runtime.gcAssistAlloc1")


class Trace:
    """A line of gctrace: gc 5 @0.1s 2%: 0.1+2.5+0.02 ms clock, 0.2+1.1/..., 26->28->18 MB, ..."""

    def __init__(self, line):
        clock = re.search(r": ([\d.]+)\+[\d.]+\+([\d.]+) ms clock", line)
        self.sweep_ns, self.mark_ns = (float(ms) * 1e6 for ms in clock.groups())
        self.assist_ns = float(re.search(r"ms clock, [\d.]+\+([\d.]+)/", line).group(1)) * 1e6
        self.live_mb = int(re.search(r"(\d+)->\d+->\d+ MB", line).group(1))
        self.goal_mb = int(re.search(r"(\d+) MB goal", line).group(1))


def peak_until_its_end(pid):
    """The most memory that a process ever had, in KiB; it is about to write its files and go."""
    peak = None
    while True:
        with open(f"/proc/{pid}/status") as f:
            now = re.search(r"VmHWM:\s+(\d+)", f.read())
        if not now:
            return peak
        peak = int(now.group(1))
        time.sleep(0.002)


def mostly(good, evidence):
    assert sum(good) >= 0.95 * len(good), [e for e, ok in zip(evidence, good) if not ok]


@pytest.fixture
def run(start, tap, tmp_path):
    return lambda *args, **kwargs: Run(start, tap, tmp_path, *args, **kwargs)


@pytest.mark.parametrize("variant", ["plain", "stripped", "pie", "cgo-pie-stripped"])
@pytest.mark.parametrize("version", lab.GO_VERSIONS)
def test_planned(alloctap, version, variant):
    """All that is needed is found in binaries of all kinds, the pacer too."""
    r = lab.run_alloctap("record", "-v", "--probe", "gc", "--dry-run", "--",
                         lab.build_go("gc", version, variant), "forced", "1")
    assert r.returncode == 0, r.stderr
    planned = [line.split() for line in r.stdout.splitlines() if line.endswith(" go_gc")]
    symbols = [line[0] for line in planned]
    for function in ("gcStart", "gcBgMarkStartWorkers", "stopTheWorldWithSema",
                     "gcMarkTermination", "gcAssistAlloc", "gcAssistAlloc1", "gcParkAssist",
                     "gcSweep", "freeSomeWbufs"):
        assert symbols.count(f"runtime.{function}") == 1, r.stdout
    assert symbols.count("runtime.startTheWorldWithSema") == 2
    minor = int(version.split(".")[1])
    assert symbols.count("runtime.finishsweep_m") == (minor <= 22)
    assert symbols.count("runtime.stopTheWorld") == (minor <= 20)
    # What cannot be emulated is behind a call: rare, and not while the world stands.
    stepped = [line[0] for line in planned if "stepped" in line]
    assert sorted(s.split(".func")[0] for s in stepped) == ["runtime.gcAssistAlloc",
                                                           "runtime.startTheWorldWithSema"]
    assert "pacer" not in r.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_heap(run, version):
    r = run(version, "heap", 60, ["--probe", "gc"], {"GOGC": "50"})
    r.check_cycles()
    # The last is the program's own, so that none is under way when it reads its books.
    assert [c.trigger for c in r.cycles] == (len(r.cycles) - 1) * ["heap"] + ["forced"]
    assert all("main.allocate" in c.functions or "main.numGC" in c.functions
               for c in r.cycles[:-1])
    r.check_pauses()
    in_trace = sum(t.assist_ns for t in r.traces)
    assert in_trace > 0 and abs(r.assist_ns() - in_trace) <= 0.1 * in_trace
    assert {s.functions[0] for s in r.recording.samples} <= {"runtime.gcAssistAlloc1",
                                                            "runtime.gcParkAssist"}
    mostly([abs((c.live >> 20) - t.live_mb) <= 1 and abs((c.goal >> 20) - t.goal_mb) <= 1
            for c, t in zip(r.cycles, r.traces)], list(zip(r.cycles, r.traces)))
    assert {(c.gc_percent, c.limit) for c in r.cycles} == {(50, 0)}


@pytest.mark.parametrize("version", VERSIONS)
def test_forced(run, version):
    r = run(version, "forced", 50)
    r.check_cycles()
    assert r.books["forced"] == 50
    assert {c.trigger for c in r.cycles} == {"forced"}
    assert all("main.callGC" in c.functions for c in r.cycles)
    r.check_pauses()
    # Its own two looks at MemStats stop the world too, and are no GC's.
    others = [p for p in r.recording.pauses if not p.gc]
    assert [(p.reason, p.epoch) for p in others] == 2 * [("read mem stats", 0)]
    assert all("main.main" in p.functions for p in others)


@pytest.mark.parametrize("version", ["1.26.5", "1.27.4"])
def test_end_of_sweeping(start, tap, tmp_path, version):
    target = start([lab.build_go("gc", version), "heap", "40"],
                   env={"PATH": "/usr/bin:/bin", "GODEBUG": "gcpacertrace=1", "GOGC": "50"})
    target.expect("ready")
    t = tap(target.pid, [str(tmp_path / "x.trace.json")], ["--probe", "gc"])
    target.send("x")
    num_gc = json.loads(target.read_line())["num_gc"]
    target.expect("ready")
    t.stop()
    target.send("x")
    assert target.wait() == 0
    told = [ns for ns, line in zip(target.stderr_times, target.stderr_lines) if "sweep done" in line]
    trace = lab.load_json(tmp_path / "x.trace.json")
    started = trace["otherData"]["start_unix_ns"]
    ends = [started + 1000 * (e["ts"] + e["dur"]) for e in trace["traceEvents"]
            if e["name"].startswith("sweep ")]
    # Those from before the tap are told of too; of the last the end may come after it.
    assert num_gc - 1 <= len(ends) <= num_gc <= len(told)
    off = [min(abs(end - ns) for ns in told) for end in ends]
    assert statistics.median(off) < 5e6, off


def shorten_timer(binary, pid):
    """The runtime's two minutes become 50 ms: a variable of its own, read each time."""
    symbols = subprocess.run(["nm", binary], capture_output=True, text=True, check=True).stdout
    address = int(re.search(r"(\w+) \w runtime\.forcegcperiod\n", symbols).group(1), 16)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        assert struct.unpack("<q", memory.read(8))[0] == 120 * 10 ** 9
        memory.seek(address)
        memory.write(struct.pack("<q", 50 * 10 ** 6))


@pytest.mark.parametrize("version", VERSIONS)
def test_timer(run, version):
    r = run(version, "timer", 5, poke=shorten_timer)
    # It goes off before the books are first read and after the last time, which stop the world.
    begun, read = [p.start for p in r.recording.pauses if p.reason == "read mem stats"]
    counted = [c for c in r.cycles if begun < c.end < read]
    assert len(counted) == r.books["num_gc"] >= 5
    assert {c.trigger for c in counted} == {"time"}
    assert all("runtime.forcegchelper" in c.functions for c in counted)


@pytest.mark.parametrize("version", VERSIONS)
def test_alternate(run, version):
    """Two allocators, one GC cycle each: every cycle is charged to the right one."""
    r = run(version, "alternate", 40)
    r.check_cycles()
    for c in r.cycles:
        before = [s for s in r.recording.samples if s.kind == ALLOC and s.epoch == c.epoch - 1]
        site = "main.first" if c.epoch % 2 else "main.second"
        right = sum(s.bytes for s in before if site in s.functions)
        assert right >= 0.99 * sum(s.bytes for s in before) > 0, c.epoch
    report = lab.run_alloctap("report", "--view", "gc", "--json", r.path)
    assert report.returncode == 0, report.stderr
    caused = {s["func"]: s["cycles_caused"]
              for s in json.loads(report.stdout)["gc"]["sites"]}
    assert caused["main.first"] == pytest.approx(20, abs=0.2)
    assert caused["main.second"] == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_by_cycle_are_all_bytes(root, tmp_path, version):
    """Equal to MemStats.TotalAlloc, as without (test_exact), however many cycles there are."""
    report = test_exact.launch(lab.build_go("exact", version), tmp_path, "notiny",
                               options=["--probe", "alloc,map,gc"])
    r = Recording(test_exact.outputs(tmp_path)("atap"))
    allocated = [s for s in r.samples if s.kind == ALLOC]
    assert sum(s.bytes for s in allocated) == report["totals"]["alloc_bytes"]
    assert sum(b.bytes for b in r.bins) == report["totals"]["alloc_bytes"]
    assert sum(b.objects for b in r.bins) == report["totals"]["alloc_objects"]
    assert len(r.cycles) > 20 and r.epochs_folded == 0
    assert {s.epoch for s in allocated} <= set(range(len(r.cycles) + 1))
    assert len({s.epoch for s in allocated}) > 20


def test_memory_limit(run):
    r = run("1.26.5", "heap", 40, ["--probe", "gc"],
            {"GOGC": "off", "GOMEMLIMIT": "40MiB"})
    r.check_cycles()
    assert {(c.gc_percent, c.limit) for c in r.cycles} == {(-1, 40 << 20)}
    mostly([abs((c.goal >> 20) - t.goal_mb) <= 1 for c, t in zip(r.cycles, r.traces)],
           [(c.goal >> 20, t.goal_mb) for c, t in zip(r.cycles, r.traces)])


def test_ten_thousand_cycles(run):
    """Older epochs are folded together, the memory stays bounded, no byte is lost."""
    r = run("1.26.5", "forced", 10000, env={"GODEBUG": ""})
    assert len(r.cycles) == r.books["num_gc"] == 10000
    assert r.peak_kib < 100 * 1024
    folded = r.recording.epochs_folded
    assert 0 < folded < 10000
    allocated = [s for s in r.recording.samples if s.kind == ALLOC]
    assert sum(s.bytes for s in allocated) == r.report["totals"]["alloc_bytes"]
    # Of the folded ones those before the longest pauses have kept theirs.
    pauses = {c.epoch: r.pauses_of(c, SWEEP, MARK) for c in r.cycles[:folded]}
    worst = max(pauses, key=pauses.get)
    assert worst - 1 in {s.epoch for s in allocated}
    assert len({s.epoch for s in allocated if s.epoch < folded}) <= 32
    assert len({s.epoch for s in allocated if s.epoch > folded}) >= 500


def test_ten_thousand_cycles_of_many_sites(run):
    """256 counts for each cycle, 2.5 million in all: no more are kept than there is room for."""
    r = run("1.26.5", "many", 10000, env={"GODEBUG": ""})
    assert len(r.cycles) == r.books["num_gc"] == 10000
    assert r.peak_kib < 100 * 1024
    allocated = [s for s in r.recording.samples if s.kind == ALLOC and "main.descend" in s.functions]
    assert sum(s.objects for s in allocated) == 10000 * 256
    assert sum(s.bytes for s in allocated) == 10000 * 32 * (8 + 16 + 24 + 32 + 48 + 48 + 64 + 48)
    last = r.recording.epochs_folded + 1
    assert 1000 < last < 10000
    assert len([s for s in allocated if s.epoch == last]) == 256
