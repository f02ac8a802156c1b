#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does a point cost the same however much is stored? Feeds vigil up to --samples and draws what each interval took.

    bazel build //cli:vigil //benchmarks/load:all && benchmarks/flat_cost.py

OTLP over gRPC, --series series 15 seconds apart, without pause, so that flushes and compaction go on beside. After
each interval: CPU nanoseconds of the server per point of that interval, resident memory, bytes on disk. Intervals
grow with what is stored, four between 10 M and 20 M points and likewise later, so that the picture's x axis can be
logarithmic; --every N makes them equal instead. Writes flat_cost.json and flat_cost.svg to --out after each one.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "compare"))
import svg_chart  # noqa: E402
import systems  # noqa: E402 (found by the path above)

INTERVAL_MS = 15_000
MIB = 1 << 20
FIRST_SHARE = 100  # The first interval is this part of all, as the 10 M are of 1 G.
GROWTH = 2**0.25


def ends(samples, every):
    """How many points are stored after each interval."""
    marks, at = [], every or samples / FIRST_SHARE
    while at < samples * 0.999:
        marks.append(round(at))
        at = at + every if every else at * GROWTH
    return [*marks, samples]


def feed(vigil, options, base_ms, first_round, rounds):
    command = [systems.BIN / "benchmarks/load/otlp_load", "--server", f"127.0.0.1:{vigil.grpc_port}"]
    command += ["--series", str(options.series), "--rounds", str(rounds), "--interval-ms", str(INTERVAL_MS)]
    command += ["--base-ms", str(base_ms), "--start-round", str(first_round)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def measure(options, folder, note):
    """Calls `note` with all intervals so far after each."""
    directory = folder / "data"
    directory.mkdir()
    vigil = systems.Vigil(options.vigil, directory)
    total_rounds = options.samples // options.series
    base_ms = int(time.time() * 1000) - total_rounds * INTERVAL_MS
    intervals = []
    try:
        vigil.start()
        # Series become known: making them is not what is measured.
        feed(vigil, options, base_ms, 0, 1)
        done = 1
        for end in ends(options.samples, options.every):
            rounds = max(1, end // options.series - done)
            before = vigil.cpu_seconds()
            sent = feed(vigil, options, base_ms, done, rounds)
            done += rounds
            intervals.append({
                "points": sent["points"],
                "stored": done * options.series,
                "cpu_ns_per_point": (vigil.cpu_seconds() - before) / sent["points"] * 1e9,
                "seconds": sent["seconds"],
                "retries": sent["retries"],
                "rss_bytes": vigil.memory("VmRSS"),
                "peak_rss_bytes": vigil.memory("VmHWM"),
                "disk_bytes": systems.size_of(directory),
            })
            note(intervals)
    finally:
        vigil.stop()
    return intervals


def picture(options, intervals):
    def line(key):
        return [(interval["stored"], interval[key]) for interval in intervals]

    per_sample = [(i["stored"], i["disk_bytes"] / i["stored"]) for i in intervals]
    return svg_chart.Chart(
        "vigil: what a point costs as stored data grows",
        f"OTLP over gRPC, {svg_chart.short(options.series)} series, 15 s apart; flushes and compaction go on beside",
        "points stored",
        [
            ("Server CPU per point of the last interval", "ns", [("", line("cpu_ns_per_point"))]),
            ("Resident memory", "B", [("", line("rss_bytes"))]),
            ("Bytes on disk, journal included", "B", [("", line("disk_bytes"))]),
            ("Bytes on disk per point, journal included", "B", [("", per_sample)]),
        ],
    ).svg()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--every", type=int, help="points of an interval, instead of growing ones")
    parser.add_argument("--vigil", default=systems.BIN / "cli/vigil")
    parser.add_argument("--work-dir", help="where data is kept meanwhile")
    parser.add_argument("--out", type=pathlib.Path, default=systems.ROOT / "benchmarks/results")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print("| stored | CPU ns/point | M points/s | RSS MiB | disk MiB |\n|---|---|---|---|---|")

    def note(intervals):
        last = intervals[-1]
        print(f"| {svg_chart.short(last['stored'])} | {last['cpu_ns_per_point']:.0f} "
              f"| {last['points'] / last['seconds'] / 1e6:.2f} | {last['rss_bytes'] / MIB:.0f} "
              f"| {last['disk_bytes'] / MIB:.0f} |", flush=True)
        figures = {"samples": options.samples, "series": options.series, "intervals": intervals}
        (options.out / "flat_cost.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="ascii")
        (options.out / "flat_cost.svg").write_text(picture(options, intervals), encoding="utf-8")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-flat-cost-", dir=options.work_dir))
    try:
        measure(options, folder, note)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
