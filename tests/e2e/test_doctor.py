# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What doctor says of the machine and of processes, and home-made allocators by name."""

import json
import os
import re
import subprocess

import pytest

import lab

JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"


def doctor(*arguments):
    return lab.run_alloctap("doctor", *arguments)


def section(text, file):
    """The lines about a file whose path ends with @file, without the table's head."""
    found = re.search(rf"^\S*{re.escape(file)}\S*\n((?:  .*\n)+)", text, re.M)
    assert found, text
    return found.group(1)


def waiting(start, program, *arguments, **kwargs):
    """A process that has said its first line."""
    target = start([program, *arguments], **kwargs)
    target.process.stdout.readline()
    return target


def test_machine(root):
    r = doctor()
    assert r.returncode == 0 and r.stderr == ""
    assert os.uname().release in r.stdout
    for line in ("BTF            yes", "privileges     CAP_SYS_ADMIN", "links ", "--live "):
        assert line in r.stdout


def test_no_privileges(alloctap, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to become nobody")
    program = tmp_path / "alloctap"
    program.write_bytes(open(lab.ALLOCTAP, "rb").read())
    for folder in [tmp_path, *tmp_path.parents]:
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, 0o755)
    os.chmod(program, 0o755)
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program,
                        "doctor"], capture_output=True, text=True, cwd="/", timeout=lab.SECONDS)
    assert r.returncode == 3
    assert "missing: CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE: run this as root" in r.stdout


def test_glibc(root, start):
    target = waiting(start, lab.build_native("native_pool", "pool.c"), "wait")
    r = doctor("-p", target.pid)
    assert r.returncode == 0 and r.stderr == "", r.stderr
    table = section(r.stdout, "libc.so.6")
    for name in ("malloc", "calloc", "realloc", "free"):
        assert re.search(rf"^  {name} +0x[0-9a-f]+ +\w+ \+\d+ +emulated +{name} \(glibc\)$", table,
                         re.M), table
    assert "not tapped: reallocarray: goes on as another that is tapped" in table
    assert re.search(r"^  stacks +whole: each of its \d+ files has unwind tables$", r.stdout, re.M)
    assert target.process.poll() is None


def test_others_probes(root, start):
    """Code is read as it is in the file, while others have breakpoints in it."""
    target = waiting(start, lab.build_native("native_pool", "pool.c"), "wait")
    tap = start([lab.ALLOCTAP, "record", "--comm", "pool", "-f", "text", "-o", "-"])
    tap.wait_for_stderr("tapping")
    table = section(doctor("-p", target.pid).stdout, "libc.so.6")
    assert re.search(r"^  malloc +0x[0-9a-f]+ +\w+ \+\d+ +emulated ", table, re.M), table


@pytest.mark.skipif(not os.path.exists(JEMALLOC), reason="needs libjemalloc2")
def test_preloaded(root, start):
    target = waiting(start, lab.build_native("native_pool", "pool.c"), "wait",
                     env={"LD_PRELOAD": JEMALLOC})
    r = doctor("-p", target.pid)
    assert r.returncode == 0, r.stderr
    table = section(r.stdout, "libjemalloc.so.2")
    assert re.search(r"^  operator new\(unsigned long\) .* \(jemalloc\)$", table, re.M)
    assert "not tapped: operator new[](unsigned long) and" in table
    assert re.search(r"^  malloc .* \(glibc\)$", section(r.stdout, "libc.so.6"), re.M)


def test_static(root, start, tmp_path):
    """With its symbols all is found; without, doctor says what is missing."""
    program = lab.build_native("native_pool", "pool.c", ["-static"])
    r = doctor("-p", waiting(start, program, "wait").pid)
    assert r.returncode == 0, r.stderr
    assert re.search(r"^  posix_memalign .* \(glibc\)$", section(r.stdout, "pool-static"), re.M)
    bare = tmp_path / "bare"
    subprocess.run(["strip", "-o", bare, program], check=True)
    r = doctor("-p", waiting(start, str(bare), "wait").pid)
    assert r.returncode == 3
    assert re.search(r"allocators +none found: .*/bare is static and stripped", r.stdout)


def test_go(root, start):
    target = start([lab.build_go("lifecycle"), "loop"])
    r = doctor("-p", target.pid)
    assert r.returncode == 0, r.stderr
    assert re.search(r"^  runtime +go1\.\d+", r.stdout, re.M)
    assert re.search(r"^  --live +no: return probes would crash a Go program$", r.stdout, re.M)


def test_named_allocators(root, start):
    target = waiting(start, lab.build_native("native_pool", "pool.c"), "wait")
    r = doctor("-p", target.pid, "--allocator", "pool_alloc:2", "--allocator", "no_such_alloc")
    assert r.returncode == 0
    table = section(r.stdout, "/pool")
    assert re.search(r"^  pool_alloc .* malloc \(home-made\)$", table, re.M)
    assert re.search("pool_alloc calls an allocator that is tapped too", r.stderr)
    assert "no_such_alloc: no file of it has such a function" in r.stdout
    assert "pool_alloc:" not in r.stdout


def test_named_allocator_is_counted(root, tmp_path):
    """Each piece it gives out, next to the blocks it cuts them from."""
    out = tmp_path / "x.json"
    r = lab.run_alloctap("record", "--allocator", "pool_alloc:2", "-o", out, "--",
                         lab.build_native("native_pool", "pool.c"))
    assert r.returncode == 0, r.stderr
    said = json.loads(r.stdout)
    sites = lab.load_json(out)["sites"]
    counted = {s["func"]: (s["objects"], s["bytes"]) for s in sites}
    # Of either the site is who asked for a piece: pool_alloc is an allocator now.
    assert counted["main"] == (said["pieces"] + said["blocks"],
                               said["bytes"] + 65536 * said["blocks"])
    assert counted["x_alloc"] == (said["others"], 7 * said["others"])


@pytest.fixture(scope="module", params=["gcc", "clang"])
def inlined(request, tmp_path_factory):
    """A program with copies of two allocators in its functions."""
    return lab.build_inlined(request.param,
                             str(tmp_path_factory.mktemp(request.param) / "inlined"))


def line_of(path, text):
    with open(os.path.join(lab.TARGETS, "native_inlined", path)) as f:
        return next(n for n, line in enumerate(f, 1) if text in line)


def test_inlined(root, start, inlined):
    """What was copied into others is told, with places, as far as debug information has it."""
    place = f"third (main.c:{line_of('main.c', 'mi_malloc(size);')})"
    r = doctor("-p", waiting(start, inlined, "wait").pid, "--allocator", "pool_alloc:1")
    assert r.returncode == 0, r.stderr
    table = section(r.stdout, "/inlined")
    assert re.search(r"^  mi_malloc .* malloc \(mimalloc\)$", table, re.M), table
    assert f"  inlined: mi_malloc at 1 place, not counted there: {place}\n" in table
    found = re.search(r"inlined: pool_alloc at 3 places, not counted there: (.*)", table)
    assert sorted(found.group(1).split(", ")) == [
        f"first (main.c:{line_of('main.c', 'return pool_alloc')})",
        f"second (main.c:{line_of('main.c', 'p = pool_alloc(size);')})",
        f"second (main.c:{line_of('main.c', 'pool_alloc(size / 2)')})"]
    # Its copies call calloc, which is tapped.
    assert "mi_zalloc at" not in r.stdout
    assert "pool_alloc: no file of it" not in r.stdout


def test_inlined_unknown(root, start, inlined, tmp_path):
    bare = str(tmp_path / "bare")
    subprocess.run(["strip", "-o", bare, inlined], check=True)
    r = doctor("-p", waiting(start, bare, "wait").pid)
    assert r.returncode == 0, r.stderr
    assert re.search(r"^  inlined +cannot be told of \d of \d+ files, \S*/bare( first)?: "
                     "no debug information there$", r.stdout, re.M), r.stdout
    assert "inlined:" not in r.stdout


def test_inlined_is_warned_of(root, inlined, tmp_path):
    out = tmp_path / "x.json"
    r = lab.run_alloctap("record", "-o", out, "--", inlined)
    assert r.returncode == 0, r.stderr
    warned = [line for line in r.stderr.splitlines() if "inlined and not counted" in line]
    assert len(warned) == 1
    assert "/inlined: mi_malloc is inlined and not counted at 1 place: third (main.c:" in warned[0]
    # By address it was called for 50; fourth() asks for 40, which calloc is asked for.
    assert {(s["func"], s["bytes"]) for s in lab.load_json(out)["sites"]} >= {
        ("main", 50), ("fourth", 40)}


@pytest.mark.parametrize("value", ["", ":2", "palloc:", "palloc:0", "palloc:7", "palloc:x"])
def test_wrong_allocator(alloctap, value):
    r = doctor("--allocator", value)
    assert r.returncode == 2 and r.stdout == ""
    assert "the name of a function, as palloc:2" in r.stderr


def test_wrong_usage(alloctap):
    assert doctor("stray").returncode == 2
    r = doctor("--help")
    assert r.returncode == 0 and "usage: alloctap doctor [-p PID]" in r.stdout


def test_gone(root):
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    r = doctor("-p", gone.pid)
    assert r.returncode == 3 and str(gone.pid) in r.stderr
