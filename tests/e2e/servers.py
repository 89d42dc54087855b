# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Servers that others wrote, under load: Debian's caddy and prometheus on loopback.

Used by the tests and by tools/bench, so it knows nothing of pytest. The installed
program is taken, or it comes out of its package; no service is started.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Unavailable(Exception):
    """There is no such program here."""


def program(package, name):
    if shutil.which(name):
        return shutil.which(name)
    r = subprocess.run([os.path.join(TOP, "tools/debian-file"), package, "usr/bin/" + name],
                       capture_output=True, text=True)
    if r.returncode:
        raise Unavailable(r.stderr.strip())
    return r.stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that answers on @port, from now until close(); it works in @folder."""

    def __init__(self, argv, folder, port):
        self.exe = argv[0]
        self.url = f"http://127.0.0.1:{port}"
        folder = str(folder)
        env = dict(os.environ, HOME=folder, XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder)
        self.log = os.path.join(folder, "log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, env=env)
        self.pid = self.process.pid
        for _ in range(200):
            try:
                self.get("/")
                return
            except OSError:
                time.sleep(0.1)
        self.close()
        with open(self.log) as log:
            raise AssertionError(f"{argv[0]} does not answer:\n{log.read()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            assert response.status == 200
            return response.read()

    def load(self, paths, requests=None, seconds=None, threads=2):
        """Asks for @paths in turn, so many times or for so long; how often it was answered."""
        done = []
        end = time.monotonic() + (seconds or 600)

        def ask(first):
            turn = first
            while time.monotonic() < end and (not requests or turn < requests):
                self.get(paths[turn // threads % len(paths)])
                done.append(turn)
                turn += threads

        asking = [threading.Thread(target=ask, args=(i,)) for i in range(threads)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        return len(done)

    def close(self):
        self.process.kill()
        self.process.wait()


def caddy(folder):
    """A file server with a page that lists twenty others."""
    site = os.path.join(folder, "site")
    os.mkdir(site)
    for i in range(20):
        with open(os.path.join(site, f"page{i}.html"), "w") as f:
            f.write(f"<p>page {i}</p>\n" * 50)
    port = free_port()
    return Server([program("caddy", "caddy"), "file-server", "--root", site, "--browse",
                   "--listen", f"127.0.0.1:{port}"], folder, port)


def prometheus(folder):
    """It watches itself, ten times a second: it looks for what to watch every 5 s only."""
    port = free_port()
    config = os.path.join(folder, "prometheus.yml")
    with open(config, "w") as f:
        f.write("global: {scrape_interval: 100ms}\nscrape_configs:\n- job_name: self\n"
                f"  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n")
    server = Server([program("prometheus", "prometheus"), "--config.file=" + config,
                     "--storage.tsdb.path=" + os.path.join(folder, "data"),
                     f"--web.listen-address=127.0.0.1:{port}"], folder, port)
    end = time.monotonic() + 20
    while b'"result":[]' in server.get("/api/v1/query?query=up"):
        if time.monotonic() > end:
            server.close()
            raise AssertionError("prometheus does not watch itself")
        time.sleep(0.1)
    return server


def prometheus_paths():
    """Questions of all kinds: they group by labels, which is done with maps."""
    everything = '{__name__!=""}'
    queries = [f"sum by (__name__) ({everything})", f"count without (instance) ({everything})",
               "histogram_quantile(0.9, sum by (le, handler) "
               "(rate(prometheus_http_request_duration_seconds_bucket[10s])))",
               "topk(5, go_memstats_alloc_bytes) / on (job) group_left up"]
    paths = ["/api/v1/query?query=" + urllib.parse.quote(q) for q in queries]
    return paths + ["/metrics", "/api/v1/labels", "/api/v1/targets",
                    "/api/v1/series?match[]=" + urllib.parse.quote(everything),
                    "/federate?match[]=" + urllib.parse.quote(everything)]
