#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/usdt: ELF files with probe notes, good and
hostile, and argument strings alone. tests/unit/test_usdt.c knows what is in them.

    tests/fuzz/make_usdt_seeds.py [DIRECTORY]
"""

import pathlib
import struct
import sys

import make_seeds

SDT = 3
TEXT = 0x411000  # where plain() lays .text
PROBES = 0x430000  # of what was linked; the semaphores are laid out behind .data


def sdt(provider, name, args, at=TEXT + 0x10, base=0, semaphore=0, owner=b"stapsdt", kind=SDT):
    desc = struct.pack("<QQQ", at, base, semaphore)
    for text in (provider, name, args):
        desc += text.encode() + b"\0"
    return make_seeds.note(owner, kind, desc)


def program(notes, moved=0):
    """@notes(base, semaphores) makes the bytes of .note.stapsdt, for a file that was moved."""
    e = make_seeds.plain()
    base = e.piece("base", b"\0", section=".stapsdt.base")
    semaphores = e.piece("probes", bytes(8), align=2, section=".probes")
    e.loose(".note.stapsdt", make_seeds.SHT_NOTE,
            notes(base - moved, semaphores - moved) if callable(notes) else notes)
    return e.finish()


def two(base, semaphores):
    return sdt("python", "gc__start", "-4@112(%rsp)", TEXT + 0x28, base, semaphores) + \
        sdt("python", "gc__done", "-8@%r12", TEXT + 0x30, base, semaphores + 2)


def moved(base, semaphores):
    return sdt("python", "gc__start", "-4@%edi", TEXT + 0x28 - 0x100000, base, semaphores) + \
        sdt("hotspot", "gc__end", "", TEXT + 0x30 - 0x100000, base, 0)


ARGS = {
    "args-good": "-4@%eax 8@8(%rsp) -4@$5 8@%rdi -4@-20(%rbp) 1@%dil 2@%r9w 8@(%r15) "
                 "-8@$-9223372036854775808 4@%r10d 1@%r13b -1@$-1",
    "args-refused": "8@(%rax,%rbx,8) 4@counter(%rip) 4@(%rip) 8f@%xmm0 8@%xmm0 %rax 3@%rax 8@ "
                    "4@%ah 8@%eax 8@4(%ebp) 8@$",
    "args-hostile": "@ -@$ 8@( 8@) 8@() 8@(%) 8@% 8@%r7 8@%r16 8@%r08 8@x(%rax) "
                    "99999999999999999999@%rax",
    "args-numbers": "-9223372036854775808@%rax 8@$9223372036854775808 8@99999999999999999999(%rax) "
                    "8@$0x10 8@$+5 8@- 8@$-",
    "args-many": " ".join("8@$%d" % i for i in range(40)),
    "args-spaces": "   8@$1   8@$2  ",
    "args-empty": "",
}


def seeds():
    yield "two", program(two)
    yield "moved", program(moved, 0x100000)
    yield "no-notes", make_seeds.plain().finish()
    yield "empty-notes", program(b"")
    good = sdt("python", "gc__done", "-8@%r12")
    yield "other-owners", program(make_seeds.note(b"GNU", SDT, bytes(40)) +
                                  sdt("a", "b", "", kind=4) + sdt("a", "b", "", owner=b"stapsdu") +
                                  good)
    yield "unpadded-end", program(good[:-(-len(good[20:].rstrip(b"\0") + b"\0") % 4) or None])
    yield "damaged-strings", program(
        make_seeds.note(b"stapsdt", SDT, bytes(24) + b"python\0gc__start\0no end") +
        make_seeds.note(b"stapsdt", SDT, bytes(24) + b"python") +
        make_seeds.note(b"stapsdt", SDT, bytes(23)) + make_seeds.note(b"stapsdt", SDT, b"") + good)
    yield "lying-lengths", program(good + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, SDT) + good)
    yield "lying-desc", program(good + struct.pack("<III", 8, 0x7FFFFFF0, SDT) + b"stapsdt\0" + good)
    yield "truncated-note", program(good[:30])
    yield "outside", program(sdt("python", "gc__start", "", (1 << 64) - 1, 1, (1 << 64) - 2))
    yield "no-base", program(sdt("python", "gc__start", "", TEXT, 0, PROBES))
    e = program(two)
    index = [s[0] for s in e.sections].index(".note.stapsdt") + 1
    yield "nobits", e.patch("shdr", 64 * index + 4, "<I", make_seeds.SHT_NOBITS)
    for name, text in ARGS.items():
        yield name, text.encode()


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")
    (top / "usdt").mkdir(parents=True, exist_ok=True)
    for name, seed in seeds():
        (top / "usdt" / name).write_bytes(bytes(getattr(seed, "data", seed)))


if __name__ == "__main__":
    main()
