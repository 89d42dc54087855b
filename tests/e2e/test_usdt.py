# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Collections of runtimes other than Go: the same as these tell themselves."""

import collections
import glob
import os
import re
import shutil
import statistics
import struct
import subprocess

import pytest

import lab

COLLECT = os.path.join(lab.TARGETS, "collect")
PYTHON = "/usr/bin/python3"
MS = 1_000_000


def has_probe(path, name):
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    return f"Name: {name}\n" in notes


def close(ns, expected):
    """The measure: within 1 ms or 5 %."""
    return abs(ns - expected) <= max(MS, 0.05 * expected)


# --- HotSpot ------------------------------------------------------------------------

def java_homes():
    """One per version, Debian's first: as found in /usr/lib/jvm."""
    homes = {}
    for home in sorted(glob.glob("/usr/lib/jvm/*/")):
        home = os.path.realpath(home)
        if os.path.exists(os.path.join(home, "lib/server/libjvm.so")):
            homes.setdefault(os.path.basename(home), home)
    return list(homes.values())


def java_options(home, collector, log):
    flag = f"-XX:+Use{collector}GC"
    if subprocess.run([f"{home}/bin/java", flag, "-version"], capture_output=True).returncode:
        pytest.skip(f"{home} has no {collector}")
    return [flag, "-Xmx96m", f"-Xlog:gc*,safepoint:file={log}:uptimenanos", "-cp",
            os.path.join(lab.BUILT, "collect")]


@pytest.fixture(scope="session")
def collect_class():
    """Compiled by the oldest Java there is, for all to run."""
    homes = [h for h in java_homes() if os.path.exists(f"{h}/bin/javac")]
    if not homes:
        lab.unavailable("no JDK: install default-jdk-headless")
    out = os.path.join(lab.BUILT, "collect")
    oldest = min(homes, key=lambda h: int(re.search(r"\d+", os.path.basename(h)).group()))
    subprocess.run([f"{oldest}/bin/javac", "-d", out, os.path.join(COLLECT, "Collect.java")],
                   check=True)


Stop = collections.namedtuple("Stop", "operation reaching_ns total_ns pauses")
Pause = collections.namedtuple("Pause", "id ns before_mib after_mib")


def read_log(path):
    """Every stop of the world, with the pauses of collections that were in it."""
    stops, pauses = [], []
    with open(path) as f:
        for line in f:
            m = re.search(r"GC\((\d+)\) (?:[yYO]: )?Pause .*?([\d.]+)ms$", line)
            if m:
                heap = re.search(r" (\d+)M->(\d+)M", line)
                before, after = map(int, heap.groups()) if heap else (None, None)
                pauses.append(Pause(int(m[1]), float(m[2]) * MS, before, after))
            m = re.search(r'Safepoint "(\w+)".* Reaching safepoint: (\d+) ns.* Total: +(\d+) ns',
                          line)
            if m:
                stops.append(Stop(m[1], int(m[2]), int(m[3]), pauses))
                pauses = []
    assert not pauses, "a collection outside of a stop?"
    return stops


def compare_with_log(gc, log):
    stops = [s for s in read_log(log) if s.pauses]
    pauses = [p for p in gc["pauses"] if p["gc"]]
    assert len(pauses) == len(stops) > 5
    # The CPU may be taken from the JVM between its look at the clock and the probe: rarely.
    far = [(p, s) for p, s in zip(pauses, stops)
           if not close(p["stopping_ns"] + p["stopped_ns"], s.total_ns)
           or not close(p["stopping_ns"], s.reaching_ns)]
    assert len(far) <= len(stops) / 20, far
    for p, s in zip(pauses, stops):
        # What the collector times of it; on a busy machine the rest may take long, too.
        assert p["stopped_ns"] > 0.95 * sum(x.ns for x in s.pauses) - MS, (p, s)
    assert statistics.median(abs(p["stopped_ns"] - sum(x.ns for x in s.pauses))
                             for p, s in zip(pauses, stops)) < MS
    return stops


def check_cycles(gc, stops, collector):
    # G1 marks in the background: what it then does in stops is not a collection, or one by
    # the manager that newer versions have for it.
    young = [c for c in gc["cycles"] if c["name"] != "G1 Concurrent GC"]
    logged = [p for s in stops for p in s.pauses
              if collector != "G1" or p.before_mib is not None and "Pause" not in s.operation]
    assert len(young) == len({p.id for p in logged})
    assert all(c["end_ns"] > c["start_ns"] for c in young)
    assert [c["n"] for c in gc["cycles"]] == list(range(1, len(gc["cycles"]) + 1))


def check_pools(gc, stops):
    """Added up they are the heap before and after, as logged in MiB, cut."""
    pauses = [p for s in stops for p in s.pauses]
    assert len(gc["cycles"]) == len(pauses)
    for c, p in zip(gc["cycles"], pauses):
        assert len(c["pools"]) >= 2 and len({x["pool"] for x in c["pools"]}) == len(c["pools"])
        assert sum(x["before"] for x in c["pools"]) == c["heap_live"]
        assert abs(sum(x["before"] for x in c["pools"]) / 2**20 - p.before_mib) <= 1, (c, p)
        assert abs(sum(x["after"] for x in c["pools"]) / 2**20 - p.after_mib) <= 1, (c, p)


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        return {name: int(kib) * 1024 for name, kib in
                re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", f.read())}


def check_memory(gc, pid, before, after):
    """@before, @after: what the kernel said while the process stood still; 2 MB for its batches."""
    memory, = gc["memory"]
    looks = memory["looks"]
    assert memory["pid"] == pid
    assert memory["first_bytes"] == looks[0]["bytes"] == pytest.approx(before["VmRSS"], abs=2e6)
    assert memory["last_bytes"] == looks[-1]["bytes"] == pytest.approx(after["VmRSS"], abs=2e6)
    assert memory["peak_bytes"] == max(x["peak_bytes"] for x in looks) <= after["VmHWM"] + 2e6
    assert looks[0]["time_ns"] == 0
    # Four a second at most, but for the last.
    times = [x["time_ns"] for x in looks]
    assert all(b - a >= 250 * MS for a, b in zip(times, times[1:-1]))


@pytest.mark.parametrize("collector", ["G1", "Serial", "Parallel", "Z", "Shenandoah"])
@pytest.mark.parametrize("home", java_homes() or [None], ids=lambda h: h and os.path.basename(h))
def test_java(start, tap, tmp_path, collect_class, home, collector):
    log, out = tmp_path / "gc.log", tmp_path / "out.json"
    options = java_options(home, collector, log)
    target = start([f"{home}/bin/java", *options, "Collect"])
    target.expect("ready")
    t = tap(target.pid, [out], ["--probe", "gc"])
    target.send("go\n")
    target.expect("done")
    assert target.wait() == 0
    assert t.wait() == 0, t.stderr
    assert "garbage collections only" in t.start_line
    report = lab.load_json(out)
    lab.no_losses(report)
    assert report["targets"][0]["runtime"] == "hotspot"
    assert report["totals"]["alloc_objects"] == 0
    stops = compare_with_log(report["gc"], log)
    check_cycles(report["gc"], stops, collector)
    if collector in ("G1", "Serial", "Parallel"):
        triggers = collections.Counter(c["trigger"] for c in report["gc"]["cycles"])
        assert triggers["heap"] > 5 and 1 <= triggers["forced"] <= 2, triggers
    if collector == "Serial":
        for c, p in zip(report["gc"]["cycles"], [p for s in stops for p in s.pauses]):
            assert abs(c["heap_live"] / 2**20 - p.before_mib) <= 1, (c, p)
        check_pools(report["gc"], stops)
    # It grew from what a Java starts with, and within its own limits.
    memory, = report["gc"]["memory"]
    assert memory["pid"] == target.pid
    assert 20e6 < memory["first_bytes"] < memory["peak_bytes"] < 600e6


def test_java_from_its_start(root, tmp_path, collect_class):
    """The runtime's library is not there yet when the probes are put in."""
    home = java_homes()[0]
    log, out = tmp_path / "gc.log", tmp_path / "out.json"
    r = lab.run_alloctap("record", "-o", out, "--", f"{home}/bin/java",
                         *java_options(home, "Serial", log), "Collect", "now")
    assert r.returncode == 0, r.stderr
    assert r.stdout == "ready\ndone\n"
    check_cycles(lab.load_json(out)["gc"], compare_with_log(lab.load_json(out)["gc"], log), "Serial")


# --- CPython ------------------------------------------------------------------------

needs_python_probes = pytest.mark.skipif(
    not has_probe(os.path.realpath(PYTHON), "gc__start"), reason="no probes in python3")


def compare_with_callbacks(gc, lines):
    """Where the CPU was taken from it, the callbacks may have lost time that the probes did not."""
    expected = [tuple(map(int, line.split())) for line in lines]
    pauses = gc["pauses"]
    assert len(gc["cycles"]) == len(pauses) == len(expected) > 100
    for p, (generation, ns, switches) in zip(pauses, expected):
        assert p["reason"] == f"generation {generation}" and p["gc"]
        assert p["stopping_ns"] == 0
        assert p["stopped_ns"] <= ns + MS
        assert switches or close(p["stopped_ns"], ns), (p, ns)
    undisturbed = sum(not switches for _, _, switches in expected)
    assert undisturbed > 0.8 * len(expected), "too busy a machine to tell"


@needs_python_probes
@pytest.mark.parametrize("link", ["auto", "perf"])
def test_python(start, tap, tmp_path, link):
    out = tmp_path / "out.json"
    target = start([PYTHON, os.path.join(COLLECT, "collect.py")])
    target.expect("ready")
    before = resident(target.pid)
    t = tap(target.pid, [out], ["--link", link, "--probe", "gc"])
    target.send("go\n")
    lines = list(iter(target.read_line, "done"))
    after = resident(target.pid)
    t.stop()
    report = lab.load_json(out)
    lab.no_losses(report)
    assert report["targets"][0]["runtime"] == "cpython"
    assert re.match(r"CPython 3\.\d+$", report["targets"][0]["version"])
    compare_with_callbacks(report["gc"], lines)
    check_memory(report["gc"], target.pid, before, after)
    # The kernel took back what it had raised the semaphore by.
    assert semaphores(target.pid) == [0, 0]
    target.send("\n")
    assert target.wait() == 0


def semaphores(pid):
    """Of gc__start and gc__done, in the memory of a python3 that is not a PIE."""
    notes = subprocess.run(["readelf", "-n", os.path.realpath(PYTHON)], capture_output=True,
                           text=True).stdout
    addresses = [int(m, 16) for m in
                 re.findall(r"Name: gc__\w+\n.*Semaphore: 0x([0-9a-f]+)", notes)]
    with open(f"/proc/{pid}/maps") as maps:
        first = maps.readline()
    with open(os.path.realpath(PYTHON), "rb") as exe:
        is_pie = struct.unpack_from("<H", exe.read(18), 16)[0] == 3
    base = int(first.split("-")[0], 16) if is_pie else 0
    values = []
    with open(f"/proc/{pid}/mem", "rb") as mem:
        for address in addresses:
            mem.seek(base + address)
            values.append(struct.unpack("<H", mem.read(2))[0])
    return values


@needs_python_probes
def test_python_from_its_start(root, tmp_path):
    out = tmp_path / "out.json"
    r = lab.run_alloctap("record", "-o", out, "--", PYTHON, os.path.join(COLLECT, "collect.py"),
                         "now")
    assert r.returncode == 0, r.stderr
    gc = lab.load_json(out)["gc"]
    lines = r.stdout.splitlines()[1:-1]
    # Its start, before the callbacks are there, and its end collect as well.
    assert len(gc["cycles"]) == len(gc["pauses"]) >= len(lines) > 100


@needs_python_probes
def test_report_is_of_collections(root, tmp_path):
    """Not of call sites, of which none can be seen; who asks for those is told so."""
    out = tmp_path / "out.atap"
    collect = [PYTHON, os.path.join(COLLECT, "collect.py"), "now"]
    r = lab.run_alloctap("record", "--probe", "gc", "-f", "text", "-o", "-", "-o", out, "--",
                         *collect)
    assert r.returncode == 0, r.stderr
    assert "\npauses " in r.stdout and "\nmemory " in r.stdout and "generation 2" in r.stdout
    sites = lab.run_alloctap("report", out)
    assert sites.returncode == 0, sites.stderr
    assert re.search(r"^collections +\d+, \d+ pauses of ", sites.stdout, re.M)
    assert sites.stdout.endswith("\nOnly collections were recorded, no allocations: "
                                 "--view gc shows them.\n")
    gc = lab.run_alloctap("report", "--view", "gc", out)
    assert gc.stdout[gc.stdout.index("\ncycles "):] in r.stdout


# --- Ruby ---------------------------------------------------------------------------

def test_ruby(start, tap, tmp_path):
    ruby = shutil.which("ruby")
    libraries = glob.glob("/usr/lib/*/libruby-*.so.*")
    if not ruby or not any(has_probe(path, "gc__mark__begin") for path in libraries):
        pytest.skip("no ruby with probes")
    out = tmp_path / "out.json"
    target = start([ruby, os.path.join(COLLECT, "collect.rb")])
    target.expect("ready")
    t = tap(target.pid, [out])
    target.send("go\n")
    count = int(target.read_line())
    t.stop()
    gc = lab.load_json(out)["gc"]
    assert len(gc["cycles"]) == count > 10
    assert sum(p["reason"] == "mark" for p in gc["pauses"]) == count
    assert {p["reason"] for p in gc["pauses"]} == {"mark", "sweep"}
    target.send("\n")
    assert target.wait() == 0


def test_ruby_from_its_start(root, tmp_path):
    """Its collector is in a library that the loader maps: nothing of it is missed."""
    ruby = shutil.which("ruby")
    if not ruby or "libruby" not in subprocess.run(["ldd", ruby], capture_output=True, text=True).stdout:
        pytest.skip("no ruby that keeps its collector in a library")
    out = tmp_path / "out.json"
    r = lab.run_alloctap("record", "-o", out, "--", "ruby", "-e",
                         "10.times { GC.start }; puts GC.count")
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    lab.no_losses(report)
    assert len(report["gc"]["cycles"]) == int(r.stdout)
    assert report["totals"]["alloc_objects"] > 10000


# --- a program that pretends ------------------------------------------------------------

# What tests/targets/usdt says: operation, bytes in pools, milliseconds to stop.
PRETENDED = [
    ("Short", 1007, 20),
    ("An operation with a name so long that it has to be cut, or else", 2**33 + 7, 30),
    ("", 7, 10),
    ("", 7, 10),
    ("", 19, 10),
    ("Minus", 19, 10),
]


def check_pretended(gc, slack_ms):
    """@slack_ms: how late a sleeper may wake."""
    assert len(gc["cycles"]) == len(PRETENDED)
    assert [p["gc"] for p in gc["pauses"]] == [True] * len(PRETENDED) + [False]
    for (operation, live, ms), cycle, pause in zip(PRETENDED, gc["cycles"], gc["pauses"]):
        assert (cycle["name"], cycle["heap_live"]) == ("Pretended Generation", live)
        assert cycle["trigger"] == "forced"
        assert pause["reason"].startswith(operation) and pause["cycle"] == cycle["n"]
        assert bool(operation) == bool(pause["reason"])
        assert 0 <= pause["stopping_ns"] / MS - ms <= slack_ms
        assert 0 <= pause["stopped_ns"] / MS - 2 * ms <= slack_ms
        assert 0 <= (cycle["end_ns"] - cycle["start_ns"]) / MS - 2 * ms <= slack_ms
    assert gc["pauses"][1]["reason"] == PRETENDED[1][0]
    assert (gc["pauses"][-1]["reason"], gc["pauses"][-1]["stopping_ns"]) == ("", 0)


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_arguments_wherever_they_are(start, tap, tmp_path, link):
    out = tmp_path / "out.json"
    target = start([lab.build_c("usdt")])
    target.expect("ready")
    t = tap(target.pid, [out], ["--link", link])
    target.send("x")
    target.expect("ready")
    t.stop()
    report = lab.load_json(out)
    lab.no_losses(report)
    check_pretended(report["gc"], 20)
    target.send("x")
    assert target.wait() == 0


# --- builds without probes ------------------------------------------------------------

def what_is_said(start, argv, ready=None):
    """Of a runtime whose collections cannot be seen; its allocations can."""
    target = start(argv)
    if ready:
        target.expect(ready)
    r = lab.run_alloctap("record", "-p", target.pid, "-d", "1s")
    assert r.returncode == 0, r.stderr
    assert "glibc" in r.stderr, r.stderr
    return r.stderr


def test_python_without_probes_is_told_so(root, start, tmp_path):
    copy = tmp_path / os.path.basename(os.path.realpath(PYTHON))
    subprocess.run(["objcopy", "--remove-section", ".note.stapsdt", os.path.realpath(PYTHON),
                    copy], check=True)
    stderr = what_is_said(start, [str(copy), os.path.join(COLLECT, "collect.py")], "ready")
    assert re.search(rf"pid \d+ \(python3\S*\): {copy}: this CPython has no static probes that tell "
                     r"of its garbage collections: .*--with-dtrace", stderr), stderr


def test_node_is_told_so(root, start):
    if not shutil.which("node"):
        pytest.skip("no node")
    stderr = what_is_said(start, ["node", "-e", "console.log('ready'); process.stdin.resume()"],
                          "ready")
    assert re.search(r"this Node.js has no static probes .*--trace-gc", stderr), stderr


def test_dry_run_shows_the_probes(root, start):
    target = start([PYTHON, os.path.join(COLLECT, "collect.py")])
    target.expect("ready")
    r = lab.run_alloctap("record", "-p", target.pid, "--dry-run")
    assert r.returncode == 0, r.stderr
    assert re.search(r"^  python:gc__start +0x[0-9a-f]+  nop +emulated  0x[0-9a-f]+$", r.stdout,
                     re.M), r.stdout


def test_seeds_are_what_make_usdt_seeds_writes(tmp_path):
    fuzz = os.path.join(lab.TOP, "tests/fuzz")
    subprocess.run([PYTHON, os.path.join(fuzz, "make_usdt_seeds.py"), str(tmp_path)], check=True)
    for name in sorted(os.listdir(tmp_path / "usdt")):
        with open(os.path.join(fuzz, "seeds/usdt", name), "rb") as f:
            assert f.read() == (tmp_path / "usdt" / name).read_bytes(), name
    assert sorted(os.listdir(tmp_path / "usdt")) == sorted(os.listdir(os.path.join(fuzz, "seeds/usdt")))
