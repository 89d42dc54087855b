# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What user/binary reads of Go types, against two that know: reflect in the running
program, and DWARF in its unstripped twin. Needs no root.

DWARF names a type as the linker does: with whole import paths, where the runtime
(and so we) puts the package's name, and with more that tells types apart. Both are
brought to one form (class OneForm), and on top of that the package we tell has to
be the path in DWARF's name. What goes:

    github.com/a/yaml%2ev3.T	import paths, in favour of the packages' names
    noalg.struct { ... }	marks of types that the compiler made
    main.T·1			numbers of types declared in functions
    struct { main.a int }	packages of fields that are not exported
    struct { A = main.T }	aliases that a field is embedded by
"""

import collections
import filecmp
import json
import os
import re
import struct
import subprocess
import sys
import time
import urllib.parse

import pytest

import lab
from test_symbols import lld_on_path

TYPEDUMP = os.path.join(lab.TOP, "build/tests/typedump")
BIG_MODULE, BIG_VERSION = "github.com/caddyserver/caddy/v2", "v2.10.2"
BIG_PACKAGE = BIG_MODULE + "/cmd/caddy"
BIG_GO = "1.26.5"

Type = collections.namedtuple("Type", "error kind size pointers align package name rest")


LLD = "-ldflags=-linkmode=external -extldflags=-fuse-ld=lld"


def go_env(**more):
    return {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "GOWORK": "off",
            "CGO_ENABLED": "0", **more}


def build(version, *flags, experiment=""):
    """tests/targets/types, stripped or not as @flags say."""
    source = os.path.join(lab.TARGETS, "types")
    name = "-".join(["go" + version, *flags, experiment]).replace("=", "_").replace(" ", "_")
    out = os.path.join(lab.BUILT, "types", name)
    newest = max(lab.newest_source(source), lab.newest_source(os.path.join(source, "user")))
    if not os.path.exists(out) or os.path.getmtime(out) < newest:
        env = go_env(GOEXPERIMENT=experiment)
        if LLD in flags:
            env.update(CGO_ENABLED="1", PATH=lld_on_path() + ":" + env["PATH"])
        r = subprocess.run([os.path.join(lab.go_root(version), "bin/go"), "build", *flags, "-o",
                            out, "."], cwd=source, capture_output=True, text=True, env=env)
        assert r.returncode == 0, r.stderr
    return out


def typedump(path, addresses, *arguments):
    """{address: Type}"""
    if not os.access(TYPEDUMP, os.X_OK):
        pytest.fail("build/tests/typedump is not there; make unit-binaries", pytrace=False)
    r = subprocess.run([TYPEDUMP, path, *arguments], capture_output=True, text=True, check=True,
                       input="".join(f"{a:x}\n" for a in addresses))
    types = {}
    for line in r.stdout.splitlines():
        what, *values = line.split("\t")
        if what == "T":
            address, error, kind, size, pointers, align, package, name = values
            rest = collections.defaultdict(list)
            types[int(address, 16)] = Type(error, kind, int(size), int(pointers), int(align),
                                           package, name, rest)
        else:
            rest[what].append(values)
    assert set(types) == set(addresses)
    return types


# --- reflect ------------------------------------------------------------------

def check_map(expected, got):
    assert got == [str(int(expected[key])) for key in (
        "key_size", "elem_size", "key_indirect", "elem_indirect", "swiss", "group_size",
        "slot_size")]


def check_fields(expected, got):
    assert got["F"] == [[str(int(f[key])) for key in ("offset", "size", "align", "padding",
                                                      "pointers", "embedded")] +
                        [f["name"], f["type"]] for f in expected["fields"]]
    size, padding, optimal = map(int, got["L"][0])
    assert (size, padding) == (expected["size"], expected["padding"])
    if expected["optimal"] >= 0:
        assert optimal == expected["optimal"]
    assert optimal <= size


def check_type(expected, got, name):
    assert (got.error, got.kind, got.size, got.align, got.pointers > 0) == \
        ("", expected["kind"], expected["size"], expected["align"], expected["pointers"])
    assert got.name == name(expected)
    assert got.rest["N"] == ([[str(expected["len"])]] if got.kind == "array" else [])
    if got.kind == "map":
        check_map(expected["map"], got.rest["M"][0])


def check_static(expected, types):
    for e in expected:
        got = types[e["address"]]
        check_type(e, got, lambda e: e["name"])
        assert got.package == e["package"], e["name"]
        assert got.rest["E"] == ([[e["elem"]]] if "elem" in e else [])
        assert got.rest["K"] == ([[e["key"]]] if "key" in e else [])
        if got.kind == "struct":
            check_fields(e, got.rest)


def made_name(e):
    return f"[reflect {e['kind']}, {e['size']} bytes]"


def check_made(expected, types):
    """What reflection made: all but names."""
    odd = expected[0]
    assert odd["kind"] == "struct" and odd["padding"] > 0
    for e in expected:
        check_type(e, types[e["address"]], made_name)
    check_fields(odd, types[odd["address"]].rest)
    pointer, in_slice, array, by_int, channel = (types[e["address"]] for e in expected[1:6])
    for t in (pointer, in_slice, by_int, channel):
        assert t.rest["E"] == [[made_name(odd)]]
    # An element that is the file's own has its name and package.
    assert array.rest["E"] == [["main.User"]] and array.package == "main"
    assert by_int.rest["K"] == [["int64"]]


def run_target(path):
    target = lab.Running([path])
    lists = [json.loads(target.read_line()) for _ in range(2)]
    with open(f"/proc/{target.pid}/maps", encoding="utf-8") as f:
        mapped = next(int(line.split("-")[0], 16) for line in f if line.endswith(path + "\n"))
    return target, *lists, mapped - first_address(path)


def first_address(path):
    """Link-time address of the first loaded segment."""
    with open(path, "rb") as f:
        head = f.read(4096)
    start, = struct.unpack_from("<Q", head, 32)
    count, = struct.unpack_from("<H", head, 56)
    segments = [struct.unpack_from("<IIQQ", head, start + 56 * i) for i in range(count)]
    return next(vaddr & -4096 for kind, _, _, vaddr in segments if kind == 1)


@pytest.mark.parametrize("version, mode, experiment", [
    *((v, "exe", "") for v in lab.GO_VERSIONS), *((v, "pie", "") for v in lab.GO_KEY_VERSIONS),
    ("1.24.13", "exe", "noswissmap"), ("1.25.5", "pie", "noswissmap"),
])
def test_types_are_those_of_reflect(version, mode, experiment):
    path = build(version, "-ldflags=-s -w", "-buildmode=" + mode, experiment=experiment)
    target, static, made, bias = run_target(path)
    assert (bias > 0) == (mode == "pie")
    try:
        addresses = [e["address"] for e in static + made]
        types = typedump(path, addresses, f"{bias:x}", str(target.pid))
        check_static(static, types)
        check_made(made, types)
        # Without the process, what is in the file is still there, and nothing else.
        types = typedump(path, addresses, f"{bias:x}")
        check_static(static, types)
        assert {types[e["address"]].name for e in made} == {"[bad type]"}
    finally:
        target.close()
    kinds = collections.Counter(e["kind"] for e in static)
    print(f"{len(static)} types, {len(made)} made by reflection, {kinds['struct']} structs")
    assert len(static) > 250 and kinds["struct"] > 60 and kinds["map"] > 20
    tried = [e for e in static if e["optimal"] >= 0]
    assert sum(e["optimal"] < e["size"] for e in tried) > 3
    assert any(e["map"]["key_indirect"] for e in static if "map" in e)
    assert any(e["fields"] and e["fields"][-1]["padding"] for e in static)


# --- DWARF --------------------------------------------------------------------

def dwarf_types(path):
    """[(address, size, name)]"""
    tool = lab.build_go("dwarftypes")
    out = subprocess.run([tool, path], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t", 3) for line in out.splitlines()]
    return [(int(address, 16), int(size), name) for address, size, _, name in rows]


def package_names(version, folder, package):
    """{import path: name of the package} of all that @package is made of."""
    r = subprocess.run([os.path.join(lab.go_root(version), "bin/go"), "list", "-deps",
                        "-f", "{{.ImportPath}} {{.Name}}", package], cwd=folder,
                       capture_output=True, text=True, env=go_env())
    assert r.returncode == 0, r.stderr
    return dict(line.split() for line in r.stdout.splitlines())


def escaped(path):
    """As in symbol names (cmd/internal/objabi/path.go, PathToPrefix)."""
    head, slash, last = path.rpartition("/")
    return head + slash + re.sub(r'[.%"\x00-\x20]|[^\x00-\x7e]', lambda m: "".join(
        f"%{b:02x}" for b in m.group().encode()), last)


class OneForm:
    """Names in which linker and runtime agree."""

    def __init__(self, packages):
        self.names = {}
        for path, name in packages.items():
            self.names[path] = self.names[escaped(path)] = name
        paths = sorted(self.names, key=len, reverse=True)
        self.paths = re.compile(r"(?<![\w/%-])(?<!\w\.)(" + "|".join(map(re.escape, paths)) +
                                r")\.(?=\w)")

    def __call__(self, name):
        name = self.paths.sub(lambda m: self.names[m.group(1)] + ".", name)
        name = re.sub(r"\bnoalg\.|·\d+|(?<=[{;] )\w+ = ", "", name)
        return re.sub(r"(?<=[{;] )\w+\.(?=[^\W\dA-Z]\w* [^}])", "", name)


def declared_in(name):
    """What precedes the type's own name in DWARF: "a/b.c" of "[]*a/b%2ec.T[x/y.Z]"."""
    name = re.sub(r"^(noalg\.|\*|\[\d*\]|chan |<-chan |chan<- )+", "", name)
    return urllib.parse.unquote(re.match(r"go\.shape|[^\[ ]*(?=\.)", name).group())


def compare_with_dwarf(path, stripped, packages):
    """How many types there are; all must agree."""
    expected = dwarf_types(path)
    start = time.monotonic()
    types = typedump(stripped, [address for address, _, _ in expected])
    seconds = time.monotonic() - start
    one_form = OneForm(packages)
    differ, places = [], 0
    for address, size, name in expected:
        got = types[address]
        if got.error or one_form(name) != one_form(got.name) or size not in (-1, got.size):
            differ.append((hex(address), name, got))
        elif got.package:
            places += 1
            if declared_in(name) != got.package:
                differ.append((hex(address), name, got))
    broken = [(got.name, rest) for got in types.values() for what in "LM"
              for rest in got.rest[what] if rest[0].startswith("E")]
    print(f"{len(expected) - len(differ)} of {len(expected)} agree, {places} with their package; "
          f"{seconds:.2f} s")
    assert not differ, (len(differ), differ[:5])
    assert not broken, broken[:5]
    assert places > len(expected) / 3
    return len(expected)


@pytest.mark.parametrize("version", lab.GO_KEY_VERSIONS)
@pytest.mark.parametrize("flags", [
    ["-buildmode=exe"], ["-buildmode=pie"],
    ["-buildmode=pie", LLD],  # its pointers are in relocations only
], ids=["exe", "pie", "lld-pie"])
def test_types_are_those_of_dwarf(version, flags, tmp_path):
    path = build(version, *flags)
    stripped = str(tmp_path / "stripped")
    subprocess.run(["strip", "-o", stripped, path], check=True)
    packages = package_names(version, os.path.join(lab.TARGETS, "types"), ".")
    assert compare_with_dwarf(path, stripped, packages) > 1800


@pytest.fixture(scope="session")
def big():
    """caddy, over 50 MB of Go, and the folder of its source. Built once, in minutes."""
    go = os.path.join(lab.go_root(BIG_GO), "bin/go")
    folder = os.path.join(lab.CACHE, "go" + BIG_GO)
    path = os.path.join(folder, "caddy")
    if not os.path.exists(path):
        r = subprocess.run([go, "install", BIG_PACKAGE + "@" + BIG_VERSION], text=True,
                           capture_output=True, env=go_env(GOBIN=folder))
        if r.returncode:
            lab.unavailable(f"go install: {r.stderr.strip().splitlines()[-1]}")
    r = subprocess.run([go, "mod", "download", "-json", BIG_MODULE + "@" + BIG_VERSION], text=True,
                       capture_output=True, env=go_env(), cwd="/")
    if r.returncode:
        lab.unavailable(f"go mod download: {r.stdout.strip()}")
    return path, json.loads(r.stdout)["Dir"]


def test_all_types_of_a_big_program(big, tmp_path):
    path, source = big
    assert os.path.getsize(path) > 50 << 20
    stripped = str(tmp_path / "stripped")
    subprocess.run(["strip", "-o", stripped, path], check=True)
    packages = package_names(BIG_GO, source, BIG_PACKAGE)
    assert compare_with_dwarf(path, stripped, packages) > 20000


def test_seeds_are_what_make_type_seeds_writes(tmp_path):
    fuzz = os.path.join(lab.TOP, "tests/fuzz")
    subprocess.run([sys.executable, os.path.join(fuzz, "make_type_seeds.py"), str(tmp_path)],
                   check=True)
    left, right = os.path.join(fuzz, "seeds/go_types"), tmp_path / "go_types"
    names = sorted(os.listdir(right))
    assert sorted(os.listdir(left)) == names
    assert filecmp.cmpfiles(left, right, names, shallow=False)[1:] == ([], []), \
        "run tests/fuzz/make_type_seeds.py"
