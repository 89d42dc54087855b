#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Makes cyclic garbage once a line comes in (at once with an argument), and writes one
line per collection: generation, nanoseconds by gc.callbacks, how often it lost the CPU."""

import gc
import resource
import sys
import time

started = None
collections = []


def note(phase, info):
    global started
    switches = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    if phase == "start":
        started = (switches, time.monotonic_ns())
    else:
        now = time.monotonic_ns()
        collections.append((info["generation"], now - started[1], switches - started[0]))


class Node:
    pass


def work():
    kept = []
    for round_ in range(150):
        for _ in range(1000):
            node = Node()
            node.me = node
            kept.append(Node())
        if round_ % 50 == 49:
            kept.clear()
        time.sleep(0.002)


gc.disable()
print("ready", flush=True)
if len(sys.argv) == 1:
    sys.stdin.readline()
gc.callbacks.append(note)
gc.enable()
work()
gc.collect()
gc.disable()
gc.callbacks.remove(note)
for c in collections:
    print(*c)
print("done", flush=True)
if len(sys.argv) == 1:
    sys.stdin.readline()
