# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Servers in C: Debian's redis and postgres, on sockets in a folder of their own.

Used by tests only, but like servers.py it knows nothing of pytest. What is not installed
comes out of its package; no service is started.
"""

import glob
import os
import shutil
import subprocess
import tempfile
import time

from servers import TOP, Unavailable

START_SECONDS = 60


def out_of_package(package, path):
    r = subprocess.run([os.path.join(TOP, "tools/debian-file"), package, path],
                       capture_output=True, text=True)
    if r.returncode:
        raise Unavailable(r.stderr.strip())
    return r.stdout.strip()


def wait_until(ready, process, what):
    end = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > end or process.poll() is not None:
            process.kill()
            raise AssertionError(f"{what} does not answer")
        time.sleep(0.1)


class Redis:
    """redis-server; @wrapper is put before its command line (alloctap record ... --)."""

    def __init__(self, folder, wrapper=()):
        program = shutil.which("redis-check-rdb")
        if not program:
            raise Unavailable("no redis; apt-get install redis-tools")
        # One program under several names, of which a package has this one.
        server = os.path.join(folder, "redis-server")
        os.symlink(program, server)
        self.socket = os.path.join(folder, "socket")
        self.process = subprocess.Popen(
            [*wrapper, server, "--port", "0", "--unixsocket", self.socket, "--save", "",
             "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.ask("ping") == "PONG", self.process, "redis")
        self.pid = int(self.info("server")["process_id"])

    def ask(self, *words):
        r = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True,
                           text=True)
        return r.stdout.strip()

    def info(self, section):
        lines = self.ask("info", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def load(self, requests, kinds="set,lpush,hset,sadd,zadd", size=100, keys=50000):
        subprocess.run(["redis-benchmark", "-s", self.socket, "-q", "-n", str(requests), "-r",
                        str(keys), "-d", str(size), "-c", "20", "-P", "16", "-t", kinds],
                       stdout=subprocess.DEVNULL, check=True)

    def close(self):
        self.ask("shutdown", "nosave")
        self.process.kill()
        self.process.wait()


def postgres_folder():
    """Where the newest postgres has its programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if found:
        return os.path.dirname(found[-1])
    for version in (15, 17, 16):
        try:
            # It looks for its other files from where it is itself.
            folder = out_of_package(f"postgresql-{version}", "usr")
            return os.path.join(folder, f"lib/postgresql/{version}/bin")
        except Unavailable:
            pass
    raise Unavailable("no postgresql-15 ... -17 in this release")


class Postgres:
    """A server with an empty cluster, run by nobody: it refuses to be root's."""

    def __init__(self):
        programs = postgres_folder()
        self.folder = tempfile.mkdtemp(prefix="alloctap-postgres-")
        shutil.chown(self.folder, "nobody")
        data = os.path.join(self.folder, "data")
        nobody = {"user": "nobody", "group": "nogroup", "cwd": self.folder,
                  "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                  "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([f"{programs}/initdb", "-N", "-A", "trust", "-U", "postgres", "-D", data],
                       check=True, **nobody)
        self.process = subprocess.Popen(
            [f"{programs}/postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=",
             "-c", "fsync=off", "-c", "logging_collector=off"], **nobody)
        self.psql = glob.glob("/usr/lib/postgresql/*/bin/psql")[0]
        wait_until(lambda: os.path.exists(os.path.join(self.folder, ".s.PGSQL.5432"))
                   and self.run("select 1") == "1", self.process, "postgres")

    def arguments(self):
        return [self.psql, "-X", "-q", "-A", "-t", "-h", self.folder, "-U", "postgres",
                "-d", "postgres"]

    def run(self, sql):
        r = subprocess.run([*self.arguments(), "-c", sql], capture_output=True, text=True)
        return r.stdout.strip()

    def connect(self):
        return Backend(self.arguments())

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Backend:
    """One connection, and the process that serves it: .pid."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.pid = int(self.ask("select pg_backend_pid();"))

    def ask(self, sql):
        """Runs that, which answers nothing but its last statement one line."""
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
