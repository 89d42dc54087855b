# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What lives in servers under load: with --live, within 1 % of the allocator's own books.

A few seconds of load in CI; ALLOCTAP_SOAK_SECONDS=600 is the long form. Compared while
the server has nothing to do, because its books and ours cannot be read at one moment.
"""

import os
import random
import re
import time

import lab
import live_map
import native_servers
import servers

SOAK_SECONDS = float(os.environ.get("ALLOCTAP_SOAK_SECONDS", "4"))
COMPARISONS = 3 if SOAK_SECONDS < 60 else 10
TOLERANCE = 0.01


def jemalloc_size(size):
    """The size class: 8, then by 16 to 128, then four to each doubling."""
    if size <= 8:
        return 8
    step = 16 if size <= 128 else 1 << (size - 1).bit_length() - 3
    return -(-size // step) * step


def close(ours, theirs, total):
    """@total: of all that lives, which is what 1 % is of."""
    print(f"ours {ours}, theirs {theirs}: {(ours - theirs) / total:+.3%}")
    return abs(ours - theirs) <= TOLERANCE * total


def rounds(work):
    """work(n) again and again until the time is up; yields when it is time to compare."""
    start = time.monotonic()
    n = compared = 0
    while compared < COMPARISONS:
        work(n)
        n += 1
        if time.monotonic() - start >= SOAK_SECONDS * (compared + 1) / COMPARISONS:
            compared += 1
            yield n


def check_report(path, last):
    report = lab.load_json(path)
    lab.no_losses(report)
    assert report["leaks"]["partial_since_ns"] == 0
    assert report["stacks"]["whole_share"] >= 0.999
    assert close(report["totals"]["live_bytes"], last, last)


def redis_books(redis):
    """Bytes of the application: what caches of threads hold is nobody's.

    The long statistics have those, but also the 64 kB and more that printing them takes."""
    cached = re.search(r"^tcache_bytes:\s+(\d+)", redis.ask("memory", "malloc-stats"), re.M)
    return int(redis.info("memory")["allocator_allocated"]) - int(cached[1])


def test_redis(root, tmp_path):
    out = tmp_path / "x.json"
    try:
        # In ten minutes its lists and sets come to over a million blocks.
        redis = native_servers.Redis(str(tmp_path), [lab.ALLOCTAP, "record", "--live",
                                                     "--max-live", "16m", "-o", str(out), "--"])
    except servers.Unavailable as e:
        lab.unavailable(str(e))

    def load(n):
        # Sizes and so on change: what was there is freed, moved or grown.
        redis.load(10000, size=20 + n * 137 % 800, keys=20000 + n % 7 * 10000)
        if n % 6 == 5:
            redis.ask("del", "mylist")

    try:
        # So much that the 100 kB and more which a question takes are far below 1 %.
        for _ in range(2):
            redis.load(10000, size=3000, keys=1000000)
        sizes = []
        for _ in rounds(load):
            theirs = redis_books(redis)
            sizes = live_map.sizes(redis.process.pid)
            assert close(sum(map(jemalloc_size, sizes)), theirs, theirs)
    finally:
        redis.ask("shutdown", "nosave")
        redis.process.wait(lab.SECONDS)
    check_report(out, sum(sizes))


# Prepared statements keep their plans, a context of its own each.
PREPARE = ("prepare q{n}(int) as select count(*), sum(reltuples), max(relname) from pg_class c "
           "join pg_attribute a on a.attrelid = c.oid where c.oid > $1 + {n};\n")
TABLE = ("create temp table t{n} as select g as a, md5(g::text) as b from "
         "generate_series(1, 2000) g; select count(*) into temp s{n} from "
         "(select distinct b from t{n} order by b) x; drop table t{n}; drop table s{n};\n")
BOOKS = "select sum(total_bytes) from pg_backend_memory_contexts;"


def test_postgres(root, tap, tmp_path):
    try:
        server = native_servers.Postgres()
    except servers.Unavailable as e:
        lab.unavailable(str(e))
    try:
        backend = server.connect()
        # Its first answers fill caches.
        before = [int(backend.ask(BOOKS)) for _ in range(3)][-1]
        t = tap(backend.pid, [tmp_path / "x.json"], ["--live"])
        random.seed(5)
        prepared = set()

        def load(n):
            sql = TABLE.format(n=n)
            for i in range(n * 600, n * 600 + 600):
                sql += PREPARE.format(n=i)
                prepared.add(i)
            drop = random.sample(sorted(prepared), max(0, len(prepared) - 2400) + 80)
            sql += "".join(f"deallocate q{i};\n" for i in drop)
            prepared.difference_update(drop)
            assert backend.ask(sql + "select 1;") == "1"

        for _ in rounds(load):
            theirs = int(backend.ask(BOOKS)) - before
            # The answer is here before all of the question's memory is given back. Of that
            # postgres keeps some for the next time, which is in no context then (aset.c,
            # context_freelists: at most 100 of 8 kB, and 100 of 1 kB).
            assert backend.ask("select 1;") == "1"
            ours = sum(live_map.sizes(t.pid))
            assert close(ours, theirs, theirs)
        t.stop()
        backend.close()
    finally:
        server.close()
    check_report(tmp_path / "x.json", ours)
