# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What was lost on purpose is what lives at the end, to the byte, and nothing else does."""

import pytest

import lab

# (blocks, bytes of each) that a round of tests/targets/native_leaks loses, by function.
LOST = {
    "leak_malloc": [(101, 211)],
    "leak_calloc": [(103, 7 * 31)],
    "leak_realloc": [(53, 4999)],
    "leak_aligned": [(47, 83), (47, 256)],
    "leak_new_array": [(61, 307)],
    "leak_list": [(59, 56)],
    "leak_in_thread": [(3 * 67, 401)],
}
ROUNDS = 3

ALLOCATORS = ["glibc", "jemalloc", "tcmalloc"]


def target(start, allocator):
    program = start([lab.build_native("native_leaks", "leaks.cc", ("-pthread",))],
                    env=lab.allocator_env(allocator))
    program.expect("ready")
    return program


def by_function(report):
    """{name without parameters: (objects, bytes) that live}."""
    living = {}
    for site in report["sites"]:
        if site["live_objects"] or site["live_bytes"]:
            name = site["func"].split("(")[0]
            objects, size = living.get(name, (0, 0))
            living[name] = (objects + site["live_objects"], size + site["live_bytes"])
    return living


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_seeded_leaks(tap, start, tmp_path, allocator):
    program = target(start, allocator)
    # What starts threads keeps something of the first for the next.
    program.send("\n")
    program.expect("round")
    out = str(tmp_path / "x.json")
    t = tap(program.pid, [out], ["--live", "--top", "1000"])
    for _ in range(ROUNDS):
        program.send("\n")
        program.expect("round")
    t.stop()
    report = lab.load_json(out)
    assert report["lost"]["total"] == 0
    assert by_function(report) == {
        name: (ROUNDS * sum(n for n, _ in blocks), ROUNDS * sum(n * size for n, size in blocks))
        for name, blocks in LOST.items()}
