# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The functional core on the kernels of Debian 12 and 13, judged as on this one.

Each kernel boots once (kernel_guest.py) and runs all of tests/kernel/init; the tests
look at what came out. 6.1 is the oldest that is promised to work and has perf links
only; 6.12 has both. With preempt=full a program can lose its CPU to another in the
middle, which is the cheapest way to see scratch memory used by two.
"""

import concurrent.futures
import json
import os
import re
import shutil

import pytest

import kernel_guest
import lab
from pprof_file import Pprof, Recording
from test_exact import check_books, same_stacks
from test_native import check_asked_for, check_live
from test_typed import check as check_typed, is_swiss
from test_usdt import check_pretended

BOOTS = {"6.1": ("6.1", []), "6.12": ("6.12", []),
         "6.12-preempt": ("6.12", ["preempt=full"])}
GO = ["1.19", "1.26.5"]
# The kernel moves pages to make room for huge ones. Where alloctap itself made it do so and
# lost its only CPU to the target meanwhile (preempt=full), the target's stack is not there
# to be read: 1 of 28 recordings with compact_memory written to all along.
BROKEN_MAX = 2
TRAP = "314"  # int3, as cmp prints it


@pytest.fixture(scope="module")
def results(alloctap):
    """{boot: future of its folder}; as many at once as there are CPUs."""
    if os.uname().machine != "x86_64":
        pytest.skip("the kernels and targets are x86-64's")
    for tool, package in (("qemu-system-x86_64", "qemu-system-x86"), ("cpio", "cpio"),
                          ("busybox", "busybox-static")):
        if not shutil.which(tool):
            lab.unavailable(f"no {package}; tools/install-deps kernel")
    if not shutil.which("apt-get"):
        pytest.skip("the kernels are Debian's, and there is no apt-get to fetch them")
    archive = kernel_guest.initramfs()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(kernel_guest.boot, version, options, archive)
               for name, (version, options) in BOOTS.items()}


@pytest.fixture(params=BOOTS)
def boot(request, results):
    """Name of a boot that has ended; skips where the release has no such kernel."""
    results[request.param].result()
    return request.param


@pytest.fixture
def case(boot, results):
    """case(NAME): a function from a file's name to its path, in that case's folder."""
    folder = results[boot].result()

    def open_case(name):
        return lambda file: os.path.join(folder, name, file)

    return open_case


def text(path):
    with open(path) as f:
        return f.read()


def status(out):
    return int(text(out("status")))


def outputs(out):
    return lambda suffix: out(f"x.{suffix}")


def all_named(pprof):
    names = {f.function for s in pprof.samples for f in s.frames}
    assert not any(n.startswith("0x") or n == "[unmapped]" for n in names), names


def has_multi(boot):
    return BOOTS[boot][0] != "6.1"


def test_booted_what_was_asked_for(boot, case):
    out = case(".")
    version, options = BOOTS[boot]
    assert text(out("release")).startswith(version + ".")
    assert set(options) <= set(text(out("cmdline")).split())


def test_auto_picks_the_better_link(boot, case):
    out = case("planned")
    assert status(out) == 0, text(out("stderr"))
    picked = re.search(r"--link (\w+)", text(out("stdout"))).group(1)
    assert picked == ("multi" if has_multi(boot) else "perf")


@pytest.mark.parametrize("link", ["perf", "multi"])
@pytest.mark.parametrize("go", GO)
def test_launched(boot, case, go, link):
    out = case(f"launched-{go}-{link}")
    if link == "multi" and not has_multi(boot):
        refused(out)
        return
    assert status(out) == 0, text(out("stderr"))
    report = check_books(json.loads(text(out("books"))), outputs(out), tiny=False,
                         broken_max=BROKEN_MAX)
    assert report["stacks"]["resolved_share"] == 1
    all_named(Pprof(out("x.pb.gz")))


def refused(out):
    """A kernel that cannot do it: said in one line, and the command was not run."""
    assert status(out) == 3
    lines = text(out("stderr")).splitlines()
    assert len(lines) == 1 and "multi" in lines[0], lines
    assert text(out("books")) == ""
    assert not os.path.exists(out("x.json"))


@pytest.mark.parametrize("go", GO)
def test_bracket(case, go):
    out = case(f"bracket-{go}")
    assert status(out) == 0, text(out("stderr"))
    books = json.loads(text(out("books")).splitlines()[1])
    report = check_books(books, outputs(out), tiny=False,
                         broken_max=BROKEN_MAX)
    assert report["stacks"]["resolved_share"] == 1
    assert report["totals"]["map_inserts"] == sum(books["inserts"].values())
    recording = Recording(out("x.atap"))
    assert len(recording.cycles) == books["num_gc"] > 0
    assert [c.epoch for c in recording.cycles] == list(range(1, books["num_gc"] + 1))
    assert sum(b.bytes for b in recording.bins) == report["totals"]["alloc_bytes"]
    by_cycle = [[p.reason for p in recording.pauses if p.epoch == c.epoch]
                for c in recording.cycles]
    assert all(set(reasons) == {"GC sweep termination", "GC mark termination"}
               for reasons in by_cycle), by_cycle


@pytest.mark.parametrize("mode", ["bracket", "profile"])
@pytest.mark.parametrize("go", GO)
def test_takes_its_probes_out(case, go, mode):
    out = case(f"{mode}-{go}")
    probes = int(re.search(r"(\d+) probes", text(out("stderr"))).group(1))
    patched = [line.split()[1] for line in text(out("patched")).splitlines()]
    assert patched == probes * [TRAP]
    assert text(out("left")) == ""


@pytest.mark.parametrize("go", GO)
def test_stacks(case, go):
    out = case(f"profile-{go}")
    assert status(out) == 0, text(out("stderr"))
    same_stacks(text(out("books")).splitlines()[2], out("x.pb.gz"))
    # What is left out there, from the goroutine's first function to the allocator.
    chain = "main.main;main.profileMode;main.profileWork;" + 10 * "main.recurse;"
    lines = [line for line in text(out("x.folded")).splitlines()
             if line.startswith(f"runtime.main;{chain}runtime.newobject;runtime.mallocgc")]
    assert [line.rsplit(" ", 1)[1] for line in lines] == [str(2 ** 9)]


@pytest.mark.parametrize("go", GO)
def test_types_and_growths(case, go):
    out = case(f"typed-{go}")
    assert status(out) == 0, text(out("stderr"))
    check_typed(json.loads(text(out("books"))), out("x.atap"), go, is_swiss(go))
    lab.no_losses(lab.load_json(out("x.json")))


def test_stress(case):
    out = case("stressed")
    assert text(out("tap_status")).split() == 4 * ["0"], text(out("stderr"))
    assert status(out) == 0, text(out("crash"))
    last = json.loads(text(out("books")))
    assert last["bad"] == 0 and last["ops"] > 0 and last["gcs"] > 0
    for cycle in range(1, 5):
        report = lab.load_json(out(f"{cycle}.json"))
        lab.no_losses(report)
        assert report["totals"]["alloc_objects"] > 0
        assert "[unmapped]" not in text(out(f"{cycle}.folded"))


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_static_probes(case, link):
    """Arguments of all kinds, texts, and semaphores, which the kernel has to raise."""
    out = case(f"usdt-{link}")
    assert status(out) == 0, text(out("stderr"))
    with open(out("x.json")) as f:
        report = json.load(f)
    lab.no_losses(report)
    check_pretended(report["gc"], 200)


def native_case(case, name):
    """(the target's books, the report)"""
    out = case(name)
    assert status(out) == 0, text(out("stderr"))
    assert text(out("exited")) == "0\n"
    report = lab.load_json(out("x.json"))
    assert report["stacks"]["whole"] == report["stacks"]["hits"] > 0
    return json.loads(text(out("books")).splitlines()[1]), report


def test_native(case):
    check_asked_for(*native_case(case, "native-auto"))


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_live(boot, case, link):
    check_live(*native_case(case, f"live-{link}"), may_not_follow="preempt" in boot)
