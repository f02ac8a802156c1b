# SPDX-License-Identifier: Apache-2.0
"""OTLP over HTTP, as protobuf and JSON: what is sent comes back, and what is no such request is told why."""

import gzip
import http.client
import json
import time
import unittest
import zlib

from google.rpc import code_pb2, error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from vigil_process import Vigil

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
TRACE_ID = "5b8efff798038103d269b633813fc60c"
SPAN_ID = "eee19b7ec3c1b174"
PARENT_ID = "eee19b7ec3c1b173"


def resource(name):
    return {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}


def gauge_request(value, name="http_gauge"):
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add()
    attribute = metrics.resource.attributes.add()
    attribute.key, attribute.value.string_value = "service.name", "protobuf"
    metric = metrics.scope_metrics.add().metrics.add()
    metric.name = name
    point = metric.gauge.data_points.add()
    point.time_unix_nano, point.as_double = time.time_ns(), value
    return request


class OtlpHttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vigil = cls.enterClassContext(Vigil())

    def post(self, path, body, content_type, **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection(self.vigil.http_address, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("POST", path, body, {"Content-Type": content_type} | named)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def post_json(self, path, message):
        return self.post(path, json.dumps(message), JSON)

    def test_metrics_as_protobuf(self):
        body = gauge_request(4.5).SerializeToString()
        status, headers, answer = self.post("/v1/metrics", body, PROTOBUF)
        self.assertEqual((200, PROTOBUF), (status, headers["Content-Type"]))
        self.assertEqual(ExportMetricsServiceResponse(), ExportMetricsServiceResponse.FromString(answer))
        self.assertEqual(4.5, self.vigil.value('http_gauge{job="protobuf"}'))

    def test_metrics_where_prometheus_takes_them(self):
        body = gauge_request(5.5, "prometheus_gauge").SerializeToString()
        status, headers, answer = self.post("/api/v1/otlp/v1/metrics", body, PROTOBUF)
        self.assertEqual((200, PROTOBUF, b""), (status, headers["Content-Type"], answer))
        self.assertEqual(5.5, self.vigil.value("prometheus_gauge"))
        self.assertEqual(400, self.post("/api/v1/otlp/v1/metrics", b"{", JSON)[0])

    def test_gzip(self):
        body = gzip.compress(gauge_request(7, "gzip_gauge").SerializeToString())
        status, _, answer = self.post("/v1/metrics", body, PROTOBUF, Content_Encoding="gzip")
        self.assertEqual((200, b""), (status, answer))
        self.assertEqual(7, self.vigil.value("gzip_gauge"))

    def test_deflate(self):
        body = zlib.compress(gauge_request(8, "deflate_gauge").SerializeToString())
        status, _, answer = self.post("/v1/metrics", body, PROTOBUF, Content_Encoding="deflate")
        self.assertEqual((200, b""), (status, answer))
        self.assertEqual(8, self.vigil.value("deflate_gauge"))

    def test_metrics_as_json(self):
        point = {"timeUnixNano": str(time.time_ns()), "asInt": "12", "attributes": []}
        metric = {"name": "json_total", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}}
        status, headers, answer = self.post_json(
            "/v1/metrics", {"resourceMetrics": [{"resource": resource("j"), "scopeMetrics": [{"metrics": [metric]}]}]}
        )
        self.assertEqual((200, JSON, {}), (status, headers["Content-Type"], json.loads(answer)))
        self.assertEqual(12, self.vigil.value('json_total{job="j"}'))

    def test_what_is_refused_is_told(self):
        request = gauge_request(1)
        request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points[0].time_unix_nano = 0
        status, _, answer = self.post("/v1/metrics", request.SerializeToString(), PROTOBUF)
        self.assertEqual(200, status)
        refused = ExportMetricsServiceResponse.FromString(answer).partial_success
        self.assertEqual(1, refused.rejected_data_points)
        self.assertIn("without a time", refused.error_message)

    def test_traces_and_logs_as_json_with_hexadecimal_ids(self):
        now = str(time.time_ns())
        span = {
            "traceId": TRACE_ID.upper(),
            "spanId": SPAN_ID,
            "parentSpanId": PARENT_ID,
            "name": "over http",
            "kind": 2,
            "startTimeUnixNano": now,
            "endTimeUnixNano": now,
        }
        status, _, answer = self.post_json(
            "/v1/traces", {"resourceSpans": [{"resource": resource("t"), "scopeSpans": [{"spans": [span]}]}], "more": 1}
        )
        self.assertEqual((200, {}), (status, json.loads(answer)))
        self.assertIn("over http", self.vigil.run("trace", TRACE_ID).out)
        record = {"timeUnixNano": now, "body": {"stringValue": "a line"}, "traceId": TRACE_ID, "spanId": SPAN_ID}
        status, _, _ = self.post_json(
            "/v1/logs", {"resourceLogs": [{"resource": resource("l"), "scopeLogs": [{"logRecords": [record]}]}]}
        )
        self.assertEqual(200, status)
        self.assertIn("a line", self.vigil.run("logs", f'{{service_name="l"}} | trace_id="{TRACE_ID}"').out)

    def test_an_id_that_is_none_costs_its_record_at_most(self):
        now = str(time.time_ns())
        records = [{"timeUnixNano": now, "body": {"stringValue": f"id {i}"}, "traceId": i} for i in ("x", "00", "")]
        status, _, answer = self.post_json(
            "/v1/logs", {"resourceLogs": [{"resource": resource("odd"), "scopeLogs": [{"logRecords": records}]}]}
        )
        self.assertEqual((200, {}), (status, json.loads(answer)))
        self.assertEqual(3, len(self.vigil.logs('{service_name="odd"} | trace_id=""')))
        span = {"name": "odd", "startTimeUnixNano": now, "endTimeUnixNano": now, "spanId": SPAN_ID}
        spans = [span | {"traceId": id} for id in (TRACE_ID[:-1], "no id", TRACE_ID[:-2] + "77")]
        status, _, answer = self.post_json("/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
        self.assertEqual((200, "2"), (status, json.loads(answer)["partialSuccess"]["rejectedSpans"]))

    def test_logs_as_protobuf(self):
        request = ExportLogsServiceRequest()
        record = request.resource_logs.add().scope_logs.add().log_records.add()
        record.time_unix_nano, record.body.string_value = time.time_ns(), "from protobuf"
        status, _, answer = self.post("/v1/logs", request.SerializeToString(), PROTOBUF + "; charset=utf-8")
        self.assertEqual((200, b""), (status, answer))

    def test_mistakes(self):
        valid = gauge_request(1).SerializeToString()
        cases = [
            (valid, "text/plain", {}, 415, "send application/x-protobuf or application/json"),
            (valid, PROTOBUF, {"Content_Encoding": "br"}, 415, 'content encoding "br" is not taken: send gzip'),
            (valid, PROTOBUF, {"Content_Encoding": "gzip"}, 400, "not gzip"),
            (gzip.compress(valid)[:-9], PROTOBUF, {"Content_Encoding": "gzip"}, 400, "cut short"),
            (valid[:-3], PROTOBUF, {}, 400, "its protobuf encoding is broken"),
            ('{"resourceMetrics": 7', JSON, {}, 400, "not OTLP as JSON"),
            ("{}", JSON, {}, 200, ""),
            (b"", PROTOBUF, {}, 200, ""),
        ]
        for body, content_type, headers, expected, text in cases:
            with self.subTest(text=text):
                status, _, answer = self.post("/v1/metrics", body, content_type, **headers)
                self.assertEqual(expected, status, answer)
                self.assertIn(text.encode(), answer.replace(b'\\"', b'"'))

    def test_what_is_wrong_is_a_status_in_the_encoding_of_the_request(self):
        _, headers, answer = self.post("/v1/logs", b"\xff", PROTOBUF)
        self.assertEqual(PROTOBUF, headers["Content-Type"])
        status = status_pb2.Status.FromString(answer)
        self.assertEqual(code_pb2.INVALID_ARGUMENT, status.code)
        details = error_details_pb2.BadRequest()
        self.assertTrue(status.details[0].Unpack(details))
        self.assertEqual(status.message, details.field_violations[0].description)
        _, headers, answer = self.post("/v1/logs", b"[", JSON)
        self.assertEqual(JSON, headers["Content-Type"])
        status = json.loads(answer)
        self.assertEqual(code_pb2.INVALID_ARGUMENT, status["code"])
        self.assertEqual("type.googleapis.com/google.rpc.BadRequest", status["details"][0]["@type"])
        self.assertEqual(status["message"], status["details"][0]["fieldViolations"][0]["description"])

    def test_a_small_body_may_not_become_a_huge_one(self):
        bomb = gzip.compress(bytes(200 << 20))
        status, _, answer = self.post("/v1/metrics", bomb, PROTOBUF, Content_Encoding="gzip")
        self.assertEqual(413, status)
        self.assertIn(b"decompressed", answer)
        self.assertEqual(code_pb2.RESOURCE_EXHAUSTED, status_pb2.Status.FromString(answer).code)

    def test_tenants(self):
        body = gauge_request(3, "tenant_gauge").SerializeToString()
        self.assertEqual(200, self.post("/v1/metrics", body, PROTOBUF, X_Scope_OrgID="one")[0])
        self.assertIsNone(self.vigil.value("tenant_gauge"))


if __name__ == "__main__":
    unittest.main()
