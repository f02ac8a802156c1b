#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many alerts that begin to fire at once: when they are told, and what memory that takes.

    bazel build //cli:vigil && benchmarks/alerting/alert_storm.py

A rule watches --alerts series in --groups groups. All begin to fire within one evaluation; with --post they come from
outside instead, by POST to /api/v2/alerts. A receiver on this machine takes the notifications. Printed are, from the
moment of the first sample in breach: when the first and the last group was told (their timer: group_wait after the
evaluation that found them), how many alerts and notifications came, the resident memory before, the most while it went
on, and CPU seconds.
"""

import argparse
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import otlp_client  # noqa: E402 (found by the path above)
from vigil_process import Vigil  # noqa: E402

MIB = 1 << 20
SERIES_PER_REQUEST = 5000
NANOS_PER_MILLI = 10**6


class Receiver:
    """Counts the alerts of each group that it is told of."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times = []
        self.alerts = {}
        self.notifications = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner.lock:
                    owner.notifications += 1
                    owner.times.append(time.time())
                    owner.alerts[body["groupKey"]] = len(body["alerts"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    def told(self):
        with self.lock:
            return sum(self.alerts.values())


def memory(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise ValueError(field)


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def send(client, options, value):
    """One sample of each series, then of the one that lets the rule see them all at once."""
    now_ns = time.time_ns()
    for first in range(0, options.alerts, SERIES_PER_REQUEST):
        request, scope = otlp_client.metrics_request("storm")
        metric = scope.metrics.add(name="storm")
        for number in range(first, min(first + SERIES_PER_REQUEST, options.alerts)):
            point = metric.gauge.data_points.add(time_unix_nano=now_ns, as_double=value)
            for name, text in (("n", number), ("team", number % options.groups), ("host", f"host-{number % 997}")):
                attribute = point.attributes.add(key=name)
                attribute.value.string_value = str(text)
        refused, why = client.export(otlp_client.METRICS, request)
        assert refused == 0, why
    request, scope = otlp_client.metrics_request("storm")
    scope.metrics.add(name="storm_complete").gauge.data_points.add(time_unix_nano=now_ns, as_double=value)
    client.export(otlp_client.METRICS, request)


def post(vigil, options):
    """The same alerts from another sender."""
    for first in range(0, options.alerts, SERIES_PER_REQUEST):
        alerts = [
            {
                "labels": {
                    "alertname": "Storm", "n": str(n), "team": str(n % options.groups), "host": f"host-{n % 997}"
                },
                "annotations": {"summary": f"host host-{n % 997} storms: 1"},
            }
            for n in range(first, min(first + SERIES_PER_REQUEST, options.alerts))
        ]
        request = urllib.request.Request(
            f"http://{vigil.http_address}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=60).read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=50_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--interval", default="5s", help="evaluation interval")
    parser.add_argument("--group-wait", default="5s")
    parser.add_argument("--settle", type=float, default=12, help="seconds before and after")
    parser.add_argument("--post", action="store_true", help="alerts come from outside, not of a rule")
    options = parser.parse_args()
    receiver = Receiver()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-storm-"))
    (folder / "rules.yml").write_text(
        f"groups:\n- name: storm\n  interval: {options.interval}\n  rules:\n"
        "  - {alert: Storm, expr: 'storm > 0 and on() storm_complete > 0', annotations: {summary: 'host {{ $labels.host }} storms: {{ $value }}'}}\n")
    (folder / "routes.yml").write_text(
        f"route: {{receiver: team, group_by: [team], group_wait: {options.group_wait}, group_interval: 5m}}\n"
        f"receivers: [{{name: team, webhook_configs: [{{url: '{receiver.url}'}}]}}]\n")
    with Vigil("--rules", folder / "rules.yml", "--alertmanager-config", folder / "routes.yml") as vigil:
        client = otlp_client.Client(vigil.grpc_address)
        if not options.post:
            send(client, options, 0.0)
        time.sleep(options.settle)
        base = memory(vigil.pid, "VmRSS")
        reset_peak(vigil.pid)
        cpu = cpu_seconds(vigil.pid)
        begun = time.time()
        if options.post:
            post(vigil, options)
        else:
            send(client, options, 1.0)
        sent = time.time()
        end = time.time() + 180
        while receiver.told() < options.alerts and time.time() < end:
            time.sleep(0.05)
        done_cpu = cpu_seconds(vigil.pid) - cpu
        time.sleep(options.settle)
        peak, after = memory(vigil.pid, "VmHWM"), memory(vigil.pid, "VmRSS")
        log = [entry for entry in vigil.log if entry.get("level") in ("warning", "error")]
    print(f"sent in                      {sent - begun:8.2f} s")
    print(f"first group told after       {receiver.times[0] - begun:8.2f} s")
    print(f"last group told after        {receiver.times[-1] - begun:8.2f} s")
    print(f"alerts told                  {receiver.told():8} of {options.alerts}, in {len(receiver.alerts)} groups")
    print(f"notifications                {receiver.notifications:8}")
    print(f"memory before                {base / MIB:8.1f} MiB")
    print(f"most memory                  {peak / MIB:8.1f} MiB, {(peak - base) / MIB:.1f} above")
    print(f"memory {options.settle:.0f} s later           {after / MIB:8.1f} MiB")
    print(f"CPU                          {done_cpu:8.2f} s")
    for entry in log[:5]:
        print(json.dumps(entry))


if __name__ == "__main__":
    main()
