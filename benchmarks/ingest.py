#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OTLP ingest: points per server CPU second, beside a server that receives the same bytes and does nothing.

    bazel build //cli:vigil //benchmarks/load:all && benchmarks/ingest.py

Each figure is the median of --runs runs. Server CPU seconds are user and system time of the server process
from the start of the load to the end of the process, so that the writing of blocks counts.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "bazel-bin"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


def start_null():
    process = subprocess.Popen([BIN / "benchmarks/load/null_server"], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def start_vigil(data_dir):
    process = subprocess.Popen(
        [BIN / "cli/vigil", "serve", "--data-dir", data_dir]
        + ["--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        entry = json.loads(line)
        if entry["message"] == "ready":
            return process, int(entry["grpc_address"].rsplit(":", 1)[1])
    raise RuntimeError("vigil did not start")


def load(port, series, rounds):
    command = [BIN / "benchmarks/load/otlp_load", "--server", f"127.0.0.1:{port}"]
    command += ["--series", str(series), "--rounds", str(rounds)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def measure(server, series, rounds):
    """One run: (points per CPU second, points per second, peak MiB)."""
    data_dir = tempfile.mkdtemp(prefix="vigil-ingest-")
    try:
        process, port = start_null() if server == "null" else start_vigil(data_dir)
        try:
            load(port, series, 2)  # Series become known, connections warm.
            before = cpu_seconds(process.pid)
            result = load(port, series, rounds)
            peak = peak_mib(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            usage = os.wait4(process.pid, 0)[2]
            process.returncode = 0
        # Until the end of the process: what is still to be written into blocks is part of the work.
        used = usage.ru_utime + usage.ru_stime - before
        return result["points"] / used, result["points"] / result["seconds"], peak
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--points", type=int, default=20_000_000, help="points of a run")
    parser.add_argument("--series", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args()
    print(f"{'series':>8} {'server':>8} {'M points/CPU s':>15} {'M points/s':>11} {'peak MiB':>9} {'of null':>8}")
    for series in options.series:
        rates = {}
        for server in ("null", "vigil"):
            runs = [measure(server, series, options.points // series) for _ in range(options.runs)]
            per_cpu, per_second, peak = (statistics.median(column) for column in zip(*runs))
            rates[server] = per_cpu
            share = per_cpu / rates["null"]
            print(
                f"{series:>8} {server:>8} {per_cpu / 1e6:>15.2f} {per_second / 1e6:>11.2f}"
                f" {peak:>9.0f} {share:>8.0%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
