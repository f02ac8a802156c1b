#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a day of churn costs: --living series at any time, of which --dead come and go, against no --dead.

    bazel build //benchmarks/storage/metrics:series_churn && benchmarks/churn.py

Runs series_churn (the store's shard alone, without the wire) --runs times each way, in turn. The ingest rate is
samples by CPU seconds, of which the making of series and the flushes are part. Memory is what is resident at the end
of the day, and the most of it just after a flush. The figures are medians; the last row is the ratio that is to stay
within a fifth.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CPU = ("new_series_cpu_seconds", "samples_cpu_seconds", "flush_cpu_seconds")
COLUMNS = {
    "M samples/CPU s": lambda run: run["samples"] / sum(run[part] for part in CPU) / 1e6,
    "us/new series": lambda run: run["new_series_cpu_seconds"] / run["dead"] * 1e6 if run["dead"] else 0,
    "ns/sample taken": lambda run: run["samples_cpu_seconds"] / run["samples"] * 1e9,
    "ns/sample flushed": lambda run: run["flush_cpu_seconds"] / run["samples"] * 1e9,
    "series in memory": lambda run: run["series_in_memory"],
    "RSS MB": lambda run: run["rss_bytes"] / 1e6,
    "peak RSS MB": lambda run: run["peak_rss_bytes"] / 1e6,
}


def day(options, dead):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-churn-", dir=options.work_dir))
    try:
        command = [options.binary, folder / "data", str(options.living), str(dead), str(options.scrapes)]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        return json.loads(output[-1]) | {"half_hours": output[:-1]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--living", type=int, default=1_000_000)
    parser.add_argument("--dead", type=int, default=10_000_000)
    parser.add_argument("--scrapes", type=int, default=6, help="samples of a series in half an hour")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=ROOT / "bazel-bin/benchmarks/storage/metrics/series_churn")
    parser.add_argument("--work-dir", help="where data is kept meanwhile")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    options = parser.parse_args()
    runs = {0: [], options.dead: []}
    for _ in range(options.runs):
        for dead, of_dead in runs.items():
            of_dead.append(day(options, dead))
    print("| series | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    medians = []
    for dead, of_dead in runs.items():
        medians.append([statistics.median(map(column, of_dead)) for column in COLUMNS.values()])
        cells = [f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in medians[-1]]
        print(f"| {options.living} living, {dead} dead | " + " | ".join(cells) + " |")
    ratios = [f"{with_churn / without:.2f}" if without else "" for without, with_churn in zip(*medians)]
    print("| ratio | " + " | ".join(ratios) + " |")
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1), encoding="ascii")


if __name__ == "__main__":
    main()
