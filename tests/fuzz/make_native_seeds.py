#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/native_plan: ELF files with allocators in them that
call each other in all the ways known. tests/unit/test_native_plan.c knows what is in them.

    tests/fuzz/make_native_seeds.py [DIRECTORY]
"""

import pathlib
import struct
import sys

import make_seeds
from make_seeds import FUNC, GLOBAL, IFUNC, LOCAL, R, W, X

TEXT = 0x411000
STEP = 0x40  # from one function to the next
JUMP_SLOT = 7

PUSH, POP, RET = b"\x55", b"\x5d", b"\xc3"
OWN = PUSH + b"\xb8\x01\x00\x00\x00" + POP + RET  # does something, returns 1


class Code:
    """Functions STEP bytes apart; calls and jumps among them are filled in at the end."""

    def __init__(self):
        self.functions = {}  # name -> pieces: bytes, or (opcode, name)
        self.imports = []

    def add(self, name, *pieces):
        self.functions[name] = pieces

    def address(self, name):
        names = list(self.functions) + [n + "@plt" for n in self.imports]
        return TEXT + STEP * names.index(name)

    def bytes_of(self, name, got):
        out = b""
        if name.endswith("@plt"):
            slot = got + 8 * self.imports.index(name[:-4])
            return b"\xf3\x0f\x1e\xfa\xf2\xff\x25" + struct.pack(
                "<i", slot - self.address(name) - 11)
        for piece in self.functions[name]:
            if isinstance(piece, tuple):
                opcode, target = piece
                here = self.address(name) + len(out) + len(opcode) + 4
                piece = opcode + struct.pack("<i", self.address(target) - here)
            out += piece
        assert len(out) <= STEP, name
        return out


def call(name):
    return (b"\xe8", name)


def jmp(name):
    return (b"\xe9", name)


def code(extra=()):
    c = Code()
    c.imports = ["free", "calloc"]  # of these the file has free itself
    c.add("malloc", OWN)
    # test %rdi,%rdi; je ret; ...
    c.add("free", b"\x48\x85\xff\x74\x03", PUSH, POP, RET, RET)
    # test %rdi,%rdi; je 1f; call malloc; call free; ret; 1: mov %rsi,%rdi; jmp malloc
    c.add("realloc", PUSH, b"\x48\x85\xff\x74\x0c", call("malloc"), call("free"), POP, RET,
          b"\x48\x89\xf7", jmp("malloc"))
    # jo 1f; jmp realloc; 1: xor %eax,%eax; ret
    c.add("reallocarray", b"\x48\x89\xf0\x70\x05", jmp("realloc"), b"\x31\xc0", RET)
    c.add("memalign", jmp("_mid_memalign"))
    # cmp $16,%rdi; ja 1f; mov %rsi,%rdi; jmp malloc; 1: its own
    c.add("_mid_memalign", b"\x48\x83\xff\x10\x77\x08\x48\x89\xf7", jmp("malloc"), OWN)
    c.add("posix_memalign", b"\x53", call("_mid_memalign"), b"\x5b", RET)
    # endbr64; push; call malloc; test %rax,%rax; je 1f; pop; ret; 1: throw
    c.add("_Znwm", b"\xf3\x0f\x1e\xfa", PUSH, call("malloc"), b"\x48\x85\xc0\x74\x02", POP, RET,
          call("__cxa_allocate_exception"))
    c.add("__cxa_allocate_exception", PUSH, call("malloc"), POP, RET)
    c.add("_Znam", jmp("_Znwm"))
    c.add("_ZdlPv", jmp("free@plt"))
    # Frees itself, or goes on as free.
    c.add("_ZdaPvm", b"\x48\x85\xf6\x74\x06", PUSH, POP, jmp("other"), jmp("free"))
    c.add("other", RET)
    c.add("xmalloc", PUSH, b"\x48\x89\xfe\xbf\x01\x00\x00\x00", call("calloc@plt"), POP, RET)
    c.add("pool_alloc", PUSH, b"\x48\x89\xf7", call("malloc"), POP, RET)
    for name, *pieces in extra:
        c.add(name, *pieces)
    return c


def program(c, markers=(), indexed=True, named=True, ifunc=()):
    """@indexed: with .eh_frame_hdr; @named: with local symbols."""
    e = make_seeds.Elf(make_seeds.X86_64, make_seeds.ET_DYN, 0x400000)
    e.segments.append([R, 0x400000, 0, 0x400, 0])
    names = list(c.functions) + [n + "@plt" for n in c.imports]
    e.data += bytes(-len(e.data) % 0x800)
    e.segments.append([R | X, TEXT, len(e.data), 0, 0])
    got = 0x421000
    text = b"".join(c.bytes_of(n, got).ljust(STEP, b"\xcc") for n in names)
    e.piece("text", text, section=".text")
    index = len(e.sections)
    e.data += bytes(-len(e.data) % 0x800)
    e.segments.append([R | W, got, len(e.data), 0, 0])
    e.piece("got", bytes(8 * len(c.imports)), section=".got.plt")
    if indexed:
        unwind_index(e, c)
    static, dynamic = make_seeds.Names(), make_seeds.Names()
    table = []
    for n in c.functions:
        local = n in ("_mid_memalign", "other")
        size = len(c.bytes_of(n, got)) if n != "_Znam" else 0
        table.append((n, c.address(n), size, IFUNC if n in ifunc else FUNC,
                      LOCAL if local else GLOBAL, index))
    table += [(m, c.address("other"), 1, FUNC, GLOBAL, index) for m in markers]
    if named:
        e.loose(".symtab", make_seeds.SHT_SYMTAB, make_seeds.symbols(table, static))
        e.loose(".strtab", make_seeds.SHT_STRTAB, bytes(static.data))
    exported = [t for t in table if t[4] == GLOBAL] + [("calloc", 0, 0, FUNC, GLOBAL, 0)]
    e.loose(".dynsym", make_seeds.SHT_DYNSYM, make_seeds.symbols(exported, dynamic))
    e.loose(".dynstr", make_seeds.SHT_STRTAB, bytes(dynamic.data))
    order = [t[0] for t in exported]
    e.loose(".rela.plt", make_seeds.SHT_RELA, b"".join(
        struct.pack("<QQq", got + 8 * i, (order.index(n) + 1) << 32 | JUMP_SLOT, 0)
        for i, n in enumerate(c.imports)))
    return e.finish()


def unwind_index(e, c):
    """.eh_frame_hdr, and of .eh_frame as much as is read of it."""
    fdes = e.here()
    rows = b""
    frames = b""
    for name in c.functions:
        at = fdes + len(frames)
        frames += struct.pack("<IIii", 12, 0, c.address(name) - (at + 8),
                              len(c.bytes_of(name, 0x421000)))
        rows += struct.pack("<II", c.address(name), at)
    e.piece("frames", frames, section=".eh_frame")
    header = e.here()
    rows = b"".join(struct.pack("<ii", a - header, b - header)
                    for a, b in struct.iter_unpack("<II", rows))
    e.piece("index", struct.pack("<BBBBiI", 1, 0x1B, 3, 0x3B, fdes - header - 4,
                                 len(c.functions)) + rows, section=".eh_frame_hdr")


# What functions begin with: glibc's free, jemalloc's malloc, mimalloc's.
HEADS = {
    "head-free": "4885ff0f84bf00000055488d77f0534883ec18",
    "head-cmp": "4881ff001000000f87930000004889f8",
    "head-copies": "488b0549b400004889fe64488b384881fe000400007729c3",
}

RUST = [("__rg_alloc", PUSH, call("malloc"), POP, RET), ("__rg_dealloc", jmp("free"))]
ARENA = [("__rg_alloc", OWN), ("__rg_alloc_zeroed", OWN), ("__rg_realloc", OWN),
         ("__rg_dealloc", PUSH, POP, RET)]


def seeds():
    glibc = [("__libc_pvalloc", OWN)]
    yield "glibc", program(code(glibc))
    yield "stripped", program(code(glibc), named=False)
    yield "static", program(code(glibc), ["_dl_rtld_di_serinfo"], indexed=False)
    yield "unknown", program(code())
    yield "loader", program(code(), ["_dl_rtld_di_serinfo"])
    yield "ifunc", program(code(), ifunc=["malloc"])
    yield "mi-of-another", program(code([("mi_free", OWN), ("mi_new", OWN)]))
    yield "rust", program(code(RUST))
    arena = Code()
    for name, *pieces in ARENA:
        arena.add(name, *pieces)
    arena.add("other", RET)
    yield "rust-arena", program(arena)
    good = program(code(glibc))
    yield "damaged-index", program(code()).patch("index", 8, "<I", 0xFFFFFFFF)
    yield "damaged-rows", program(code()).patch("index", 12, "<16I", *[0x80000000] * 16)
    yield "damaged-frames", program(code()).patch("frames", 12, "<I", 0xFFFFFFFF)
    yield "damaged-slots", program(code()).patch(".rela.plt", 8, "<Q", (1 << 64) - 1)
    yield "truncated", bytes(good.data[:0x900])
    for name, code_bytes in HEADS.items():
        yield name, bytes.fromhex(code_bytes)


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")
    (top / "native_plan").mkdir(parents=True, exist_ok=True)
    for name, seed in seeds():
        (top / "native_plan" / name).write_bytes(bytes(getattr(seed, "data", seed)))


if __name__ == "__main__":
    main()
