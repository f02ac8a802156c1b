# SPDX-License-Identifier: Apache-2.0
"""A Prometheus beside the vigil under test: the newest that can be had without installing anything."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from vigil_process import DEADLINE_SECONDS, REPOSITORY, wait_until

FETCH = REPOSITORY / "benchmarks/compare/fetch_peers.sh"
FETCH_SECONDS = 120
FEATURES = "promql-experimental-functions,native-histograms,promql-duration-expr"


def cache_directory():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "vigil/peers"


def find(program="prometheus"):
    """The path of `prometheus` or `promtool`, or None: $VIGIL_PROMETHEUS or $VIGIL_PROMTOOL, else the one unpacked into
    the cache, else the installed one."""
    if named := os.environ.get(f"VIGIL_{program.upper()}"):
        return named
    unpacked = cache_directory() / "usr/bin" / program
    if not unpacked.exists():
        try:
            subprocess.run(
                [FETCH, cache_directory()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=FETCH_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            pass
    return str(unpacked) if unpacked.exists() else shutil.which(program)


def version_of(program):
    """(major, minor) of the program."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    major, minor = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr).groups()
    return int(major), int(minor)


@contextlib.contextmanager
def temporary_directory():
    with tempfile.TemporaryDirectory(prefix="vigil-prometheus-") as directory:
        yield pathlib.Path(directory)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """One process with a directory of its own, which takes remote writes.

    `config` is the text of its configuration, `features` are switched on beside FEATURES, `flags` are further ones.
    """

    def __init__(self, program, config="global: {}\n", features=(), flags=()):
        self.program = program
        self.config = config
        self.features = ",".join((FEATURES, *features))
        self.flags = flags
        self._directory = tempfile.mkdtemp(prefix="vigil-prometheus-")
        self._process = None
        self.http_address = None

    def __enter__(self):
        directory = pathlib.Path(self._directory)
        (directory / "prometheus.yml").write_text(self.config, encoding="utf-8")
        self.http_address = f"127.0.0.1:{free_port()}"
        self._start()
        return self

    def _start(self):
        directory = pathlib.Path(self._directory)
        with (directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.program,
                    f"--config.file={directory}/prometheus.yml",
                    f"--storage.tsdb.path={directory}/data",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address={self.http_address}",
                    "--web.enable-remote-write-receiver",
                    f"--enable-feature={self.features}",
                    *self.flags,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._ready, lambda: f"Prometheus is ready; its log:\n{self.log_text()}", DEADLINE_SECONDS)
        except BaseException:
            self.close()
            raise

    def restart(self):
        """As an operator would; its address and its data stay."""
        self._process.terminate()
        self._process.wait(DEADLINE_SECONDS)
        self._start()

    def __exit__(self, *_):
        self.close()

    def log_text(self):
        return (pathlib.Path(self._directory) / "log").read_text(encoding="utf-8", errors="replace")

    def _ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"Prometheus ended with {self._process.returncode}:\n{self.log_text()}")
        connection = http.client.HTTPConnection(self.http_address, timeout=5)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def close(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_SECONDS)
        shutil.rmtree(self._directory, ignore_errors=True)
