#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/eh_frame: ELF files that describe their frames,
well and badly. tests/unit/test_eh_frame.c knows what is in them.

    tests/fuzz/make_eh_frame_seeds.py [DIRECTORY]
"""

import pathlib
import struct
import sys

import make_seeds
from make_seeds import R, X

PT_GNU_EH_FRAME = 0x6474E550
CODE = 0x30000  # bytes of it
PCREL_S4 = 0x1B

# Instructions. On entry: CFA = rsp + 8, the return address at CFA - 8.
ENTRY = bytes([0x0C, 7, 8, 0x90, 1])
PUSHED = bytes([0x0E, 16, 0x86, 2])  # CFA = rsp + 16, rbp at CFA - 16
FRAMED = bytes([0x0D, 6])  # CFA by rbp
RETURNED = bytes([0x0C, 7, 8])
PLT = bytes([0x0F, 11, 0x77, 8, 0x80, 0, 0x3F, 0x1A, 0x3B, 0x2A, 0x33, 0x24, 0x22])


def sleb(n):
    out = bytearray()
    while True:
        byte, n = n & 0x7F, n >> 7
        if (n == 0 and not byte & 0x40) or (n == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def block(*parts):
    data = b"".join(bytes([p]) if isinstance(p, int) else p for p in parts)
    return bytes([len(data)]) + data


def advance(n):
    return bytes([0x40 | n]) if n < 64 else b"\x04" + struct.pack("<I", n)


def padded(data):
    data += bytes(-len(data) % 4)
    return struct.pack("<I", len(data)) + data


def cie(program=ENTRY, letters=b"zR", data=bytes([PCREL_S4]), version=1, ra=16):
    return padded(struct.pack("<IB", 0, version) + letters + b"\0" + bytes([1, 0x78, ra]) +
                  (bytes([len(data)]) + data if letters[:1] == b"z" else b"") + program)


class Frames:
    """.eh_frame for code at @code, at address @at."""

    def __init__(self, code, at):
        self.code, self.at, self.data, self.cie_at = code, at, b"", 0

    def common(self, *args, **kwargs):
        self.cie_at = len(self.data)
        self.data += cie(*args, **kwargs)
        return self

    def function(self, start, size, *program):
        where = len(self.data) + 4
        self.data += padded(struct.pack("<IiI", where - self.cie_at,
                                        (self.code + start - (self.at + where + 4)) & 0x7FFFFFFF,
                                        size) + b"\0" + b"".join(program))
        return self

    def raw(self, data):
        self.data += data
        return self


def program(make, sections=True):
    e = make_seeds.Elf()
    # Code lies above: its address, seen from the records, is positive.
    e.segment(R)
    frames = make(Frames(0x430000, 0))
    at = e.here()
    e.piece("eh_frame", make(Frames(0x430000, at)).data + bytes(4), section=".eh_frame")
    header = e.here()
    e.piece("eh_frame_hdr", bytes([1, PCREL_S4, 0xFF, 0xFF]) +
            struct.pack("<i", at - header - 4), section=".eh_frame_hdr")
    assert len(frames.data) < 0x10000
    e.segments.append([X, 0x430000, len(e.data), 64, CODE - 64])
    e.data += bytes(64)
    e.finish(sections)
    # One program header more, behind the others.
    n = len(e.segments)
    struct.pack_into("<IIQQQQQQ", e.data, 64 + 56 * n, PT_GNU_EH_FRAME, R,
                     e.at["eh_frame_hdr"][0], header, header, 8, 8, 4)
    struct.pack_into("<H", e.data, 56, n + 1)
    return e


def plain(f):
    f.common()
    f.function(0x00, 0x40, advance(1), PUSHED, advance(3), FRAMED, advance(0x30), RETURNED)
    f.function(0x40, 0x20)
    # More than padding lies between.
    f.function(0x100, 0x20, advance(4), bytes([0x0E, 64]))
    return f


def expressions(f):
    f.common()
    f.function(0x00, 0x10, PLT)
    f.function(0x10, 0x10, bytes([0x0F]) + block(0x76, sleb(-8), 0x06))
    f.function(0x20, 0x10, bytes([0x0F]) + block(0x77, sleb(16), 0x06, 0x23, 8))
    f.function(0x30, 0x10, bytes([0x10, 6]) + block(0x76, 0))
    f.function(0x40, 0x10, bytes([0x0F]) + block(0x77, 8, 0x1C))  # what nobody writes
    f.function(0x50, 0x10, bytes([0x0F]) + block(0x75, 0, 0x06))  # by rdi
    return f


def instructions(f):
    f.common()
    f.function(0x00, 0x40, advance(1), PUSHED, b"\x0a", advance(3), FRAMED, b"\x0a", advance(4),
               RETURNED, advance(4), b"\x0b", advance(4), b"\x0b", advance(4), bytes([0xC6]),
               b"\x02" + bytes([4]), bytes([0x13]) + sleb(-4), b"\x03" + struct.pack("<H", 4),
               bytes([0x12, 6]) + sleb(-2))
    f.function(0x40, 0x40, bytes([0x07, 16]))  # nobody called it
    f.function(0x80, 0x20, bytes([0x09, 16, 2]))  # its caller's address is in a register
    f.function(0xA0, 0x20, bytes([0x09, 6, 3]))  # its caller's rbp is
    f.function(0xC0, 0x20, bytes([0x0C, 2, 8]))  # CFA by rcx
    f.function(0xE0, 0x20, bytes([0x11, 6]) + sleb(2), bytes([0x2E, 0x10, 0x08, 3]))
    f.function(0x100, 0x20, bytes([0x05, 6, 3, 0x06, 6, 0x2F, 6, 2]))
    return f


def signal_frame(f):
    f.common(letters=b"zRS")
    return f.function(0, 0x10, bytes([0x0F]) + block(0x77, 0xA0, 0x01, 0x06))


def augmented(f):
    """A personality, a language's own data; the functions have some of it."""
    f.common(letters=b"zPLR", data=bytes([0x9B, 1, 2, 3, 4, PCREL_S4, PCREL_S4]))
    where = len(f.data) + 4
    f.data += padded(struct.pack("<IiI", where - f.cie_at,
                                 (f.code - (f.at + where + 4)) & 0x7FFFFFFF, 0x20) +
                     b"\x04abcd" + advance(4) + bytes([0x0E, 32]))
    return f


def far(f):
    """Rules that hold on, over several pages."""
    f.common()
    f.function(0x00, 0x18000, advance(8), bytes([0x0E, 48]))
    return f.function(0x18000, 0x10000, advance(0x8000), bytes([0x0E, 24]))


def overlapping(f):
    f.common()
    f.function(0x00, 0x40, bytes([0x0E, 16]))
    f.function(0x20, 0x60, bytes([0x0E, 24]))
    f.function(0x20, 0x10, bytes([0x0E, 32]))
    return f.function(0x10, 0x08, bytes([0x0E, 40]))


def damaged(f):
    f.common()
    f.function(0x00, 0x20, advance(4), bytes([0x0E, 16]), advance(4), b"\x3f")  # no such thing
    f.function(0x20, 0x20, b"\x0b")  # nothing was remembered
    f.function(0x40, 0x20, *[b"\x0a"] * 40)
    f.function(0x60, 0x20, bytes([0x0F, 0x7F, 0x77]))  # a block without an end
    f.function(0x80, 0x20, bytes([0x0C, 7, 16]))
    f.raw(padded(struct.pack("<IiI", 0x7FFFFFFF, 0, 16)))  # a CIE before the file
    f.raw(padded(struct.pack("<IiI", 8, 0, 16)))  # ... that is none
    f.raw(padded(b"\x01\x02"))
    f.common(letters=b"eh")
    f.function(0xA0, 0x20)
    f.common(version=9)
    f.function(0xC0, 0x20)
    f.common(ra=3)
    f.function(0xE0, 0x20)
    f.common(program=advance(4))
    f.function(0x100, 0x20)
    f.common()
    f.function(0x120, 0x20, bytes([0x0E, 48]))
    return f.raw(struct.pack("<II", 0x7FFFFFF0, 1))


def costly(f):
    """Two long common parts that cannot both be remembered, in turn."""
    for i in range(2):
        f.common(program=ENTRY + bytes(19_944))
    first, second = 0, f.cie_at
    for i in range(900):
        f.cie_at = (first, second)[i & 1]
        f.function(16 * i, 16)
    return f


def seeds():
    for make in (plain, expressions, instructions, signal_frame, augmented, far, overlapping,
                 damaged, costly):
        yield make.__name__.replace("_", "-"), program(make)
    yield "no-sections", program(plain, sections=False)
    yield "no-frames", make_seeds.plain()
    yield "empty", program(lambda f: f)
    e = program(plain)
    # More code than there is memory.
    yield "huge", e.patch("phdr", 56 + 40, "<Q", 1 << 46)
    e = program(plain, sections=False)
    yield "lying-header", e.patch("eh_frame_hdr", 4, "<i", 0x7FFFFFF0)
    e = program(plain)
    yield "truncated", e.data[:e.at["eh_frame"][0] + 50]


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")
    (top / "eh_frame").mkdir(parents=True, exist_ok=True)
    for name, seed in seeds():
        seed = seed.finish() if name == "no-frames" else seed
        (top / "eh_frame" / name).write_bytes(bytes(getattr(seed, "data", seed)))


if __name__ == "__main__":
    main()
