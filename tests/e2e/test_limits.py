# SPDX-License-Identifier: Apache-2.0
"""Limits of tenants from the configuration: who exceeds one hears which, and costs only himself."""

import pathlib
import signal
import tempfile
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI
from vigil_process import Vigil, wait_until

import grpc

LIMITS = """
limits:
  max_series: 50
  max_series_per_metric: 10
  max_log_streams: 3
  max_log_body_bytes: 1000
  tenants:
    large: {max_series_per_metric: 20}
"""


class LimitsTest(unittest.TestCase):
    def setUp(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.config = directory / "vigil.yaml"
        self.config.write_text(LIMITS, encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--config", self.config))
        self.client = self.enterContext(otlp_client.Client(self.vigil.grpc_address))
        self.now_ms = int(time.time() * 1000)

    def gauges(self, name, count, tenant=None):
        """Sends a metric with that many series; returns (points refused, why)."""
        request, scope = otlp_client.metrics_request("app")
        for number in range(count):
            otlp_client.add_gauge(scope, name, [(self.now_ms, number)], {"id": str(number)})
        return self.client.export(METRICS, request, tenant=tenant)

    def logs(self, *services, body="x"):
        refused, reasons = 0, ""
        for service in services:
            request, scope = otlp_client.logs_request(service)
            otlp_client.add_record(scope, self.now_ms * NANOS_PER_MILLI, body)
            count, why = self.client.export(LOGS, request)
            refused += count
            reasons += why
        return refused, reasons

    def status(self):
        return self.vigil.ask("status")["data"]["sections"]

    def test_series_of_a_metric(self):
        refused, why = self.gauges("wild", 15)
        self.assertEqual(5, refused)
        self.assertIn("metric wild has 10 series; the limit (limits.max_series_per_metric) is 10", why)
        self.assertEqual((0, ""), self.gauges("tame", 10))
        self.assertEqual((0, ""), self.gauges("wild", 15, tenant="large"))
        self.assertEqual(10, self.vigil.value("count(wild)"))
        self.assertEqual("5", self.status()["refused"]["series_of_metric"])
        _, text = self.vigil.http("/metrics")
        self.assertIn('vigil_refused_records_total{reason="series_of_metric"} 5', text)

    def test_series_of_a_tenant_survive_a_restart(self):
        for number in range(5):
            self.assertEqual((0, ""), self.gauges(f"m{number}", 10))
        self.vigil.kill()
        self.vigil.start()
        self.client = self.enterContext(otlp_client.Client(self.vigil.grpc_address))
        refused, why = self.gauges("m5", 3)
        self.assertEqual(3, refused)
        self.assertIn("the tenant has 50 series; the limit (limits.max_series) is 50", why)
        self.assertEqual((0, ""), self.gauges("m0", 10))
        self.assertEqual("50 of 50", self.status()["limits"]["series"])

    def test_streams_and_bodies(self):
        refused, why = self.logs("a", "b", "c", "d")
        self.assertEqual(1, refused)
        self.assertIn("(limits.max_log_streams) is 3", why)
        refused, why = self.logs("a", body="x" * 1001)
        self.assertEqual(1, refused)
        self.assertIn("1001 bytes; the limit (limits.max_log_body_bytes) is 1000", why)
        self.assertEqual(3, len(self.vigil.logs('{service_name=~".+"}')))

    def test_a_reload_brings_new_limits(self):
        self.assertEqual(5, self.gauges("wild", 15)[0])
        self.config.write_text(LIMITS.replace("max_series_per_metric: 10", "max_series_per_metric: 12"))
        self.vigil.signal(signal.SIGHUP)
        wait_until(lambda: self.vigil.logged("reloaded rules and routes"), "the limits are read anew")
        self.assertEqual(3, self.gauges("wild", 15)[0])

    def test_samples_per_second(self):
        self.config.write_text(LIMITS + "  max_samples_per_second: 1\n")
        self.vigil.signal(signal.SIGHUP)
        wait_until(lambda: self.vigil.logged("reloaded rules and routes"), "the limits are read anew")
        refused, why = 0, ""
        for number in range(4):
            count, text = self.gauges(f"m{number}", 10)
            refused += count
            why += text
        self.assertIn("(limits.max_samples_per_second) of 1", why)
        self.assertGreaterEqual(refused, 20)
        wait_until(lambda: self.gauges("later", 1)[0] == 0, "samples are taken again")


class FollowersTest(unittest.TestCase):
    """Clients that follow logs are many and cheap, but not without end."""

    MOST = 60

    def setUp(self):
        config = self.enterContext(tempfile.NamedTemporaryFile("w", suffix=".yaml"))
        config.write(f"server: {{max_followers: {self.MOST}}}\n")
        config.flush()
        self.vigil = self.enterContext(Vigil("--config", config.name))
        self.client = self.enterContext(otlp_client.Client(self.vigil.grpc_address))

    def follow(self):
        return self.client.follow('{service_name="app"}')

    def followers(self):
        for line in self.vigil.http("/metrics")[1].splitlines():
            if line.startswith("vigil_log_followers "):
                return int(line.split()[1])
        return 0

    def threads(self):
        status = pathlib.Path(f"/proc/{self.vigil.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads:"))

    def send(self, body):
        request, scope = otlp_client.logs_request("app")
        otlp_client.add_record(scope, time.time_ns(), body)
        self.assertEqual((0, ""), self.client.export(LOGS, request))

    def test_many_share_a_thread(self):
        first = self.follow()
        wait_until(lambda: self.followers() == 1, "one follows")
        before = self.threads()
        calls = [first] + [self.follow() for _ in range(self.MOST - 1)]
        wait_until(lambda: self.followers() == self.MOST, "all follow")
        self.assertLess(self.threads() - before, self.MOST / 2)
        with otlp_client.refused(self, grpc.StatusCode.RESOURCE_EXHAUSTED, "server.max_followers"):
            next(iter(self.follow()))
        self.send("news")
        for call in calls:
            self.assertEqual(["news"], [record.line for record in next(iter(call)).records])
        calls.pop().cancel()
        wait_until(lambda: self.followers() == self.MOST - 1, "one that has gone is forgotten")
        self.assertEqual(0, self.vigil.stop())
        for call in calls:
            with otlp_client.refused(self, grpc.StatusCode.UNAVAILABLE, "the server is stopping"):
                next(iter(call))


if __name__ == "__main__":
    unittest.main()
