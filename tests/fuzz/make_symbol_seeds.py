#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Writes the seeds under tests/fuzz/seeds/symbols: one small program as compilers describe it.

tests/unit/test_native_names.c knows its three functions by heart. Needs g++ and clang++.
unterminated-strings is not among them: fuzz_symbols.c found it.

    tests/fuzz/make_symbol_seeds.py [DIRECTORY]
"""

import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = """\
namespace ns { template <class T> struct Box { T v; T get() { volatile T y = v * 3; return y; } };
static inline int twice(int x) { volatile int y = x * 2; return y; } }
extern "C" int outer(int a) { ns::Box<int> b{a}; return ns::twice(b.get()); }
extern "C" void _start(void) { volatile int x = outer(3); (void)x; for (;;); }
"""

COMMON = ["-O2", "-nostdlib", "-static", "-fno-exceptions", "-fno-asynchronous-unwind-tables",
          "-Wl,--build-id=none"]
SEEDS = {
    "gcc4": ["g++", "-g", "-gdwarf-4"],
    "gcc5": ["g++", "-g", "-gdwarf-5"],
    "clang4": ["clang++", "-g", "-gdwarf-4"],
    "clang5": ["clang++", "-g", "-gdwarf-5"],
    "lines-only": ["g++", "-g1"],
    "compressed": ["g++", "-g", "-gz"],
    "split": ["clang++", "-g", "-gsplit-dwarf"],
}


def main():
    here = pathlib.Path(__file__).resolve().parent
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else here / "seeds/symbols").resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path("seed.cc").write_text(SOURCE)
        for name, command in SEEDS.items():
            subprocess.run([*command, *COMMON, "-o", "seed", "seed.cc"], check=True)
            (out / name).write_bytes(pathlib.Path("seed").read_bytes())


main()
