# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names from a debuginfod server: elfutils' own, on this machine."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import lab

SECONDS = 30


class Server:
    """debuginfod with the files of a folder."""

    def __init__(self, folder, scratch):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = scratch / "server.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["debuginfod", "-F", "-t0", "-g0", "-p", str(port), "-d", str(scratch / "db"),
                 str(folder)], stdout=log, stderr=subprocess.STDOUT)

    def wait_for(self, build_id):
        """Until it has found the file; it scans when it starts."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                return urllib.request.urlopen(f"{self.url}/buildid/{build_id}/debuginfo").close()
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < end and self.process.poll() is None, \
                    self.log.read_text()
                time.sleep(0.1)

    def requests(self):
        """What libdebuginfod asked for."""
        return re.findall(r"UA:elfutils.*GET (\S+) (\d+)", self.log.read_text())

    def close(self):
        self.process.terminate()
        self.process.wait(SECONDS)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """(stripped, folder of its debug file, its build ID)"""
    folder = tmp_path_factory.mktemp("program")
    whole = lab.build_inlined("gcc", str(folder / "whole"))
    (folder / "served").mkdir()
    stripped = str(folder / "stripped")
    subprocess.run(["objcopy", "--only-keep-debug", whole, folder / "served/x.debug"], check=True)
    subprocess.run(["objcopy", "--strip-all", whole, stripped], check=True)
    notes = subprocess.run(["readelf", "-n", stripped], capture_output=True, text=True,
                           check=True).stdout
    return stripped, folder / "served", re.search(r"Build ID: (\w+)", notes).group(1)


@pytest.fixture
def server(program, tmp_path):
    if not shutil.which("debuginfod"):
        lab.unavailable("no debuginfod")
    server = Server(program[1], tmp_path)
    yield server
    server.close()


def record(program, tmp_path, urls, *options, timeout="20"):
    """(stacks from main on, stderr); nothing is known from earlier runs."""
    out, cache = tmp_path / "out.folded", tmp_path / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    env = dict(os.environ, DEBUGINFOD_URLS=urls, DEBUGINFOD_CACHE_PATH=str(cache),
               DEBUGINFOD_TIMEOUT=timeout)
    r = lab.run_alloctap("record", "--unit", "objects", "-o", out, *options, "--", program[0],
                         env=env)
    assert r.returncode == 0, r.stderr
    stacks = [line.rsplit(" ", 1)[0] for line in out.read_text().splitlines()]
    return [s[s.rfind("main"):] for s in stacks], r.stderr


def test_server(root, program, server, tmp_path):
    """Functions, inlined ones too; and without the option nobody is asked."""
    server.wait_for(program[2])
    stacks, stderr = record(program, tmp_path, server.url)
    assert not any("fourth" in s for s in stacks)
    assert "use --debuginfod" in stderr
    assert server.requests() == []

    stacks, stderr = record(program, tmp_path, server.url, "--debuginfod")
    assert "main;fourth;mi_zalloc;calloc" in stacks
    assert f"asking debuginfod for build ID {program[2]}" in stderr
    assert (f"/buildid/{program[2]}/debuginfo", "200") in server.requests()


def test_unknown_file(root, program, server, tmp_path):
    """What the server does not have is said, and costs no more than names."""
    server.wait_for(program[2])
    other = str(tmp_path / "other")
    subprocess.run(["gcc", "-O2", "-s", "-o", other, "-xc", "-"], check=True, text=True,
                   input="#include <stdlib.h>\nint main(void) { return !malloc(77); }")
    stacks, stderr = record([other], tmp_path, server.url, "--debuginfod")
    assert any("[no symbols: other]" in s for s in stacks)
    assert re.search(r"/other: not there: No such file or directory", stderr)


def test_silent_server(root, program, tmp_path):
    """One wait, not one for each file; the result is written."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        began = time.monotonic()
        stacks, stderr = record(program, tmp_path, f"http://127.0.0.1:{s.getsockname()[1]}",
                                "--debuginfod", timeout="1")
    assert any("[no symbols: stripped]" in s for s in stacks)
    assert time.monotonic() - began < SECONDS
    assert stderr.count("asking debuginfod") == 1
    assert "debuginfod does not answer (waited DEBUGINFOD_TIMEOUT=1 s)" in stderr


def test_no_server(root, program, tmp_path):
    stacks, stderr = record(program, tmp_path, "", "--debuginfod")
    assert any("[no symbols: stripped]" in s for s in stacks)
    assert "debuginfod cannot be asked: install libdebuginfod1 and set DEBUGINFOD_URLS" in stderr
