# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Native rows of tools/bench: malloc() 20 frames deep, and the tables such stacks need.

Per malloc: tests/targets/native_bench/deep.c, made without frame pointers, says what one
took. Untapped, with empty probes on the same instruction, with ours, with what bcc's
tools do (stackid.c there: bpf_get_stackid() at the symbol), and with bpftrace; in turns.
The best batch counts, because other load only ever adds.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALLOCTAP = os.path.join(TOP, "build/alloctap")
OUT = os.path.join(TOP, "build/bench")
SOURCES = os.path.join(TOP, "tests/targets/native_bench")
ROWDUMP = os.path.join(TOP, "build/tests/rowdump")

sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
import native_servers  # pylint: disable=wrong-import-position
import servers  # pylint: disable=wrong-import-position

ROUNDS = 5
BATCHES = 500  # shorter than a time slice: some will have had the CPU to themselves
BATCH, BATCH_UNTAPPED = 250, 20_000
# What is tapped: found by its name, as the loader finds it.
LIBC = "libc.so.6"

# Megabytes a file's table may take.
TABLES = {"libc": 0.15, "postgres": 0.4, "libLLVM": 6}
# Milliseconds for the tables of all a process has mapped.
PROCESSES = {"python3": (["/usr/bin/python3", "-c", "import ssl, sqlite3, ctypes; input()"], 150),
             "clang": (["clang", "-x", "c", "-"], 1500)}


class Target:
    def __init__(self):
        binary = os.path.join(OUT, "deep")
        subprocess.run(["gcc", "-O2", "-fomit-frame-pointer", "-o", binary,
                        os.path.join(SOURCES, "deep.c")], check=True)
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n"
        self.pid = str(self.process.pid)
        with open(f"/proc/{self.pid}/maps") as f:
            self.libc = re.search(rf"\S+/{LIBC}$", f.read(), re.M)[0]

    def ns(self, allocations):
        self.process.stdin.write(f"{allocations}\n")
        return float(self.process.stdout.readline())

    def best_ns(self, batch=BATCH):
        return min(self.ns(batch) for _ in range(BATCHES))


def with_alloctap(target, *options):
    report = os.path.join(OUT, "native.json")
    tap = subprocess.Popen([ALLOCTAP, "record", "-p", target.pid, "-o", report, *options],
                           stderr=subprocess.PIPE, text=True)
    for line in tap.stderr:
        if "tapping" in line:
            break
    target.ns(2000)
    ns = target.best_ns()
    tap.terminate()
    tap.communicate()
    return ns


def until_felt(target, tracer, untapped):
    """Waits until the target feels it, and not just once."""
    end = time.monotonic() + 30
    while any(target.ns(500) < untapped + 400 for _ in range(5)):
        assert time.monotonic() < end and tracer.poll() is None, "the tracer did not attach"
        time.sleep(0.1)


def traced(target, argv, untapped):
    tracer = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_felt(target, tracer, untapped)
        return target.best_ns()
    finally:
        tracer.terminate()
        tracer.wait()


def build_stackid():
    """What bcc's tools do, made from our own few lines."""
    program, loader = os.path.join(OUT, "stackid.bpf.o"), os.path.join(OUT, "stackid")
    subprocess.run(["clang", "-g", "-O2", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86",
                    "-I", os.path.join(TOP, "vmlinux"), "-c",
                    os.path.join(SOURCES, "stackid.bpf.c"), "-o", program], check=True)
    subprocess.run(["gcc", "-O2", "-o", loader, os.path.join(SOURCES, "stackid.c"), "-lbpf"],
                   check=True)
    return loader, program


def bench_allocation(row):
    print("cost per malloc(), 20 frames deep without frame pointers", flush=True)
    target = Target()
    loader, program = build_stackid()
    tracers = {"bcc": [loader, program, target.pid, target.libc, "malloc"]}
    if shutil.which("bpftrace"):
        tracers["bpftrace"] = ["bpftrace", "-p", target.pid, "-e",
                               f"uprobe:{target.libc}:malloc {{ @[ustack] = sum(arg0); }}"]
    variants = {"empty": ["--empty-probes"], "ours": [], "live": ["--live"]}
    best = dict.fromkeys(["untapped", *variants, *tracers], float("inf"))
    for _ in range(ROUNDS):
        best["untapped"] = min(best["untapped"], target.best_ns(BATCH_UNTAPPED))
        for name, options in variants.items():
            best[name] = min(best[name], with_alloctap(target, *options))
        for name, argv in tracers.items():
            best[name] = min(best[name], traced(target, argv, best["untapped"]))
    target.process.kill()
    target.process.wait()
    cost = {name: ns - best["untapped"] for name, ns in best.items()}
    print("  untapped {:.0f} ns, ".format(best["untapped"])
          + ", ".join(f"{name} +{cost[name]:.0f} ns" for name in [*variants, *tracers]))
    ratio = cost["ours"] / cost["empty"]
    row("one malloc, whole stack: alloctap / empty probe", f"{ratio:.2f}", "<= 4", ratio <= 4)
    for name, what in (("bcc", "bpf_get_stackid, broken stack"),
                       ("bpftrace", "bpftrace, broken stack")):
        if name in cost:
            ratio = cost[name] / cost["ours"]
            row(f"one malloc: {what} / alloctap", f"{ratio:.2f}", "> 1", ratio > 1)
        else:
            row(f"one malloc: {what} / alloctap", f"no {name} here", "> 1", False)


def find(name):
    """That file; None where it is not."""
    if name == "postgres":
        try:
            return os.path.join(native_servers.postgres_folder(), name)
        except servers.Unavailable:
            return None
    found = [path for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/llvm-*/lib")
             for path in sorted(glob.glob(f"{folder}/{name}*.so*"))
             if name != "libc" or path.endswith("/" + LIBC)]
    return os.path.realpath(found[0]) if found else None


def tables_of(files):
    """[(bytes, us)] of each file's table."""
    r = subprocess.run([ROWDUMP, *files], capture_output=True, text=True)
    rows = [line.split() for line in r.stdout.splitlines()]
    return [(int(words[2]), int(words[3])) for words in rows]


def mapped_files(argv):
    """What a program has mapped to execute, once it waits for its input."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    time.sleep(1)
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    files = set()
    for pid in [str(process.pid), *children.stdout.split()]:
        with open(f"/proc/{pid}/maps") as f:
            files.update(re.findall(r"^\S+ r-xp .*? (/.*)$", f.read(), re.M))
    process.stdin.close()
    process.wait()
    return sorted(files)


def bench_tables(row):
    print("unwind tables", flush=True)
    for name, goal in TABLES.items():
        path = find(name)
        if not path:
            row(f"table of {name}", "not here", f"<= {goal} MB", False)
            continue
        size = tables_of([path])[0][0] / 1e6
        row(f"table of {name}", f"{size:.2f} MB", f"<= {goal} MB", size <= goal)
    for name, (argv, goal) in PROCESSES.items():
        files = mapped_files(argv)
        ms = min(sum(us for _, us in tables_of(files)) for _ in range(5)) / 1000
        row(f"all {len(files)} tables of {name}", f"{ms:.0f} ms", f"<= {goal} ms", ms <= goal)


def start_us(program):
    """The start and end of a program that does nothing."""
    began = time.perf_counter()
    pid = os.posix_spawn(program, [program], os.environ)
    os.waitpid(pid, 0)
    return (time.perf_counter() - began) * 1e6


def bench_start(row):
    """What an exec takes that asks our keeper, and one that need not, as the program is known."""
    program = os.path.join(OUT, "nothing")
    subprocess.run(["gcc", "-static", "-o", program, "-x", "c", "-"], text=True, check=True,
                   input="int main(void) { return 0; }")
    variants = {"untapped": None, "-a": ["-a"], "--comm": ["--comm", "another-name"]}
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(ROUNDS):
        for name, options in variants.items():
            tap = options and subprocess.Popen(
                [ALLOCTAP, "record", *options, "-o", "/dev/null", "-f", "folded"],
                stderr=subprocess.PIPE, text=True)
            while tap and "tapping " not in tap.stderr.readline():
                assert tap.poll() is None
            best[name] = min([best[name], *(start_us(program) for _ in range(BATCHES))])
            if tap:
                tap.send_signal(2)
                tap.communicate()
    for name, what in (("-a", "known, with -a"), ("--comm", "of another name, with --comm")):
        ratio = best[name] / best["untapped"]
        row(f"start of a program {what} / without alloctap", f"{ratio:.2f}", "<= 1.25",
            ratio <= 1.25)


def bench_native(row):
    """row(what, measured, goal, good) for each."""
    bench_allocation(row)
    bench_start(row)
    subprocess.run(["make", "-s", "-C", TOP, os.path.relpath(ROWDUMP, TOP)], check=True)
    bench_tables(row)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    bench_native(lambda what, measured, goal, good:
                 print(f"{what:60} {measured:>12} {goal:>10}  {'ok' if good else 'MISSED'}",
                       flush=True))
