# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Processes that come, change, and go: what was seen is written, and counted exactly."""

import os
import shlex
import shutil
import signal
import subprocess
import time

import pytest

import lab
from pprof_file import Pprof

OBJECTS = 1000  # main.allocate's, per call


def allocated(path):
    return Pprof(path).total_where("alloc_objects", "main.allocate")


def record(tmp_path, *command, options=()):
    out = tmp_path / "x.pb.gz"
    r = lab.run_alloctap("record", *options, "-o", out, "--", *command)
    return r, out


@pytest.mark.parametrize("status", [0, 7, 255])
def test_child_status_is_ours(root, tmp_path, status):
    r, out = record(tmp_path, lab.build_go("lifecycle"), "exit", status)
    assert r.returncode == status, r.stderr
    assert allocated(out) == OBJECTS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_child_killed_by_signal(root, tmp_path, number):
    """128 + the signal's number, as a shell has it."""
    r, out = record(tmp_path, lab.build_go("lifecycle"), "signal", int(number))
    assert r.returncode == 128 + number, r.stderr
    assert allocated(out) == OBJECTS


def test_child_found_on_path(root, tmp_path):
    binary = lab.build_go("lifecycle")
    out = tmp_path / "x.pb.gz"
    env = dict(os.environ, PATH=os.path.dirname(binary) + ":" + os.environ["PATH"])
    r = lab.run_alloctap("record", "-o", out, "--", os.path.basename(binary), "exit", 3, env=env)
    assert r.returncode == 3, r.stderr
    assert allocated(out) == OBJECTS


def test_child_keeps_its_stdio(root, tmp_path):
    """The command's own output is untouched, its stdin is ours."""
    r = subprocess.run([lab.ALLOCTAP, "record", "-o", tmp_path / "x.pb.gz", "--",
                        lab.build_go("lifecycle"), "threads", "2"], input="xx",
                       capture_output=True, text=True, timeout=lab.SECONDS)
    assert r.returncode == 0, r.stderr
    assert r.stdout == "ready\ndone\n"
    assert allocated(tmp_path / "x.pb.gz") == 2 * OBJECTS


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_threads_started_later(start, tap, tmp_path, link):
    target = start([lab.build_go("lifecycle"), "threads", "12"])
    target.expect("ready")
    threads_before = len(os.listdir(f"/proc/{target.pid}/task"))
    t = tap(target.pid, [tmp_path / "x.pb.gz"], [] if link == "auto" else ["--link", link])
    target.send("x")
    target.expect("done")
    assert len(os.listdir(f"/proc/{target.pid}/task")) > threads_before + 5
    t.stop()
    assert allocated(tmp_path / "x.pb.gz") == 12 * OBJECTS


def test_target_exits(start, tap, tmp_path):
    """alloctap ends with its target, by itself, and writes."""
    target = start([lab.build_go("lifecycle"), "threads", "4"])
    target.expect("ready")
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    target.send("x")
    target.expect("done")
    target.send("x")
    assert target.wait() == 0
    assert t.wait(10) == 0, t.stderr
    assert allocated(tmp_path / "x.pb.gz") == 4 * OBJECTS


def test_target_killed(start, tap, tmp_path):
    target = start([lab.build_go("lifecycle"), "loop"])
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    time.sleep(0.3)
    target.process.kill()
    target.process.wait()
    assert t.wait(10) == 0, t.stderr
    assert allocated(tmp_path / "x.pb.gz") > 100


def test_target_execs_another_program(root, tmp_path):
    r, out = record(tmp_path, lab.build_go("lifecycle"), "exec", "/bin/sh", "-c",
                    "sleep 0.2; exit 9")
    assert r.returncode == 9, r.stderr
    assert allocated(out) == OBJECTS


def test_target_execs_itself(root, tmp_path):
    """The second image is the same file, and a target of its own: both are counted, once."""
    binary = lab.build_go("lifecycle")
    r, out = record(tmp_path, binary, "exec", binary, "exit", "5")
    assert r.returncode == 5, r.stderr
    assert allocated(out) == 2 * OBJECTS


def test_other_namespaces(start, tap, tmp_path):
    """The binary is on a tmpfs only the target sees, and its pid is another one there."""
    binary = lab.build_go("lifecycle")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    script = (f"mount -t tmpfs tmpfs {shlex.quote(str(hidden))} && "
              f"cp {shlex.quote(binary)} {shlex.quote(str(hidden))}/app && "
              f"cd / && exec {shlex.quote(str(hidden))}/app threads 3")
    outer = start(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
                   "sh", "-c", script])
    outer.expect("ready")
    with open(f"/proc/{outer.pid}/task/{outer.pid}/children") as f:
        pid = int(f.read())
    assert not (hidden / "app").exists()
    with open(f"/proc/{pid}/status") as f:
        assert any(line.split()[0] == "NSpid:" and line.split()[-1] == "1" for line in f)
    t = tap(pid, [tmp_path / "x.pb.gz", tmp_path / "x.json"])
    outer.send("x")
    outer.expect("done")
    t.stop()
    pprof = Pprof(tmp_path / "x.pb.gz")
    assert pprof.total_where("alloc_objects", "main.allocate") == 3 * OBJECTS
    frame = next(f for s in pprof.samples for f in s.frames if f.function == "main.allocate")
    assert frame.file.endswith("lifecycle/main.go") and frame.line > 0
    report = lab.load_json(tmp_path / "x.json")
    assert report["targets"][0]["pid"] == pid
    assert report["targets"][0]["exe"] == f"{hidden}/app"


def test_deleted_binary(start, tap, tmp_path):
    """Replaced while it ran, as every deployment does."""
    app = tmp_path / "app"
    app.write_bytes(open(lab.build_go("lifecycle"), "rb").read())
    app.chmod(0o755)
    target = start([app, "threads", "2"])
    target.expect("ready")
    app.unlink()
    app.write_text("something else")
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    target.send("x")
    target.expect("done")
    t.stop()
    assert allocated(tmp_path / "x.pb.gz") == 2 * OBJECTS


def test_second_signal_quits(start, tap, tmp_path):
    """The first ^C stops and writes, a second one quits at once: whole file or none."""
    target = start([lab.build_go("stress")])
    out = tmp_path / "x.html"
    t = tap(target.pid, [out])
    time.sleep(0.5)
    t.signal(signal.SIGINT)
    t.signal(signal.SIGINT)
    status = t.wait(5)
    assert status in (0, 128 + signal.SIGINT, -signal.SIGINT), t.stderr
    if out.exists():
        assert out.read_text().rstrip().endswith("</html>")
    if status == 0:
        assert out.exists()


def test_cgo_callback(start, tap, tmp_path):
    """Go in a callback from C: counted, with the Go frames up to where C called."""
    target = start([lab.build_go("cgo")])
    target.expect("ready")
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    target.send("x")
    target.expect("1000")
    t.stop()
    pprof = Pprof(tmp_path / "x.pb.gz")
    assert pprof.total_where("alloc_objects", "main.allocateInCallback") == 1000
    stack = next(s.frames for s in pprof.samples
                 if any(f.function == "main.allocateInCallback" for f in s.frames))
    names = [f.function for f in stack]
    assert names.index("main.allocateInCallback") < names.index("main.goCallback")
    assert not any(n.startswith("0x") or n == "[unmapped]" for n in names), names


def test_several_targets(start, tap, tmp_path):
    """-p A,B: each counted for itself, of different Go versions."""
    a = start([lab.build_go("lifecycle", "1.19"), "threads", "2"])
    b = start([lab.build_go("lifecycle", "1.27.4"), "threads", "5"])
    for target in (a, b):
        target.expect("ready")
    t = tap(f"{a.pid},{b.pid}", [tmp_path / "x.pb.gz", tmp_path / "x.json",
                                 tmp_path / "x.folded"], ["--unit", "objects"])
    for target in (a, b):
        target.send("x")
        target.expect("done")
    t.stop()
    assert allocated(tmp_path / "x.pb.gz") == 7 * OBJECTS
    report = lab.load_json(tmp_path / "x.json")
    assert {(x["pid"], x["version"][:6]) for x in report["targets"]} == \
        {(a.pid, "go1.19"), (b.pid, "go1.27")}
    per_root = {}
    with open(tmp_path / "x.folded") as f:
        for line in f:
            stack, count = line.rsplit(" ", 1)
            if "main.allocate" in stack:
                frame = stack.split(";")[0]
                per_root[frame] = per_root.get(frame, 0) + int(count)
    assert sorted(per_root.values()) == [2 * OBJECTS, 5 * OBJECTS]
    assert {name.rsplit("-", 1)[1] for name in per_root} == {str(a.pid), str(b.pid)}


@pytest.mark.parametrize("link", ["multi", "perf"])
def test_two_processes_of_one_binary(start, tap, tmp_path, link):
    """Both have probes in the same places of the same file: each hit counts once."""
    binary = lab.build_go("lifecycle", "1.26.5")
    targets = [start([binary, "threads", threads]) for threads in ("2", "5")]
    for target in targets:
        target.expect("ready")
    t = tap(",".join(str(target.pid) for target in targets),
            [tmp_path / "x.pb.gz", tmp_path / "x.json"], ["--link", link])
    for target in targets:
        target.send("x")
        target.expect("done")
    t.stop()
    assert allocated(tmp_path / "x.pb.gz") == 7 * OBJECTS


def test_target_named_twice(start, tap, tmp_path):
    """Tapped once: two probes in one place would count everything twice."""
    target = start([lab.build_go("lifecycle", "1.27.4"), "threads", "3"])
    target.expect("ready")
    t = tap(f"{target.pid},{target.pid}", [tmp_path / "x.pb.gz", tmp_path / "x.json"])
    target.send("x")
    target.expect("done")
    t.stop()
    assert allocated(tmp_path / "x.pb.gz") == 3 * OBJECTS
    assert len(lab.load_json(tmp_path / "x.json")["targets"]) == 1


def test_newer_go_than_known(root, tmp_path):
    """Functions are found by name, so counts are right; what needs the tables is said to be off."""
    future = tmp_path / "future"
    with open(lab.build_go("lifecycle", "1.27.4"), "rb") as f:
        future.write_bytes(f.read().replace(b"go1.27.4", b"go1.99.4"))
    future.chmod(0o755)
    r, out = record(tmp_path, future, "exit", 0)
    assert r.returncode == 0, r.stderr
    assert "go1.99.4" in r.stderr and "newer" in r.stderr, r.stderr
    assert allocated(out) == OBJECTS


def test_gccgo_is_refused(root, tmp_path):
    gccgo = shutil.which("gccgo")
    if not gccgo:
        lab.unavailable("no gccgo; apt-get install gccgo")
    source = tmp_path / "main.go"
    source.write_text("package main\n\nfunc main() { println(len(make([]int, 3))) }\n")
    subprocess.run([gccgo, "-o", tmp_path / "main", source], check=True)
    r, out = record(tmp_path, tmp_path / "main")
    assert r.returncode == 3 and "gccgo" in r.stderr, r.stderr
    assert len(r.stderr.splitlines()) == 1 and not out.exists()
