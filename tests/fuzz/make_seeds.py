#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/{elf,pclntab}: small ELF files, good and hostile.

The good ones hold functions, lines and inlined calls that tests/unit/test_go_binary.c
and test_elf_file.c know by heart; the hostile ones are good ones with a few bytes
changed. The unit tests read them all, the fuzzers start from them.

    tests/fuzz/make_seeds.py [DIRECTORY]
"""

import lzma
import pathlib
import struct
import sys

R, W, X = 4, 2, 1
PT_LOAD, PT_NOTE = 1, 4
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = \
    1, 2, 3, 4, 7, 8, 11
ET_EXEC, ET_DYN = 2, 3
X86_64, ARM64 = 62, 183


class Names:
    """A string table: b"\\0" first, or not, then NUL-terminated names."""

    def __init__(self, first=b"\0"):
        self.data = bytearray(first)

    def add(self, name):
        at = self.data.find(name.encode() + b"\0")
        if at < 0:
            at = len(self.data)
            self.data += name.encode() + b"\0"
        return at


class Elf:
    """An ELF file of named pieces. Each segment is a list of pieces laid out in a row."""

    def __init__(self, machine=X86_64, kind=ET_EXEC, base=0x400000, entry=0):
        self.machine, self.kind, self.base, self.entry = machine, kind, base, entry
        self.segments = []  # [flags, vaddr, offset, size]
        self.notes = []
        self.sections = []  # (name, type, vaddr, offset, size, link)
        self.at = {}  # where a piece landed: name -> (offset, vaddr)
        self.data = bytearray(0x400)  # headers

    def segment(self, flags, extra=0):
        """Later pieces belong to a new segment; @extra bytes of bss."""
        self.data += bytes(-len(self.data) % 64)
        vaddr = self.base + len(self.segments) * 0x10000 + len(self.data)
        self.segments.append([flags, vaddr, len(self.data), 0, extra])
        return vaddr

    def piece(self, name, data, align=8, section=None, kind=SHT_PROGBITS, link=0):
        """Appends to the last segment and returns the address."""
        self.data += bytes(-len(self.data) % align)
        offset = len(self.data)
        vaddr = 0
        self.data += data
        if self.segments:
            seg = self.segments[-1]
            vaddr = seg[1] + offset - seg[2]
            seg[3] = len(self.data) - seg[2]
        self.at[name] = (offset, vaddr)
        if section:
            self.sections.append((section, kind, vaddr, offset, len(data), link))
        return vaddr

    def loose(self, section, kind, data, link=0):
        """A section that is not loaded."""
        self.data += bytes(-len(self.data) % 8)
        self.at[section] = (len(self.data), 0)
        self.sections.append((section, kind, 0, len(self.data), len(data), link))
        self.data += data

    def here(self):
        """The address the next 8-aligned piece will get."""
        seg = self.segments[-1]
        return seg[1] + len(self.data) + (-len(self.data) % 8) - seg[2]

    def patch(self, piece, offset, fmt, *values):
        struct.pack_into(fmt, self.data, self.at[piece][0] + offset, *values)
        return self

    def finish(self, with_sections=True):
        names = Names()
        headers = b""
        if with_sections:
            table = [("", 0, 0, 0, 0, 0)] + self.sections
            for name in [s[0] for s in table] + [".shstrtab"]:
                names.add(name)
            self.data += bytes(-len(self.data) % 8)
            table.append((".shstrtab", SHT_STRTAB, 0, len(self.data), len(names.data), 0))
            self.data += names.data
            for name, kind, vaddr, offset, size, link in table:
                headers += struct.pack("<IIQQQQIIQQ", names.add(name) if name else 0, kind, 0,
                                       vaddr, offset, size, link, 0, 8, 24)
            self.data += bytes(-len(self.data) % 8)
            count, where = len(table), len(self.data)
            self.at["shdr"] = (where, 0)
            self.data += headers
        else:
            count, where = 0, 0
        n = len(self.segments) + len(self.notes)
        struct.pack_into("<16sHHIQQQIHHHHHH", self.data, 0, b"\x7fELF\2\1\1", self.kind,
                         self.machine, 1, self.entry, 64, where, 0, 64, 56, n, 64, count,
                         max(count - 1, 0))
        for i, (flags, vaddr, offset, size, extra) in enumerate(self.segments):
            struct.pack_into("<IIQQQQQQ", self.data, 64 + 56 * i, PT_LOAD, flags, offset, vaddr,
                             vaddr, size, size + extra, 0x1000)
        for i, (offset, size) in enumerate(self.notes, len(self.segments)):
            struct.pack_into("<IIQQQQQQ", self.data, 64 + 56 * i, PT_NOTE, R, offset,
                             self.base + offset, 0, size, size, 4)
        self.at["ehdr"], self.at["phdr"] = (0, 0), (64, 0)
        return self


# --- a Go program -------------------------------------------------------------

def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def values(pairs, quantum):
    """[(end pc, value), ...] as a value table."""
    out, value, pc = bytearray(), -1, 0
    for end, v in pairs:
        delta = v - value
        out += varint(delta << 1 if delta >= 0 else (-delta << 1) - 1)
        out += varint((end - pc) // quantum)
        value, pc = v, end
    return bytes(out) + b"\0"


MALLOC, MAP, MAIN, LEAF = "runtime/malloc.go", "runtime/map.go", "/src/main.go", "/src/leaf/leaf.go"

# main.main 0x100..0x180: first() is inlined at 0x108, leaf.Bytes() into it at 0x120,
# leaf.grow() into that at 0x130. Tree: (parent pc, name, start line, wrapper?).
FUNCTIONS = [
    dict(name="_rt0_amd64_linux", size=0x20, start=8, files=[(0x20, "rt0.s")], lines=[(0x20, 8)]),
    dict(name="runtime.mallocgc", size=0x60, start=1000, files=[(0x60, MALLOC)],
         lines=[(0x10, 1001), (0x40, 1005), (0x60, 1002)]),
    dict(name="runtime.mallocgc", size=0x20, start=0, wrapper=True,
         files=[(0x20, "<autogenerated>")], lines=[(0x20, 1)]),
    dict(name="runtime.mapassign_fast64", size=0x40, start=90, files=[(0x40, MAP)],
         lines=[(0x40, 93)]),
    dict(name="runtime.mapassign", size=0x20, start=40, files=[(0x20, MAP)],
         lines=[(0x20, 44)]),
    dict(name="main.main", size=0x80, start=10,
         files=[(0x20, MAIN), (0x40, LEAF), (0x80, MAIN)],
         lines=[(0x08, 11), (0x10, 12), (0x20, 21), (0x30, 31), (0x40, 41), (0x80, 13)],
         inline=[(0x10, -1), (0x20, 0), (0x30, 1), (0x40, 2), (0x80, -1)],
         tree=[(0x0C, "main.first", 20, False), (0x1C, "leaf.Bytes", 30, False),
               (0x2C, "leaf.grow", 40, True)]),
    dict(name="main.foreign", size=0x40),  # C: neither lines nor files
]


def wrapper_id(minor):
    return 21 if minor < 22 else 22 if minor < 25 else 23


def pclntab(functions, minor, quantum, magic=None):
    """Returns (table, funcdata blob, {name: offset})."""
    go120 = minor >= 20
    names, files, cutab, pctab = Names(b""), Names(b""), bytearray(), bytearray(b"\0")
    blob, at, file_index, records = bytearray(), {}, {}, []

    def table(pairs):
        if not pairs:
            return 0
        where = len(pctab)
        pctab.extend(values(pairs, quantum))
        return where

    for f in functions:
        names.add(f["name"])
        for _, file in f.get("files", []):
            if file not in file_index:
                file_index[file] = len(file_index)
                cutab += struct.pack("<I", files.add(file))
    cutab += struct.pack("<I", 0xFFFFFFFF)  # a file that was dropped

    entry = 0
    functab, body = bytearray(), bytearray()
    base = 8 * len(functions) + 4
    base += -base % 8
    for i, f in enumerate(functions):
        where = base + len(body)
        functab += struct.pack("<II", entry, where)
        tree = f.get("tree", [])
        pcfile = table([(end, file_index[file]) for end, file in f.get("files", [])])
        pcline = table(f.get("lines"))
        body += struct.pack("<IIIIIIIII", entry, names.add(f["name"]), 0, 0, 0, pcfile, pcline,
                            3 if tree else 0, 0)
        if go120:
            body += struct.pack("<I", f.get("start", 0))
        body += struct.pack("<BBBB", wrapper_id(minor) if f.get("wrapper") else 0, 0, 0,
                            4 if tree else 0)
        if tree:
            body += struct.pack("<III", 0, 0, table(f["inline"]))
            body += struct.pack("<IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(blob))
            at["tree"] = len(blob)
        for parent_pc, name, start, wrapper in tree:
            func_id = wrapper_id(minor) if wrapper else 0
            if go120:
                blob += struct.pack("<B3xIII", func_id, names.add(name), parent_pc, start)
            else:
                blob += struct.pack("<hBxIIII", -1, func_id, 0, 0, names.add(name), parent_pc)
        at["record%d" % i] = where
        body += bytes(-len(body) % 8)
        entry += f["size"]
    functab += struct.pack("<I", entry)
    functab += bytes(base - len(functab))

    parts = [bytes(names.data), bytes(cutab), bytes(files.data), bytes(pctab),
             bytes(functab + body)]
    offsets, tables = [], b""
    for key, part in zip(("names", "cutab", "files", "pctab", "functab"), parts):
        tables += bytes(-(72 + len(tables)) % 8)
        offsets.append(72 + len(tables))
        at[key] = offsets[-1]
        tables += part
    tables += bytes(-len(tables) % 8)
    for i in range(len(functions)):
        at["record%d" % i] += at["functab"]
    if magic is None:
        magic = 0xFFFFFFF1 if go120 else 0xFFFFFFF0
    header = struct.pack("<IHBBQQQ5Q", magic, 0, quantum, 8, len(functions), len(file_index), 0,
                         *offsets)
    return header + tables, bytes(blob), at


def gofunc_offset(minor):
    return 304 if minor < 20 else 320 if minor < 27 else 344


def go_program(version="go1.26.8", functions=None, machine=X86_64, pie=False, lld=False,
               build_info=True, build_version=True, sections=True, magic=None, module=True,
               layout=None, skip=0, extra_relocations=lambda e: []):
    """A program with moduledata as that version has it; text is preceded by @skip bytes."""
    minor = int(layout or version.split(".")[1].split("r")[0].split("-")[0].split(" ")[0])
    quantum = 4 if machine == ARM64 else 1
    functions = FUNCTIONS if functions is None else functions
    table, blob, at = pclntab(functions, minor, quantum, magic)
    e = Elf(machine, ET_DYN if pie else ET_EXEC, 0 if pie else 0x400000)
    relocations = []

    def pointers(piece, data, slots):
        """Writes pointers in place or, as lld does, into relocations only."""
        where = e.piece(piece, data, section=".go.module" if piece == "module" and minor >= 26
                        else ".data." + piece)
        for slot, value in slots:
            if lld:
                relocations.append((where + slot, value))
            else:
                e.patch(piece, slot, "<Q", value)

    e.segment(R)
    # Versions a program may hold besides its own: one of the same age, packed as
    # literals are; one with a NUL behind, but of an age that the tables rule out.
    other = b"go1.19.1" if minor >= 20 else b"go1.25.1"
    literal = e.piece("literals", b"go1.25.1go1.18.1" + other + b"\0")
    text_va = e.piece("version", version.encode() + b"\0")
    gofunc = e.piece("gofunc", blob) if minor < 26 else 0
    name = ".gopclntab"
    if pie and minor < 26:
        name = None if lld else ".data.rel.ro.gopclntab"
    if minor >= 26:
        table_va = e.piece("pclntab", table + blob, section=name)
        gofunc = table_va + len(table)
        e.at["gofunc"] = (e.at["pclntab"][0] + len(table), gofunc)
    else:
        table_va = e.piece("pclntab", table, section=name)
    e.segment(R | X)
    code = e.piece("text", bytes([0xCC]) * (skip + sum(f["size"] for f in functions)),
                   section=".text") + skip
    e.entry = code
    if minor < 26 and not lld:
        e.patch("pclntab", 24, "<Q", code)
    e.segment(R | W)
    if build_info:
        text_bytes = version.encode()
        e.piece("buildinfo", b"\xff Go buildinf:" + b"\x08\x02" + bytes(16) +
                varint(len(text_bytes)) + text_bytes + b"\0", align=16, section=".go.buildinfo")
    else:
        e.piece("pad", bytes(16))
    pointers("strings", struct.pack("<QQQQQQ", 0, 8, 0, 8, 0, 8),
             [(0, literal), (16, literal + 8), (32, literal + 16)])
    if build_version:
        pointers("buildversion", struct.pack("<QQ", 0, len(version)), [(0, text_va)])
    if module:
        size = 8 * len(functions) + 4
        data = bytearray(600)
        names_len = at["cutab"] - at["names"]
        struct.pack_into("<QQ", data, 16, names_len, names_len)
        struct.pack_into("<QQ", data, 112, size, size)
        end = code + sum(f["size"] for f in functions)
        slots = [(0, table_va), (8, table_va + at["names"]), (104, table_va + at["functab"]),
                 (160, code), (168, end), (176, code), (184, end),
                 (gofunc_offset(minor), gofunc)]
        pointers("module", bytes(data), slots)
    if relocations:
        kind = 1027 if machine == ARM64 else 8
        relocations += extra_relocations(e)
        e.loose(".rela.dyn", SHT_RELA, b"".join(struct.pack("<QQQ", slot, kind, value)
                                                for slot, value in relocations))
    for key, offset in at.items():
        where = e.at["gofunc" if key == "tree" else "pclntab"][0]
        e.at["go." + key] = (where + offset, 0)
    return e.finish(sections)


def go_seeds():
    for version in ("go1.18.10", "go1.19.8", "go1.20.14", "go1.21.13", "go1.25.5", "go1.26.8",
                    "go1.27.4", "go1.28.1"):
        yield version, go_program(version)
    yield "arm64", go_program(machine=ARM64)
    yield "pie-1.20", go_program("go1.20.1", pie=True)
    yield "lld-pie-1.22", go_program("go1.22.2", pie=True, lld=True)
    yield "lld-pie-1.27", go_program("go1.27.2", pie=True, lld=True)
    yield "external", go_program("go1.26.1", skip=0xE0)
    yield "no-sections", go_program("go1.24.3", sections=False)
    yield "no-sections-1.26", go_program("go1.26.3", sections=False)
    yield "no-buildinfo", go_program("go1.26.5", build_info=False)
    yield "no-buildinfo-no-sections", go_program("go1.23.9", build_info=False, sections=False)
    yield "no-buildinfo-lld", go_program("go1.27.3", build_info=False, pie=True, lld=True)
    yield "no-buildinfo-1.19", go_program("go1.19.7", build_info=False)
    yield "devel", go_program("devel go1.28-0123abcd Mon Jan 5 2026", layout="28")
    yield "experiment", go_program("go1.26.11-X:nogreenteagc")
    yield "no-module-1.28", go_program("go1.28.2", module=False)
    yield "no-minpc-1.26", go_program("go1.26.4").patch("module", 160, "<Q", 1)
    yield "no-module-1.22", go_program("go1.22.1", module=False)
    # Laid out as nobody knows: the inline trees cannot be found, the rest can.
    yield "moved-gofunc-1.28", go_program("go1.28.0").patch("module", 344, "<Q", 0x400000)

    # Refused.
    yield "refuse-old-magic", go_program("go1.18.1", magic=0xFFFFFFFA)
    yield "refuse-old-magic-no-sections", go_program("go1.18.1", magic=0xFFFFFFFA,
                                                     sections=False)
    yield "refuse-old-version", go_program("go1.17.2", layout="18")
    yield "refuse-garble-magic", go_program(magic=0x5EED5EED)
    hidden = [dict(f, name="gvB%d" % i) for i, f in enumerate(FUNCTIONS)]
    yield "refuse-garble-names", go_program(functions=hidden)
    yield "refuse-no-version", go_program(build_info=False, build_version=False)
    yield "refuse-no-module-external", go_program(module=False, skip=0xE0)
    yield "refuse-no-module-no-sections", go_program(module=False, sections=False)
    tiny = Elf()
    tiny.segment(R | X)
    tiny.piece("text", bytes(64), section=".text")
    tiny.loose(".strtab", SHT_STRTAB, b"\0main\0tinygo_startTask\0")
    yield "refuse-tinygo", tiny.finish()
    gcc = Elf()
    gcc.segment(R | X)
    gcc.piece("text", bytes(64), section=".text")
    gcc.loose(".go_export", SHT_PROGBITS, b"v3;\npackage main;\n")
    yield "refuse-gccgo", gcc.finish()

    # Hostile: each field that sends a parser somewhere.
    big = 0xFFFFFFFFFFFFFFF0
    for name, offset, value in (("n", 8, 1 << 60), ("n-just-over", 8, 200), ("n-zero", 8, 0),
                                ("names", 32, big), ("cutab", 40, 8), ("filetab", 48, big),
                                ("pctab", 56, 1 << 32), ("functab", 64, big)):
        yield "damaged-header-" + name, go_program().patch("pclntab", offset, "<Q", value)
    main = "go.record5"
    for name, offset, value in (("name", 4, 0x7FFFFFFF), ("pcfile", 20, 0xFFFFFFFF),
                                ("pcline", 24, 0xFFFFFF00), ("npcdata", 28, 0xFFFFFFFF),
                                ("unit", 32, 0xFFFFFFFE), ("inline-table", 52, 0xFFFF),
                                ("tree", 68, 0xFFFFFFF0)):
        yield "hostile-record-" + name, go_program().patch(main, offset, "<I", value)
    yield "hostile-nfuncdata", go_program().patch(main, 43, "<B", 255)
    yield "hostile-functab-record", go_program().patch("go.functab", 8 * 5 + 4, "<I", 0xFFFFFFFE)
    yield "hostile-functab-order", go_program().patch("go.functab", 8 * 3, "<I", 0xFFFF0000)
    yield "hostile-functab-all-one", go_program().patch("go.functab", 4, "<I", 100)
    # leaf.Bytes says it was called from within itself; leaf.grow from before everything.
    yield "cyclic-tree", go_program().patch("go.tree", 16 + 8, "<I", 0x24)
    yield "cyclic-tree-1.19", go_program("go1.19.8").patch("go.tree", 20 + 16, "<I", 0x24)
    yield "hostile-tree-name", go_program().patch("go.tree", 16 + 4, "<I", 0xFFFFFF)
    yield "hostile-tree-parent", go_program().patch("go.tree", 16 + 8, "<I", 0xFFFFFF)
    e = go_program()
    first, last = e.at["go.names"][0], e.at["go.cutab"][0]
    e.data[first + 40:last] = b"n" * (last - first - 40)
    yield "hostile-names-unterminated", e
    e = go_program()
    first, last = e.at["go.pctab"][0], e.at["go.functab"][0]
    e.data[first + 1:last] = b"\x02\x00" * ((last - first - 1) // 2) + bytes((last - first - 1) % 2)
    yield "hostile-pctab-stands-still", e
    e = go_program()
    e.data[first + 1:last] = b"\xff" * (last - first - 1)
    yield "hostile-pctab-varints", e
    yield "hostile-buildinfo-length", go_program().patch("buildinfo", 32, "<Q", (1 << 64) - 1)
    yield "hostile-buildinfo-pointer", go_program().patch("buildinfo", 15, "<B", 0)
    yield "hostile-version-digits", go_program().patch("buildinfo", 33, "8s", b"go1.9999")
    yield "hostile-module-text", go_program().patch("module", 176, "<Q", (1 << 64) - 1)
    # One that sticks out of the part of moduledata that is read, in front and behind.
    yield "hostile-relocations", go_program(
        "go1.27.1", pie=True, lld=True,
        extra_relocations=lambda e: [(e.at["module"][1] + at, (1 << 64) - 1) for at in (-4, 348)])
    yield "hostile-gofunc", go_program("go1.21.1").patch("module", 320, "<Q", (1 << 64) - 4)
    e = go_program(sections=False, module=False)
    start = e.at["text"][0]
    header = bytes(e.data[e.at["pclntab"][0]:e.at["pclntab"][0] + 72])
    e.data[start:start + 72 * 6] = header * 6
    yield "hostile-many-headers", e
    whole = bytes(go_program().data)
    for cut in (80, 200, 0x420, 0x500, 0x600, len(whole) // 2, len(whole) - 40):
        yield "truncated-%04x" % cut, whole[:cut]


# --- plain ELF ----------------------------------------------------------------

def note(owner, kind, desc):
    owner += b"\0"
    return struct.pack("<III", len(owner), len(desc), kind) + owner + bytes(-len(owner) % 4) + \
        desc + bytes(-len(desc) % 4)


def symbols(entries, names):
    out = bytes(24)
    for name, vaddr, size, kind, bind, section in entries:
        out += struct.pack("<IBBHQQ", names.add(name), bind << 4 | kind, 0, section, vaddr, size)
    return out


FUNC, NOTYPE, OBJECT, IFUNC, LOCAL, GLOBAL, WEAK = 2, 0, 1, 10, 0, 1, 2


def plain(machine=X86_64, kind=ET_EXEC, notes=None, table=None, mini=None):
    """.text at 0x411000 with 0x200 bytes; see test_elf_file.c for what its symbols mean.

    @mini: has these bytes packed in .gnu_debugdata, and no .symtab.
    """
    e = Elf(machine, kind, 0x400000)
    e.segments.append([R, 0x400000, 0, 0x400, 0])
    for owner, what, desc in notes if notes is not None else [(b"GNU", 3, bytes(range(20)))]:
        data = note(owner, what, desc)
        e.piece("note", data, align=4, section=".note", kind=SHT_NOTE)
        e.notes.append((e.at["note"][0], len(data)))
    e.data += bytes(-len(e.data) % 0x800)
    e.segments.append([R | X, 0x411000, len(e.data), 0, 0])
    text = e.piece("text", bytes([0x90]) * 0x200, section=".text")
    index = len(e.sections)
    e.piece("fini", bytes([0xC3]) * 0x10, section=".fini")
    e.entry = text
    e.segments.append([R | W, 0x420000 + len(e.data), len(e.data), 0, 0x100])
    e.piece("data", b"data" * 8, section=".data")
    e.sections.append((".bss", SHT_NOBITS, e.here(), len(e.data), 0x100, 0))
    static, dynamic = Names(), Names()
    table = table or [
        ("main", text, 0x40, FUNC, GLOBAL, index),
        ("malloc", text + 0x40, 0x40, FUNC, GLOBAL, index),
        ("__libc_malloc", text + 0x40, 0x40, FUNC, GLOBAL, index),
        ("m", text + 0x40, 0x40, FUNC, LOCAL, index),
        ("assembly", text + 0x80, 0, NOTYPE, GLOBAL, index),
        ("outer", text + 0xA0, 0x60, FUNC, GLOBAL, index),
        ("nested", text + 0xC0, 0x10, FUNC, LOCAL, index),
        ("memcpy", text + 0x140, 0x20, IFUNC, GLOBAL, index),
        ("last", text + 0x1E0, 0, FUNC, WEAK, index),
        ("etext", text + 0x200, 0, NOTYPE, GLOBAL, index),
        ("$x", text + 0x148, 0, NOTYPE, LOCAL, index),
        (".Llabel", text + 0x150, 0, NOTYPE, LOCAL, index),
        ("variable", e.at["data"][1], 8, OBJECT, GLOBAL, index + 2),
        ("imported", 0, 0, FUNC, GLOBAL, 0),
    ]
    if mini is None:
        e.loose(".symtab", SHT_SYMTAB, symbols(table, static))
        e.loose(".strtab", SHT_STRTAB, bytes(static.data))
    else:
        e.loose(".gnu_debugdata", SHT_PROGBITS, mini)
    e.loose(".dynsym", SHT_DYNSYM, symbols(table[1:3], dynamic))
    e.loose(".dynstr", SHT_STRTAB, bytes(dynamic.data))
    return e


def elf_seeds():
    yield "exec", plain().finish()
    yield "dyn-arm64", plain(ARM64, ET_DYN).finish()
    yield "no-sections", plain().finish(with_sections=False)
    yield "go-build-id", plain(notes=[(b"Go\0", 4, b"abc/def")]).finish()
    yield "both-build-ids", plain(notes=[(b"Go\0", 4, b"abc/def"),
                                         (b"GNU", 3, bytes.fromhex("c0ffee"))]).finish()
    yield "no-build-id", plain(notes=[]).finish()
    yield "refuse-32-bit", plain().finish().patch("ehdr", 4, "<B", 1)
    yield "refuse-big-endian", plain().finish().patch("ehdr", 5, "<B", 2)
    yield "refuse-riscv", plain().finish().patch("ehdr", 18, "<H", 243)
    yield "damaged-phoff", plain().finish().patch("ehdr", 32, "<Q", (1 << 64) - 8)
    yield "damaged-phnum", plain().finish().patch("ehdr", 56, "<H", 0xFFFF)
    yield "damaged-vaddr", plain().finish().patch("phdr", 16, "<Q", (1 << 64) - 8)
    yield "damaged-filesz", plain().finish().patch("phdr", 32, "<Q", 1 << 40)
    e = plain().finish()
    e.data += e.data[64:120] * 200
    yield "damaged-many-segments", e.patch("ehdr", 32, "<Q", len(e.data) - 56 * 200) \
        .patch("ehdr", 56, "<H", 200)
    yield "bad-shoff", plain().finish().patch("ehdr", 40, "<Q", 1 << 50)
    yield "bad-shstrndx", plain().finish().patch("ehdr", 62, "<H", 0xFFF0)
    e = plain().finish()
    count, names = struct.unpack_from("<HH", e.data, 60)
    e.patch("ehdr", 60, "<HH", 0, 0xFFFF)  # gABI: kept in the first section header
    yield "large-counts", e.patch("shdr", 32, "<QI", count, names)
    yield "lying-count", plain().finish().patch("ehdr", 60, "<H", 0).patch("shdr", 32, "<Q", 1 << 60)
    yield "section-outside", plain().finish().patch("shdr", 64 * 2 + 24, "<QQ", 1 << 60, 1 << 60)
    yield "bad-note-length", plain().finish().patch("note", 0, "<II", 0xFFFFFFFF, 0xFFFFFFFF)
    yield "bad-symbol-names", plain().finish().patch(".strtab", 0, "<Q", (1 << 64) - 1)
    yield "truncated-file", bytes(plain().finish().data[:0x810])
    mini = lzma.compress(bytes(plain().finish().data))
    yield "mini-debug", plain(mini=mini).finish()
    yield "mini-debug-cut", plain(mini=mini[:len(mini) // 2]).finish()
    yield "mini-debug-endless", plain(mini=lzma.compress(bytes(66 << 20))).finish()
    inner = bytes(plain(mini=mini).finish().data)
    yield "mini-debug-in-itself", plain(mini=lzma.compress(inner)).finish()
    many = [("f%d" % (i % 7), 0x411000 + i % 16, i * 977 % 0x300, FUNC, i % 3, 2)
            for i in range(300)]
    yield "many-aliases", plain(table=many).finish()
    nested = [("n%d" % i, 0x411000 + i, 0x200 - 2 * i, FUNC, GLOBAL, 2) for i in range(200)]
    yield "deeply-nested", plain(table=nested).finish()


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")
    for kind, seeds in (("elf", elf_seeds()), ("pclntab", go_seeds())):
        (top / kind).mkdir(parents=True, exist_ok=True)
        for name, seed in seeds:
            (top / kind / name).write_bytes(bytes(getattr(seed, "data", seed)))


if __name__ == "__main__":
    main()
