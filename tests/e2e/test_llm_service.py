#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example application against a server: what it says it sent is what comes back, and its errors are told."""

import collections
import concurrent.futures
import json
import pathlib
import re
import sys
import tempfile
import time
import unittest

from vigil_process import REPOSITORY, Vigil, WebhookReceiver, wait_until

sys.path.insert(0, str(REPOSITORY / "examples/llm_service"))

from gateway import Gateway  # noqa: E402 (after the path is set)
from provider import SPEEDS, Provider  # noqa: E402
from telemetry import BUCKETS, Telemetry  # noqa: E402

SERVICE = "llm-gateway"
ENDPOINTS = {"gpt-large": "/v1/chat", "gpt-small": "/v1/chat", "embed-1": "/v1/embeddings"}
ALERT = "LlmErrorRateHigh"
EXPORT_SECONDS = 0.5
# The provider's waiting is divided by this.
SPEED = 200
# Client processes at a time.
PARALLEL = 4
ALL_LOGS = ("--limit", "100000")


class Application:
    """The example's gateway with its telemetry, in this process so that its `Sent` is at hand."""

    def __init__(self, vigil, mode="otlp"):
        self.provider = Provider(error_rate=0, speed=SPEED, seed=1)
        self.telemetry = Telemetry(SERVICE, vigil.grpc_address, mode, 0, EXPORT_SECONDS)
        self.gateway = Gateway(self.provider, self.telemetry)
        self._vigil = vigil

    @property
    def sent(self):
        return self.gateway.sent

    def serve(self, rounds):
        """Serves some requests of each model."""
        for _ in range(rounds):
            for model in SPEEDS:
                self.gateway.handle(model, ENDPOINTS[model], "list every open question")

    def serve_counted(self, rounds=4):
        """The same, and waits until the server has counted them.

        As the counts have just been exported then, the next requests meet no export half way: all models
        change between the same two samples, and their alerts move together.
        """
        self.serve(rounds)
        wait_until(
            lambda: self._vigil.value("sum(llm_requests_total)") == self.sent.requests,
            f"{self.sent.requests} requests are counted",
        )

    def close(self):
        self.telemetry.shutdown()


def in_parallel(function, items):
    """[function(item)], by several threads, because each waits for a process."""
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(function, items))


class CountsMixin:
    """What both ways of sending metrics must give: the application's own counts."""

    def assert_metrics(self, vigil, sent):
        counts = vigil.values("llm_requests_total", "model", "status", "endpoint")
        self.assertEqual(sent.by_series, counts)
        by_model = collections.Counter()
        for (model, _, endpoint), count in sent.by_series.items():
            by_model[model, endpoint] += count
        labels = ("model", "endpoint")
        self.assertEqual(by_model, vigil.values("llm_request_duration_seconds_count", *labels))
        infinite = vigil.values('llm_request_duration_seconds_bucket{le="+Inf"}', *labels)
        self.assertEqual(by_model, infinite)
        self.assert_buckets(vigil, by_model)
        sums = vigil.values("llm_request_duration_seconds_sum", *labels)
        self.assertEqual(set(by_model), set(sums))
        self.assertGreater(min(sums.values()), 0)

    def assert_buckets(self, vigil, by_model):
        """Cumulative counts rise to the total; `le` is spelled the same however a histogram came in."""
        bounds = [str(float(bound)) for bound in BUCKETS] + ["+Inf"]
        buckets = vigil.values("llm_request_duration_seconds_bucket", "model", "endpoint", "le")
        for (model, endpoint), total in by_model.items():
            counts = [buckets.get((model, endpoint, bound)) for bound in bounds]
            self.assertNotIn(None, counts, f"{model} {endpoint} of {sorted(buckets)}")
            self.assertEqual(sorted(counts), counts)
            self.assertEqual(total, counts[-1])
        self.assertEqual(len(by_model) * len(bounds), len(buckets))


class OtlpTest(unittest.TestCase, CountsMixin):
    """Metrics, logs and traces pushed over OTLP."""

    @classmethod
    def setUpClass(cls):
        cls.vigil = Vigil()
        cls.addClassCleanup(cls.vigil.close)
        cls.vigil.start()
        application = Application(cls.vigil)
        application.serve_counted(rounds=20)
        application.provider.error_rate = 0.3
        application.serve_counted(rounds=40)
        application.close()
        cls.sent = application.sent
        records = cls.vigil.logs(f'{{service_name="{SERVICE}"}}', *ALL_LOGS)
        cls.records = {record[0].get("request_id"): record for record in records}
        cls.record_count = len(records)

    def test_something_of_each_kind_was_sent(self):
        self.assertGreater(self.sent.errors, 10)
        self.assertEqual(len(self.sent.request_ids), self.sent.requests)

    def test_counters_and_histograms(self):
        self.assert_metrics(self.vigil, self.sent)

    def test_identity_of_series(self):
        rows = self.vigil.query('llm_requests_total{status="ok"}')
        for row in rows:
            self.assertEqual(SERVICE, row["metric"]["job"])
            self.assertEqual("gateway-1", row["metric"]["instance"])
        self.assertEqual(1, self.vigil.value(f'target_info{{job="{SERVICE}"}}'))

    def test_every_log_record_comes_back_once(self):
        self.assertEqual(self.sent.logs, self.record_count)
        self.assertEqual(set(self.sent.request_ids), set(self.records))

    def test_log_records_say_what_was_said(self):
        totals = collections.Counter()
        outcomes = collections.Counter()
        for request_id, (stream, _, line) in self.records.items():
            message = json.loads(line)
            self.assertEqual(request_id, message["request_id"])
            self.assertEqual(stream["model"], message["model"])
            failed = stream["severity_text"] == "ERROR"
            self.assertEqual("request failed" if failed else "request served", message["message"])
            outcomes[stream["model"], "error" if failed else "ok", stream["endpoint"]] += 1
            totals.update({name: message.get(name, 0) for name in ("prompt_tokens", "completion_tokens")})
        self.assertEqual(self.sent.by_series, outcomes)
        self.assertEqual(self.sent.prompt_tokens, totals["prompt_tokens"])
        self.assertEqual(self.sent.completion_tokens, totals["completion_tokens"])

    def test_logs_by_level(self):
        selector = f'{{service_name="{SERVICE}"}}'
        errors = self.vigil.logs(f'{selector} | json | level="error"', *ALL_LOGS)
        self.assertEqual(self.sent.errors, len(errors))
        served = self.vigil.logs(f'{selector} |= "request served"', *ALL_LOGS)
        self.assertEqual(self.sent.requests - self.sent.errors, len(served))

    def spans_of(self, request_id):
        return self.vigil.ask("trace", self.records[request_id][0]["trace_id"])["data"]["spans"]

    def test_every_span_is_found_through_its_log_record(self):
        traces = in_parallel(self.spans_of, self.sent.request_ids)
        self.assertEqual(self.sent.spans, sum(map(len, traces)))
        for request_id, spans in zip(self.sent.request_ids, traces):
            self.assertEqual(1, len(spans))
            self.assert_span(spans[0], request_id)

    def assert_span(self, span, request_id):
        stream = self.records[request_id][0]
        self.assertEqual("llm_request", span["name"])
        self.assertEqual(stream["trace_id"], span["traceId"])
        self.assertEqual(stream["span_id"], span["spanId"])
        attributes = {name: span["attributes"][name] for name in ("request_id", "model", "endpoint")}
        expected = {"request_id": request_id, "model": stream["model"], "endpoint": stream["endpoint"]}
        self.assertEqual(expected, attributes)
        self.assertEqual(SERVICE, span["resource"]["service.name"])
        self.assertGreater(int(span["endTimeUnixNano"]), int(span["startTimeUnixNano"]))
        if stream["severity_text"] == "ERROR":
            self.assert_failed(span)
        else:
            self.assertEqual({"code": "UNSET", "message": ""}, span["status"])
            self.assertEqual([], span["events"])

    def assert_failed(self, span):
        self.assertEqual("ERROR", span["status"]["code"])
        self.assertIn(span["attributes"]["error.type"], ("429", "500", "503"))
        (event,) = span["events"]
        self.assertEqual("exception", event["name"])
        self.assertEqual("provider.ProviderError", event["attributes"]["exception.type"])
        self.assertEqual(span["status"]["message"], event["attributes"]["exception.message"])
        self.assertIn("raise ProviderError", event["attributes"]["exception.stacktrace"])

    def test_a_request_id_leads_back_to_its_log_record(self):
        failed = [i for i in self.sent.request_ids if self.records[i][0]["severity_text"] == "ERROR"]
        for request_id in failed[:3]:
            request_of_span = self.spans_of(request_id)[0]["attributes"]["request_id"]
            query = f'{{service_name="{SERVICE}"}} | request_id="{request_of_span}"'
            self.assertEqual([self.records[request_id]], self.vigil.logs(query))


def quick_rules():
    """The example's rules at a pace that a test can wait for; the longest `for` stays out of reach."""
    text = (REPOSITORY / "examples/rules/llm.yaml").read_text(encoding="utf-8")
    text = re.sub(r"interval: \w+", "interval: 1s", text)
    text = re.sub(r"\[\d+m\]", "[10s]", text)
    return text.replace("for: 10m", "for: 1h").replace("for: 5m", "for: 3s")


ROUTES = """
route:
  receiver: test
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
receivers:
  - name: test
    webhook_configs:
      - url: {url}
        send_resolved: true
"""
# Enough for a group to be told again twice, were there something to tell.
QUIET_SECONDS = 5


class AlertTest(unittest.TestCase):
    """Provider errors, from the first failed request to the notification that they are over."""

    def setUp(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.webhook = self.enterContext(WebhookReceiver())
        (directory / "rules.yaml").write_text(quick_rules(), encoding="utf-8")
        (directory / "routes.yaml").write_text(ROUTES.format(url=self.webhook.url), encoding="utf-8")
        self.vigil = self.enterContext(
            Vigil("--rules", directory / "rules.yaml", "--alertmanager-config", directory / "routes.yaml")
        )
        self.application = Application(self.vigil)
        self.addCleanup(self.application.close)

    def alerts(self):
        alerts = self.vigil.ask("alerts")["data"]["alerts"]
        return [alert for alert in alerts if alert["labels"]["alertname"] == ALERT]

    def serve_until(self, condition, what):
        """Goes on serving until `condition` returns something true, and returns that."""

        def try_again():
            self.application.serve_counted()
            return condition()

        return wait_until(try_again, what)

    def serve_for(self, seconds):
        end = time.monotonic() + seconds
        self.serve_until(lambda: time.monotonic() >= end, "time passes")

    def switch_errors(self, rate):
        """Changes the error rate at once for all models: right after an export, and so is the burst before."""
        self.application.serve_counted()
        self.application.serve_counted()
        self.application.provider.error_rate = rate

    def all_in_state(self, state):
        alerts = self.alerts()
        return alerts if len(alerts) == len(SPEEDS) and {a["state"] for a in alerts} == {state} else None

    def test_errors_are_told_once_and_their_end_once(self):
        self.serve_for(3)
        self.assertEqual([], self.alerts())
        self.switch_errors(1)
        self.assert_listed(self.serve_until(lambda: self.all_in_state("pending"), "alerts are pending"))
        self.assertEqual([], self.webhook.bodies)
        self.assert_listed(self.serve_until(lambda: self.all_in_state("firing"), "alerts are firing"))
        firing = self.webhook.wait_for(1)[0]
        self.assert_firing(firing)
        self.serve_for(QUIET_SECONDS)
        self.assertEqual([firing], self.webhook.bodies)

        self.switch_errors(0)
        bodies = self.serve_until(lambda: len(self.webhook.bodies) > 1 and self.webhook.bodies, "an end")
        self.assert_resolved(bodies[1], firing)
        self.serve_for(QUIET_SECONDS)
        self.assertEqual(2, len(self.webhook.bodies))
        self.assertEqual([], self.alerts())
        self.assert_history()

    def assert_listed(self, alerts):
        for alert in alerts:
            self.assertEqual("page", alert["labels"]["severity"])
            self.assertGreater(float(alert["value"]), 0.05)
        self.assertEqual(set(SPEEDS), {alert["labels"]["model"] for alert in alerts})

    def assert_firing(self, body):
        self.assertEqual("4", body["version"])
        self.assertEqual("test", body["receiver"])
        self.assertEqual("firing", body["status"])
        self.assertEqual(f'{{}}:{{alertname="{ALERT}"}}', body["groupKey"])
        self.assertEqual({"alertname": ALERT}, body["groupLabels"])
        self.assertEqual({"alertname": ALERT, "severity": "page"}, body["commonLabels"])
        self.assertEqual({}, body["commonAnnotations"])
        self.assertEqual(0, body["truncatedAlerts"])
        self.assertEqual(set(SPEEDS), {alert["labels"]["model"] for alert in body["alerts"]})
        self.assertEqual(len(SPEEDS), len({alert["fingerprint"] for alert in body["alerts"]}))
        for alert in body["alerts"]:
            self.assert_firing_alert(alert)

    def assert_firing_alert(self, alert):
        model = alert["labels"]["model"]
        self.assertEqual("firing", alert["status"])
        self.assertEqual({"alertname": ALERT, "model": model, "severity": "page"}, alert["labels"])
        self.assertEqual("0001-01-01T00:00:00Z", alert["endsAt"])
        summary = re.fullmatch(rf"{model} fails ([\d.]+)% of requests", alert["annotations"]["summary"])
        self.assertIsNotNone(summary, alert["annotations"])
        self.assertGreater(float(summary[1]), 5)
        self.assertLessEqual(float(summary[1]), 100)
        self.assertIn(f"requests to {model} have failed", alert["annotations"]["description"])

    def assert_resolved(self, body, firing):
        self.assertEqual("resolved", body["status"], json.dumps(body))
        self.assertEqual(firing["groupKey"], body["groupKey"])
        self.assertEqual({"resolved"}, {alert["status"] for alert in body["alerts"]})
        began = {alert["fingerprint"]: alert["startsAt"] for alert in firing["alerts"]}
        self.assertEqual(began, {alert["fingerprint"]: alert["startsAt"] for alert in body["alerts"]})
        for alert in body["alerts"]:
            self.assertGreater(alert["endsAt"], alert["startsAt"])

    def assert_history(self):
        """The rules' own series tell the same story."""
        for state in ("pending", "firing"):
            told = self.vigil.values(
                f'count_over_time(ALERTS{{alertname="{ALERT}",alertstate="{state}"}}[10m])', "model"
            )
            self.assertEqual({(model,) for model in SPEEDS}, set(told))
        recorded = self.vigil.values("max_over_time(model:llm_error_ratio:rate5m[10m])", "model")
        self.assertEqual({(model,) for model in SPEEDS}, set(recorded))
        self.assertGreater(min(recorded.values()), 0.05)


SCRAPE_CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: gateway
    static_configs:
      - targets: ['127.0.0.1:{port}']
        labels: {{tier: edge}}
"""


class ScrapeTest(unittest.TestCase, CountsMixin):
    """Metrics fetched by vigil from a /metrics endpoint; logs and traces are pushed all the same."""

    def setUp(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        config = directory / "vigil.yaml"
        config.write_text("", encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--config", config))
        self.application = Application(self.vigil, mode="scrape")
        self.addCleanup(self.application.close)
        self.port = self.application.telemetry.metrics.port
        config.write_text(SCRAPE_CONFIG.format(port=self.port), encoding="utf-8")
        self.assertEqual((200, "reloaded\n"), self.vigil.http("/-/reload", "POST"))

    def up(self):
        return self.vigil.value('up{job="gateway"}')

    def test_counts_agree_and_series_end_with_the_endpoint(self):
        self.application.provider.error_rate = 0.3
        self.application.serve_counted(rounds=20)
        self.assertEqual(1, self.up())
        self.assert_metrics(self.vigil, self.application.sent)
        row = self.vigil.query('up{job="gateway"}')[0]["metric"]
        expected = {"__name__": "up", "job": "gateway", "instance": f"127.0.0.1:{self.port}", "tier": "edge"}
        self.assertEqual(expected, row)
        self.assertGreater(self.vigil.value("scrape_samples_scraped"), 0)

        self.application.serve_counted(rounds=5)
        self.assert_metrics(self.vigil, self.application.sent)

        self.application.telemetry.metrics.shutdown()
        wait_until(lambda: self.up() == 0, "the target is down")
        self.assertEqual([], self.vigil.query("llm_requests_total"))
        past = self.vigil.value("sum(last_over_time(llm_requests_total[10m]))")
        self.assertEqual(self.application.sent.requests, past)


if __name__ == "__main__":
    unittest.main()
