# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Whole stacks in programs that are not ours: interpreters, a compiler, a JIT, servers.

999 of 1000 must be whole, and whole ones begin where a program or a thread does; what is
not whole has its reason.
"""

import re
import shutil
import subprocess

import pytest

import lab
import native_servers
import servers

WHOLE = 0.999
# Where the C library enters a program and a thread; the loader, before there is a program.
ROOTS = ("_start", "clone3", "__clone", "__clone3", "clone", "_dl_start_user",
         "[no symbols: ld-linux-x86-64.so.2]")
# ... with where in it, which no test needs.
PLACE = re.compile(r"(?<=\])\+0x[0-9a-f]+$")

SCRIPTS = {
    "a.py": ("import json, re\n"
             "d = {str(i): [i] * (i % 9) for i in range(8000)}\n"
             "print(len(re.findall('[0-9]+', json.dumps(sorted(d.items(), key=str)))))\n"),
    "a.pl": ('my %h; for (1 .. 20000) { push @{$h{$_ % 700}}, "x" x ($_ % 50); }'
             'print join(",", map { scalar @{$h{$_}} } sort keys %h) =~ tr/,//, "\\n";'),
    "a.js": ("const parts = [];\n"
             "for (let i = 0; i < 4000; i++) parts.push(JSON.parse(JSON.stringify({a: i})));\n"
             "for (let i = 0; i < 10; i++)\n"
             "  require('zlib').gzipSync(Buffer.from('abc'.repeat(9000 + i)));\n"
             "console.log(parts.length);\n"),
    "a.cc": ("#include <map>\n#include <string>\n#include <vector>\n"
             "std::map<std::string, std::vector<int>> m;\n"
             "int main() { for (int i = 0; i < 9; i++) m[std::to_string(i)].push_back(i); }\n"),
}


def compiler():
    r = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True,
                       check=True)
    return r.stdout.strip()


PROGRAMS = {
    "python3": lambda: ["/usr/bin/python3", "a.py"],
    "perl": lambda: ["/usr/bin/perl", "a.pl"],
    # Its JIT and its builtins have frame pointers and no tables.
    "node": lambda: ["/usr/bin/node", "a.js"],
    "cc1plus": lambda: [compiler(), "-quiet", "-O1", "-D_GNU_SOURCE", "-imultiarch",
                        "x86_64-linux-gnu", "a.cc", "-o", "/dev/null"],
}


def check(folder, objects):
    report = lab.load_json(folder / "x.json")
    lab.no_losses(report)
    stacks = report["stacks"]
    print(stacks)
    total = report["totals"]["alloc_objects"]
    # Inserts into containers have stacks too.
    assert stacks["hits"] >= total >= objects
    assert stacks["whole_share"] >= WHOLE
    assert sum(stacks["not_whole"].values()) == stacks["hits"] - stacks["whole"]
    rooted = 0
    with open(folder / "x.folded") as f:
        for line in f:
            stack, count = line.rsplit(" ", 1)
            if PLACE.sub("", stack.split(";")[0]) in ROOTS:
                rooted += int(count)
    assert rooted >= WHOLE * total
    return report


def outputs(folder):
    return ["-o", folder / "x.json", "-o", folder / "x.folded", "--unit", "objects"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(root, tmp_path, name):
    argv = PROGRAMS[name]()
    if not shutil.which(argv[0]):
        lab.unavailable(f"no {argv[0]}")
    for script, text in SCRIPTS.items():
        (tmp_path / script).write_text(text)
    r = lab.run_alloctap("record", *outputs(tmp_path), "--", *argv, cwd=tmp_path)
    assert r.returncode == 0, r.stderr
    report = check(tmp_path, 2000)
    if name == "node":
        assert report["stacks"]["frame_pointer"] > 100


def test_redis_with_jemalloc(tap, tmp_path):
    try:
        redis = native_servers.Redis(str(tmp_path))
    except servers.Unavailable as e:
        lab.unavailable(str(e))
    try:
        t = tap(redis.pid, [tmp_path / "x.json", tmp_path / "x.folded"], ["--unit", "objects"])
        redis.load(4000)
        t.stop()
    finally:
        redis.close()
    assert "jemalloc" in check(tmp_path, 4000)["targets"][0]["allocator"]


def test_postgres(tap, tmp_path):
    try:
        server = native_servers.Postgres()
    except servers.Unavailable as e:
        lab.unavailable(str(e))
    try:
        backend = server.connect()
        t = tap(backend.pid, [tmp_path / "x.json", tmp_path / "x.folded"], ["--unit", "objects"])
        sql = "".join(f"create temp table t{i} as select relname, count(*), max(attname) from "
                      "pg_class join pg_attribute on attrelid = pg_class.oid group by 1;\n"
                      f"create index on t{i}(relname); drop table t{i};\n"
                      "prepare q as select * from pg_attribute where attname ~ '^a.*b$';\n"
                      "explain (analyze) execute q \\g /dev/null\ndeallocate q;\n"
                      for i in range(60))
        assert backend.ask(sql + "select 1;") == "1"
        t.stop()
        backend.close()
    finally:
        server.close()
    check(tmp_path, 2000)
