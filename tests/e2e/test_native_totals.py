# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs from Debian, from beginning to end: what valgrind's memcheck counts is what we count.

All runs get one environment, valgrind's preloaded libraries included (they do nothing
outside of valgrind), because programs copy their environment to the heap.
"""

import itertools
import os
import re
import shutil
import subprocess

import pytest

import lab

VALGRIND = ["valgrind", "--leak-check=no", "--undef-value-errors=no", "--run-libc-freeres=no",
            "--run-cxx-freeres=no"]


BASE = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C", "PYTHONHASHSEED": "0",
        "PERL_HASH_SEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
# A program's blocks (never freed) whose number depends on where the kernel puts its pages: what
# gcc's collector allocates for every 16 MiB and every 4 GiB of addresses that it has pages in
# (gcc/ggc-page.cc, set_page_table_entry(): PAGE_L2_SIZE pointers, a struct page_table_chain).
BY_ADDRESS = {"cc1": (4096 * 8, 16 + 256 * 8)}


def base_environment():
    preload = lab.build_native("native_totals", "same_time.c", ("-shared", "-fPIC"))
    return dict(BASE, LD_PRELOAD=preload)


def valgrind_environment(env, cwd):
    """@env as programs see it: with its preloaded libraries, and a path for their symbols."""
    if not shutil.which("valgrind"):
        lab.unavailable("no valgrind; apt-get install valgrind")
    r = subprocess.run([*VALGRIND, "-q", "/usr/bin/env", "-0"], env=env, cwd=cwd,
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return dict(word.split("=", 1) for word in r.stdout.split("\0") if word)


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def python3(folder):
    return ["/usr/bin/python3", "-S", write(folder, "a.py", (
        "import json\n"
        "d = {i: str(i) * 3 for i in range(20000)}\n"
        "print(len(json.dumps(d)))\n"))]


def perl(folder):
    return ["/usr/bin/perl", write(folder, "a.pl", (
        'my %h; $h{$_} = "x" x $_ for 1 .. 500; print scalar(keys %h), "\\n";'))]


def sqlite3(folder):
    del folder
    return ["/usr/bin/sqlite3", ":memory:", (
        "create table t(a, b); with recursive c(x) as (select 1 union all select x + 1 from c"
        " where x < 3000) insert into t select x, hex(x) from c;"
        "select count(*) from t where b like '3%';")]


def cc1(folder):
    lines = [f"int f{i}(int x) {{ return x * {i} + f{i - 1}(x); }}" for i in range(1, 10)]
    source = write(folder, "a.i", "int f0(int x) { return x; }\n" + "\n".join(lines) + "\n")
    program = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True,
                             check=True).stdout.strip()
    return [program, "-quiet", "-O2", source, "-o", os.devnull]


def git(folder):
    where = str(folder / "repository")
    subprocess.run(["git", "init", "-q", where], check=True)
    for i in range(3):
        write(folder, f"repository/f{i}", "\n".join(map(str, range(i, 2000))))
        subprocess.run(["git", "-C", where, "add", "."], check=True)
        subprocess.run(["git", "-C", where, "-c", "user.name=a", "-c", "user.email=a@b.c",
                        "commit", "-q", "-m", str(i)], check=True)
    return ["/usr/bin/git", "-C", where, "--no-pager", "log", "--stat"]


def jq(folder):
    items = ",".join(f'{{"a":{i},"b":"{"x" * (i % 40)}"}}' for i in range(1500))
    return ["/usr/bin/jq", "[.[] | .a] | add", write(folder, "a.json", f"[{items}]")]


def xmllint(folder):
    items = "".join(f'<i n="{i}">t{i}</i>' for i in range(2000))
    return ["/usr/bin/xmllint", "--xpath", "count(//i)",
            write(folder, "a.xml", f"<r>{items}</r>")]


def openssl(folder):
    return ["/usr/bin/openssl", "dgst", "-sha256", write(folder, "a.bin", "x" * 100000)]


def sort(folder):
    lines = "\n".join(str(i * 7919 % 50021) for i in range(20000))
    return ["/usr/bin/sort", "--parallel=1", "-S", "2M", write(folder, "a.txt", lines + "\n")]


def rust(folder):
    del folder
    return [lab.build_native("native_totals", "words.rs")]


def cplusplus(folder):
    del folder
    return [lab.build_native("native_totals", "words.cc")]


PROGRAMS = [python3, perl, sqlite3, cc1, git, jq, xmllint, openssl, sort, rust, cplusplus]


def valgrind_totals(argv, env, cwd):
    r = subprocess.run([*VALGRIND, *argv], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stderr
    kept = re.search(r"in use at exit: ([\d,]+) bytes in ([\d,]+) blocks", r.stderr)
    usage = re.search(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees, ([\d,]+) bytes",
                      r.stderr)
    names = ("live_bytes", "live_objects", "allocs", "frees", "bytes")
    return dict(zip(names, (int(s.replace(",", "")) for s in kept.groups() + usage.groups())))


def explained(program, expected, got):
    """What was counted, less what need not be alike."""
    sizes = BY_ADDRESS.get(program.__name__, ())
    for more in itertools.product(range(-2, 3), repeat=len(sizes)):
        objects, size = sum(more), sum(n * size for n, size in zip(more, sizes))
        grown = {"allocs": objects, "bytes": size, "live_objects": objects, "live_bytes": size}
        alike = {key: n - grown.get(key, 0) for key, n in got.items()}
        if all(alike[key] == expected[key] for key in alike):
            return alike
    return got


def record(argv, tmp_path, env, options=()):
    out = str(tmp_path / "x.json")
    r = lab.run_alloctap("record", *options, "-o", out, "--", *argv, env=env, cwd=tmp_path)
    assert r.returncode == 0, r.stderr
    report = lab.load_json(out)
    lab.no_losses(report)
    return report["totals"]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_totals_equal_valgrind(root, tmp_path, program):
    argv = program(tmp_path)
    base = base_environment()
    env = valgrind_environment(base, tmp_path)
    expected = valgrind_totals(argv, base, tmp_path)

    totals = record(argv, tmp_path, env)
    got = {"allocs": totals["alloc_objects"], "bytes": totals["alloc_bytes"]}
    assert explained(program, expected, got) == {key: expected[key] for key in got}

    totals = record(argv, tmp_path, env, ["--live"])
    got = {"allocs": totals["alloc_objects"], "bytes": totals["alloc_bytes"],
           "frees": totals["frees"], "live_objects": totals["live_objects"],
           "live_bytes": totals["live_bytes"]}
    assert explained(program, expected, got) == expected
