# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs that wait at their start until their probes are in."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import lab

PERL = "/usr/bin/perl"


@pytest.fixture
def new_program(tmp_path):
    """new_program(name, flags): a copy of follow.c's program that nobody has run so far."""
    def copy(name, flags=(), folder=tmp_path):
        return shutil.copy(lab.build_native("follow", "follow.c", flags), folder / name)
    return copy


class Recording:
    """alloctap record of several processes, and its report."""

    def __init__(self, start, tmp_path, *options):
        self.path = tmp_path / "x.json"
        self.running = start([lab.ALLOCTAP, "record", *options, "-o", str(self.path)])
        self.running.wait_for_stderr(r"tapping ")

    def stop(self):
        self.running.signal(signal.SIGINT)
        assert self.running.wait(60) == 0, self.running.stderr
        self.report = lab.load_json(self.path)
        return self.report

    def held(self):
        return self.report["cost"].get("held", {"programs": 0, "late": 0})

    def targets(self, pid):
        return [t for t in self.report["targets"] if t["pid"] == pid]

    def count(self, pid):
        """(objects, for how long they were not seen) of a process."""
        found = self.targets(pid)
        return (sum(t["alloc_objects"] for t in found),
                sum(t.get("untapped_ns", 0) for t in found))

    def helpers(self):
        """Processes of alloctap's own, by name."""
        with open(f"/proc/{self.running.pid}/task/{self.running.pid}/children") as f:
            return {name_of(pid): int(pid) for pid in f.read().split()}

    def keeper(self):
        return self.helpers()["alloctap-keeper"]


def name_of(pid):
    with open(f"/proc/{pid}/comm") as f:
        return f.read().strip()


def run(*argv, **kwargs):
    """Its pid."""
    p = subprocess.Popen(list(map(str, argv)), stdout=subprocess.DEVNULL, **kwargs)
    assert p.wait(30) == 0
    return p.pid


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def bundled(tmp_path):
    """A program with an allocator of its own beside it, found by DT_RUNPATH."""
    library = lab.ALLOCATORS["jemalloc"]
    if not os.path.exists(library):
        lab.unavailable(f"no {library}")
    (tmp_path / "own").mkdir()
    shutil.copy(library, tmp_path / "own" / "libheap.so")
    subprocess.run(["gcc", "-O2", "-g", "-o", tmp_path / "bundled",
                    os.path.join(lab.TARGETS, "follow", "follow.c"), tmp_path / "own" /
                    "libheap.so", "-Wl,-rpath,$ORIGIN/own", "-Wl,--no-as-needed"], check=True)
    # It has the name of the library it was copied from.
    os.rename(tmp_path / "own" / "libheap.so", tmp_path / "own" / "libjemalloc.so.2")
    return tmp_path / "bundled"


@pytest.mark.parametrize("options", [["-a"], ["--comm", "gate-*"]])
def test_first_process_of_each_program(start, tmp_path, new_program, options):
    """It is over in a moment; what it allocates is all there, as that of the second is."""
    dynamic, static = new_program("gate-one"), new_program("gate-two", ["-static"])
    r = Recording(start, tmp_path, *options)
    # Each second one knows its probes already: it is what the first has to equal.
    pids = [[run(program, "work", "0", "600") for _ in range(2)] for program in [dynamic, static]]
    r.stop()
    for first, second in pids:
        assert r.count(first) == r.count(second)
        objects, untapped = r.count(first)
        assert objects >= 600 and not untapped
    held = r.held()
    assert held["programs"] >= 2 and not held["late"], held
    assert 0 < held["longest_ns"] <= held["total_ns"]
    assert "held at the start until probes were in" in r.running.stderr


def test_first_process_of_a_go_program(start, tmp_path):
    program = shutil.copy(lab.build_go("exact"), tmp_path / "gate-go")
    r = Recording(start, tmp_path, "-a")
    p = subprocess.run([program, "launch", "small", "notiny"], capture_output=True, text=True,
                       check=True, env=dict(os.environ, GOGC="off"))
    report = r.stop()
    books = json.loads(p.stdout)
    target = next(t for t in report["targets"] if t["comm"] == "gate-go")
    assert r.count(target["pid"]) == (books["mallocs"], 0)
    assert target["alloc_bytes"] == books["total_alloc"]


def test_allocator_beside_the_program(start, tmp_path, bundled):
    r = Recording(start, tmp_path, "--comm", "bundled")
    pids = [run(bundled, "work", "0", "700") for _ in range(2)]
    r.stop()
    assert r.count(pids[0]) == r.count(pids[1])
    assert r.count(pids[0])[0] >= 700 and not r.count(pids[0])[1]


def test_only_what_is_selected_is_held(start, tmp_path, new_program):
    """A script is called as it is called itself, whatever runs it."""
    perl = shutil.copy(PERL, tmp_path / "interpreter")
    script = tmp_path / "gate-script"
    script.write_text(f"#!{perl}\nmy @a = map {{ 'x' x $_ }} 1 .. 500;\n")
    script.chmod(0o755)
    r = Recording(start, tmp_path, "--comm", "gate-*")
    other = run(new_program("other"), "work", "0", "600")
    pids = [run(script) for _ in range(2)]
    r.stop()
    assert not r.targets(other)
    assert r.count(pids[0])[0] > 500 and not r.count(pids[0])[1]
    # The script, its interpreter, that one's loader; twice, as processes are told apart.
    assert 2 <= r.held()["programs"] <= 6, r.held()


def test_children_of_a_target(start, tmp_path, new_program):
    shell = start(["/bin/sh", "-c", "echo ready; read go; $0 work 0 800; $1 work 0 900",
                   new_program("gate-one"), new_program("gate-two", ["-static"])])
    shell.expect("ready")
    r = Recording(start, tmp_path, "--children", "-p", str(shell.pid))
    stranger = run(new_program("stranger"), "work", "0", "600")
    shell.send("go\n")
    assert shell.wait() == 0
    assert r.running.wait(60) == 0, r.running.stderr
    r.report = lab.load_json(r.path)
    found = {t["comm"]: t for t in r.report["targets"] if t["comm"].startswith("gate-")}
    assert found["gate-one"]["alloc_objects"] >= 800 and found["gate-two"]["alloc_objects"] >= 900
    assert not any(t.get("untapped_ns") for t in found.values())
    assert not r.targets(stranger)


def test_not_held(start, tmp_path, new_program):
    r = Recording(start, tmp_path, "-a", "--no-hold")
    run(new_program("gate-one"), "work", "0", "600")
    r.stop()
    assert "held" not in r.report["cost"]


@pytest.fixture
def disk(tmp_path):
    """A file system that comes while we record, as that of a container does."""
    mounted = []

    def mount():
        path = tmp_path / "disk"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=True)


def test_file_system_that_comes_later(start, tmp_path, new_program, disk):
    r = Recording(start, tmp_path, "-a")
    path = disk()
    first = start([new_program("gate-one", folder=path), "work", "30", "600"])
    wait_until(lambda: name_of(first.pid) == "gate-one")
    time.sleep(1)
    # By the first we know of the file system: from then on its programs are held.
    second = run(new_program("gate-two", ["-static"], folder=path), "work", "0", "600")
    r.stop()
    objects, untapped = r.count(second)
    assert objects >= 600 and not untapped


def test_we_are_too_slow(start, tmp_path, new_program):
    """The program begins all the same, and the report says what that means for it."""
    r = Recording(start, tmp_path, "-a")
    r.running.signal(signal.SIGSTOP)
    p = start([new_program("gate-one", ["-static"]), "work", "1", "600"])
    assert p.wait(30) == 0
    r.running.signal(signal.SIGCONT)
    r.stop()
    assert r.held()["late"] >= 1
    assert r.count(p.pid)[1] > 0 or not r.targets(p.pid)
    assert "not long enough" in r.running.stderr


@pytest.mark.parametrize("stopped", [False, True])
def test_we_are_killed(start, tmp_path, new_program, stopped):
    """Nobody waits for the dead."""
    r = Recording(start, tmp_path, "-a")
    keeper = r.keeper()
    if stopped:
        r.running.signal(signal.SIGSTOP)
    p = start([new_program("gate-one"), "work", "0", "600"])
    r.running.signal(signal.SIGKILL)
    assert p.wait(30) == 0
    wait_until(lambda: not os.path.exists(f"/proc/{keeper}"))
    run(new_program("gate-two"), "work", "0", "600")


def test_keeper_is_killed(start, tmp_path, new_program):
    r = Recording(start, tmp_path, "-a")
    os.kill(r.keeper(), signal.SIGKILL)
    r.running.wait_for_stderr("the process that holds programs at their start has ended")
    run(new_program("gate-one"), "work", "0", "600")
    r.stop()
    assert r.report["totals"]["alloc_objects"] > 0


def test_keeper_is_no_target(start, tmp_path):
    r = Recording(start, tmp_path, "-a")
    keeper = r.keeper()
    r.stop()
    assert not r.targets(keeper) and not r.targets(r.running.pid)
    assert not os.path.exists(f"/proc/{keeper}")
