# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs that are not ours: esbuild, stripped Go from npm, and Debian's caddy.

Whatever they are, nothing is lost at default sizes and 999 of 1000 frames have a
name; pprof takes what we write. Packages are unpacked below build/cache/.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

import lab
from pprof_file import Pprof

# package, the Go it was built with, and what is special about it
ESBUILDS = [
    ("esbuild-linux-64@0.14.39", "go1.18.1"),
    ("@esbuild/linux-x64@0.17.19", "go1.20.4"),
    ("@esbuild/linux-x64@0.25.12", "go1.23.12"),
    ("@esbuild/linux-x64@0.28.2", "go1.26.5"),  # no build info, no build id
]
LIBRARY = "three@0.170.0"
ENTRY = 'import * as THREE from "three"; console.log(THREE);\n'


def alias(package):
    return package.replace("@", "_").replace("/", "_").lstrip("_")


@pytest.fixture(scope="session")
def packages():
    """Folder of the npm packages, fetched once."""
    folder = os.path.join(lab.CACHE, "npm")
    wanted = [(alias(p), p) for p, _ in ESBUILDS] + [("three", LIBRARY)]
    modules = os.path.join(folder, "node_modules")
    if not all(os.path.isdir(os.path.join(modules, name)) for name, _ in wanted):
        os.makedirs(folder, exist_ok=True)
        r = subprocess.run(["npm", "install", "--prefix", folder, "--no-save", "--no-audit",
                            "--no-fund", "--ignore-scripts", "--force",
                            *(f"{name}@npm:{package}" for name, package in wanted)],
                           capture_output=True, text=True)
        if r.returncode:
            lab.unavailable(f"npm: {r.stderr.strip().splitlines()[-1]}")
    return modules


RESOLVED = 0.999


def check_result(tmp_path, version):
    report = lab.load_json(tmp_path / "x.json")
    assert report["targets"][0]["version"] == version
    lab.no_losses(report)
    assert report["totals"]["alloc_objects"] > 10_000
    assert report["totals"]["map_inserts"] > 100
    assert report["stacks"]["resolved_share"] >= RESOLVED

    pprof = Pprof(tmp_path / "x.pb.gz")
    frames = [f for s in pprof.samples for f in s.frames]
    nameless = [f.function for f in frames if f.function.startswith(("[", "0x"))]
    assert len(nameless) <= (1 - RESOLVED) * len(frames), set(nameless)
    # Walks that ended at a bad frame pointer, per hit.
    assert report["stacks"]["broken"] <= (1 - RESOLVED) * report["cost"]["hits"]

    r = subprocess.run(["go", "tool", "pprof", "-top", "-nodecount=5", tmp_path / "x.pb.gz"],
                       capture_output=True, text=True, timeout=lab.SECONDS * 5)
    assert r.returncode == 0, r.stderr
    assert "Type: alloc_space" in r.stdout and "flat%" in r.stdout
    return report


@pytest.mark.parametrize("package, version", ESBUILDS, ids=[v for _, v in ESBUILDS])
def test_esbuild(root, packages, tmp_path, package, version):
    entry = os.path.join(os.path.dirname(packages), "entry.js")
    with open(entry, "w") as f:
        f.write(ENTRY)
    bundle = tmp_path / "bundle.js"
    r = lab.run_alloctap("record", "-o", tmp_path / "x.json", "-o", tmp_path / "x.pb.gz",
                         "-o", tmp_path / "x.html", "--", f"{packages}/{alias(package)}/bin/esbuild",
                         entry, "--bundle", "--minify", f"--outfile={bundle}")
    assert r.returncode == 0, r.stderr
    assert bundle.stat().st_size > 500_000
    report = check_result(tmp_path, version)
    top = {s["func"] for s in report["sites"][:40]}
    assert any("esbuild/internal/js_parser" in func for func in top), top


@pytest.fixture(scope="session")
def caddy():
    """Debian's caddy: the installed one, or out of its package (no service is started)."""
    if shutil.which("caddy"):
        return shutil.which("caddy")
    r = subprocess.run([os.path.join(lab.TOP, "tools/debian-file"), "caddy", "usr/bin/caddy"],
                       capture_output=True, text=True)
    if r.returncode:
        lab.unavailable(r.stderr.strip())
    return r.stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def load(url, requests, done):
    """So many requests one after another, on loopback; counts those that worked."""
    for _ in range(requests):
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200
            response.read()
        done.append(1)


def test_caddy_under_load(start, tap, caddy, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for i in range(20):
        (site / f"page{i}.html").write_text(f"<p>page {i}</p>\n" * 50)
    port = free_port()
    env = dict(os.environ, HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path),
               XDG_CONFIG_HOME=str(tmp_path))
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen([caddy, "file-server", "--root", site, "--browse", "--listen",
                                   f"127.0.0.1:{port}"], stdout=log, stderr=log, env=env)
    try:
        url = f"http://127.0.0.1:{port}/"
        for _ in range(100):
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        t = tap(server.pid, [tmp_path / "x.json", tmp_path / "x.pb.gz"])
        done = []
        threads = [threading.Thread(target=load, args=(url, 150, done)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        t.stop()
    finally:
        server.kill()
        server.wait()
    assert len(done) == 300
    with open(caddy, "rb") as f:
        version = lab.go_version_of(f.read())
    report = check_result(tmp_path, version)
    # Nothing is listed as often as the index page was asked for.
    listed = [s for s in report["sites"] if "fileserver" in s["func"]]
    assert sum(s["objects"] for s in listed) >= len(done)
