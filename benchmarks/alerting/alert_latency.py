#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long it takes from a sample in breach to the webhook, while many points come in.

    benchmarks/alerting/alert_latency.py [--alerts 60] [--points-per-second 300000] [--prometheus FILE --alertmanager FILE]

Rules have `for: 0s` and an interval of a second, the route a `group_wait` of 0 s. Samples in breach are sent over
OTLP/gRPC to vigil, by remote write to Prometheus (which has no gRPC), at random moments; the time until the
body is at a local receiver is told. Needs the bazel targets //cli:vigil and //benchmarks/load:otlp_load and the
end-to-end tests' Python packages; Prometheus comes with the load that it takes (remote write of as many points). How many
points came in meanwhile is what each server's own counter says.
"""

import argparse
import contextlib
import http.server
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks" / "compare"), str(ROOT / "tests" / "e2e")]

import alertmanager_process  # noqa: E402
import remote_write  # noqa: E402
import systems  # noqa: E402

RULES = """
groups:
- name: latency
  interval: 1s
  rules:
  - alert: Breach
    expr: probe_level > 1
"""
ROUTES = """
route: {{receiver: hook, group_by: [probe], group_wait: 0s, group_interval: 1m, repeat_interval: 1h}}
receivers:
- name: hook
  webhook_configs: [{{url: '{url}', send_resolved: false}}]
"""
PATIENCE_SECONDS = 30


class Receiver(http.server.ThreadingHTTPServer):
    """Notes when each probe's alert comes."""

    daemon_threads = True

    def __init__(self):
        arrivals = self.arrivals = {}
        news = self.news = threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                now = time.time()
                with news:
                    for alert in body["alerts"]:
                        arrivals.setdefault(alert["labels"]["probe"], now)
                    news.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, probe):
        with self.news:
            if not self.news.wait_for(lambda: probe in self.arrivals, PATIENCE_SECONDS):
                raise systems.Failure(f"no alert for {probe} within {PATIENCE_SECONDS} s")
            return self.arrivals[probe]


class AlertingVigil(systems.Vigil):
    def command(self):
        config = self.directory.with_suffix(".json")
        config.write_text(
            json.dumps({"rule_files": [str(self.rules)], "alertmanager": {"config_file": str(self.routes)}}),
            encoding="ascii",
        )
        return super().command() + ["--config", str(config)]

    def load(self, arguments):
        command = [systems.BIN / "benchmarks/load/otlp_load", "--server", f"127.0.0.1:{self.grpc_port}"]
        command += ["--series", arguments.points_per_second, "--interval-ms", 1000, "--rounds", 10**6, "--live"]
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
        return contextlib.closing(Ended(process))

    def probe(self, name):
        import otlp_client  # Needs packages that Prometheus does without.

        if not hasattr(self, "client"):
            self.client = otlp_client.Client(f"127.0.0.1:{self.grpc_port}")
        request, scope = otlp_client.metrics_request("probe", name)
        otlp_client.add_gauge(scope, "probe_level", [(int(time.time() * 1000), 2.0)], {"probe": name})
        self.client.export(otlp_client.METRICS, request)


class Ended:
    def __init__(self, process):
        self.process = process

    def close(self):
        self.process.kill()
        self.process.wait()


class WriteLoad(threading.Thread):
    """Remote write at a steady rate: requests are made once, and only their times are written over."""

    PER_REQUEST = 2000

    def __init__(self, url, points_per_second):
        super().__init__(daemon=True)
        self.url = url
        self.requests = points_per_second // self.PER_REQUEST
        self.stopping = threading.Event()

    def body(self, number, now_ms):
        samples = [(now_ms, float(number))]
        return remote_write.snappy(
            b"".join(
                remote_write.series({"__name__": "load", "request": str(number), "series": str(i)}, samples)
                for i in range(self.PER_REQUEST)
            )
        )

    def run(self):
        marker = int(time.time() * 1000)
        bodies = [self.body(number, marker) for number in range(self.requests)]
        old = remote_write.varint(marker)
        while not self.stopping.is_set():
            begin = time.time()
            new = remote_write.varint(int(begin * 1000))
            for number, body in enumerate(bodies):
                request = urllib.request.Request(
                    self.url, data=body.replace(old, new), headers=remote_write.HEADERS, method="POST"
                )
                urllib.request.urlopen(request, timeout=60).read()
                wait = begin + (number + 1) / self.requests - time.time()
                if wait > 0 and self.stopping.wait(wait):
                    return

    def close(self):
        self.stopping.set()
        self.join()


class AlertingPrometheus(systems.Prometheus):
    def start(self):
        # Sees to it that Debian's build finds its templates.
        self.manager = alertmanager_process.Alertmanager(self.alertmanager, self.routes.read_text(encoding="ascii"))
        self.manager.__enter__()
        super().start()

    def stop(self):
        super().stop()
        self.manager.__exit__(None, None, None)

    def command(self):
        command = super().command()
        self.directory.with_suffix(".yml").write_text(
            f"rule_files: ['{self.rules}']\n"
            "alerting: {alertmanagers: [{static_configs: [{targets: ['%s']}]}]}\n" % self.manager.http_address,
            encoding="ascii",
        )
        return command

    def load(self, arguments):
        load = WriteLoad(self.url("/api/v1/write"), arguments.points_per_second)
        load.start()
        return contextlib.closing(load)

    def probe(self, name):
        samples = [(int(time.time() * 1000), 2.0)]
        body = remote_write.snappy(remote_write.series({"__name__": "probe_level", "probe": name}, samples))
        request = urllib.request.Request(
            self.url("/api/v1/write"), data=body, headers=remote_write.HEADERS, method="POST"
        )
        urllib.request.urlopen(request, timeout=60).read()


def measure(system, receiver, arguments):
    """Sorted seconds from sending to the webhook."""
    rng = random.Random(1)
    taken = []
    system.start()
    try:
        with system.load(arguments):
            time.sleep(arguments.warm_seconds)
            since, before = time.time(), system.points_taken()
            for number in range(arguments.alerts):
                time.sleep(rng.uniform(0.2, 1.2))
                probe = f"{system.name}-{number}"
                begin = time.time()
                system.probe(probe)
                taken.append(receiver.wait_for(probe) - begin)
            rate = (system.points_taken() - before) / (time.time() - since)
            print(f"{system.name}: {rate:,.0f} points/s, {system.memory('VmRSS') / 2**20:.0f} MiB", flush=True)
    finally:
        system.stop()
    return sorted(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alerts", type=int, default=60)
    parser.add_argument("--points-per-second", type=int, default=300_000)
    parser.add_argument("--warm-seconds", type=float, default=20)
    parser.add_argument("--prometheus")
    parser.add_argument("--alertmanager")
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="vigil-latency-"))
    receiver = Receiver()
    try:
        kinds = [(AlertingVigil, ROOT / "bazel-bin/cli/vigil")]
        if arguments.prometheus:
            kinds.append((AlertingPrometheus, arguments.prometheus))
        for kind, binary in kinds:
            system = kind(binary, work / kind.name)
            system.rules, system.routes = work / "rules.yaml", work / "routes.yaml"
            system.alertmanager = arguments.alertmanager
            system.rules.write_text(RULES, encoding="ascii")
            system.routes.write_text(
                ROUTES.format(url=f"http://127.0.0.1:{receiver.server_port}/"), encoding="ascii"
            )
            taken = measure(system, receiver, arguments)
            at = [taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.9, 0.99)]
            print(f"{system.name:<12} p50 {at[0]:.3f} s  p90 {at[1]:.3f} s  p99 {at[2]:.3f} s  of {len(taken)}", flush=True)
    finally:
        receiver.shutdown()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
