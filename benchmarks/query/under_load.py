#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many queries at a time while many points come in: what fails, how long answers take, and whether ingest keeps its rate.

    bazel build //cli:vigil //benchmarks/load:all && benchmarks/query/under_load.py [--seconds 600]

First points come in alone for --alone seconds, then --clients clients ask besides, each its next question as soon as it
has the answer to its last: instant and range queries of a dashboard over one of a hundred metrics (a thousand series
each), selections, label values and series. Printed are points per second of both parts by the server's own counter, what the
sender was refused or had to repeat, queries per second, and percentiles of their time. Any error is printed, and the exit
status is 1.
"""

import argparse
import collections
import http.client
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "compare"))
import systems  # noqa: E402

SERIES = 100_000
METRICS = 100
SHOWN_ERRORS = 10


def instant(query):
    return lambda now: ("query", {"query": query, "time": now})


def ranged(query, minutes, step):
    return lambda now: ("query_range", {"query": query, "start": now - 60 * minutes, "end": now, "step": step})


def questions(number):
    """By kind, of one metric."""
    metric = f"llm_load_{number}_total"
    job = f'job="service-{number % 10 * 10_000}"'
    return {
        "rates now": instant(f"sum by (model) (rate({metric}[1m]))"),
        "error ratio now": instant(f'sum(rate({metric}{{status="error"}}[1m])) / sum(rate({metric}[1m]))'),
        "rates of 15 minutes": ranged(f"sum by (status) (rate({metric}[1m]))", 15, 15),
        "largest of 15 minutes": ranged(f"topk(5, rate({metric}{{{job}}}[1m]))", 15, 15),
        "one series": ranged(f'{metric}{{{job},model="model-1",endpoint="/v1/endpoint-1"}}', 5, 1),
        "count of many": instant(f'count({{__name__=~"llm_load_{number // 10}._total"}})'),
        "label values": lambda now: ("label/endpoint/values", {"match[]": metric, "start": now - 900, "end": now}),
        "series": lambda now: ("series", {"match[]": f'{metric}{{{job},status="ok"}}', "start": now - 900, "end": now}),
    }


class Client(threading.Thread):
    def __init__(self, port, seed, stopping, timeout):
        super().__init__(daemon=True)
        self.port, self.random, self.stopping, self.timeout = port, random.Random(seed), stopping, timeout
        self.seconds = collections.defaultdict(list)
        self.errors = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        while not self.stopping.is_set():
            kind, make = self.random.choice(list(questions(self.random.randrange(METRICS)).items()))
            path, parameters = make(time.time())
            begun = time.perf_counter()
            try:
                connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{kind}: {error!r}")
                connection.close()
                continue
            self.seconds[kind].append(time.perf_counter() - begun)
            if response.status != 200:
                self.errors.append(f"{kind}: {response.status} {body[:200].decode(errors='replace')}")


class Stretch:
    """Points and CPU time from its making on."""

    def __init__(self, vigil):
        self.vigil, self.begun = vigil, time.monotonic()
        self.points, self.cpu = vigil.points_taken(), vigil.cpu_seconds()

    def rates(self):
        took = time.monotonic() - self.begun
        return (self.vigil.points_taken() - self.points) / took, (self.vigil.cpu_seconds() - self.cpu) / took


def percentiles(seconds):
    cuts = statistics.quantiles(seconds, n=1000)
    return ", ".join(f"{name} {1000 * cuts[at - 1]:.0f}" for name, at in (("p50", 500), ("p90", 900), ("p99", 990)))


def measure(options, vigil):
    per_second = options.points_per_second // SERIES
    total = options.alone + options.seconds
    command = [systems.BIN / "benchmarks/load/otlp_load", "--server", f"127.0.0.1:{vigil.grpc_port}", "--live"]
    command += ["--series", SERIES, "--interval-ms", 1000 // per_second, "--rounds", total * per_second]
    load = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(options.alone / 4)  # Until all series are made.
        stretch = Stretch(vigil)
        time.sleep(options.alone * 3 / 4)
        alone = stretch.rates()
        stopping = threading.Event()
        clients = [Client(vigil.port, seed, stopping, options.timeout) for seed in range(options.clients)]
        stretch = Stretch(vigil)
        for client in clients:
            client.start()
        said = load.communicate()[0]
        if load.returncode != 0:
            raise systems.Failure(f"otlp_load ended with status {load.returncode}")
        sent = json.loads(said)
        beside = stretch.rates()
        took = time.monotonic() - stretch.begun
        stopping.set()
        for client in clients:
            client.join(options.timeout)
    finally:
        load.kill()
    return alone, beside, sent, took, clients


def report(options, vigil, results):
    alone, beside, sent, took, clients = results
    errors = [error for client in clients for error in client.errors]
    kinds = collections.defaultdict(list)
    for client in clients:
        for kind, seconds in client.seconds.items():
            kinds[kind] += seconds
    everything = [one for seconds in kinds.values() for one in seconds]
    print(f"points alone            {alone[0]:12,.0f} a second, {alone[1]:.2f} CPU")
    print(f"points beside queries   {beside[0]:12,.0f} a second ({beside[0] / alone[0]:.3f} of it), {beside[1]:.2f} CPU")
    print(f"sender                  {sent['refused']} points refused, {sent['retries']} requests repeated")
    print(f"peak memory             {vigil.memory('VmHWM') / (1 << 20):12.0f} MiB")
    print(f"queries                 {len(everything) / took:12,.1f} a second from {options.clients} clients, {len(errors)} errors")
    print(f"  all, ms: {percentiles(everything)}")
    for kind, seconds in sorted(kinds.items()):
        print(f"  {kind}, ms: {percentiles(seconds)}")
    for error in errors[:SHOWN_ERRORS]:
        print(error)
    return 1 if errors or sent["refused"] else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--alone", type=int, default=60, help="seconds before, without queries")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--points-per-second", type=int, default=500_000, help=f"a multiple of {SERIES}")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for an answer")
    parser.add_argument("--vigil", default=systems.BIN / "cli/vigil")
    parser.add_argument("--work-dir", help="where data are kept meanwhile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigil-under-load-", dir=options.work_dir) as folder:
        directory = pathlib.Path(folder) / "data"
        directory.mkdir()
        vigil = systems.Vigil(options.vigil, directory)
        vigil.start()
        try:
            return report(options, vigil, measure(options, vigil))
        finally:
            vigil.stop()


if __name__ == "__main__":
    sys.exit(main())
