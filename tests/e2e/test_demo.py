# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""make demo-fixed: what following the advice about maps brings. Here with fewer batches."""

import json
import os
import re
import subprocess

import lab

BATCHES, INSERTS_OF_ONE = 100, 1200


def recorded(name):
    r = lab.run_alloctap("report", os.path.join(lab.TOP, "build/demo", name + ".atap"), "--json")
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def test_demo_fixed(root):
    env = dict(os.environ, PATH=f"{lab.go_root(lab.GO_ANY)}/bin:{os.environ['PATH']}",
               GOTOOLCHAIN="local", GOWORK="off")
    page = os.path.join(lab.TOP, "build/demo/diff.html")
    if os.path.exists(page):
        os.unlink(page)
    r = subprocess.run([os.path.join(lab.TOP, "tools/demo"), "fixed", str(BATCHES)], env=env,
                       stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=2 * lab.SECONDS)
    assert r.returncode == 0, r.stderr
    before, after = recorded("shop"), recorded("shop-fixed")
    for report in (before, after):
        lab.no_losses(report)
        # The same work, or the two could not be compared.
        inserts = sum(site["inserts"] for site in report["sites"]
                      if site["func"].startswith("main."))
        assert inserts == BATCHES * INSERTS_OF_ONE
    b, a = before["totals"], after["totals"]
    assert a["alloc_bytes"] < 0.4 * b["alloc_bytes"]
    assert a["alloc_objects"] < 0.1 * b["alloc_objects"]
    # What is told of it: both programs, the comparison, the page.
    assert len(re.findall(r"^demo: build/alloctap record ", r.stdout, re.M)) == 2
    assert re.search(rf"^demo: {BATCHES} batches .*: build/alloctap diff --totals ", r.stdout, re.M)
    for site in ("main.indexOrdersByID", "main.openSessions", "main.lookUpPrices"):
        assert site in r.stdout
    with open(page, encoding="utf-8") as f:
        assert f.read(15) == "<!DOCTYPE html>"


def test_demo_has_no_other_words(alloctap):
    r = subprocess.run([os.path.join(lab.TOP, "tools/demo"), "faster"], text=True,
                       capture_output=True, timeout=lab.SECONDS)
    assert (r.returncode, r.stderr) == (2, "usage: tools/demo [fixed [BATCHES]]\n")
