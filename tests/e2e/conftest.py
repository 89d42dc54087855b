# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Fixtures of the end-to-end tests. They need root: uprobes do."""

import os

import pytest

import lab


@pytest.fixture(scope="session")
def alloctap():
    """Path of the program under test."""
    if not os.access(lab.ALLOCTAP, os.X_OK):
        pytest.fail("build/alloctap is not there; make", pytrace=False)
    return lab.ALLOCTAP


@pytest.fixture
def root(alloctap):
    """For tests that attach to something; the program under test."""
    if os.geteuid() != 0:
        pytest.skip("attaching needs root")
    return alloctap


@pytest.fixture
def start():
    """start(argv, **popen): a lab.Running that does not outlive the test."""
    running = []

    def start_one(argv, **kwargs):
        running.append(lab.Running(argv, **kwargs))
        return running[-1]

    yield start_one
    for r in running:
        r.close()


@pytest.fixture
def tap(root):
    """tap(pid, outputs, options): alloctap attached to a process, gone with the test."""
    taps = []

    def tap_one(pid, outputs=(), options=()):
        taps.append(lab.Tap(pid, outputs, options))
        return taps[-1]

    yield tap_one
    for t in taps:
        t.close()
