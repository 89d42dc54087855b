# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests share: building targets, running them, running alloctap."""

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ALLOCTAP = os.path.join(TOP, "build/alloctap")
TARGETS = os.path.join(TOP, "tests/targets")
BUILT = os.path.join(TOP, "build/targets")
CACHE = os.path.join(TOP, "build/cache")

# Every minor version the tables know; 1.19 is Debian 12's own where it is there.
GO_VERSIONS = ["1.18.10", "1.19", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.13",
               "1.25.5", "1.26.5", "1.27.4"]
# One before and one after each of the runtime's great changes.
GO_KEY_VERSIONS = ["1.19", "1.23.12", "1.26.5", "1.27.4"]
# For what does not depend on the version.
GO_ANY = "1.26.5"

# How a binary may be built, besides plainly: flags of go build.
VARIANTS = {
    "plain": [],
    "stripped": ["-ldflags=-s -w"],
    "pie": ["-buildmode=pie"],
    "cgo": ["-ldflags=-linkmode=external"],
    "cgo-pie-stripped": ["-buildmode=pie", "-ldflags=-linkmode=external -s -w"],
    "race": ["-race"],
    "no-buildinfo": ["-ldflags=-s -w"],
}

SECONDS = 60  # nothing a single command does here takes longer


def unavailable(reason):
    """What CI must have, others may do without."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextlib.contextmanager
def locked(path):
    """Alone among the test runs that are at work side by side, to make @path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


_go_roots = {}


def go_root(version):
    if version not in _go_roots:
        with locked(os.path.join(CACHE, "go-toolchain")):
            r = subprocess.run([os.path.join(TOP, "tools/go-toolchain"), version],
                               capture_output=True, text=True)
        if r.returncode:
            unavailable(f"no Go {version}: {r.stderr.strip().splitlines()[-1]}")
        _go_roots[version] = r.stdout.strip()
    return _go_roots[version]


def newest_source(folder):
    return max(os.path.getmtime(os.path.join(folder, name)) for name in os.listdir(folder))


def build_go(target, version=GO_ANY, variant="plain", experiment=""):
    """Path of tests/targets/@target built with that Go; built when not there or old."""
    source = os.path.join(TARGETS, target)
    out = os.path.join(BUILT, target, f"go{version}-{variant}{experiment and '-'}{experiment}")
    root = go_root(version)
    with locked(out):
        if not is_built(out, source):
            run_go_build(root, source, out, variant, experiment)
    return out


def is_built(out, source):
    """Is it there, and newer than all in the folder @source?"""
    return os.path.exists(out) and os.path.getmtime(out) > newest_source(source)


def run_go_build(root, source, out, variant, experiment):
    cgo = os.path.basename(source) == "cgo" or variant in ("cgo", "cgo-pie-stripped", "race")
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-buildvcs=false", GOWORK="off",
               CGO_ENABLED="1" if cgo else "0", GOEXPERIMENT=experiment)
    r = subprocess.run([os.path.join(root, "bin/go"), "build", *VARIANTS[variant],
                        "-o", out, "."], cwd=source, env=env, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    if variant == "no-buildinfo":
        erase_buildinfo(out)


def erase_buildinfo(path):
    with open(path, "r+b") as f:
        data = f.read()
        at = data.index(b"\xff Go buildinf:")
        f.seek(at)
        # The magic, the flags and, inline behind them, the version (Go 1.18 on).
        f.write(bytes(48))


def build_c(target):
    source = os.path.join(TARGETS, target, f"{target}.c")
    out = os.path.join(BUILT, target, target)
    with locked(out):
        if not is_built(out, os.path.dirname(source)):
            subprocess.run(["gcc", "-O2", "-g", "-o", out, source], check=True)
    return out


# By suffix of the source: what makes a program of it.
NATIVE_COMPILERS = {".c": ["gcc", "-O2", "-g"], ".cc": ["g++", "-O2", "-g"],
                    ".rs": ["rustc", "-O", "-g"]}


def build_native(target, name, flags=(), compiler=None):
    """Path of tests/targets/@target/@name, built with @flags; built when not there or old."""
    source = os.path.join(TARGETS, target, name)
    base, suffix = os.path.splitext(name)
    out = os.path.join(BUILT, target, compiler or suffix[1:],
                       base + "".join(flags).replace("/", "-"))
    command = [compiler, "-O2", "-g"] if compiler else NATIVE_COMPILERS[suffix]
    with locked(out):
        if not is_built(out, os.path.dirname(source)):
            # Libraries go behind what needs them.
            subprocess.run([*command, "-o", out, source, *flags], check=True)
    return out


def build_inlined(compiler, out):
    """@out: tests/targets/native_inlined, its allocator inlined by link-time optimisation."""
    folder = os.path.join(TARGETS, "native_inlined")
    linker = ["-fuse-ld=lld"] if compiler == "clang" else []
    subprocess.run([compiler, "-O2", "-g", "-flto", *linker, "-o", out,
                    os.path.join(folder, "main.c"), os.path.join(folder, "heap.c")], check=True)
    return out


LIBRARIES = "/usr/lib/x86_64-linux-gnu"
ALLOCATORS = {"glibc": None, "jemalloc": f"{LIBRARIES}/libjemalloc.so.2",
              "tcmalloc": f"{LIBRARIES}/libtcmalloc_minimal.so.4",
              "mimalloc": f"{LIBRARIES}/libmimalloc.so.2"}


def allocator_env(allocator):
    """The environment of a program that is to allocate with it."""
    library = {**ALLOCATORS, "tcmalloc-full": f"{LIBRARIES}/libtcmalloc.so.4"}[allocator]
    if not library:
        return dict(os.environ)
    if not os.path.exists(library):
        unavailable(f"no {library}")
    return dict(os.environ, LD_PRELOAD=library)


class Running:
    """A child with its stdout and stderr as lines, killed at the end of the test at the latest."""

    def __init__(self, argv, **kwargs):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, bufsize=1, **kwargs)
        self.pid = self.process.pid
        self.stderr_lines = []
        self.stderr_times = []  # ns since 1970, of each line
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()

    def _read_stderr(self):
        for line in self.process.stderr:
            with self._news:
                self.stderr_lines.append(line.rstrip("\n"))
                self.stderr_times.append(time.time_ns())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def stderr(self):
        return "\n".join(self.stderr_lines)

    def wait_for_stderr(self, pattern, seconds=SECONDS):
        """The first line of stderr that matches."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self.stderr_lines:
                    if re.search(pattern, line):
                        return line
                alive = self._reader.is_alive()
                left = end - time.monotonic()
                assert alive and left > 0, f"no /{pattern}/ in stderr:\n{self.stderr}"
                self._news.wait(min(left, 0.5))

    def read_line(self):
        return self.process.stdout.readline().rstrip("\n")

    def expect(self, line):
        got = self.read_line()
        assert got == line, f"{got!r}, not {line!r}; stderr:\n{self.stderr}"

    def send(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=SECONDS):
        """Exit status, once all of its output is here; rest of stdout in .stdout."""
        try:
            self.stdout = self.process.stdout.read() if not self.process.stdout.closed else ""
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"did not end in {seconds} s; stderr:\n{self.stderr}") from None
        self._reader.join(5)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass
        self._reader.join(5)
        self.process.stderr.close()


class Tap(Running):
    """alloctap record on a running process; returns once it is tapping."""

    def __init__(self, pid, outputs, options=()):
        argv = [ALLOCTAP, "record", "-p", str(pid), *options]
        for path in outputs:
            argv += ["-o", str(path)]
        super().__init__(argv)
        self.start_line = self.wait_for_stderr(r"tapping ")

    def stop(self):
        self.signal(signal.SIGINT)
        status = self.wait()
        assert status == 0, self.stderr
        return status


def run_alloctap(*args, seconds=SECONDS, **kwargs):
    """A command from beginning to end: CompletedProcess with text."""
    return subprocess.run([ALLOCTAP, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds, **kwargs)


def load_json(path):
    with open(path) as f:
        return json.load(f)


def no_losses(report):
    assert report["lost"]["total"] == 0, report["lost"]


def kernel_version():
    return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def go_version_of(data):
    """The version in a Go binary's build info (Go 1.18 on: inline, a length before it)."""
    at = data.index(b"\xff Go buildinf:") + 32
    return data[at + 1:at + 1 + data[at]].decode()
