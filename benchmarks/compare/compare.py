#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vigil beside Prometheus and VictoriaMetrics: each is fed the same samples on loopback, one after another.

    bazel build //cli:vigil //benchmarks/load:all
    benchmarks/compare/fetch_peers.sh .peers
    benchmarks/compare/compare.py --data fleet --runs 3

Data sets: `fleet` (an LLM fleet, 200 services x 500 series, churn), `million` (1,000,000 new series, few samples
each), or the path of a recording (JSON lines, may be gzipped). Requests are prepared once, in a file; every system
gets the same bytes. Figures are medians of the runs, with the smallest and the largest:

  samples/CPU s   samples by the server's user and system seconds, from the first request to the last answer
  settled         the same with what it costs to bring data into the form in which it is kept
  bytes/sample    data files, index included, after that
  RSS MiB         resident memory at the end of the load; peak is the most there was until then
  bytes/series    the same less that of the empty server, by series

A second table has milliseconds of a fixed list of range queries (queries.py), asked after settling what came by
remote write: the median of --repetitions, then of the runs. Each is asked through
/api/v1/query_range, and answers anew each time: vigil over gRPC would keep answers, as it does for dashboards.

vigil answers after its data is on stable storage; the others do not wait for that. A run that fails is told in the
table, the figures of all others are kept, and the exit status is 1.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import queries
import systems

BIN = systems.BIN
MIB = 1 << 20
COLUMNS = {
    "M samples/CPU s": lambda run: run["samples"] / run["cpu_seconds"] / 1e6,
    "settled": lambda run: run["samples"] / run["settled_cpu_seconds"] / 1e6,
    "wall s": lambda run: run["wall_seconds"],
    "bytes/sample": lambda run: run["disk_bytes"] / run["samples"],
    "RSS MiB": lambda run: run["rss_bytes"] / MIB,
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
        command += ["--churn-by-service"] if options.churn_by_service else []
    about = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return path, about


def send(system, requests, protocol, timeout):
    command = [BIN / "benchmarks/load/send_load", "--file", requests] + system.target(protocol)
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise systems.Failure(done.stderr.strip() or done.stdout.strip())
    return json.loads(done.stdout)


def ask(options, system, about):
    """The queries with their milliseconds, or with what went wrong.

    After remote write only: what OTLP's names become is not the same everywhere, and with it the answers.
    """
    if about["protocol"] != "remote_write" or options.repetitions == 0:
        return []
    target = system.query_target()
    texts, start_ms, end_ms, step_ms = queries.plan(options.data, about["first_ms"], about["last_ms"])
    command = [BIN / "benchmarks/load/query_load", *target, "--repetitions", str(options.repetitions)]
    command += ["--start-ms", str(start_ms), "--end-ms", str(end_ms), "--step-ms", str(step_ms)]
    try:
        done = subprocess.run(command, input="\n".join(texts), stdout=subprocess.PIPE, text=True,
                              timeout=options.settle_timeout, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]
    except (OSError, subprocess.TimeoutExpired) as error:
        # The run's other figures are good all the same.
        return [{"query": text, "error": str(error)} for text in texts]


def take(options, system, requests, about, stage):
    """One run of a system that has not been started; `stage` is told what is being done."""
    stage("starting")
    system.start()
    run = {"series": about["series"], "idle_rss_bytes": system.memory("VmRSS")}
    before = system.cpu_seconds()
    stage("sending")
    sent = send(system, requests, about["protocol"], options.send_timeout)
    run["cpu_seconds"] = max(system.cpu_seconds() - before, systems.CLOCK_TICK_SECONDS)
    run["wall_seconds"] = sent["seconds"]
    run["samples"] = sent["samples"]
    run["retries"] = sent["retries"]
    run["rss_bytes"] = system.memory("VmRSS")
    run["peak_rss_bytes"] = system.memory("VmHWM")
    stage("settling")
    system.settle()
    settled = system.cpu_seconds()
    stage("asking")
    run["queries"] = ask(options, system, about)
    asked = system.cpu_seconds() - settled
    stage("stopping")
    system.stop()
    run["settled_cpu_seconds"] = max(system.spent - before - asked, systems.CLOCK_TICK_SECONDS)
    run["disk_bytes"] = system.disk_bytes()
    return run


def measure(options, kind, binary, requests, about, folder):
    """One run of one system. Failure says at which stage it came to an end, and why."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{kind.name}-", dir=folder))
    system = kind(binary, directory, options.settle_timeout)
    stages = []
    try:
        return take(options, system, requests, about, stages.append)
    except subprocess.TimeoutExpired as error:
        raise systems.Failure(f"{stages[-1]}: took longer than {error.timeout:.3g} s") from error
    except (subprocess.CalledProcessError, systems.Failure, OSError, ValueError, KeyError) as error:
        raise systems.Failure(f"{stages[-1]}: {error}") from error
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


def figure(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def with_spread(values):
    """The median, and the least and the most if there are several."""
    median = figure(statistics.median(values))
    return median if len(values) < 2 else f"{median} ({figure(min(values))} to {figure(max(values))})"


def markdown(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def table(results):
    """The results as lines of a markdown table."""
    rows = []
    for result in results:
        runs = result["runs"]
        if runs:
            cells = [with_spread([column(run) for run in runs]) for column in COLUMNS.values()]
            rows.append([result["protocol"], result["system"], *cells])
        for failure in result["failures"]:
            rows.append([result["protocol"], result["system"], f"FAILED: {failure}", *[""] * (len(COLUMNS) - 1)])
    return markdown(["protocol", "system", *COLUMNS], rows)


def milliseconds_of(result, text):
    """A cell: the median of each run, and of these; with what went wrong instead, if anything did."""
    answers = [query for run in result["runs"] for query in run["queries"] if query["query"] == text]
    errors = [answer["error"] for answer in answers if "error" in answer]
    if errors:
        return "FAILED: " + errors[0].replace("|", " ").replace("\n", " ")
    return with_spread([statistics.median(answer["milliseconds"]) for answer in answers]) if answers else ""


def latencies(results):
    """Milliseconds of each query and system, as lines of a markdown table."""
    asked = [result for result in results if any(run["queries"] for run in result["runs"])]
    answers = [query for result in asked for run in result["runs"] for query in run["queries"]]
    if not answers:
        return
    rows = []
    for text in dict.fromkeys(answer["query"] for answer in answers):
        sizes = {(answer["series"], answer["points"]) for answer in answers
                 if answer["query"] == text and "series" in answer}
        # Systems that differ have answered another question.
        size = " or ".join(f"{series}, {points}" for series, points in sorted(sizes))
        rows.append([f"`{text}`", size, *[milliseconds_of(result, text) for result in asked]])
    yield ""
    yield from markdown(["milliseconds", "series, points", *[result["system"] for result in asked]], rows)


def write_json(options, results):
    """After each system, so that nothing is lost if this ends early."""
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="ascii")


def run_system(options, name, requests, about, folder):
    """All runs of one system; what fails is part of the result."""
    result = {"data": options.data, "system": name, **about, "runs": [], "failures": []}
    for _ in range(options.runs):
        try:
            run = measure(options, systems.SYSTEMS[name], binaries(options)[name], requests, about, folder)
        except systems.Failure as error:
            result["failures"].append(" ".join(str(error).split()).replace("|", " "))
            print(f"  {name}: FAILED: {error}", file=sys.stderr)
            break  # The next would most likely take as long to fail.
        result["runs"].append(run)
        print(f"  {name}: " + ", ".join(f"{column} {value(run):.3g}" for column, value in COLUMNS.items()),
              file=sys.stderr)
    if result["runs"]:
        result |= {column: statistics.median(map(value, result["runs"])) for column, value in COLUMNS.items()}
    return result


def compare(options, folder):
    results = []
    for protocol in options.protocol:
        requests, about = prepare(options, protocol, folder)
        print(f"{options.data}, {protocol}: {about['samples']} samples of {about['series']} series in "
              f"{about['requests']} requests of {requests.stat().st_size / MIB:.0f} MiB", file=sys.stderr)
        for name in options.systems:
            if protocol in systems.SYSTEMS[name].protocols:
                results.append(run_system(options, name, requests, about, folder))
                write_json(options, results)
        requests.unlink()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default="fleet", help="fleet, million, or the path of a recording")
    parser.add_argument("--services", type=int, default=200, help="of the fleet: 500 series each")
    parser.add_argument("--rounds", type=int, default=100, help="of the fleet: samples of each series")
    parser.add_argument("--churn", type=float, default=0.01, help="of the fleet: share of series replaced in an hour")
    parser.add_argument("--churn-by-service", action="store_true",
                        help="of the fleet: replace all series of a service at once, not one here and one there")
    parser.add_argument("--copies", type=int, default=1, help="of the recording")
    parser.add_argument("--protocol", nargs="+", default=["remote_write"], choices=["remote_write", "otlp"])
    parser.add_argument("--systems", nargs="+", default=list(systems.SYSTEMS), choices=list(systems.SYSTEMS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=7, help="of each query; 0 asks none")
    parser.add_argument("--send-timeout", type=float, default=1800, help="seconds in which all is to be taken")
    parser.add_argument("--settle-timeout", type=float, default=systems.SETTLE_SECONDS,
                        help="seconds in which data is to be brought into the form in which it is kept, and be asked")
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
    print("\n".join([*table(results), *latencies(results)]))
    failed = any(result["failures"] or any("error" in query for run in result["runs"] for query in run["queries"])
                 for result in results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
