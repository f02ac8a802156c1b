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
CLOCK_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")  # What CPU time is counted in.
# Of bringing data into the form in which it is kept, unless told otherwise.
SETTLE_SECONDS = 1800

# Files that tell of the program rather than hold data.
NOT_DATA = ("LOG", "OPTIONS-", "LOCK", "lock", "flock.lock")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Failure(Exception):
    """A system did not do what it was to do."""


def get(url, method="GET", timeout=60):
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
    raise Failure(f"{what}: not within {seconds} s")


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

    def __init__(self, binary, directory, settle_seconds=SETTLE_SECONDS):
        self.binary = str(binary)
        self.directory = pathlib.Path(directory)
        self.settle_seconds = settle_seconds
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
        self.log = open(self.log_path(), "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        wait_for(lambda: self.has_ended() or self.is_ready(), f"{self.name} starts")
        if self.has_ended():
            raise Failure(f"{self.name} ended instead of starting: {self.log_tail()}")

    def log_path(self):
        return self.directory.with_suffix(".log")

    def log_tail(self, size=500):
        return self.log_path().read_text(encoding="utf-8", errors="replace")[-size:].strip()

    def has_ended(self):
        """Without reaping it: `stop` is to learn what it has spent."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        if self.process is None:
            return
        self.end(signal.SIGTERM)

    def end(self, number):
        """By a signal; by force if that is not enough."""
        os.kill(self.process.pid, number)  # Popen's own would reap what has ended, and forget its usage.
        deadline = time.monotonic() + self.settle_seconds
        while not self.has_ended():
            if time.monotonic() > deadline:
                os.kill(self.process.pid, signal.SIGKILL)
            time.sleep(0.02)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process = None
        self.log.close()
        self.spent += usage.ru_utime + usage.ru_stime

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return self.spent + (int(fields[11]) + int(fields[12])) * CLOCK_TICK_SECONDS

    def memory(self, field):
        """`VmRSS` or `VmHWM`, in bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
        return 0

    def points_taken(self):
        """How many it says that it has received: the series POINTS_TAKEN of its own metrics."""
        for line in get(self.url("/metrics")).splitlines():
            if line.startswith(self.POINTS_TAKEN + " "):
                return float(line.split()[-1])
        raise Failure(f"{self.name} does not tell {self.POINTS_TAKEN}")

    def query_target(self):
        """The arguments of query_load."""
        return ["--server", f"127.0.0.1:{self.port}"]

    def settle(self):
        """Brings data into the form in which it is kept. The system serves on."""
        raise NotImplementedError

    def disk_bytes(self):
        """Of the data, after `settle` and `stop`."""
        return size_of(self.directory)


class Vigil(System):
    """Settled: compacted, as `vigil compact` does, and stopped."""

    name = "vigil"
    protocols = ("remote_write", "otlp")
    POINTS_TAKEN = 'vigil_received_records_total{signal="metrics"}'

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
        command += ["--timeout", str(self.settle_seconds)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=self.settle_seconds)


class VictoriaMetrics(System):
    """Settled: flushed, and merged by force."""

    name = "victoria-metrics"
    protocols = ("remote_write", "otlp")

    def command(self):
        return [
            self.binary, f"-storageDataPath={self.directory}", f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=2", "-loggerLevel=WARN",
            # Answers are computed each time, and up to the last sample, as the others do.
            "-search.disableCache", "-search.latencyOffset=0s",
        ]

    def is_ready(self):
        return get(self.url("/health")) == "OK"

    def target(self, protocol):
        path = ["--path", "/opentelemetry/v1/metrics"] if protocol == "otlp" else []
        return super().target(protocol) + path

    def settle(self):
        get(self.url("/internal/force_flush"), timeout=self.settle_seconds)
        get(self.url("/internal/force_merge"), timeout=self.settle_seconds)
        time.sleep(1)
        wait_for(lambda: "vm_active_force_merges 0" in get(self.url("/metrics")), "the merge ends", self.settle_seconds)

    def disk_bytes(self):
        return size_of(self.directory / "data", self.directory / "indexdb")


class Prometheus(System):
    """Settled: a snapshot, which writes the head as a block."""

    name = "prometheus"
    POINTS_TAKEN = 'prometheus_tsdb_head_samples_appended_total{type="float"}'

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
        url = self.url("/api/v1/admin/tsdb/snapshot")
        answer = json.loads(get(url, method="POST", timeout=self.settle_seconds))
        self.snapshot = self.directory / "snapshots" / answer["data"]["name"]

    def disk_bytes(self):
        return size_of(self.snapshot)


class Null(System):
    """Receives OTLP over gRPC and does nothing with it: what transport alone costs."""

    name = "null"
    protocols = ("otlp",)

    def start(self):
        self.log = open(self.log_path(), "ab")
        self.process = subprocess.Popen([self.binary], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = int(self.process.stdout.readline())

    def target(self, protocol):
        return super().target(protocol) + ["--grpc"]

    def settle(self):
        pass

    def disk_bytes(self):
        return 0


SYSTEMS = {system.name: system for system in (Vigil, VictoriaMetrics, Prometheus, Null)}
