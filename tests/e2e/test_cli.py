# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What people type: exit codes, what is said and where, and what is left behind.

Exit codes (design 2): 0 ok, 1 failed while running, 2 wrong usage, 3 cannot be
traced here, 4 --strict and something was lost.
"""

import os
import re
import signal
import subprocess
import time

import pytest

import lab

COMMANDS = ["record", "report", "export", "diff"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A real recording of a short run, to read back."""
    if os.geteuid() != 0:
        pytest.skip("making a recording needs root")
    path = tmp_path_factory.mktemp("recording") / "x.atap"
    r = lab.run_alloctap("record", "-o", path, "--", lab.build_go("lifecycle"), "exit", 0)
    assert r.returncode == 0, r.stderr
    return path


def gone_pid():
    p = subprocess.Popen(["/bin/true"])
    p.wait()
    return p.pid


def one_error(r, status, text):
    """One clear line on stderr, nothing on stdout, and the exit code."""
    assert r.returncode == status, r.stderr
    errors = [l for l in r.stderr.splitlines() if l.startswith("alloctap: ")]
    assert len(errors) == 1 and len(r.stderr.splitlines()) == 1, r.stderr
    assert re.search(text, errors[0]), r.stderr
    assert r.stdout == ""


# Wrong usage says so before anything is looked at, so these need no root.
USAGE = [
    # arguments, what stderr must say
    (["record"], "target|-p"),
    (["record", "-p"], "-p"),
    (["record", "-p", "abc"], "abc"),
    (["record", "-p", "0"], "0"),
    (["record", "-p", "-1"], "-1"),
    (["record", "-p", "12x"], "12x"),
    (["record", "-p", "99999999999"], "99999999999"),
    (["record", "-p", "1", "-d", "5parsecs"], "5parsecs"),
    (["record", "-p", "1", "-d", "-1s"], "-1s"),
    (["record", "-p", "1", "-o", "x.docx"], r"x\.docx"),
    (["record", "-p", "1", "-o", "x"], "x"),
    (["record", "-p", "1", "-o", "/"], "/"),
    (["record", "-p", "1", "-o", "/no/such/folder/x.html"], "/no/such/folder"),
    (["record", "-p", "1", "-o", "-", "-f", "docx"], "docx"),
    (["record", "-p", "1", "--link", "glue"], "glue"),
    (["record", "-p", "1", "--max-stacks", "many"], "many"),
    (["record", "-p", "1", "--no-such-option"], "no-such-option"),
    (["record", "-p", "1", "stray"], "stray"),
    (["record", "--"], "target|command|CMD"),
    (["record", "-a", "-p", "1"], "exclude each other"),
    (["record", "-p", "1", "--live", "--empty-probes"], "counts nothing"),
    (["record", "-a", "--live"], "must not reach Go programs"),
    (["record", "--live", "--children", "--", "true"], "must not reach Go programs"),
    (["report"], "recording|RECORDING"),
    (["report", "a.atap", "b.atap"], "one recording"),
    (["report", "--top", "x", "a.atap"], "x"),
    (["report", "--view", "shapes", "a.atap"], "sites, types, maps, gc or leaks"),
    (["report", "--layout", "", "a.atap"], "--layout"),
    (["report", "--layout", "main.T", "--view", "sites", "a.atap"], "--view types"),
    (["report", "--layout", "main.T", "--escapes", "a.atap"], "one of them"),
    (["report", "--escapes", "--view", "types", "a.atap"], "--view sites"),
    (["report", "--by", "type", "a.atap"], "--by"),
    (["export", "a.atap", "-o", "a.folded", "--by", "thread"], "stack or type"),
    (["export", "a.atap", "-o", "a.folded", "--by", "type", "--unit", "inserts"], "--unit bytes"),
    (["export"], "recording|-o"),
    (["export", "a.atap"], "-o"),
    (["export", "-o", "x.html"], "recording"),
    (["export", "a.atap", "-o", "a.docx"], r"a\.docx"),
    (["frobnicate"], "frobnicate"),
    ([], "record"),
]


@pytest.mark.parametrize("arguments, text", USAGE, ids=lambda a: " ".join(a) or "nothing"
                         if isinstance(a, list) else "")
def test_wrong_usage(alloctap, tmp_path, arguments, text):
    r = lab.run_alloctap(*arguments, cwd=tmp_path)
    assert r.returncode == 2, r.stderr
    assert re.search(text, r.stderr), r.stderr
    assert len(r.stderr.splitlines()) <= 2 or not arguments, "not one clear line:\n" + r.stderr
    assert r.stdout == ""
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]] + [[c, "--help"] for c in COMMANDS],
                         ids=" ".join)
def test_help(alloctap, arguments):
    """Asked for, help is data: stdout, exit 0."""
    r = lab.run_alloctap(*arguments)
    assert r.returncode == 0
    assert r.stderr == ""
    for word in COMMANDS if len(arguments) == 1 else [f"usage: alloctap {arguments[0]}", "-h, --help"]:
        assert word in r.stdout
    assert all(len(line) <= 100 for line in r.stdout.splitlines())


def test_version(alloctap):
    r = lab.run_alloctap("--version")
    assert r.returncode == 0
    assert re.match(r"alloctap \S+", r.stdout)


def test_pid_gone(root):
    pid = gone_pid()
    one_error(lab.run_alloctap("record", "-p", pid), 3, str(pid))


def test_kernel_thread(root):
    if not os.path.exists("/proc/2") or os.path.exists("/proc/2/exe") and \
            open("/proc/2/comm").read() != "kthreadd\n":
        pytest.skip("pid 2 is not kthreadd here")
    one_error(lab.run_alloctap("record", "-p", 2), 3, "kernel thread")


BARE = """
void _start(void)
{
	for (;;)
		__asm__ volatile("mov $34, %eax; syscall"); /* pause() */
}
"""


def test_nothing_to_tap(root, start, tmp_path):
    """Neither Go nor an allocator: a program that has no library at all."""
    (tmp_path / "bare.c").write_text(BARE)
    subprocess.run(["gcc", "-static", "-nostdlib", "-o", tmp_path / "bare", tmp_path / "bare.c"],
                   check=True)
    target = start([tmp_path / "bare"])
    one_error(lab.run_alloctap("record", "-p", target.pid, "-d", "1s"), 3, "--allocator SYMBOL")
    assert target.process.poll() is None


def test_native_is_named_with_its_allocator(root, start):
    target = start([lab.build_c("plain")])
    r = lab.run_alloctap("record", "-p", target.pid, "-d", "1s")
    assert r.returncode == 0, r.stderr
    assert f"plain (pid {target.pid}, glibc)" in r.stderr
    assert target.process.poll() is None


def begun_a_moment_ago(start, program):
    """Stopped before its loader has mapped libc."""
    for _ in range(100):
        target = start([program])
        target.signal(signal.SIGSTOP)
        with open(f"/proc/{target.pid}/maps") as f:
            if "libc.so" not in f.read():
                return target
        target.close()
    pytest.fail("its loader was always faster")


def test_tapped_while_it_is_loaded(root, start):
    """As by "server & alloctap record -p $!"."""
    target = begun_a_moment_ago(start, lab.build_c("plain"))
    t = start([lab.ALLOCTAP, "record", "-p", str(target.pid), "-d", "1s"])
    time.sleep(0.15)
    target.signal(signal.SIGCONT)
    assert t.wait(30) == 0, t.stderr
    assert f"plain (pid {target.pid}, glibc)" in t.stderr


@pytest.mark.parametrize("command, status", [("/no/such/program", 127), ("no-such-program", 127),
                                             ("/etc/passwd", 126), ("/tmp", 126)])
def test_command_cannot_run(root, command, status):
    """As env(1) has it."""
    one_error(lab.run_alloctap("record", "--", command), status, command)


def test_no_privileges(alloctap, start, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to become nobody")
    target = start([lab.build_go("lifecycle"), "loop"])
    # The checkout may be below a folder nobody may enter.
    program = tmp_path / "alloctap"
    program.write_bytes(open(lab.ALLOCTAP, "rb").read())
    for folder in [tmp_path, *tmp_path.parents]:
        if str(folder).startswith("/tmp/") and folder != tmp_path.parents[-1]:
            os.chmod(folder, 0o755)
    os.chmod(program, 0o755)
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program,
                        "record", "-p", str(target.pid), "-d", "1s"],
                       capture_output=True, text=True, cwd="/", timeout=lab.SECONDS)
    one_error(r, 3, "CAP_|root")


def test_disk_full(root, start, tmp_path):
    """A file system too small for what is to be written: reported, nothing half-written."""
    target = start([lab.build_go("lifecycle"), "loop"])
    full = tmp_path / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full], check=True)
    try:
        out = full / "x.html"
        r = lab.run_alloctap("record", "-p", target.pid, "-d", "300ms", "-o", out)
        assert r.returncode == 1, r.stderr
        assert re.search(r"x\.html.*[Nn]o space", r.stderr), r.stderr
        assert os.listdir(full) == []
    finally:
        subprocess.run(["umount", full], check=True)


def test_stdout_full(recording):
    with open("/dev/full", "w") as full:
        r = subprocess.run([lab.ALLOCTAP, "report", recording], stdout=full,
                           stderr=subprocess.PIPE, text=True)
    assert r.returncode == 1
    assert re.search("[Nn]o space", r.stderr), r.stderr


def test_dev_full(recording):
    r = lab.run_alloctap("export", recording, "-f", "folded", "-o", "/dev/full")
    assert r.returncode in (1, 2), r.stderr
    assert os.path.exists("/dev/full")


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "flipped", "magic only"])
@pytest.mark.parametrize("command", ["report", "export"])
def test_corrupt_recording(recording, tmp_path, command, damage):
    data = bytearray(recording.read_bytes())
    if damage == "empty":
        data = b""
    elif damage == "text":
        data = b"this is not a recording\n" * 100
    elif damage == "truncated":
        data = data[:len(data) // 2]
    elif damage == "flipped":
        data[len(data) // 2] ^= 0x10
    else:
        data = data[:16]
    bad = tmp_path / "bad.atap"
    bad.write_bytes(data)
    out = tmp_path / "x.html"
    arguments = [bad] if command == "report" else [bad, "-o", out]
    one_error(lab.run_alloctap(command, *arguments), 1, r"bad\.atap")
    assert not out.exists()


def test_no_such_recording(alloctap, tmp_path):
    one_error(lab.run_alloctap("report", tmp_path / "none.atap"), 1, r"none\.atap")


def test_report_without_root(recording, tmp_path):
    """Everything after record runs without root."""
    for out in ("x.html", "x.json", "x.folded", "x.pb.gz", "x.txt"):
        r = lab.run_alloctap("export", recording, "-o", tmp_path / out)
        assert r.returncode == 0, r.stderr
        assert os.path.getsize(tmp_path / out) > 100
    r = lab.run_alloctap("report", recording)
    assert r.returncode == 0 and "main.allocate" in r.stdout
    r = lab.run_alloctap("report", recording, "--json")
    assert r.returncode == 0 and '"main.allocate"' in r.stdout


def test_report_equals_record(root, tmp_path):
    """The recording holds all that record itself writes."""
    r = lab.run_alloctap("record", "-o", tmp_path / "x.atap", "-o", tmp_path / "x.folded", "-o",
                         tmp_path / "x.json", "--", lab.build_go("lifecycle"), "exit", 0)
    assert r.returncode == 0, r.stderr
    for out in ("folded", "json"):
        r = lab.run_alloctap("export", tmp_path / "x.atap", "-o", tmp_path / f"y.{out}")
        assert r.returncode == 0, r.stderr
        assert (tmp_path / f"x.{out}").read_text() == (tmp_path / f"y.{out}").read_text()


def test_report_to_stdout_by_default(root):
    """Without -o the text report is on stdout, and stdout is data only."""
    r = lab.run_alloctap("record", "--", lab.build_go("lifecycle"), "exit", 0)
    assert r.returncode == 0, r.stderr
    assert "main.allocate" in r.stdout
    assert "tapping" not in r.stdout and "tapping" in r.stderr


def test_format_to_stdout(root):
    r = lab.run_alloctap("record", "-o", "-", "-f", "folded", "--unit", "objects", "--",
                         lab.build_go("lifecycle"), "exit", 0)
    assert r.returncode == 0, r.stderr
    lines = [l for l in r.stdout.splitlines() if "main.allocate" in l]
    assert sum(int(l.rsplit(" ", 1)[1]) for l in lines) == 1000
    assert all(re.match(r".+ \d+$", l) for l in r.stdout.splitlines())


def test_existing_file_is_kept_on_failure(root, tmp_path):
    out = tmp_path / "x.html"
    out.write_text("precious")
    r = lab.run_alloctap("record", "-p", gone_pid(), "-o", out)
    assert r.returncode == 3
    assert out.read_text() == "precious" and os.listdir(tmp_path) == ["x.html"]


def test_dry_run(root, start, tmp_path):
    """The plan, and nothing attached: the target's text stays as it was."""
    target = start([lab.build_go("lifecycle"), "loop"])
    r = lab.run_alloctap("record", "--dry-run", "-p", target.pid, "-o", tmp_path / "x.html")
    assert r.returncode == 0, r.stderr
    rows = [l.split() for l in r.stdout.splitlines() if " runtime.malloc" in l]
    assert len(rows) == 5  # Go 1.26: what mallocgc calls, after it helped the GC
    for symbol, offset, instruction, at, how, program in rows:
        assert re.fullmatch(r"0x[0-9a-f]+", offset), symbol
        # On the stack check, not on the first byte, which would be stepped.
        assert instruction == "jbe" and int(at) > 0 and how == "emulated", symbol
        assert program == "go_alloc"
    assert " runtime.mapassign_fast64 " in r.stdout
    assert "tapping" not in r.stderr
    assert os.listdir(tmp_path) == []


def test_dry_run_does_not_run_the_command(root, tmp_path):
    r = lab.run_alloctap("record", "--dry-run", "--", lab.build_go("lifecycle"), "exit", 7)
    assert r.returncode == 0, r.stderr
    assert "runtime.mallocgc" in r.stdout


def test_no_live_status_without_terminal(root, start, tmp_path):
    """stderr to a file or pipe: the start line and the summary, no redrawn lines."""
    target = start([lab.build_go("lifecycle"), "loop"])
    r = lab.run_alloctap("record", "-p", target.pid, "-d", "1500ms", "-o", tmp_path / "x.atap")
    assert r.returncode == 0, r.stderr
    assert "\r" not in r.stderr and "\033" not in r.stderr
    assert len(r.stderr.splitlines()) < 15
    line = r.stderr.splitlines()[0]
    assert re.search(r"tapping \S+ \(pid \d+, go1\.26\.5\), \d+ probes; for 1\.5s", line), line


def test_live_status_on_terminal(root, start, tmp_path):
    """On a terminal one line is redrawn, and NO_COLOR keeps it free of colours."""
    target = start([lab.build_go("lifecycle"), "loop"])
    leader, follower = os.openpty()
    env = dict(os.environ, NO_COLOR="1", TERM="xterm")
    p = subprocess.Popen([lab.ALLOCTAP, "record", "-p", str(target.pid), "-d", "2500ms", "-o",
                          tmp_path / "x.atap"], stderr=follower, env=env)
    os.close(follower)
    said = b""
    try:
        while chunk := os.read(leader, 65536):
            said += chunk
    except OSError:
        pass  # EIO: the other end is closed
    os.close(leader)
    assert p.wait(lab.SECONDS) == 0
    text = said.decode()
    assert text.count("\r") >= 2, text
    assert not re.search(r"\033\[\d+(;\d+)*m", text), "colour in spite of NO_COLOR"


def test_duration(root, start, tmp_path):
    target = start([lab.build_go("lifecycle"), "loop"])
    r = lab.run_alloctap("record", "-p", target.pid, "-d", "700ms", "-o", tmp_path / "x.json")
    assert r.returncode == 0, r.stderr
    seconds = lab.load_json(tmp_path / "x.json")["duration_ns"] / 1e9
    assert 0.65 <= seconds <= 1.0
    assert target.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_and_writes(start, tap, tmp_path, number):
    target = start([lab.build_go("lifecycle"), "loop"])
    out = tmp_path / "x.json"
    t = tap(target.pid, [out])
    t.signal(number)
    assert t.wait() == 0, t.stderr
    assert lab.load_json(out)["schema"] == 1


def test_summary_names_next_command(start, tap, tmp_path):
    target = start([lab.build_go("lifecycle"), "loop"])
    t = tap(target.pid, [tmp_path / "x.pb.gz"])
    t.stop()
    assert re.search(r"go tool pprof .*x\.pb\.gz", t.stderr), t.stderr
    assert re.search(r"\blost\b", t.stderr), t.stderr
