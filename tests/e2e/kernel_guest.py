# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Other kernels: a virtual machine with nothing in it but alloctap and two targets.

QEMU emulates (TCG): there is no need for KVM, which most build machines do not have.
One CPU only: with two, QEMU 7.2 corrupts Linux 6.12 itself about every second boot.
The root file system is the initramfs, so that a Debian kernel needs none of its
modules. What happens inside is tests/kernel/init; its results come back as a tar over
the second serial line.
"""

import os
import re
import shutil
import subprocess

import pytest

import lab

WORK = os.path.join(lab.TOP, "build/tests/kernels")
INIT = os.path.join(lab.TOP, "tests/kernel/init")
# A boot takes 50 to 90 s, two at a time on two CPUs of 2026; 240 s where others are at work too.
BOOT_SECONDS = 600
MEMORY_MB = 1024
TARGETS = {"exact-1.19": ("exact", "1.19"), "exact-1.26.5": ("exact", "1.26.5"),
           "typed-1.19": ("typed", "1.19"), "typed-1.26.5": ("typed", "1.26.5"),
           "stress": ("stress", "1.26.5")}


def vmlinuz(version):
    r = subprocess.run([os.path.join(lab.TOP, "tools/debian-kernel"), version],
                       capture_output=True, text=True)
    if r.returncode == 3:
        pytest.skip(r.stderr.strip())
    if r.returncode:
        lab.unavailable(r.stderr.strip())
    return r.stdout.strip()


def libraries(path):
    """What the dynamic linker maps for the program, itself included."""
    r = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
    return re.findall(r"(/\S+) \(0x", r.stdout)


def initramfs():
    """Path of a fresh one."""
    root = os.path.join(WORK, "root")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)

    def add(source, where):
        to = root + where
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(source, to)

    add(INIT, "/init")
    add(shutil.which("busybox"), "/bin/busybox")
    add(lab.ALLOCTAP, "/bin/alloctap")
    for library in libraries(lab.ALLOCTAP):
        add(library, library)
    add(lab.build_c("usdt"), "/bin/usdt")
    add(lab.build_native("native_matrix", "matrix.c", ("-pthread",)), "/bin/matrix")
    for name, (target, go) in TARGETS.items():
        add(lab.build_go(target, go), f"/bin/{name}")
    archive = os.path.join(WORK, "initramfs.gz")
    subprocess.run("find . | cpio -o -H newc --quiet | gzip -1 >../initramfs.gz", shell=True,
                   cwd=root, check=True)
    return archive


def boot(version, options, archive):
    """Runs the init's cases on that kernel; the folder with a folder of results per case."""
    kernel = vmlinuz(version)
    out = os.path.join(WORK, "-".join([version, *options]).replace("=", "-"))
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    console, results = os.path.join(out, "console"), os.path.join(out, "results.tar.gz")
    try:
        subprocess.run(
            ["qemu-system-x86_64", "-machine", "accel=tcg", "-cpu", "max", "-smp", "1",
             "-m", str(MEMORY_MB), "-nic", "none", "-display", "none", "-monitor", "none",
             "-serial", f"file:{console}", "-serial", f"file:{results}", "-no-reboot",
             "-kernel", kernel, "-initrd", archive, "-append",
             " ".join(["console=ttyS0", "quiet", "panic=-1", "nokaslr", "mitigations=off",
                       # Fewer pages move: a stack that does so is not read.
                       "transparent_hugepage=never",
                       *options])],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=BOOT_SECONDS)
        subprocess.run(["tar", "-xzf", results, "-C", out], check=True, capture_output=True)
    except subprocess.SubprocessError as e:
        with open(console, errors="replace") as f:
            raise AssertionError(f"{e}; the console's end:\n{f.read()[-3000:]}") from e
    return out
