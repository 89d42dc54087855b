# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""user/binary against others' reading of the same files; needs no root.

Function tables: against nm. Frames, inlined ones included: against llvm-symbolizer,
which reads DWARF, where the two are made by different parts of the Go toolchain.
Stripped twins have no DWARF but the same addresses, so they must say the same.
"""

import filecmp
import os
import random
import re
import shutil
import subprocess
import sys

import pytest

import lab

SYMDUMP = os.path.join(lab.TOP, "build/tests/symdump")
ADDRESSES = 3000
# Where both know a position, how many of a thousand may differ: DWARF and pclntab
# round a few instructions between two statements differently.
TOLERATED = 1

VARIANTS = {
    "plain": ("0", []),
    "pie": ("0", ["-buildmode=pie"]),
    "cgo-pie": ("1", ["-buildmode=pie", "-ldflags=-linkmode=external"]),
    "lld-pie": ("1", ["-buildmode=pie", "-ldflags=-linkmode=external -extldflags=-fuse-ld=lld"]),
    "race": ("1", ["-race"]),
    "stripped": ("0", ["-ldflags=-s -w"]),
}
# Every version, and every way of linking before and after each change of layout.
BUILDS = [(v, "plain") for v in lab.GO_VERSIONS] + \
    [(v, variant) for v in lab.GO_KEY_VERSIONS for variant in ("pie", "cgo-pie", "lld-pie", "race")]


def build(version, variant):
    source = os.path.join(lab.TARGETS, "symbols")
    out = os.path.join(lab.BUILT, "symbols", f"go{version}-{variant}")
    newest = max(lab.newest_source(source), lab.newest_source(os.path.join(source, "leaf")))
    if os.path.exists(out) and os.path.getmtime(out) > newest:
        return out
    path = os.environ["PATH"]
    if variant == "lld-pie":
        path = lld_on_path() + ":" + path
    cgo, flags = VARIANTS[variant]
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false", GOWORK="off",
               CGO_ENABLED=cgo, PATH=path)
    r = subprocess.run([os.path.join(lab.go_root(version), "bin/go"), "build", *flags, "-o", out,
                        "."], cwd=source, env=env, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return out


def lld_on_path():
    """A directory with ld.lld, which gcc looks for by that name; Debian's may have a number."""
    lld = next(filter(None, map(shutil.which, ["ld.lld", "ld.lld-14", "ld.lld-18", "ld.lld-19"])),
               None)
    if not lld:
        pytest.skip("no lld, the linker whose PIE lack pointers; apt-get install lld")
    folder = os.path.join(lab.TOP, "build/lld")
    os.makedirs(folder, exist_ok=True)
    if not os.path.lexists(os.path.join(folder, "ld.lld")):
        os.symlink(lld, os.path.join(folder, "ld.lld"))
    return folder


def symdump(path, *arguments, addresses=()):
    if not os.access(SYMDUMP, os.X_OK):
        pytest.fail("build/tests/symdump is not there; make unit-binaries", pytrace=False)
    return subprocess.run([SYMDUMP, path, *arguments], capture_output=True, text=True,
                          input="".join(f"{a:x}\n" for a in addresses))


def functions(path):
    """[(entry, end, name)] and the version."""
    r = symdump(path, "functions")
    assert r.returncode == 0, r.stderr
    version, *lines = r.stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    return [(int(entry, 16), int(end, 16), name) for entry, end, _, name in rows], version


def frames(path, addresses):
    """Per address [(name, file, line)], innermost first."""
    r = symdump(path, addresses=addresses)
    assert r.returncode == 0, r.stderr
    out, current = [], []
    for line in r.stdout.split("\n")[1:-1]:
        if line:
            current.append(tuple(line.split("\t")[:3]))
        else:
            out.append(current)
            current = []
    assert len(out) == len(addresses)
    return out


def some_addresses(table, n=ADDRESSES):
    """Every function is as likely as every other, however long; the same at each run."""
    pick = random.Random(1)
    # Marks that the linker makes, without code of their own.
    table = [f for f in table if not f[2].startswith("go:")]
    return [pick.randrange(entry, end) for entry, end, _ in pick.choices(table, k=n)]


def llvm_symbolizer():
    names = ["llvm-symbolizer"] + [f"llvm-symbolizer-{n}" for n in range(19, 13, -1)]
    found = next(filter(None, map(shutil.which, names)), None)
    return found or lab.unavailable("no llvm-symbolizer; apt-get install llvm")


def llvm_frames(path, addresses):
    r = subprocess.run([llvm_symbolizer(), "--obj=" + path, "--output-style=LLVM", "--inlines",
                        "--no-demangle"], capture_output=True, text=True, check=True,
                       input="".join(f"{a:#x}\n" for a in addresses))
    out = []
    for block in r.stdout.strip("\n").split("\n\n"):
        lines = block.split("\n")
        out.append([(name, *position.rsplit(":", 2)[:2])
                    for name, position in zip(lines[::2], lines[1::2])])
    assert len(out) == len(addresses)
    return out


def plain_name(name):
    """Up to Go 1.20 pclntab has "[...]" for what stands in brackets; .abi0 is ELF's."""
    name = name.removesuffix(".abi0").replace("·", ".")
    begin, end = name.find("["), name.rfind("]")
    return name[:begin] + "[...]" + name[end + 1:] if 0 <= begin < end else name


def agree(ours, theirs):
    """True, False, or None where llvm-symbolizer has nothing to compare with."""
    ours = [(plain_name(name), file, line) for name, file, line in ours]
    theirs = [(plain_name(name), file.replace("./", ""), line) for name, file, line in theirs]
    # LLVM 19 cannot read the file table of Go 1.18's DWARF: names remain to be compared.
    if len(ours) == len(theirs) and theirs[0][0] != "??":
        ours = [(o[0], *t[1:]) if t[1] == "??" else o for o, t in zip(ours, theirs)]
    if ours == theirs:
        return True
    if theirs[0][0] == "??" and ours[0][1] == "":
        return None  # padding between functions: no line in either
    if ours and ours[-1][1] == "<autogenerated>":
        # DWARF says little of wrappers: no file, or no inlined frames (before Go 1.21),
        # or the line that made the compiler write one.
        names = [name for name, _, _ in theirs]
        if names == [name for name, _, _ in ours] and theirs[:-1] == ours[:-1]:
            return None
        if names == [ours[-1][0]] and theirs[0][1:] == ours[0][1:]:
            return None
    return False


@pytest.mark.parametrize("version,variant", BUILDS)
def test_frames_are_those_of_dwarf(version, variant):
    path = build(version, variant)
    addresses = some_addresses(functions(path)[0])
    ours, theirs = frames(path, addresses), llvm_frames(path, addresses)
    verdicts = [agree(o, t) for o, t in zip(ours, theirs)]
    differ = [(hex(a), o, t) for a, o, t, v in zip(addresses, ours, theirs, verdicts) if v is False]
    compared = ADDRESSES - verdicts.count(None)
    print(f"{compared - len(differ)} of {compared} agree")
    assert compared > ADDRESSES * 0.8
    assert sum(len(o) > 2 for o in ours) > ADDRESSES / 100, "hardly anything is inlined twice"
    assert len(differ) * 1000 <= TOLERATED * compared, differ[:5]
    for address, o, t in differ:  # no name may differ, nor a file
        assert [(plain_name(n), f) for n, f, _ in o] == [(plain_name(n), f) for n, f, _ in t], \
            address


@pytest.mark.parametrize("version,variant", BUILDS)
def test_functions_are_those_of_the_symbol_table(version, variant):
    path = build(version, variant)
    table, told = functions(path)
    assert told.startswith("go" + version)
    out = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True,
                         check=True).stdout
    symbols = {}
    for line in out.splitlines():
        address, kind, name = line.split(" ", 2)
        if kind in "Tt":
            symbols.setdefault(int(address, 16), set()).add(plain_name(name))
    missing = [f for f in table if plain_name(f[2]) not in symbols.get(f[0], ())]
    assert not missing, missing[:5]
    # And the other way round, in the Go part of the code. Host objects put into it by
    # Go's own linker are one function each to pclntab.
    entries = {f[0] for f in table}
    first, last = table[0][0], table[-1][1]
    lost = {n for a, ns in symbols.items() if first <= a < last and a not in entries for n in ns}
    assert not lost, sorted(lost)[:5]
    assert len(table) > 1500


@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
@pytest.mark.parametrize("variant", ["plain", "pie", "cgo-pie", "lld-pie"])
def test_a_stripped_twin_says_the_same(version, variant, tmp_path):
    path = build(version, variant)
    table, told = functions(path)
    addresses = some_addresses(table, 1000)
    expected = frames(path, addresses)
    stripped = str(tmp_path / "stripped")
    subprocess.run(["strip", "-o", stripped, path], check=True)

    twins = {"stripped": stripped, "no build info": str(tmp_path / "no-buildinfo")}
    shutil.copy(stripped, twins["no build info"])
    lab.erase_buildinfo(twins["no build info"])
    if variant != "lld-pie":  # there the section of relocations is needed
        for name in list(twins):
            twins[name + ", no sections"] = twins[name] + "-no-sections"
            shutil.copy(twins[name], twins[name + ", no sections"])
            with open(twins[name + ", no sections"], "r+b") as f:
                f.seek(40)
                f.write(bytes(8))  # e_shoff
                f.seek(60)
                f.write(bytes(4))  # e_shnum, e_shstrndx
    for name, twin in twins.items():
        assert functions(twin) == (table, told), name
        assert frames(twin, addresses) == expected, name


@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
def test_linked_without_symbols(version):
    """-s -w makes the linker lay out the same code, if elsewhere."""
    plain, stripped = build(version, "plain"), build(version, "stripped")
    ours, theirs = functions(stripped)[0], functions(plain)[0]
    assert [(n, end - entry) for entry, end, n in ours] == \
        [(n, end - entry) for entry, end, n in theirs]
    moved = ours[0][0] - theirs[0][0]
    addresses = some_addresses(theirs, 1000)
    assert frames(stripped, [a + moved for a in addresses]) == frames(plain, addresses)


def test_elf_symbols_are_those_of_nm():
    """A C program, aliases and assembly from the C library's start files included."""
    out = subprocess.run(["nm", "--defined-only", SYMDUMP], capture_output=True, text=True,
                         check=True).stdout
    symbols = {}
    for line in out.splitlines():
        address, kind, name = line.split(" ", 2)
        if kind in "Tti":
            symbols.setdefault(int(address, 16), set()).add(name)
    r = symdump(SYMDUMP, "symbols", addresses=symbols)
    count, *names = r.stdout.splitlines()
    assert int(count) >= len(symbols) - 5
    wrong = [(hex(a), expected, name) for (a, expected), name in zip(symbols.items(), names)
             if name not in expected]
    assert len(symbols) > 50
    # Marks such as _fini's end are no functions, and then the answer is nothing.
    assert all(not name for _, _, name in wrong) and len(wrong) < 5, wrong


def test_no_go_program():
    r = symdump(SYMDUMP)
    assert r.returncode == 1
    assert re.match(r"ENOEXEC: not a Go program", r.stderr)


def test_gccgo(tmp_path):
    gccgo = next(filter(None, map(shutil.which, ["gccgo"] + [f"gccgo-{n}" for n in range(11, 16)])),
                 None)
    if not gccgo:
        pytest.skip("no gccgo")
    source, out = tmp_path / "main.go", str(tmp_path / "main")
    source.write_text("package main\nfunc main() { println(len(make(map[int]int))) }\n")
    subprocess.run([gccgo, "-o", out, source], check=True)
    subprocess.run(["strip", out], check=True)
    r = symdump(out)
    assert (r.returncode, r.stderr.split(",")[0]) == (1, "EOPNOTSUPP: built by gccgo")


def test_seeds_are_what_make_seeds_writes(tmp_path):
    fuzz = os.path.join(lab.TOP, "tests/fuzz")
    subprocess.run([sys.executable, os.path.join(fuzz, "make_seeds.py"), str(tmp_path)], check=True)
    for kind in ("elf", "pclntab"):
        left, right = os.path.join(fuzz, "seeds", kind), tmp_path / kind
        names = sorted(os.listdir(right))
        assert sorted(os.listdir(left)) == names
        assert filecmp.cmpfiles(left, right, names, shallow=False)[1:] == ([], []), \
            "run tests/fuzz/make_seeds.py"
