#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a round of ten thousand alert rules over a hundred thousand series takes, beside Prometheus.

    benchmarks/alerting/rules_beside_prometheus.py [--form own|rate|ratio|sums] [--rules N --series N --rounds N]

Both get the same samples by remote write and the same rule file, in turn and alone on the machine. What is told is
the time that a round of all groups took, as each server's rules API says it (its sum over the groups: they are
evaluated one after the other, with one thread), and the CPU time of the process in that while. The bazel targets
//cli:vigil and a Prometheus (benchmarks/compare/fetch_peers.sh) must be there.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks" / "compare"), str(ROOT / "tests" / "e2e")]

import remote_write  # noqa: E402
import systems  # noqa: E402

INTERVAL_SECONDS = 15
PER_INSTANCE = 10
SERIES_PER_REQUEST = 5000
FORMS = {
    "own": 'load_total{{instance="i-{instance}"}} > 1e15',
    "rate": 'rate(load_total{{instance="i-{instance}"}}[1m]) > 1e15',
    "ratio": (
        'sum(rate(load_total{{instance="i-{instance}",slot="1"}}[1m])) / '
        'sum(rate(load_total{{instance="i-{instance}"}}[1m])) > 0.5'
    ),
    "sums": "sum by (slot) (rate(load_total[1m])) > 1e15 + {rule}",
}


def rule_file(form, rules, series, groups):
    lines = ["groups:"]
    for group in range(groups):
        lines += [f"  - name: group-{group}", f"    interval: {INTERVAL_SECONDS}s", "    rules:"]
        for rule in range(group * rules // groups, (group + 1) * rules // groups):
            expr = FORMS[form].format(instance=rule % (series // PER_INSTANCE), rule=rule)
            lines += [
                f"      - alert: Alert{rule}",
                f"        expr: {expr}",
                "        labels: {severity: page}",
                '        annotations: {summary: "{{ $labels.instance }} is at {{ $value }}"}',
            ]
    return "\n".join(lines) + "\n"


class RuledVigil(systems.Vigil):
    def command(self):
        return super().command() + ["--rules", str(self.rules)]


class RuledPrometheus(systems.Prometheus):
    def command(self):
        command = super().command()
        config = self.directory.with_suffix(".yml")
        config.write_text(f"rule_files: [{self.rules}]\n", encoding="ascii")
        return command


def send(system, series, now):
    value = float(int(now) % 100_000)
    for begin in range(0, series, SERIES_PER_REQUEST):
        batch = [
            (
                {
                    "__name__": "load_total",
                    "instance": f"i-{i // PER_INSTANCE}",
                    "job": "bench",
                    "slot": str(i % PER_INSTANCE),
                },
                [(int(now * 1000), value + i % 7)],
            )
            for i in range(begin, min(series, begin + SERIES_PER_REQUEST))
        ]
        body = remote_write.snappy(b"".join(remote_write.series(labels, samples) for labels, samples in batch))
        request = urllib.request.Request(
            system.url("/api/v1/write"), data=body, headers=remote_write.HEADERS, method="POST"
        )
        urllib.request.urlopen(request, timeout=60).read()


def round_seconds(system):
    groups = json.loads(systems.get(system.url("/api/v1/rules")))["data"]["groups"]
    failed = [rule for group in groups for rule in group["rules"] if rule["health"] == "err"]
    if failed:
        raise systems.Failure(f"{system.name}: {failed[0]['name']}: {failed[0]['lastError']}")
    return sum(group["evaluationTime"] for group in groups)


def measure(system, arguments):
    """The times of rounds: as told, and the CPU time beyond that of taking samples in."""
    told, spent = [], []
    system.start()
    try:
        for number in range(arguments.rounds + 5):
            begin = time.time()
            send(system, arguments.series, begin)
            before = system.cpu_seconds()
            time.sleep(max(0.0, begin + INTERVAL_SECONDS - 0.2 - time.time()))
            if number >= 5:  # The ranges of the rules are full of samples.
                told.append(round_seconds(system))
                spent.append(system.cpu_seconds() - before)
    finally:
        system.stop()
    return min(told), min(spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--form", choices=FORMS, default="own")
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=4, help="the best counts")
    parser.add_argument("--prometheus", default=str(pathlib.Path.home() / ".cache/vigil/peers/usr/bin/prometheus"))
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="vigil-rules-"))
    try:
        rules = work / "rules.yaml"
        rules.write_text(
            rule_file(arguments.form, arguments.rules, arguments.series, arguments.groups), encoding="ascii"
        )
        results = {}
        for kind, binary in ((RuledVigil, ROOT / "bazel-bin/cli/vigil"), (RuledPrometheus, arguments.prometheus)):
            system = kind(binary, work / kind.name)
            system.rules = rules
            results[kind.name] = measure(system, arguments)
            told, spent = results[kind.name]
            print(f"{kind.name:<12} a round took {told:8.3f} s, {spent:8.3f} CPU s of the process", flush=True)
        ratio = results["prometheus"][0] / results["vigil"][0]
        print(f"form {arguments.form}: {ratio:.1f} times as fast as Prometheus")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
