#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vigil beside Prometheus and VictoriaMetrics: each is fed the same samples on loopback, one after another.

    bazel build //cli:vigil //benchmarks/load:all
    benchmarks/compare/fetch_peers.sh .peers
    benchmarks/compare/compare.py --data fleet --runs 3

Data sets: `fleet` (an LLM fleet, 200 services x 500 series, churn), `million` (1,000,000 new series, few samples
each), or the path of a recording (JSON lines, may be gzipped). Requests are prepared once, in a file; every system
gets the same bytes. Figures are medians of the runs:

  samples/CPU s   samples by the server's user and system seconds, from the first request to the last answer
  settled         the same with what it costs to bring data into the form in which it is kept
  bytes/sample    data files, index included, after that
  bytes/series    resident memory at the end of the load, less that of the empty server, by series

vigil answers after its data is on stable storage; the others do not wait for that.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import systems

BIN = systems.BIN
MIB = 1 << 20
COLUMNS = {
    "M samples/CPU s": lambda run: run["samples"] / run["cpu_seconds"] / 1e6,
    "settled": lambda run: run["samples"] / run["settled_cpu_seconds"] / 1e6,
    "wall s": lambda run: run["wall_seconds"],
    "bytes/sample": lambda run: run["disk_bytes"] / run["samples"],
    "peak RSS MiB": lambda run: run["peak_rss_bytes"] / MIB,
    "bytes/series": lambda run: (run["rss_bytes"] - run["idle_rss_bytes"]) / run["series"],
}
DATA_SETS = {
    "fleet": ["--data", "fleet", "--series-per-service", "500"],
    "million": ["--data", "fleet", "--services", "2000", "--series-per-service", "500", "--rounds", "3", "--churn", "0"],
}


def prepare(options, protocol, folder):
    """The file of requests of a protocol, and what it says of itself."""
    path = folder / f"requests.{protocol}"
    command = [BIN / "benchmarks/load/prepare_load", "--out", path, "--protocol", protocol]
    command += ["--batch", str(options.batch), "--lanes", str(options.connections)]
    command += DATA_SETS.get(options.data, ["--data", options.data, "--copies", str(options.copies)])
    if options.data == "fleet":
        command += ["--services", str(options.services), "--rounds", str(options.rounds), "--churn", str(options.churn)]
    about = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return path, about


def measure(kind, binary, requests, protocol, folder):
    """One run of one system."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind.name}-", dir=folder))
    system = kind(binary, directory)
    try:
        system.start()
        run = {"idle_rss_bytes": system.memory("VmRSS")}
        before = system.cpu_seconds()
        command = [BIN / "benchmarks/load/send_load", "--file", requests] + system.target(protocol)
        sent = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        run["cpu_seconds"] = system.cpu_seconds() - before
        run["wall_seconds"] = sent["seconds"]
        run["samples"] = sent["samples"]
        run["retries"] = sent["retries"]
        run["rss_bytes"] = system.memory("VmRSS")
        run["peak_rss_bytes"] = system.memory("VmHWM")
        run["disk_bytes"] = system.settle()
        run["settled_cpu_seconds"] = system.spent - before
        return run
    finally:
        system.stop()
        shutil.rmtree(directory, ignore_errors=True)


def binaries(options):
    return {
        "vigil": options.vigil,
        "prometheus": options.prometheus or f"{options.peers}/usr/bin/prometheus",
        "victoria-metrics": options.victoria_metrics or f"{options.peers}/usr/bin/victoria-metrics",
        "null": BIN / "benchmarks/load/null_server",
    }


def table(results):
    """The results as lines of a markdown table."""
    yield "| protocol | system | " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * (len(COLUMNS) + 2)
    for result in results:
        cells = [f"{result[column]:.3g}" if result[column] < 100 else f"{result[column]:.0f}" for column in COLUMNS]
        yield f"| {result['protocol']} | {result['system']} | " + " | ".join(cells) + " |"


def compare(options, folder):
    results = []
    for protocol in options.protocol:
        requests, about = prepare(options, protocol, folder)
        print(f"{options.data}, {protocol}: {about['samples']} samples of {about['series']} series in "
              f"{about['requests']} requests of {requests.stat().st_size / MIB:.0f} MiB", file=sys.stderr)
        for name in options.systems:
            kind = systems.SYSTEMS[name]
            binary = binaries(options)[name]
            if protocol not in kind.protocols:
                continue
            runs = []
            for _ in range(options.runs):
                run = measure(kind, binary, requests, protocol, folder)
                runs.append(run | {"series": about["series"]})
                print(f"  {name}: " + ", ".join(f"{column} {value(runs[-1]):.3g}" for column, value in COLUMNS.items()),
                      file=sys.stderr)
            medians = {column: statistics.median(map(value, runs)) for column, value in COLUMNS.items()}
            results.append({"data": options.data, "protocol": protocol, "system": name, **about, **medians, "runs": runs})
        requests.unlink()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default="fleet", help="fleet, million, or the path of a recording")
    parser.add_argument("--services", type=int, default=200, help="of the fleet: 500 series each")
    parser.add_argument("--rounds", type=int, default=100, help="of the fleet: samples of each series")
    parser.add_argument("--churn", type=float, default=0.01, help="of the fleet: share of series replaced in an hour")
    parser.add_argument("--copies", type=int, default=1, help="of the recording")
    parser.add_argument("--protocol", nargs="+", default=["remote_write"], choices=["remote_write", "otlp"])
    parser.add_argument("--systems", nargs="+", default=list(systems.SYSTEMS), choices=list(systems.SYSTEMS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=10_000, help="samples of a request")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--vigil", default=BIN / "cli/vigil")
    parser.add_argument("--peers", default=systems.ROOT / ".peers", help="folder made by fetch_peers.sh")
    parser.add_argument("--prometheus", help="its binary, instead of that of the peers")
    parser.add_argument("--victoria-metrics", help="likewise")
    parser.add_argument("--work-dir", help="where data and requests are kept meanwhile")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigil-compare-", dir=options.work_dir) as folder:
        results = compare(options, pathlib.Path(folder))
    print("\n".join(table(results)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="ascii")


if __name__ == "__main__":
    main()
