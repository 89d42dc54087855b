# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Attach to anything, harm nothing.

The target is tests/targets/stress: GC all the time, stacks that grow, and sums it
checks itself.
"""

import json
import os
import random
import re
import signal
import subprocess
import time

import pytest

import lab


def ask(target):
    target.send("?")
    return json.loads(target.read_line())


def finish(target):
    """End of input: the target stops, checks its sums and says the last word."""
    target.process.stdin.close()
    last = json.loads(target.read_line())
    assert target.wait() == 0, target.stderr
    assert last["bad"] == 0
    return last


def cycles(start, version, count, link):
    target = start([lab.build_go("stress", version)])
    before = ask(target)
    random.seed(2)
    for i in range(count):
        milliseconds = random.randint(1, 40)
        r = lab.run_alloctap("record", "-p", target.pid, "-d", f"{milliseconds}ms", "-o", "-",
                             "-f", "folded", "--link", link, "--probe", "alloc,map,wb")
        assert r.returncode == 0, f"cycle {i}: {r.stderr}"
        assert target.process.poll() is None, f"dead after cycle {i}: {target.stderr}"
    after = ask(target)
    assert after["ops"] > before["ops"] + count and after["gcs"] > before["gcs"] + count
    finish(target)


CYCLES = int(os.environ.get("ALLOCTAP_CYCLES", "16"))


@pytest.mark.parametrize("version", ["1.19", "1.27.4"])
def test_attach_detach_cycles(root, start, version):
    """With the link a kernel as this gets by default; ALLOCTAP_CYCLES=100 makes 200 in all."""
    cycles(start, version, CYCLES, "multi" if lab.kernel_version() >= (6, 6) else "perf")


def test_attach_detach_cycles_perf(root, start):
    cycles(start, "1.23.12", 8, "perf")


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def speed(target, seconds=1.5):
    """Rounds per second of the undisturbed target."""
    first, t0 = ask(target)["ops"], time.monotonic()
    time.sleep(seconds)
    last, t1 = ask(target)["ops"], time.monotonic()
    return (last - first) / (t1 - t0)


def bpf_objects(kind):
    r = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True)
    return {o["id"] for o in json.loads(r.stdout or "[]")}


def uprobe_events():
    for path in ("/sys/kernel/tracing/uprobe_events", "/sys/kernel/debug/tracing/uprobe_events"):
        try:
            with open(path) as f:
                return f.read()
        except OSError:
            pass
    return ""


def probe_addresses(target):
    """Where in the target's memory the probes of the plan go, and the original byte there."""
    r = lab.run_alloctap("record", "--dry-run", "-p", target.pid)
    assert r.returncode == 0, r.stderr
    binary = f"/proc/{target.pid}/exe"
    offsets = [int(m.group(1), 16) for m in re.finditer(r"^.*runtime\.\S+.*?\b0x([0-9a-f]+)\b",
                                                       r.stdout, re.M)]
    with open(binary, "rb") as f:
        data = f.read()
    with open(f"/proc/{target.pid}/maps") as f:
        for line in f:
            fields = line.split()
            if "x" in fields[1] and fields[-1].startswith("/"):
                start, end = (int(x, 16) for x in fields[0].split("-"))
                offset = int(fields[2], 16)
                return {start + o - offset: data[o] for o in offsets
                        if offset <= o < offset + end - start}
    raise AssertionError("no text mapping")


def bytes_at(pid, addresses):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        found = {}
        for address in addresses:
            f.seek(address)
            found[address] = f.read(1)[0]
        return found


@pytest.mark.parametrize("link", ["auto", "perf"])
def test_kill_9_leaves_nothing(start, tap, tmp_path, link):
    target = start([lab.build_go("stress", "1.23.12")])
    probes = probe_addresses(target)
    assert len(probes) >= 4
    time.sleep(0.5)
    full_speed = speed(target)
    progs, links, events = bpf_objects("prog"), bpf_objects("link"), uprobe_events()

    t = tap(target.pid, [tmp_path / "x.html"], [] if link == "auto" else ["--link", link])
    breakpoint = 0xCC
    assert set(bytes_at(target.pid, probes).values()) == {breakpoint}
    assert bpf_objects("prog") > progs
    traced_speed = speed(target, 0.5)
    t.signal(signal.SIGKILL)
    t.process.wait()

    # The kernel lets go of the last of them a little after the process.
    eventually(lambda: bytes_at(target.pid, probes) == probes)
    eventually(lambda: not bpf_objects("prog") - progs)
    eventually(lambda: not bpf_objects("link") - links)
    assert uprobe_events() == events
    assert list(tmp_path.iterdir()) == []

    assert traced_speed < 0.8 * full_speed, "was it traced at all?"
    # Others may want the CPU too for a moment; a probe left behind would stay.
    eventually(lambda: speed(target) > 0.9 * full_speed, 20)
    finish(target)


def test_kill_9_lets_a_stopped_command_go_on(root, tmp_path):
    """Its launcher stops a command at each exec; nobody else would let it run again."""
    gone_on = tmp_path / "on"
    with subprocess.Popen([lab.ALLOCTAP, "record", "-o", tmp_path / "x.json", "--", "sh", "-c",
                           f"echo $$; kill -STOP $$; touch {gone_on}"],
                          stdout=subprocess.PIPE, text=True) as p:
        pid = int(p.stdout.readline())
        eventually(lambda: state(pid) == "T")
        p.kill()
    eventually(gone_on.exists)


def state(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(") ", 1)[1][0]
