# SPDX-License-Identifier: Apache-2.0
"""An OTLP client that lets a test say what no SDK would: any bytes, any metadata, the same bytes again.

`Client` sends requests and asks for what is kept; the functions below make requests of the simple kind.
"""

import contextlib

from vigil_stubs import ingest_pb2_grpc, query_pb2, query_pb2_grpc  # isort: skip (sets gRPC up)

import grpc
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

METRICS, LOGS, TRACES = "metrics", "logs", "traces"
CUMULATIVE = 2

# How long a call may take on a busy machine; none that succeeds does.
CALL_SECONDS = 60
NANOS = 10**9
NANOS_PER_MILLI = 10**6
TENANT_HEADER = "x-scope-orgid"

_METHODS = {
    METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
}
_RESPONSES = {
    METRICS: metrics_service_pb2.ExportMetricsServiceResponse,
    LOGS: logs_service_pb2.ExportLogsServiceResponse,
    TRACES: trace_service_pb2.ExportTraceServiceResponse,
}


class Client:
    """One connection to a server. For any number of threads."""

    def __init__(self, address):
        unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        # A pool of its own for each client, so that one server's end does not slow the next one's start.
        self.channel = grpc.insecure_channel(
            address, options=unlimited + [("grpc.use_local_subchannel_pool", 1)]
        )
        self._queries = query_pb2_grpc.QueryServiceStub(self.channel)
        self.ingest = ingest_pb2_grpc.IngestServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.channel.close()

    def call(self, method, request, tenant=None, compression=None, timeout=CALL_SECONDS):
        """Calls a method by its path with bytes; returns the answer's bytes."""
        metadata = [(TENANT_HEADER, tenant)] if tenant is not None else None
        return self.channel.unary_unary(method)(
            request, timeout=timeout, metadata=metadata, compression=compression
        )

    def export(self, signal, request, **options):
        """Sends an export request, a message or bytes; returns (items refused, why)."""
        data = request if isinstance(request, bytes) else request.SerializeToString()
        response = _RESPONSES[signal].FromString(self.call(_METHODS[signal], data, **options))
        partial = response.partial_success
        refused = {METRICS: "rejected_data_points", LOGS: "rejected_log_records", TRACES: "rejected_spans"}
        return getattr(partial, refused[signal]), partial.error_message

    def samples(self, selector, time_ms, window="10h", tenant=None):
        """Raw samples of the series that match: [(labels, [(time ms, value)])], histograms as counts."""
        request = query_pb2.QueryRequest(query=f"{selector}[{window}]", time_ms=time_ms)
        matrix = self._queries.Query(request, timeout=CALL_SECONDS, metadata=_metadata(tenant)).matrix
        found = []
        for series in matrix.series:
            samples = list(zip(series.times_ms, series.values))
            samples += [(t, h.count) for t, h in zip(series.histogram_times_ms, series.histograms)]
            found.append(({label.name: label.value for label in series.labels}, sorted(samples)))
        return found

    def logs(self, logql, limit=10**6, tenant=None):
        """All kept records that match, oldest first, as LogResult messages."""
        request = query_pb2.LogsRequest(query=logql, limit=limit, forward=True)
        answers = self._queries.Logs(request, timeout=CALL_SECONDS, metadata=_metadata(tenant))
        return [record for answer in answers for record in answer.records]

    def follow(self, logql, tenant=None):
        """The running call of a follower: an iterator of LogsResponse messages that can be cancelled."""
        request = query_pb2.LogsRequest(query=logql, follow=True)
        return self._queries.Logs(request, metadata=_metadata(tenant))

    def spans(self, trace_id, tenant=None):
        """The kept spans of a trace, as TraceSpan messages."""
        request = query_pb2.TraceRequest(trace_id=trace_id.hex())
        try:
            return list(self._queries.Trace(request, timeout=CALL_SECONDS, metadata=_metadata(tenant)).spans)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return []
            raise


def _metadata(tenant):
    return [(TENANT_HEADER, tenant)] if tenant is not None else None


@contextlib.contextmanager
def refused(test, code, *words):
    """Expects the call within to fail with `code` and a message that has all `words`."""
    with test.assertRaises(grpc.RpcError) as caught:
        yield caught
    error = caught.exception
    test.assertEqual(code, error.code(), error.details())
    for word in words:
        test.assertIn(word, error.details())


def retry_delay_seconds(error):
    """How long the server asks the sender to wait, None if it does not say."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                return info.retry_delay.seconds + info.retry_delay.nanos / NANOS
    return None


def _set_attributes(target, attributes):
    for name, value in attributes.items():
        target.add(key=name).value.string_value = value


def _scope(request, signal, service, instance):
    """The scope of a new resource of `request`, to which records are added."""
    envelope = getattr(
        request, {METRICS: "resource_metrics", LOGS: "resource_logs", TRACES: "resource_spans"}[signal]
    )
    resource = envelope.add()
    _set_attributes(resource.resource.attributes, {"service.name": service, "service.instance.id": instance})
    scopes = {METRICS: "scope_metrics", LOGS: "scope_logs", TRACES: "scope_spans"}[signal]
    return getattr(resource, scopes).add()


def metrics_request(service, instance="1"):
    """An empty export request and the scope to add metrics to."""
    request = metrics_service_pb2.ExportMetricsServiceRequest()
    return request, _scope(request, METRICS, service, instance)


def logs_request(service, instance="1"):
    request = logs_service_pb2.ExportLogsServiceRequest()
    return request, _scope(request, LOGS, service, instance)


def traces_request(service, instance="1"):
    request = trace_service_pb2.ExportTraceServiceRequest()
    return request, _scope(request, TRACES, service, instance)


def add_gauge(scope, name, samples, attributes=None):
    """Adds a gauge with points (time in ms, value)."""
    metric = scope.metrics.add(name=name)
    for time_ms, value in samples:
        point = metric.gauge.data_points.add(time_unix_nano=time_ms * NANOS_PER_MILLI, as_double=value)
        _set_attributes(point.attributes, attributes or {})
    return metric


def add_exponential(scope, name, samples, scale=3):
    """Adds an exponential histogram with points (time in ms, count of observations)."""
    metric = scope.metrics.add(name=name)
    metric.exponential_histogram.aggregation_temporality = CUMULATIVE
    for time_ms, count in samples:
        point = metric.exponential_histogram.data_points.add(
            time_unix_nano=time_ms * NANOS_PER_MILLI, count=count, sum=count, scale=scale
        )
        point.positive.offset = 1
        point.positive.bucket_counts.append(count)
    return metric


def add_record(scope, time_ns, body):
    record = scope.log_records.add(time_unix_nano=time_ns, severity_number=9)
    record.body.string_value = body
    return record


def add_span(scope, trace_id, span_id, start_ns, name="work"):
    return scope.spans.add(
        trace_id=trace_id,
        span_id=span_id,
        name=name,
        kind=2,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + NANOS_PER_MILLI,
    )
