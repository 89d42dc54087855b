# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What an alloctap with --live follows just now, read from the kernel behind its back."""

import ctypes
import errno
import json
import os
import re
import struct
import subprocess

# include/uapi/linux/bpf.h
BPF_MAP_GET_FD_BY_ID, BPF_MAP_LOOKUP_BATCH = 14, 24
SYS_BPF = 321  # x86-64
# bpf/alloctap.h: struct live_key, struct live_value
KEY_BYTES, VALUE = 16, struct.Struct("<QQQ")
BATCH = 1 << 16


def bpf(command, attributes):
    libc = ctypes.CDLL(None, use_errno=True)
    r = libc.syscall(SYS_BPF, command, attributes, len(attributes))
    return r, ctypes.get_errno()


def map_number(tap_pid):
    """The ID of the live map of that alloctap."""
    numbers = set()
    for fd in os.listdir(f"/proc/{tap_pid}/fdinfo"):
        with open(f"/proc/{tap_pid}/fdinfo/{fd}") as f:
            numbers.update(int(n) for n in re.findall(r"^map_id:\s*(\d+)", f.read(), re.M))
    maps = json.loads(subprocess.check_output(["bpftool", "-j", "map", "show"]))
    return next(m["id"] for m in maps if m["id"] in numbers and m.get("name") == "live")


def sizes(tap_pid):
    """Of all blocks it follows, as they were asked for."""
    fd, err = bpf(BPF_MAP_GET_FD_BY_ID, ctypes.create_string_buffer(
        struct.pack("<III", map_number(tap_pid), 0, 0), 12))
    assert fd >= 0, os.strerror(err)
    keys = ctypes.create_string_buffer(BATCH * KEY_BYTES)
    values = ctypes.create_string_buffer(BATCH * VALUE.size)
    place = ctypes.create_string_buffer(16)
    found, first, err = [], True, 0
    try:
        while not err:
            attributes = ctypes.create_string_buffer(struct.pack(
                "<QQQQIIQQ", 0 if first else ctypes.addressof(place), ctypes.addressof(place),
                ctypes.addressof(keys), ctypes.addressof(values), BATCH, fd, 0, 0), 56)
            r, err = bpf(BPF_MAP_LOOKUP_BATCH, attributes)
            err = err if r else 0
            # ENOENT: these were the last.
            assert err in (0, errno.ENOENT), os.strerror(err)
            count = struct.unpack_from("<I", attributes, 32)[0]
            found += (row[0] for row in VALUE.iter_unpack(values[:count * VALUE.size]))
            first = False
    finally:
        os.close(fd)
    return found
