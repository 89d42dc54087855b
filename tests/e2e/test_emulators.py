# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs that run under an emulator, to which the breakpoint of a probe is fatal.

The program is a static one: what valgrind takes malloc from are libraries. It has probes
before the emulator begins, as it was run before.
"""

import os
import re
import shutil
import subprocess

import pytest

import lab
from test_gate import Recording, run, wait_until

EMULATORS = {"valgrind": ["valgrind", "-q"], "qemu-user": ["qemu-x86_64"]}
OUT = r"under {}, to which a probe is fatal: all probes are out"


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "gate-one"
    shutil.copy(lab.build_native("follow", "follow.c", ["-static"]), path)
    return path


def emulated(name, program, *arguments):
    command = EMULATORS[name]
    if not shutil.which(command[0]):
        lab.unavailable(f"no {command[0]}; apt-get install {command[0].split('-')[0]}")
    return [*command, str(program), *map(str, arguments)]


@pytest.mark.parametrize("emulator, options", [
    ("valgrind", ["-a"]), ("qemu-user", ["-a"]), ("valgrind", ["-a", "--no-hold"]),
    ("valgrind", ["--comm", "gate-*"]), ("qemu-user", ["--comm", "gate-*"])])
def test_begun_meanwhile(start, tmp_path, program, emulator, options):
    """Nothing happens to it; who runs beside it is told to have been seen in part."""
    beside = start([program, "work", "30", "600"])
    r = Recording(start, tmp_path, *options)
    before = run(program, "work", "0", "600")
    # Each has its turn: the file is known from the first on.
    for times in range(2):
        ended = subprocess.run(emulated(emulator, program, "work", "0.1", "600"), timeout=60,
                               capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        wait_until(lambda: r.running.stderr.count("probes are in again") > times)
    after = run(program, "work", "0", "600")
    r.stop()
    assert re.search(OUT.format(emulator), r.running.stderr)
    assert r.count(before)[0] >= 600 and r.count(after) == r.count(before)
    assert r.count(before)[1] == 0 < r.count(beside.pid)[1]
    assert "while not all of their probes were in" in r.running.stderr


@pytest.mark.parametrize("emulator", EMULATORS)
def test_running_already(start, tmp_path, program, emulator):
    """It is waited for. Its child, which is no emulator's by name, is waited for as well."""
    begun = start(emulated(emulator, program, "orphan", "2", "600"))
    r = Recording(start, tmp_path, "-a")
    assert re.search(OUT.format(emulator), r.running.stderr)
    begun.expect("done")
    assert begun.wait() == 0
    r.running.wait_for_stderr(r"probes are in again")
    after = run(program, "work", "0", "600")
    r.stop()
    assert r.count(after)[0] >= 600 and r.count(after)[1] == 0


def test_named(start, program):
    target = start(emulated("valgrind", program, "work", "3", "600"))
    wait_until(lambda: "/valgrind/memcheck" in os.readlink(f"/proc/{target.pid}/exe"))
    r = lab.run_alloctap("record", "-p", target.pid, "-d", "1s")
    assert r.returncode == 3
    assert re.search(r"under valgrind, to which a probe is fatal", r.stderr)
    assert "no: it runs its program under valgrind" in lab.run_alloctap("doctor", "-p",
                                                                        target.pid).stdout
    assert target.wait() == 0


def test_command(root, tmp_path, program):
    """One that becomes an emulator is followed up to there."""
    command = " ".join(emulated("valgrind", program, "orphan", "0", "600"))
    r = lab.run_alloctap("record", "--allocator", "counted:1", "-o", tmp_path / "x.json", "--",
                         "sh", "-c", f"exec {command}")
    assert (r.returncode, r.stdout) == (0, "done\n"), r.stderr
    assert re.search(r"not tapped: it runs its program under valgrind", r.stderr)
