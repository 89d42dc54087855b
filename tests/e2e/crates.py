# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Allocators as crates of Rust, against a program's own books (tools/crates).

They are fetched and built, which takes minutes: no part of CI. By hand, as root:

	python3 -m pytest tests/e2e/crates.py
"""

import os
import subprocess

import pytest

import lab
from test_native import check_live, work

def build(feature):
    folder = os.path.join(lab.BUILT, "crates", feature or "system")
    options = ["--features", feature] if feature else []
    subprocess.run(["cargo", "build", "--release", *options], check=True,
                   cwd=os.path.join(lab.TOP, "tools/crates"),
                   env=dict(os.environ, CARGO_TARGET_DIR=folder))
    return os.path.join(folder, "release/books")


@pytest.mark.parametrize("feature", ["", "mimalloc", "jemalloc"])
def test_crate(start, tap, tmp_path, feature):
    program = start([build(feature), "4", "3000"])
    program.expect("ready")
    t = tap(program.pid, [str(tmp_path / "x.json")], ["--live"])
    books = work(program)
    t.stop()
    program.send("\n")
    assert program.wait() == 0
    check_live(books, lab.load_json(tmp_path / "x.json"))
