# SPDX-License-Identifier: Apache-2.0
"""The systems that are compared: how each is started, fed, settled and weighed."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "bazel-bin"
START_SECONDS = 60
SETTLE_SECONDS = 120

# Files that tell of the program rather than hold data.
NOT_DATA = ("LOG", "OPTIONS-", "LOCK", "lock", "flock.lock")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, method="GET", timeout=600):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=timeout) as answer:
        return answer.read().decode()


def wait_for(condition, what, seconds=START_SECONDS):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{what}: not within {seconds} s")


def size_of(*folders):
    """Bytes of the data files below the folders."""
    total = 0
    for folder in folders:
        for path, _, names in os.walk(folder):
            for name in names:
                if not name.startswith(NOT_DATA):
                    try:
                        total += (pathlib.Path(path) / name).stat().st_size
                    except FileNotFoundError:
                        pass  # Just compacted away.
    return total


class System:
    """A server. `protocols` names what it can be fed, `target` the arguments of send_load for one of them."""

    name = ""
    protocols = ("remote_write",)

    def __init__(self, binary, directory):
        self.binary = str(binary)
        self.directory = pathlib.Path(directory)
        self.port = 0
        self.process = None
        self.spent = 0.0  # CPU seconds of processes that have ended.

    def command(self):
        raise NotImplementedError

    def target(self, protocol):
        return ["--server", f"127.0.0.1:{self.port}"]

    def is_ready(self):
        raise NotImplementedError

    def start(self):
        self.port = free_port()
        self.log = open(self.directory.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        wait_for(self.is_ready, f"{self.name} starts")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.process = None
        self.log.close()
        self.spent += usage.ru_utime + usage.ru_stime

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return self.spent + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field):
        """`VmRSS` or `VmHWM`, in bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
        return 0

    def settle(self):
        """Brings data into the form in which it is kept, and returns its bytes on disk."""
        raise NotImplementedError


class Vigil(System):
    """Settled: compacted, as `vigil compact` does, and stopped."""

    name = "vigil"
    protocols = ("remote_write", "otlp")

    def command(self):
        self.grpc_port = free_port()
        return [
            self.binary, "serve", "--data-dir", str(self.directory),
            "--grpc-listen", f"127.0.0.1:{self.grpc_port}", "--http-listen", f"127.0.0.1:{self.port}",
        ]

    def is_ready(self):
        return get(self.url("/-/ready")) != ""

    def target(self, protocol):
        if protocol == "otlp":
            return ["--server", f"127.0.0.1:{self.grpc_port}", "--grpc"]
        return super().target(protocol)

    def settle(self):
        command = [self.binary, "compact", "--server", f"127.0.0.1:{self.grpc_port}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=SETTLE_SECONDS)
        self.stop()
        return size_of(self.directory)


class VictoriaMetrics(System):
    """Settled: flushed, and merged by force."""

    name = "victoria-metrics"
    protocols = ("remote_write", "otlp")

    def command(self):
        return [
            self.binary, f"-storageDataPath={self.directory}", f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=2", "-loggerLevel=WARN",
        ]

    def is_ready(self):
        return get(self.url("/health")) == "OK"

    def target(self, protocol):
        path = ["--path", "/opentelemetry/v1/metrics"] if protocol == "otlp" else []
        return super().target(protocol) + path

    def settle(self):
        get(self.url("/internal/force_flush"))
        get(self.url("/internal/force_merge"))
        time.sleep(1)
        wait_for(lambda: "vm_active_force_merges 0" in get(self.url("/metrics")), "the merge ends", SETTLE_SECONDS)
        self.stop()
        return size_of(self.directory / "data", self.directory / "indexdb")


class Prometheus(System):
    """Settled: a snapshot, which writes the head as a block."""

    name = "prometheus"

    def command(self):
        config = self.directory.with_suffix(".yml")
        config.write_text("global: {}\n", encoding="ascii")
        return [
            self.binary, f"--config.file={config}", f"--storage.tsdb.path={self.directory}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
            "--web.enable-admin-api", "--storage.tsdb.retention.time=60d", "--log.level=warn",
        ]

    def is_ready(self):
        return "Ready" in get(self.url("/-/ready"))

    def settle(self):
        answer = json.loads(get(self.url("/api/v1/admin/tsdb/snapshot"), method="POST"))
        folder = self.directory / "snapshots" / answer["data"]["name"]
        size = size_of(folder)
        self.stop()
        return size


class Null(System):
    """Receives OTLP over gRPC and does nothing with it: what transport alone costs."""

    name = "null"
    protocols = ("otlp",)

    def start(self):
        self.log = open(self.directory.with_suffix(".log"), "ab")
        self.process = subprocess.Popen([self.binary], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = int(self.process.stdout.readline())

    def target(self, protocol):
        return super().target(protocol) + ["--grpc"]

    def settle(self):
        self.stop()
        return 0


SYSTEMS = {system.name: system for system in (Vigil, VictoriaMetrics, Prometheus, Null)}
