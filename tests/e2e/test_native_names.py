# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names and lines of C, C++ and Rust against others' reading of the same files; needs no root.

Frames, inlined ones included: against llvm-symbolizer. Demangled names: against c++filt.
"""

import collections
import functools
import os
import random
import re
import shutil
import subprocess

import pytest

import lab

NAMEDUMP = os.path.join(lab.TOP, "build/tests/namedump")
FOLDER = "native_names"
ADDRESSES = 3000
NATIVE, ALLOCATOR = 3, 4

CXX = ["-std=c++17"]
BUILDS = {
    "gcc": ("names.cc", CXX),
    "gcc-dwarf4": ("names.cc", CXX + ["-gdwarf-4"]),
    "gcc-zlib": ("names.cc", CXX + ["-gz"]),
    "rust": ("names.rs", []),
}

Frame = collections.namedtuple("Frame", "name system file line start category")


def run(argv, text=None):
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=True,
                          timeout=300).stdout


def instructions(path):
    """Link-time addresses, in hex."""
    text = run(["objdump", "-d", "-j.text", "--no-show-raw-insn", path])
    found = re.findall(r"^\s+([0-9a-f]+):\t", text, re.M)
    return random.Random(path).sample(found, min(ADDRESSES, len(found)))


def ours(path, addresses):
    blocks = run([NAMEDUMP, path], "\n".join(addresses)).rstrip("\n").split("\n\n")
    return [[Frame(*line.split("\t")) for line in b.split("\n")] for b in blocks]


def theirs(path, addresses):
    """[(linker's name, file, line)] of each, innermost first; None where it knows none."""
    text = run(["llvm-symbolizer", "--no-demangle", "--inlines", "-e", path],
               "\n".join("0x" + a for a in addresses))
    result = []
    for block in text.rstrip("\n").split("\n\n"):
        lines = block.split("\n")
        frames = []
        for name, place in zip(lines[::2], lines[1::2]):
            file, line, _ = place.rsplit(":", 2)
            frames.append((name, os.path.normpath(file), line))
        result.append(None if frames[0][0] == "??" else frames)
    return result


@functools.cache
def readable(name):
    name = re.sub(r"(\.(isra|part|constprop|cold|llvm)\b.*)|@.*", "", name)
    return run(["c++filt", "-i", name]).strip()


def same_name(mine, name):
    # A function that was only inlined has no linker's name: we say where it belongs.
    if mine == name or mine.endswith("::" + name):
        return True
    # Constructors of the complete object and of the base may be one function.
    return readable(mine) == readable(name)


def assert_same(mine, frames):
    """Returns whether the outermost function has the same name."""
    assert len(mine) == len(frames)
    for m, (name, file, line) in zip(mine, frames):
        assert line in ("0", m.line)
        assert line == "0" or os.path.normpath(m.file) == file
        assert m is mine[-1] or same_name(m.system, name)
    return same_name(mine[-1].system, frames[-1][0])


def assert_all_same(path, asked=None):
    addresses = instructions(path)
    known = same = 0
    for address, mine, frames in zip(addresses, ours(asked or path, addresses),
                                     theirs(path, addresses), strict=True):
        if frames is None:
            assert mine[0].name == \
                f"[no symbols: {os.path.basename(asked or path)}]+0x{address}"
            continue
        known += 1
        same += assert_same(mine, frames)
    assert known > 0.9 * len(addresses)
    # Functions of equal code are made one by LLVM; which of their names it has is arbitrary.
    assert same > 0.98 * known


def build(which):
    source, flags = BUILDS[which]
    return lab.build_native(FOLDER, source, flags)


@pytest.mark.parametrize("which", BUILDS)
def test_frames(which):
    assert_all_same(build(which))


def test_frames_clang(tmp_path):
    out = str(tmp_path / "names")
    source = os.path.join(lab.TARGETS, FOLDER, "names.cc")
    run(["clang++", "-O2", "-g", *CXX, "-o", out, source])
    assert_all_same(out)


def test_debug_file_beside(tmp_path):
    """A stripped program says the same as the whole one, if its debug file is where it says."""
    whole = build("gcc")
    stripped = str(tmp_path / os.path.basename(whole))
    os.mkdir(tmp_path / ".debug")
    debug = str(tmp_path / ".debug/names.debug")
    run(["objcopy", "--only-keep-debug", whole, debug])
    run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", whole, stripped])
    assert_all_same(whole, stripped)

    addresses = instructions(whole)[:200]
    with open(debug, "ab") as f:
        f.write(b"changed")
    # The build ID still proves it.
    assert ours(stripped, addresses) == ours(whole, addresses)
    run(["objcopy", "--remove-section=.note.gnu.build-id", debug])
    # Without any, each place still is one of its own.
    assert [f[0].name for f in ours(stripped, addresses)] == \
        [f"[no symbols: {os.path.basename(whole)}]+0x{a}" for a in addresses]


def test_debug_file_by_build_id(tmp_path):
    whole = build("gcc")
    build_id = re.search(r"Build ID: (\w+)", run(["readelf", "-n", whole])).group(1)
    debug = tmp_path / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    os.makedirs(debug.parent)
    run(["objcopy", "--only-keep-debug", whole, str(debug)])
    assert run([NAMEDUMP, "separate", whole, str(tmp_path)]).strip() == str(debug)
    # Another file's is not taken.
    shutil.copy("/bin/true", debug)
    assert run([NAMEDUMP, "separate", whole, str(tmp_path)]).strip() == "ENOENT"
    # Nor is what would have to be waited for.
    debug.unlink()
    os.mkfifo(debug)
    assert run([NAMEDUMP, "separate", whole, str(tmp_path)]).strip() == "ENOENT"


def test_mini_debug_info(tmp_path):
    """Made as gdb's manual says: a stripped program names its functions all the same."""
    whole = build("gcc")
    keep, debug, mini, stripped = (str(tmp_path / n) for n in ("keep", "debug", "mini", "names"))
    exported = set(run(["nm", "-D", whole, "--format=posix", "--defined-only"]).split("\n"))
    functions = [line.split()[0] for line in
                 run(["nm", whole, "--format=posix", "--defined-only"]).splitlines()
                 if line.split()[1] in "TtWw" and line not in exported]
    (tmp_path / "keep").write_text("\n".join(functions))
    run(["objcopy", "--only-keep-debug", whole, debug])
    run(["objcopy", "-S", "--remove-section=.comment", f"--keep-symbols={keep}", debug, mini])
    run(["xz", mini])
    run(["objcopy", "--strip-all", "--remove-section=.note.gnu.build-id", whole, stripped])
    bare = str(shutil.copy(stripped, tmp_path / "bare"))
    run(["objcopy", f"--add-section=.gnu_debugdata={mini}.xz", stripped])

    addresses = instructions(whole)[:300]
    named = 0
    functions = set(functions)
    for mine, frames in zip(ours(stripped, addresses), theirs(whole, addresses), strict=True):
        if frames and frames[-1][0] in functions:
            named += 1
            assert same_name(mine[-1].system, frames[-1][0])
    assert named > 0.5 * len(addresses)
    assert [f[0].name for f in ours(bare, addresses)] == \
        [f"[no symbols: bare]+0x{a}" for a in addresses]


def test_dwz(tmp_path):
    """What dwz moved into a file of its own is found there; without that there are symbols."""
    whole = build("gcc")
    common = str(tmp_path / "common.debug")
    for name in ("a", "b"):
        os.mkdir(tmp_path / name)
    copies = [str(shutil.copy(whole, tmp_path / name)) for name in ("a", "b")]
    run(["dwz", "-m", common, "-M", common, *copies])
    addresses = instructions(whole)
    assert ours(copies[0], addresses) == ours(whole, addresses)
    os.unlink(common)
    alone = ours(copies[0], addresses)
    assert all(len(frames) == 1 and frames[0].line == "0" for frames in alone)
    assert sum(not f[0].name.startswith("[") for f in alone) > 0.9 * len(alone)


def test_libc():
    """The names people know, not glibc's own for the same function."""
    path = "/lib/x86_64-linux-gnu/libc.so.6"
    symbols = dict(re.findall(r"^0*([0-9a-f]+) [TW] (\w+)@", run(["nm", "-D", path]), re.M))
    malloc = next(a for a, name in symbols.items() if name == "malloc")
    frames = ours(path, [malloc])[0]
    assert (frames[-1].name, int(frames[-1].category)) == ("malloc", ALLOCATOR)


def test_sites():
    """Frames of the standard library are not where a reader is sent; the program's are."""
    for which, pattern in (("gcc", r"^(void )?(std|__gnu_cxx)::"),
                           ("rust", r"^<*&*(mut )?(std|alloc|core|hashbrown)::")):
        path = build(which)
        seen = set()
        for frames in ours(path, instructions(path)):
            for f in frames:
                if f.name.startswith(("Tree<", "names::", "main")):
                    assert int(f.category) == NATIVE, f
                    seen.add(NATIVE)
                elif re.match(pattern, f.name):
                    assert int(f.category) == ALLOCATOR, f
                    seen.add(ALLOCATOR)
        assert seen == {NATIVE, ALLOCATOR}


def mangled(path):
    return sorted({n for n in re.findall(r" (_[ZR]\w+)", run(["nm", path]))})


@pytest.mark.parametrize("which", ["gcc", "rust"])
def test_demangled(which):
    names = mangled(build(which))
    assert len(names) > 100
    text = "\n".join(names)
    mine = [line.split("\t")[0] for line in run([NAMEDUMP, "demangle"], text).splitlines()]
    assert mine == run(["c++filt", "-i"], text).splitlines()


def test_demangled_libstdcxx():
    path = run(["g++", "-print-file-name=libstdc++.so.6"]).strip()
    names = [n.split("@")[0] for n in re.findall(r" (_Z\S+)", run(["nm", "-D", path]))]
    text = "\n".join(names)
    mine = [line.split("\t") for line in run([NAMEDUMP, "demangle"], text).splitlines()]
    assert [m[0] for m in mine] == run(["c++filt", "-i"], text).splitlines()
    for full, short in mine:
        assert len(short) <= len(full)
