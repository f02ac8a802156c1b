# SPDX-License-Identifier: Apache-2.0
"""The gateway's telemetry: the stock OpenTelemetry SDK and prometheus_client, nothing else.

Metrics leave in one of two ways: `otlp` pushes them like traces and logs, `scrape` offers them on a
/metrics endpoint for vigil to fetch. Traces and logs are always pushed.
"""

import collections
import json
import logging
import threading
import time

import prometheus_client
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5)
ERROR_WINDOW_SECONDS = 300


class ErrorRate:
    """The share of failed requests of each model over the last five minutes."""

    def __init__(self):
        self._lock = threading.Lock()
        self._outcomes = collections.defaultdict(collections.deque)

    def record(self, model, failed):
        with self._lock:
            self._outcomes[model].append((time.monotonic(), failed))

    def by_model(self):
        oldest = time.monotonic() - ERROR_WINDOW_SECONDS
        rates = {}
        with self._lock:
            for model, outcomes in self._outcomes.items():
                while outcomes and outcomes[0][0] < oldest:
                    outcomes.popleft()
                failures = sum(failed for _, failed in outcomes)
                rates[model] = failures / len(outcomes) if outcomes else 0.0
        return rates


class OtlpMetrics:
    """The gateway's metrics through the OpenTelemetry SDK."""

    def __init__(self, resource, endpoint, export_interval):
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=endpoint, insecure=True),
            export_interval_millis=export_interval * 1000,
        )
        buckets = View(
            instrument_name="llm_request_duration_seconds",
            aggregation=ExplicitBucketHistogramAggregation(BUCKETS),
        )
        self._provider = MeterProvider(resource=resource, metric_readers=[reader], views=[buckets])
        meter = self._provider.get_meter("llm_gateway")
        self._requests = meter.create_counter("llm_requests_total")
        self._duration = meter.create_histogram("llm_request_duration_seconds")
        self._tokens = meter.create_gauge("llm_token_usage")
        self._error_rate = ErrorRate()
        meter.create_observable_gauge("llm_error_rate", callbacks=[self._observe_error_rate])

    def _observe_error_rate(self, _options):
        return [Observation(rate, {"model": m}) for m, rate in self._error_rate.by_model().items()]

    def request(self, model, endpoint, status, seconds):
        self._requests.add(1, {"model": model, "status": status, "endpoint": endpoint})
        self._duration.record(seconds, {"model": model, "endpoint": endpoint})
        self._error_rate.record(model, status != "ok")

    def tokens(self, model, completion):
        self._tokens.set(completion.prompt_tokens, {"model": model, "type": "prompt"})
        self._tokens.set(completion.completion_tokens, {"model": model, "type": "completion"})
        self._tokens.set(completion.total_tokens, {"model": model, "type": "total"})

    def shutdown(self):
        self._provider.shutdown()


class ScrapedMetrics:
    """The same metrics on a /metrics endpoint."""

    def __init__(self, port):
        registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            "llm_requests_total", "Requests by outcome.", ["model", "status", "endpoint"], registry=registry
        )
        self._duration = prometheus_client.Histogram(
            "llm_request_duration_seconds", "Time to the answer.", ["model", "endpoint"],
            buckets=BUCKETS, registry=registry,
        )
        self._tokens = prometheus_client.Gauge(
            "llm_token_usage", "Tokens of the last request.", ["model", "type"], registry=registry
        )
        self._error_rate_gauge = prometheus_client.Gauge(
            "llm_error_rate", "Failed share of requests over five minutes.", ["model"], registry=registry
        )
        self._error_rate = ErrorRate()
        self.server, self._thread = prometheus_client.start_http_server(port, "127.0.0.1", registry)

    @property
    def port(self):
        return self.server.server_port

    def request(self, model, endpoint, status, seconds):
        self._requests.labels(model, status, endpoint).inc()
        self._duration.labels(model, endpoint).observe(seconds)
        self._error_rate.record(model, status != "ok")
        for name, rate in self._error_rate.by_model().items():
            self._error_rate_gauge.labels(name).set(rate)

    def tokens(self, model, completion):
        self._tokens.labels(model, "prompt").set(completion.prompt_tokens)
        self._tokens.labels(model, "completion").set(completion.completion_tokens)
        self._tokens.labels(model, "total").set(completion.total_tokens)

    def shutdown(self):
        self.server.shutdown()
        self.server.server_close()  # A scrape is refused from now on, not left waiting.


# What a log line may say about a request, beside its message.
LOG_FIELDS = ("request_id", "model", "endpoint", "latency_ms", "prompt_tokens", "completion_tokens")


class JsonFormatter(logging.Formatter):
    """One JSON object a record: level, message and the request's fields."""

    def format(self, record):
        entry = {"level": record.levelname.lower(), "message": record.getMessage()}
        entry.update({name: getattr(record, name) for name in LOG_FIELDS if hasattr(record, name)})
        return json.dumps(entry)


class Telemetry:
    """Everything the gateway reports through."""

    def __init__(self, service_name, endpoint, mode="otlp", scrape_port=0, export_interval=5.0):
        resource = Resource.create({"service.name": service_name, "service.instance.id": "gateway-1"})
        self._traces = TracerProvider(resource=resource)
        self._traces.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True), schedule_delay_millis=500)
        )
        self.tracer = self._traces.get_tracer("llm_gateway")
        self._logs = LoggerProvider(resource=resource)
        self._logs.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=endpoint, insecure=True), schedule_delay_millis=500)
        )
        set_logger_provider(self._logs)
        self.logger = logging.getLogger(service_name)
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        handler = LoggingHandler(level=logging.INFO, logger_provider=self._logs)
        handler.setFormatter(JsonFormatter())
        self.logger.handlers = [handler]
        if mode == "otlp":
            self.metrics = OtlpMetrics(resource, endpoint, export_interval)
        else:
            self.metrics = ScrapedMetrics(scrape_port)

    def shutdown(self):
        """Sends what is still held."""
        self.metrics.shutdown()
        self._traces.shutdown()
        self._logs.shutdown()
