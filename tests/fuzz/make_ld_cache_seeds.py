#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/ld_cache: caches of the dynamic loader.

tests/unit/test_ld_cache.c knows what is in them, the fuzzer starts from them.

    tests/fuzz/make_ld_cache_seeds.py [DIRECTORY]
"""

import pathlib
import struct
import sys

# libjemalloc once more for another machine (x86 of 32 bits), libc as a variant for newer ones.
LIBRARIES = [
    (0x0303, "libc.so.6", "/lib/glibc-hwcaps/x86-64-v3/libc.so.6"),
    (0x0303, "libc.so.6", "/lib/libc.so.6"),
    (0x0003, "libjemalloc.so.2", "/lib32/libjemalloc.so.2"),
    (0x0303, "libjemalloc.so.2", "/lib/libjemalloc.so.2"),
]
ENTRY = struct.Struct("<IIIIQ")


def cache(libraries):
    strings, entries = b"", b""
    base = 48 + ENTRY.size * len(libraries)
    for flags, name, path in libraries:
        entries += ENTRY.pack(flags, base + len(strings), base + len(strings) + len(name) + 1, 0, 0)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
    head = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", len(libraries), len(strings), 2, 0)
    return head + entries + strings


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent
                          / "seeds") / "ld_cache"
    folder.mkdir(parents=True, exist_ok=True)
    good = cache(LIBRARIES)
    # Of ldconfig -c compat: one entry of 12 bytes that old loaders read, and padding.
    old = (b"ld.so-1.7.0".ljust(12, b"\0") + struct.pack("<I", 1) + bytes(12)).ljust(32, b"\0")
    for name, data in {
            "good": good,
            "compat": old + good,
            "empty": cache([]),
            "cut": good[:100],
            "many": good[:20] + struct.pack("<I", 0xffffffff) + good[24:],
            "outside": good[:52] + struct.pack("<I", 0xfffffff0) + good[56:],
            "endless": good.rstrip(b"\0"),
    }.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
