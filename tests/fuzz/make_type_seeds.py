#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/go_types: Go types, good and hostile.

The layout of an input is told in fuzz_go_types.c; tests/unit/test_go_types.c knows
what the types in the seeds are, by name of the seed and place in TYPES.

    tests/fuzz/make_type_seeds.py [DIRECTORY]
"""

import pathlib
import struct
import sys

FILE, MEMORY = 0x10000, 0xC000000000
CLASSIC, BIASED = 1, 2
UNCOMMON, STAR = 1, 2
INT8, INT64, ARRAY, CHAN, MAP, PTR, SLICE, STRING, STRUCT = 3, 6, 17, 18, 21, 22, 23, 24, 25
FIXED = {INT8: 1, INT64: 8, CHAN: 8, MAP: 8, PTR: 8, SLICE: 24, STRING: 16}
SLOT = 192  # the first type begins here, the next at twice this; names from SLOTS on
SLOTS = 12


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


class Blob:
    """Types at fixed places, then names. Addresses are link-time ones."""

    def __init__(self, minor=26, classic=False, biased=False, in_memory=False):
        self.minor, self.flags = minor, (CLASSIC if classic else 0) | (BIASED if biased else 0)
        self.base = MEMORY if in_memory else FILE
        self.in_memory = in_memory
        self.names = {}
        self.data = bytearray(SLOTS * SLOT)

    def at(self, index):
        return self.base + (index + 1) * SLOT

    def name(self, text, flags=1):
        """Offset of the name."""
        if (text, flags) not in self.names:
            self.names[text, flags] = len(self.data)
            raw = text.encode()
            self.data += bytes([flags]) + varint(len(raw)) + raw
        return self.names[text, flags]

    def put(self, index, offset, fmt, *values):
        struct.pack_into("<" + fmt, self.data, (index + 1) * SLOT + offset, *values)
        return self

    def type(self, index, kind, name, size=None, align=8, pointers=0, tail=b"", package=None,
             flags=0):
        size = FIXED[kind] if size is None else size
        if kind in (INT8,):
            align = 1
        text = "*" + name if flags & STAR else name
        flags |= UNCOMMON if package is not None else 0
        self.put(index, 0, "QQIBBBBQQii", size, pointers, 0x1000 + index, flags, align, align, kind,
                 0, 0, self.name(text), 0)
        if package is not None:
            tail += struct.pack("<IHHII", self.name(package, 0) if package else 0, 0, 0, 16, 0)
        self.put(index, 48, f"{len(tail)}s", tail)
        return self

    def struct(self, index, name, fields, size, package="main", pointers=0, align=8):
        """fields: [(name, type index, offset[, embedded])]; they follow the uncommon part."""
        place = (index + 1) * SLOT + 48 + 32 + 16
        tail = struct.pack("<QQQQ", 0, self.base + place, len(fields), len(fields))
        self.type(index, STRUCT, name, size, align, pointers, tail, package, STAR)
        for i, (field, of, offset, *embedded) in enumerate(fields):
            flags, where = 1, offset
            if self.minor < 19:
                where = offset << 1 | bool(embedded)
            elif embedded:
                flags |= 8
            struct.pack_into("<QQQ", self.data, place + 24 * i,
                             self.base + self.name(field, flags), self.at(of), where)
        return self

    def map(self, index, name, key, elem, group, group_size, slot, indirect=(False, False),
            key_size=0, elem_size=0):
        head = struct.pack("<QQQQ", self.at(key), self.at(elem), self.at(group), 0)
        bits = indirect[0] + 2 * indirect[1]
        if self.flags & CLASSIC:
            tail = struct.pack("<BBHI", key_size, elem_size, group_size, bits)
        elif self.minor < 27:
            tail = struct.pack("<QQQI4x", group_size, slot, key_size, bits << 2)
        elif self.minor == 27:
            tail = struct.pack("<QQQQQQI4x", group_size, 8, slot, 8 + key_size, slot, key_size,
                               bits << 2)
        else:  # split into two arrays
            tail = struct.pack("<QQQQQQI4x", group_size, 8, key_size, 8 + 8 * key_size,
                               slot - key_size, 0, bits << 2)
        return self.type(index, MAP, name, tail=head + tail, pointers=8)

    def bytes(self):
        file = 0 if self.in_memory else len(self.data)
        return struct.pack("<BBH", self.minor, self.flags, file) + self.data


TYPES = INT, STR, BYTE, USER, POINTER, SLICES, ARRAYS, MAPS, GROUP, BIG, CHANS = range(11)


def good(**kind):
    """A type of each kind that has a tail; User has padding after Age and Flag."""
    b = Blob(**kind)
    b.type(INT, INT64, "int64").type(STR, STRING, "string", pointers=8).type(BYTE, INT8, "int8")
    b.struct(USER, "main.User", [("Age", BYTE, 0), ("ID", INT, 8), ("Name", STR, 16, True),
                                 ("Flag", BYTE, 32)], 40, pointers=24)
    pointer = struct.pack("<Q", b.at(USER))
    b.type(POINTER, PTR, "*main.User", tail=pointer, pointers=8)
    b.type(SLICES, SLICE, "[]*main.User", tail=struct.pack("<Q", b.at(POINTER)), pointers=8)
    b.type(ARRAYS, ARRAY, "[3]main.User", 120, tail=pointer + struct.pack("<QQ", 0, 3), pointers=104)
    swiss = not b.flags & CLASSIC
    slot = 16 if swiss else 9
    group_size = 8 + 8 * slot + (0 if swiss else 8)
    if b.minor > 27:
        slot, group_size = 9, 8 + 64 + 8
    b.struct(GROUP, "map.group[int64]int8", [("ctrl", INT, 0)], group_size, package=None)
    b.map(MAPS, "map[int64]int8", INT, BYTE, GROUP, group_size, slot, key_size=8, elem_size=1)
    b.type(BIG, ARRAY, "[1125899906842623]int8", 1125899906842623, 1,
           tail=struct.pack("<QQQ", b.at(BYTE), 0, 1125899906842623))
    b.type(CHANS, CHAN, "chan *main.User", tail=struct.pack("<QQ", b.at(POINTER), 3), pointers=8)
    return b


def name_of(b, index):
    return struct.unpack_from("<i", b.data, (index + 1) * SLOT + 40)[0]


def seeds():
    yield "go1.18", good(minor=18, classic=True)
    yield "go1.19", good(minor=19, classic=True)
    yield "go1.23-pie", good(minor=23, classic=True, biased=True)
    yield "go1.26", good()
    yield "go1.27-pie", good(minor=27, biased=True)
    yield "go1.28-split", good(minor=28)
    yield "memory", good(in_memory=True)
    yield "memory-go1.18", good(minor=18, classic=True, in_memory=True)
    # A head that lies, one field each. User is the type that tests ask about.
    for name, offset, fmt, value in (
            ("size", 0, "Q", 1 << 60), ("unaligned-size", 0, "Q", 41), ("pointers", 8, "Q", 48),
            ("odd-pointers", 8, "Q", 7), ("align-0", 21, "B", 0), ("align-3", 21, "B", 3),
            ("align-128", 21, "B", 128), ("kind-0", 23, "B", 0), ("kind-31", 23, "B", 31),
            ("kind-string", 23, "B", STRING), ("name-0", 40, "i", 0), ("name-below", 40, "i", -5),
            ("name-above", 40, "i", 0x7FFFFFFF), ("fields-pointer", 56, "Q", 1 << 63),
            ("fields-end", 56, "Q", (1 << 64) - 8), ("fields-nil", 56, "Q", 0),
            ("fields-many", 64, "Q", 4097), ("fields-all", 64, "Q", (1 << 64) - 1),
            ("fields-more", 64, "Q", 4096)):
        yield "bad-" + name, good().put(USER, offset, fmt, value)
    fields = 48 + 32 + 16
    for name, offset, fmt, value in (
            ("type", 8, "Q", 8), ("type-odd", 8, "Q", FILE + SLOT + 1), ("offset", 16, "Q", 1 << 62),
            ("overlap", 24 + 16, "Q", 0), ("unaligned", 24 + 16, "Q", 4), ("name", 0, "Q", 0),
            ("first", 16, "Q", 1), ("self", 8, "Q", good().at(USER)), ("past", 72 + 16, "Q", 40)):
        yield "bad-field-" + name, good().put(USER, fields + offset, fmt, value)
    b = good()
    yield "cyclic-pointer", b.put(POINTER, 48, "Q", b.at(POINTER))
    yield "cyclic-slices", b.put(POINTER, 48, "Q", b.at(SLICES))
    b = good()
    yield "bad-elem", b.put(POINTER, 48, "Q", 0)
    yield "bad-array-length", good().put(ARRAYS, 64, "Q", 1 << 40)
    yield "bad-map-key", good().put(MAPS, 48, "Q", 24)
    yield "bad-map-group-size", good().put(MAPS, 80, "Q", 1 << 40)
    yield "bad-map-slot", good().put(MAPS, 88, "Q", 1 << 61)
    yield "bad-package", good().put(USER, 80, "I", 0xFFFFFFF0)
    # Names: a length of 1 GB, one that never ends, no UTF-8, a control character, none.
    for name, text in (("gigabyte", b"\x01" + varint(1 << 30)), ("endless", b"\x01" + b"\xff" * 12),
                       ("latin", b"\x01\x0a*main.\xdcser"), ("control", b"\x01\x0a*main\x1b[2Jm"),
                       ("nul", b"\x01\x0a*main.\0ser"), ("empty", b"\x01\x00"),
                       ("starless", b"\x01\x09main.User"), ("star", b"\x01\x01*")):
        b = good()
        where = name_of(b, USER)
        b.data[where:where + len(text)] = text
        yield "name-" + name, b
    b = good()
    yield "name-long", b.put(USER, 40, "i", b.name("*" + "ü" * 2500))
    # On the heap, a field's name may lie, too.
    b = good(in_memory=True)
    struct.pack_into("<6s", b.data, b.name("Age"), b"\x01" + varint(1 << 30))
    yield "memory-name-gigabyte", b
    yield "memory-frame", good(in_memory=True).put(USER, 23, "B", 0)
    whole = good().bytes()
    for cut in (3, 4, 4 + SLOT * 4 + 20, 4 + SLOT * 4 + 60, 4 + SLOT * 4 + 120, 4 + SLOT * SLOTS + 40):
        yield "truncated-%04x" % cut, whole[:cut]
    yield "empty", b"\x1a\0\0\0"


def main():
    default = pathlib.Path(__file__).parent / "seeds"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default) / "go_types"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, seed in seeds():
        data = seed if isinstance(seed, bytes) else seed.bytes()
        (folder / name).write_bytes(data)


main()
