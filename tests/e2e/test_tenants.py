# SPDX-License-Identifier: Apache-2.0
"""Two tenants of one server never see each other's data; asking for a tenant makes none."""

import os
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI, TRACES
from vigil_process import EXIT_REFUSED, Vigil, run_vigil

TENANTS = ("crimson", "azure")


class TenantsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vigil = Vigil()
        cls.addClassCleanup(cls.vigil.close)
        cls.vigil.start()
        cls.now_ms = int(time.time() * 1000)
        cls.trace_ids = {tenant: os.urandom(16) for tenant in TENANTS}
        with otlp_client.Client(cls.vigil.grpc_address) as client:
            for tenant in TENANTS:
                cls.send(client, tenant)

    @classmethod
    def send(cls, client, tenant):
        """The same metric, service and span for all, with labels and bodies that tell whose they are."""
        request, scope = otlp_client.metrics_request("app")
        samples = [(cls.now_ms - 1000, float(len(tenant)))]
        otlp_client.add_gauge(scope, "shared", samples, {"owner": tenant, f"only_{tenant}": "x"})
        otlp_client.add_gauge(scope, f"metric_{tenant}", samples)
        client.export(METRICS, request, tenant=tenant)
        request, scope = otlp_client.logs_request("app")
        otlp_client.add_record(scope, (cls.now_ms - 1000) * NANOS_PER_MILLI, f"secret of {tenant}")
        client.export(LOGS, request, tenant=tenant)
        request, scope = otlp_client.traces_request("app")
        otlp_client.add_span(
            scope, cls.trace_ids[tenant], os.urandom(8), (cls.now_ms - 1000) * NANOS_PER_MILLI, f"of {tenant}"
        )
        client.export(TRACES, request, tenant=tenant)

    def as_tenant(self, tenant, *command):
        return self.vigil.run(*command, "-o", "json", *(["--tenant", tenant] if tenant else []))

    def sees(self, tenant, *command):
        done = self.as_tenant(tenant, *command)
        self.assertEqual(0, done.code, done.err)
        return done.out

    QUESTIONS = (
        ("query", "shared"),
        ("query", '{__name__=~"shared|metric_.*"}', "--last", "10m"),
        ("series", '{__name__=~".+"}'),
        ("labels",),
        ("labels", "owner"),
        ("labels", "__name__"),
        ("logs", '{service_name="app"}'),
    )

    def test_each_sees_its_own_alone(self):
        for tenant, other in (TENANTS, TENANTS[::-1]):
            for question in self.QUESTIONS:
                with self.subTest(tenant=tenant, question=question):
                    answer = self.sees(tenant, *question)
                    self.assertIn(tenant, answer)
                    self.assertNotIn(other, answer)

    def test_the_default_tenant_and_strangers_see_nothing(self):
        for tenant in ("", "green"):
            for question in self.QUESTIONS:
                with self.subTest(tenant=tenant, question=question):
                    answer = self.sees(tenant, *question)
                    for owner in TENANTS:
                        self.assertNotIn(owner, answer)

    def test_traces_are_apart(self):
        for tenant, other in (TENANTS, TENANTS[::-1]):
            trace_id = self.trace_ids[tenant].hex()
            self.assertIn(f"of {tenant}", self.sees(tenant, "trace", trace_id))
            for stranger in (other, "", "green"):
                done = self.as_tenant(stranger, "trace", trace_id)
                self.assertEqual((EXIT_REFUSED, ""), (done.code, done.out))
                self.assertIn("no span of trace", done.err)

    def test_the_environment_names_a_tenant(self):
        environment = dict(self.vigil.environment(), VIGIL_TENANT="crimson")
        done = run_vigil("labels", "owner", "-o", "json", env=environment)
        self.assertIn("crimson", done.out)
        done = run_vigil("labels", "owner", "--tenant", "azure", "-o", "json", env=environment)
        self.assertIn("azure", done.out)
        self.assertNotIn("crimson", done.out)

    def test_asking_makes_no_tenant(self):
        """The next tenant that writes gets the next number, whoever asked before."""
        before = self.sees("", "status")
        for number in range(20):
            self.sees(f"asked-{number}", "query", "up")
        self.assertNotIn("asked-", self.sees("", "status"))
        self.assertNotIn("asked-", before)

    def test_they_stay_apart_over_a_restart(self):
        with Vigil() as vigil:
            with otlp_client.Client(vigil.grpc_address) as client:
                for tenant in TENANTS:
                    self.send(client, tenant)
            vigil.kill()
            vigil.start()
            for tenant, other in (TENANTS, TENANTS[::-1]):
                done = vigil.run("logs", '{service_name="app"}', "--tenant", tenant)
                self.assertIn(f"secret of {tenant}", done.out)
                self.assertNotIn(other, done.out)


if __name__ == "__main__":
    unittest.main()
