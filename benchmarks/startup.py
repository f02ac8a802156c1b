#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long vigil takes to be ready with much stored, and what memory it has then.

    bazel build //cli:vigil //benchmarks/load:all && benchmarks/startup.py

Fills a store with --samples, 15 seconds apart, and starts it again --runs times after each way to end:

  killed   by SIGKILL right after the last sample, so that the journal is to be replayed
  stopped  as an operator would, everything in blocks

Printed are the seconds from exec until /-/ready answers 200 (the median, the least and the most), CPU seconds until
then, and resident memory: when the filled server ran, at the moment of readiness, the most until then, and
--settle seconds later. With --cold, files are dropped from the page cache before each start.
"""

import argparse
import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "compare"))
import systems  # noqa: E402 (found by the path above)

MIB = 1 << 20
INTERVAL_MS = 15_000
POLL_SECONDS = 0.002
START_SECONDS = 600


def is_ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except ConnectionError:
        return False  # It does not listen yet.
    finally:
        connection.close()


class TimedVigil(systems.Vigil):
    """A vigil whose start is timed; it can be started again on its data."""

    options = ()

    def command(self):
        return [*super().command(), *self.options]

    def start(self):
        self.port = systems.free_port()
        self.log = open(self.log_path(), "ab")
        command = self.command()
        begin = time.monotonic()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        while not is_ready(self.port):
            if self.has_ended() or time.monotonic() - begin > START_SECONDS:
                raise systems.Failure(f"vigil is not ready: {self.log_tail()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - begin


def fill(vigil, options):
    command = [systems.BIN / "benchmarks/load/otlp_load", "--server", f"127.0.0.1:{vigil.grpc_port}"]
    command += ["--series", str(options.series), "--rounds", str(options.samples // options.series)]
    command += ["--interval-ms", str(INTERVAL_MS)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def drop_from_page_cache(directory):
    os.sync()
    for path in directory.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def restart(vigil, ending, options):
    """One start after one ending; the server ends the same way again."""
    if options.cold:
        drop_from_page_cache(vigil.directory)
    spent = vigil.spent
    run = {"seconds": vigil.start()}
    run["cpu_seconds"] = vigil.cpu_seconds() - spent
    run["rss_bytes"] = vigil.memory("VmRSS")
    run["peak_rss_bytes"] = vigil.memory("VmHWM")
    time.sleep(options.settle)
    run["settled_rss_bytes"] = vigil.memory("VmRSS")
    vigil.end(ending)
    return run


def measure(options, folder):
    """Results by the way the server has ended."""
    directory = folder / "data"
    directory.mkdir()
    vigil = TimedVigil(options.vigil, directory)
    vigil.options = options.serve
    results = {"samples": options.samples, "series": options.series, "cold": options.cold}
    try:
        results["empty_seconds"] = vigil.start()
        fill(vigil, options)
        results["running_rss_bytes"] = vigil.memory("VmRSS")
        results["running_peak_rss_bytes"] = vigil.memory("VmHWM")
        vigil.end(signal.SIGKILL)
        results["killed"] = [restart(vigil, signal.SIGKILL, options) for _ in range(options.runs)]
        vigil.start()
        vigil.end(signal.SIGTERM)
        results["disk_bytes"] = systems.size_of(directory)
        results["stopped"] = [restart(vigil, signal.SIGTERM, options) for _ in range(options.runs)]
    finally:
        vigil.stop()
    return results


def report(results):
    cache = "cold" if results["cold"] else "warm"
    print(f"{results['samples']} samples of {results['series']} series, {results['disk_bytes'] / MIB:.0f} MiB on disk; "
          f"page cache {cache}; an empty store is ready after {results['empty_seconds']:.2f} s; "
          f"the filled server had {results['running_rss_bytes'] / MIB:.0f} MiB, "
          f"{results['running_peak_rss_bytes'] / MIB:.0f} MiB at most\n")
    print("| ended | ready after s | CPU s | RSS MiB at ready | peak RSS MiB | RSS MiB settled |")
    print("|---|---|---|---|---|---|")
    for ending in ("killed", "stopped"):
        runs = results[ending]
        median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        seconds = [run["seconds"] for run in runs]
        print(f"| {ending} | {median['seconds']:.2f} ({min(seconds):.2f} to {max(seconds):.2f}) "
              f"| {median['cpu_seconds']:.2f} | {median['rss_bytes'] / MIB:.0f} | {median['peak_rss_bytes'] / MIB:.0f} "
              f"| {median['settled_rss_bytes'] / MIB:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--settle", type=float, default=5, help="seconds from readiness to the last look at memory")
    parser.add_argument("--cold", action="store_true", help="drop the files from the page cache before each start")
    parser.add_argument("--vigil", default=systems.BIN / "cli/vigil")
    parser.add_argument("--serve", nargs=argparse.REMAINDER, default=[], help="all that follows goes to `vigil serve`")
    parser.add_argument("--work-dir", help="where data is kept meanwhile")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigil-startup-", dir=options.work_dir) as folder:
        results = measure(options, pathlib.Path(folder))
    report(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="ascii")


if __name__ == "__main__":
    main()
