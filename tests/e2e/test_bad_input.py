# SPDX-License-Identifier: Apache-2.0
"""Every mistake gets its clear answer, costs only itself, and leaves the server as it was.

Requests that no SDK would send, files with mistakes, command lines that are wrong, places that cannot be
used. Each answer must name the place and say what to do; after each the server takes good requests and answers.
"""

import os
import pathlib
import random
import socket
import tempfile
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI, TRACES
from vigil_process import EXIT_REFUSED, EXIT_USAGE, Vigil, run_vigil
from vigil_stubs import query_pb2

import grpc

SIGNALS = (METRICS, LOGS, TRACES)
MIB = 1 << 20
YEAR_MS = 365 * 86_400_000
ANY_PORTS = ("--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
# A mark in a request's texts, and the bytes of the same length that are no UTF-8 which take its place.
MARK, NOT_UTF8 = "MARK", b"\xff\xfe\xc0\x80"


def spoiled(request):
    """The request's bytes with each MARK made invalid."""
    data = request.SerializeToString()
    assert MARK.encode() in data
    return data.replace(MARK.encode(), NOT_UTF8)


class ServedTest(unittest.TestCase):
    """One server for all tests of a class, which must be well after each of them."""

    @classmethod
    def setUpClass(cls):
        cls.vigil = Vigil()
        cls.addClassCleanup(cls.vigil.close)
        cls.vigil.start()
        cls.client = otlp_client.Client(cls.vigil.grpc_address)
        cls.addClassCleanup(cls.client.close)

    def setUp(self):
        self.now_ms = int(time.time() * 1000)
        self.service = self.id().rsplit(".", 1)[1]
        self.trace_id = os.urandom(16)

    def tearDown(self):
        self.assertTrue(self.vigil.running, self.vigil.log_text())
        self.service = f"{self.service}-after"
        self.trace_id = os.urandom(16)
        for signal in SIGNALS:
            self.assertEqual((0, ""), self.client.export(signal, self.good(signal)))
            self.assertEqual(1, len(self.kept(signal)), f"{signal} are kept and found")
        for entry in self.vigil.log:
            self.assertNotIn("BUG", entry["message"])
            self.assertIn("level", entry, f"a line of the log that is not one: {entry}")

    def now_ns(self):
        return self.now_ms * NANOS_PER_MILLI

    def good(self, signal):
        """A request with one good record."""
        if signal == METRICS:
            request, scope = otlp_client.metrics_request(self.service)
            otlp_client.add_gauge(scope, "good", [(self.now_ms, 1.0)])
        elif signal == LOGS:
            request, scope = otlp_client.logs_request(self.service)
            otlp_client.add_record(scope, self.now_ns(), "good")
        else:
            request, scope = otlp_client.traces_request(self.service)
            otlp_client.add_span(scope, self.trace_id, b"goodspan", self.now_ns(), "good")
        return request

    def kept(self, signal, tenant=None):
        """What is kept under the test's names: samples, lines, or names of spans."""
        if signal == METRICS:
            selector = f'{{job="{self.service}",__name__!="target_info"}}'
            found = self.client.samples(selector, self.now_ms + 600_000, tenant=tenant)
            return [(labels["__name__"], value) for labels, samples in found for _, value in samples]
        if signal == LOGS:
            return [
                record.line
                for record in self.client.logs(f'{{service_name="{self.service}"}}', tenant=tenant)
            ]
        return [span.name for span in self.client.spans(self.trace_id, tenant=tenant)]

    def refuses(self, signal, request, code, *words, **options):
        with otlp_client.refused(self, code, *words):
            self.client.export(signal, request, **options)
        self.assertEqual([], self.kept(signal))

    def takes(self, signal, request, refused=0, *words):
        """The request is taken but for `refused` items, with all `words` in the reason."""
        count, why = self.client.export(signal, request)
        self.assertEqual(refused, count, why)
        for word in words:
            self.assertIn(word, why)
        if not words:
            self.assertEqual("", why)


class MalformedRequestTest(ServedTest):
    def test_cut_short(self):
        for signal in SIGNALS:
            data = self.good(signal).SerializeToString()
            for length in (1, 2, 3, len(data) // 3, len(data) // 2, len(data) - 1):
                with self.subTest(signal=signal, length=length):
                    self.refuses(signal, data[:length], grpc.StatusCode.INVALID_ARGUMENT, "cut short")

    def test_garbage(self):
        generator = random.Random(11)
        for signal in SIGNALS:
            for garbage in (b"\xff" * 100, b'{"resourceMetrics":[]}', b"\x0c", generator.randbytes(5000)):
                with self.subTest(signal=signal, garbage=garbage[:10]):
                    self.refuses(signal, garbage, grpc.StatusCode.INVALID_ARGUMENT, "protobuf", "broken")

    def test_random_damage(self):
        """A few bytes of a good request changed: whatever becomes of it, it is an answer."""
        generator = random.Random(12)
        for signal in SIGNALS:
            data = self.good(signal).SerializeToString()
            for _ in range(200):
                damaged = bytearray(data)
                for _ in range(generator.randint(1, 3)):
                    damaged[generator.randrange(len(damaged))] = generator.randrange(256)
                try:
                    count, why = self.client.export(signal, bytes(damaged), tenant="damaged")
                    self.assertEqual(count > 0, why != "", (count, why))
                except grpc.RpcError as error:
                    self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, error.code(), error)

    def test_other_wire_types(self):
        """A field with another wire type is an unknown field, as protobuf has it."""
        for signal in SIGNALS:
            for request in (b"", b"\x08\x01", b"\x09" + b"x" * 8, b"\x0d" + b"x" * 4, b"\x0b\x0c"):
                with self.subTest(signal=signal, request=request):
                    self.takes(signal, request)

    def test_too_large(self):
        """Compressed or not: what counts is what it takes in memory."""
        words = f"has {100 * MIB} bytes, decompressed; the limit (server.max_request_bytes) is {64 * MIB}"
        for signal, compression in (
            (METRICS, None),
            (LOGS, None),
            (TRACES, None),
            (LOGS, grpc.Compression.Gzip),
        ):
            with self.subTest(signal=signal, compression=compression):
                request = b"\n" * (100 * MIB)
                code = grpc.StatusCode.RESOURCE_EXHAUSTED
                self.refuses(signal, request, code, words, compression=compression)

    def test_a_message_that_will_never_fit_is_not_to_be_sent_again(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.export(LOGS, b"\n" * (100 * MIB))
        self.assertIsNone(otlp_client.retry_delay_seconds(caught.exception))

    def test_compressed_requests_are_taken(self):
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            for signal in SIGNALS:
                self.service = f"{signal}-{compression}"
                self.trace_id = os.urandom(16)
                self.assertEqual(
                    (0, ""), self.client.export(signal, self.good(signal), compression=compression)
                )
                self.assertEqual(1, len(self.kept(signal)))

    def test_unknown_methods(self):
        service = "/opentelemetry.proto.collector"
        for method in (f"{service}.metrics.v1.MetricsService/Import", f"{service}.v9.X/Export", "/a.B/C"):
            with self.subTest(method=method), otlp_client.refused(self, grpc.StatusCode.UNIMPLEMENTED):
                self.client.call(method, b"")

    def test_tenants_that_cannot_be(self):
        for tenant in ("a/b", "x" * 151, "..", "a b"):
            for signal in SIGNALS:
                with self.subTest(tenant=tenant, signal=signal):
                    words = ("x-scope-orgid", "at most 150 letters")
                    self.refuses(
                        signal, self.good(signal), grpc.StatusCode.INVALID_ARGUMENT, *words, tenant=tenant
                    )

    def test_tenants_are_apart(self):
        for signal in SIGNALS:
            self.assertEqual((0, ""), self.client.export(signal, self.good(signal), tenant="team-a"))
            self.assertEqual([], self.kept(signal))
            self.assertEqual([], self.kept(signal, tenant="team-b"))
            self.assertEqual(1, len(self.kept(signal, tenant="team-a")))


class BadRecordTest(ServedTest):
    """A bad record beside a good one: the good one is kept, the answer counts and explains the other."""

    def one_good_metric(self):
        request = self.good(METRICS)
        return request, request.resource_metrics[0].scope_metrics[0]

    def one_good_record(self):
        request = self.good(LOGS)
        return request, request.resource_logs[0].scope_logs[0]

    def one_good_span(self):
        request = self.good(TRACES)
        return request, request.resource_spans[0].scope_spans[0]

    def only_the_good_one(self, signal):
        self.assertEqual([("good", 1.0)] if signal == METRICS else ["good"], self.kept(signal))

    def bad_metric(self, add, refused, *words):
        """`add` adds to the scope; `refused` points of that are refused."""
        request, scope = self.one_good_metric()
        add(scope)
        self.takes(METRICS, request, refused, *words)
        self.only_the_good_one(METRICS)

    def test_times(self):
        future_ns = (self.now_ms + YEAR_MS) * NANOS_PER_MILLI
        for time_ns in (future_ns, 2**63, 2**64 - 1, 2**64 - 5 * otlp_client.NANOS):  # The last are negative.
            with self.subTest(time_ns=time_ns):
                self.service, self.trace_id = f"time-{time_ns}", os.urandom(16)
                expected = "more than 10m in the future: check the sender's clock"
                request, scope = self.one_good_metric()
                scope.metrics[0].gauge.data_points.add(time_unix_nano=time_ns, as_double=2)
                self.takes(METRICS, request, 1, expected)
                self.only_the_good_one(METRICS)
                request, scope = self.one_good_record()
                otlp_client.add_record(scope, time_ns, "bad")
                self.takes(LOGS, request, 1, expected)
                self.only_the_good_one(LOGS)
                request, scope = self.one_good_span()
                scope.spans.add(
                    trace_id=self.trace_id, span_id=b"badspan!", name="bad", start_time_unix_nano=time_ns
                )
                self.takes(TRACES, request, 1, expected)
                self.only_the_good_one(TRACES)

    def test_no_time(self):
        self.bad_metric(
            lambda scope: scope.metrics[0].gauge.data_points.add(as_double=2),
            1,
            'metric "good"',
            "without a time",
        )
        request, scope = self.one_good_span()
        scope.spans.add(
            trace_id=self.trace_id, span_id=b"badspan!", name="bad", end_time_unix_nano=self.now_ns()
        )
        self.takes(TRACES, request, 1, "a span has no start time")
        self.only_the_good_one(TRACES)
        # A log record without a time is one of now.
        request, scope = self.one_good_record()
        otlp_client.add_record(scope, 0, "timeless")
        self.takes(LOGS, request)
        records = self.client.logs(f'{{service_name="{self.service}"}} |= "timeless"')
        self.assertEqual(1, len(records))
        self.assertLess(abs(records[0].time_ns - self.now_ns()), 600 * otlp_client.NANOS)

    def test_labels_beyond_the_limits(self):
        def add(name, attributes):
            return lambda scope: otlp_client.add_gauge(scope, name, [(self.now_ms, 1.0)], attributes)

        self.bad_metric(add("m", {"model": "x" * 10_000}), 1, '"model"', "10000 bytes", "limit", "4096")
        self.bad_metric(add("m", {"y" * 2_000: "x"}), 1, "label name", "2000 bytes", "limit", "1024")
        self.bad_metric(
            add("m", {f"l{i}": "x" for i in range(100)}), 1, 'metric "m"', "103 labels", "limit", "64"
        )
        self.bad_metric(add("", {}), 1, 'metric name ""')

    def test_text_that_is_not_utf8(self):
        def metric(name="m", attributes=None):
            request, scope = self.one_good_metric()
            otlp_client.add_gauge(scope, name, [(self.now_ms, 1.0)], attributes)
            return spoiled(request)

        self.takes(METRICS, metric(attributes={"model": MARK}), 1, 'metric "m"', "UTF-8")
        self.takes(METRICS, metric(attributes={MARK: "x"}), 1, 'metric "m"', "UTF-8")
        self.takes(METRICS, metric(name=MARK), 1, "UTF-8")
        self.only_the_good_one(METRICS)

        request, scope = self.one_good_record()
        otlp_client.add_record(scope, self.now_ns(), MARK)
        self.takes(LOGS, spoiled(request), 1, "a log record", "UTF-8")
        self.only_the_good_one(LOGS)

        request, scope = self.one_good_span()
        otlp_client.add_span(scope, self.trace_id, b"badspan!", self.now_ns(), MARK)
        self.takes(TRACES, spoiled(request), 1, "a span", "UTF-8")
        self.only_the_good_one(TRACES)

    def test_resource_that_is_not_utf8(self):
        """It costs what it was to describe, not the other resources of the request."""
        for signal in SIGNALS:
            request = self.good(signal)
            bad_service, self.service = self.service, MARK
            request.MergeFrom(self.good(signal))
            self.service = bad_service
            self.takes(signal, spoiled(request), 1, "resource", "UTF-8")
            self.only_the_good_one(signal)

    def test_exponential_histograms(self):
        def add(scale=3, offset=1, buckets=0):
            def to(scope):
                metric = otlp_client.add_exponential(scope, "latency", [(self.now_ms, 5)], scale)
                positive = metric.exponential_histogram.data_points[0].positive
                positive.offset = offset
                positive.bucket_counts.extend([1] * buckets)

            return to

        for scale in (-5, -50, -(2**31)):
            self.bad_metric(add(scale=scale), 1, 'metric "latency"', f"scale {scale}", "the lowest is -4")
        self.bad_metric(add(offset=2**31 - 1), 1, 'metric "latency"', "beyond index 2^31")
        self.bad_metric(add(buckets=70_000), 1, 'metric "latency"', "more than 65536 buckets")

    def test_fine_exponential_histogram_is_made_coarser(self):
        request, scope = self.one_good_metric()
        otlp_client.add_exponential(scope, "latency", [(self.now_ms, 5)], scale=2**31 - 1)
        self.takes(METRICS, request)
        self.assertEqual([("good", 1.0), ("latency", 5.0)], sorted(self.kept(METRICS)))

    def test_histograms(self):
        def add(counts, bounds):
            def to(scope):
                histogram = scope.metrics.add(name="latency").histogram
                histogram.aggregation_temporality = otlp_client.CUMULATIVE
                histogram.data_points.add(
                    time_unix_nano=self.now_ns(), count=3, bucket_counts=counts, explicit_bounds=bounds
                )

            return to

        self.bad_metric(add([1, 1, 1], [1, 2, 3]), 1, '"latency"', "bounds plus one")
        self.bad_metric(add([1, 1, 1], [2, 1]), 1, '"latency"', "do not rise")
        self.bad_metric(add([1, 1, 1], [1, float("nan")]), 1, '"latency"', "do not rise")

    def test_temporality(self):
        def add(temporality, kind):
            def to(scope):
                data = getattr(scope.metrics.add(name="calls"), kind)
                data.aggregation_temporality = temporality
                for _ in range(4):
                    data.data_points.add(time_unix_nano=self.now_ns())

            return to

        for kind in ("sum", "histogram", "exponential_histogram"):
            self.bad_metric(add(0, kind), 4, 'metric "calls" has an unspecified temporality')

    def test_nothing_in_it(self):
        self.bad_metric(lambda scope: scope.metrics.add(name="empty"), 1, 'metric "empty" has no data')
        self.bad_metric(
            lambda scope: scope.metrics.add(name="empty").gauge.data_points.add(time_unix_nano=self.now_ns()),
            1,
            'metric "empty" has a point without a value',
        )

    def test_ids(self):
        request, scope = self.one_good_span()
        for trace_id, span_id in (
            (b"\0" * 16, b"12345678"),
            (b"t" * 15, b"12345678"),
            (self.trace_id, b""),
            (b"", b""),
        ):
            otlp_client.add_span(scope, trace_id, span_id, self.now_ns(), "bad")
        self.takes(TRACES, request, 4, "trace id (16 bytes) or span id (8 bytes)")
        self.only_the_good_one(TRACES)

    def test_values_too_deep(self):
        request, scope = self.one_good_record()
        body = otlp_client.add_record(scope, self.now_ns(), "").body
        for _ in range(200):
            body = body.array_value.values.add()
        self.takes(LOGS, request.SerializeToString(), 1, "a log record is malformed")
        self.only_the_good_one(LOGS)

    def test_large_record_is_taken(self):
        request, scope = self.one_good_record()
        otlp_client.add_record(scope, self.now_ns(), "x" * (7 * MIB))
        self.takes(LOGS, request)
        self.assertEqual([4, 7 * MIB], sorted(len(line) for line in self.kept(LOGS)))

    def test_records_that_are_too_large(self):
        request, scope = self.one_good_record()
        otlp_client.add_record(scope, self.now_ns(), "x" * (20 * MIB))
        self.takes(LOGS, request.SerializeToString(), 1, "20971520 bytes", "(limits.max_log_body_bytes)")
        self.only_the_good_one(LOGS)


class BadQuestionTest(ServedTest):
    """Broken queries: line and column, and exit status 1 of the client commands."""

    PROMQL = {
        "": "unknown position: parse error: no expression found in input",
        "sum(rate(x[5m])": "1:16: parse error: unclosed left parenthesis",
        "up\n+\n  sum by (": "3:11: parse error",
        "nofunc(up)": '1:1: parse error: unknown function with name "nofunc"',
        "rate(up)": "1:6: parse error: expected type range vector",
        'up{a=~"("}': "1:4: parse error: error parsing regexp: missing closing ): `(`",
        "up offset soon": "1:11: parse error",
        "(" * 5000: "1:501: parse error: expression nests deeper than 500 levels",
        "\xff": "1:1: parse error: unexpected character",
    }
    LOGQL = {
        "": "line 1, col 1",
        '{a="b"': "line 1, col 7",
        '{a="b"} |= ': "line 1, col 12: unexpected end of query, expected a string",
        '{a="b"}\n |=\n x': "line 3, col 2",
        '{a=~"("}': "line 1, col 5: error parsing regexp: missing closing ): `(`",
        "{}": "at least one regexp or equality matcher",
        '{a="b"} | line_format "x"': "line 1, col 11: line_format is not supported",
        'sum(rate({a="b"}[5m]))': "metric queries are not supported",
        "(" * 5000: "line 1, col 1",
    }

    def test_promql(self):
        for query, expected in self.PROMQL.items():
            with self.subTest(query=query[:40]):
                done = self.vigil.run("query", query)
                self.assertEqual((EXIT_REFUSED, ""), (done.code, done.out))
                self.assertTrue(done.err.startswith(f"error: {expected}"), done.err)

    def test_promql_over_a_range(self):
        done = self.vigil.run("query", "sum(", "--last", "1h")
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertIn("1:5: parse error", done.err)

    def test_logql(self):
        for query, expected in self.LOGQL.items():
            with self.subTest(query=query[:40]):
                done = self.vigil.run("logs", query)
                self.assertEqual((EXIT_REFUSED, ""), (done.code, done.out))
                self.assertTrue(done.err.startswith("error: parse error at line "), done.err)
                self.assertIn(expected, done.err)

    def test_other_questions(self):
        for arguments, expected in (
            (["trace", "zz"], "32 hexadecimal digits"),
            (["trace", "ab" * 16], "no span of trace abababab"),
            (["series", "{"], "1:2: parse error"),
            (["query", "up", "--tenant", "a/b"], "x-scope-orgid"),
        ):
            with self.subTest(arguments=arguments):
                done = self.vigil.run(*arguments)
                self.assertEqual(EXIT_REFUSED, done.code)
                self.assertIn(expected, done.err)

    def test_bytes_that_are_no_question(self):
        with self.assertRaises(grpc.RpcError):
            self.client.call("/vigil.v1.QueryService/Query", b"\xff\xff")
        answer = self.client.call(
            "/vigil.v1.QueryService/Query", query_pb2.QueryRequest(query="1").SerializeToString()
        )
        self.assertEqual(1, query_pb2.QueryResponse.FromString(answer).scalar.value)

    def test_http(self):
        for path, method, status, expected in (
            ("/nowhere", "GET", 404, "/nowhere"),
            ("/metrics", "POST", 405, "only GET"),
            ("/-/reload", "GET", 405, "only POST"),
        ):
            with self.subTest(path=path):
                code, body = self.vigil.http(path, method)
                self.assertEqual(status, code)
                self.assertIn(expected, body)


class CommandLineTest(unittest.TestCase):
    def usage(self, arguments, *words):
        """The command line is refused with all words and nothing else happens."""
        done = run_vigil(*arguments)
        self.assertEqual((EXIT_USAGE, ""), (done.code, done.out), done.err)
        self.assertTrue(done.err.startswith("error: "), done.err)
        for word in words:
            self.assertIn(word, done.err)

    def test_unknown_things(self):
        see = "see `vigil --help`"
        self.usage([], "vigil needs a command", see)
        self.usage(["frobnicate"], "vigil has no command frobnicate", see)
        self.usage(["qurey"], "vigil has no command qurey; did you mean query?", see)
        self.usage(["--frobnicate"], "vigil has no option --frobnicate", see)
        self.usage(["serve", "--frobnicate"], "vigil serve has no option --frobnicate", "see `vigil serve --help`")
        self.usage(["serve", "now"], '"now" is too much', "see `vigil serve --help`")
        self.usage(["query"], "promql is required", "see `vigil query --help`")

    def test_values(self):
        self.usage(["query", "up", "-o", "xml"], "--output", "xml not in {table,json,csv}")
        self.usage(["query", "up", "--timeout", "0"], "--timeout", "0 not in range")
        self.usage(["query", "up", "--time", "yesterday"], "--time", '"yesterday" is not a time', "RFC 3339")
        self.usage(["query", "up", "--last", "soon"], "--last", '"soon" is not a duration', "1h30m")
        self.usage(["query", "up", "--last", "1h", "--step", "0s"], "--step must be more than 0")
        self.usage(["query", "up", "--last", "1h", "--time", "now"], "--time asks for one instant")
        self.usage(["logs", '{a="b"}', "--limit", "0"], "--limit", "0 not in range 1 to")
        self.usage(["serve", "--durability", "maybe"], "--durability", "maybe not in {sync,interval}")

    def test_addresses(self):
        for flag in ("--grpc-listen", "--http-listen"):
            for address in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", "127.0.0.1:-1"):
                self.usage(["serve", flag, address], flag, f'"{address}"', "HOST:PORT", "65535")
        self.usage(["serve", "--grpc-listen", "nowhere:1"], "--grpc-listen", "nowhere is not an IP address")

    def test_no_server(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # Bound, not listening: nobody can be there.
            address = f"127.0.0.1:{unused.getsockname()[1]}"
            done = run_vigil("query", "up", "--server", address)
        self.assertEqual(3, done.code)
        for word in (address, "vigil serve", "--server", "VIGIL_SERVER"):
            self.assertIn(word, done.err)


class StartTest(unittest.TestCase):
    """What keeps a server from starting."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="vigil-e2e-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.data_dir = self.folder / "data"

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def fails(self, code, arguments, *words, ports=ANY_PORTS):
        """`serve` ends at once with exit status `code` and all words; nothing but the error is printed."""
        done = run_vigil("serve", "--data-dir", self.data_dir, *ports, *arguments)
        self.assertEqual((code, ""), (done.code, done.out), done.err)
        self.assertTrue(done.err.startswith("error: "), done.err)
        for word in words:
            self.assertIn(str(word), done.err)
        return done.err

    def mistakes(self, flag, name, text, *places):
        """A file with that text is refused with a line for each place, and no data directory is made."""
        path = self.file(name, text)
        error = self.fails(EXIT_USAGE, [flag, path])
        lines = error.removeprefix("error: ").splitlines()
        self.assertEqual(len(places), len(lines), error)
        for place, *words in places:
            found = [line for line in lines if line.startswith(f"{path}:{place}: ")]
            told = any(all(word in line for word in words) for line in found)
            self.assertTrue(told, f"nothing about {words} at {place} in:\n{error}")
        self.assertFalse(self.data_dir.exists())

    def config(self, text, *places):
        self.mistakes("--config", "vigil.yaml", text, *places)

    def test_configuration(self):
        self.config("server: [1,\n  2\nstorage:\n", ("3:8", "end of sequence"))
        self.config("server:\n\tgrpc_listen: x\n", ("2:13",))
        self.config("server: 5\nstorge: {}\n", ("1:9", "must be a map"), ("2:1", "unknown field storge"))
        self.config("server:\n  grpc_listn: x\n", ("2:3", "unknown field grpc_listn"))
        self.config(
            "server:\n  http_listen: here\n  max_request_bytes: 0\n  max_inflight_bytes: -1\n",
            ("2:16", "http_listen", '"here"', "HOST:PORT"),
            ("3:22", "max_request_bytes", "between 1 and"),
            ("4:23", "max_inflight_bytes"),
        )
        self.config(
            "storage:\n  durability: fast\n  shards: 99\n  flush_interval: soon\n  max_age: 5\n",
            ("2:15", "neither sync nor interval"),
            ("3:11", "between 1 and 64"),
            ("4:19", '"soon" is not a duration', "1h30m"),
            ("5:12", '"5" is not a duration'),
        )
        self.config(
            "storage: {flush_bytes: 2000, max_head_bytes: 1000}\n",
            ("1:46", "max_head_bytes (1000)", "flush_bytes (2000)"),
        )
        self.config("rule_files: a.yaml\n", ("1:13", "list"))

    def test_scrape_configuration(self):
        self.config(
            "scrape_configs:\n- job_name: a\n  static_configs: 5\n- jobname: b\n",
            ("3:19", "static_configs must be a list"),
            ("4:3", "job_name is missing"),
            ("4:3", "unknown field jobname"),
        )
        self.config(
            "scrape_configs:\n- job_name: a\n  scheme: ftp\n  consul_sd_configs: []\n  static_configs:\n"
            "  - targets: ['http://x/']\n    labels: [a]\n",
            ("3:11", "ftp"),
            ("4:3", "consul_sd_configs is not supported: have a script write the targets into a file"),
            ("6:15", "write host:port"),
            ("7:13", "labels must be a map"),
        )

    def test_configuration_may_be_empty_or_have_one_section(self):
        for text in (
            "",
            "# nothing\n",
            "server:\n",
            "global: {evaluation_interval: 10s}\n",
            "storage: {shards: 1}\n",
        ):
            with self.subTest(text=text), Vigil("--config", self.file("vigil.yaml", text)) as vigil:
                self.assertEqual((200, "ready\n"), vigil.http("/-/ready"))

    def rules(self, text, *places):
        self.mistakes("--rules", "rules.yaml", text, *places)

    def test_rules(self):
        self.rules("groups: [\n", ("2:1",))
        self.rules(
            "groups:\n- name: g\n  rules:\n  - alert: Slow\n    expr: sum(rate(x[5m])\n",
            ("5:11", 'group "g", rule 1, "Slow"', "1:16: parse error: unclosed left parenthesis"),
        )
        self.rules(
            "groups:\n- name: g\n  rules:\n  - record: a b\n    expr: |\n      sum(\n        nofunc(up))\n",
            ("5:11", "2:3: parse error", "nofunc"),
        )
        self.rules(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    for: soon\n    labls: {}\n",
            ("6:10", '"for"', '"soon" is not a duration'),
            ("7:5", 'unknown key "labls"', "labels"),
        )
        self.rules(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n      summary: '{{ $x'\n",
            ("7:7", 'annotation "summary"', "template"),
        )
        self.fails(EXIT_REFUSED, ["--rules", self.folder / "none.yaml"], "none.yaml", "does not exist")

    def routes(self, text, *places):
        self.mistakes("--alertmanager-config", "am.yaml", text, *places)

    def test_routes(self):
        self.routes("route: {receiver: x\n", ("2:1",))
        self.routes("receivers: []\n", ("1:1", "no routes provided"))
        self.routes(
            "route:\n  receiver: nobody\n  group_wait: soon\nreceivers:\n- name: team\n  pigeon_configs: []\n"
            "  webhook_configs:\n  - url: here\n",
            ("2:13", 'undefined receiver "nobody"'),
            ("3:15", '"soon" is not a duration'),
            ("6:3", "pigeon_configs"),
            ("8:10", "URL"),
        )
        self.fails(
            EXIT_REFUSED, ["--alertmanager-config", self.folder / "none.yaml"], "none.yaml", "No such file"
        )

    def test_configuration_that_is_not_there(self):
        self.fails(EXIT_REFUSED, ["--config", self.folder / "none.yaml"], "none.yaml", "No such file")

    def test_reload_keeps_the_old_files(self):
        rules = self.file(
            "rules.yaml", "groups:\n- name: g\n  rules:\n  - record: one\n    expr: vector(1)\n"
        )
        with Vigil("--rules", rules) as vigil:
            self.file("rules.yaml", "groups:\n- name: g\n  rules:\n  - record: one\n    expr: vector(\n")
            status, body = vigil.http("/-/reload", "POST", b"")
            self.assertEqual(400, status)
            self.assertIn(f"{rules}:5:11", body)
            self.assertEqual("one", vigil.ask("rules", "list")["data"]["groups"][0]["rules"][0]["name"])

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for flag, ports in (
                ("--grpc-listen", ("--grpc-listen", address, "--http-listen", "127.0.0.1:0")),
                ("--http-listen", ("--grpc-listen", "127.0.0.1:0", "--http-listen", address)),
            ):
                self.fails(
                    EXIT_REFUSED,
                    [],
                    address,
                    "Address already in use",
                    f"choose another with {flag}",
                    ports=ports,
                )
            self.assertFalse(self.data_dir.exists())
        ports = ("--grpc-listen", address, "--http-listen", address)
        self.fails(EXIT_USAGE, [], "--grpc-listen and --http-listen both name", address, ports=ports)

    def test_port_of_another_vigil(self):
        with Vigil() as vigil:
            ports = ("--grpc-listen", vigil.grpc_address, "--http-listen", "127.0.0.1:0")
            self.fails(EXIT_REFUSED, [], vigil.grpc_address, "Address already in use", ports=ports)

    def test_data_directory_that_cannot_be(self):
        """As root everything may be written; a file and /proc are no directories even then."""
        for path in (self.file("file", "x"), self.folder / "file" / "data", pathlib.Path("/proc/vigil-data")):
            self.data_dir = path
            self.fails(EXIT_REFUSED, [], f"data directory {path} cannot be used", "--data-dir")

    def test_data_directory_in_use(self):
        with Vigil() as vigil:
            self.data_dir = vigil.data_dir
            self.fails(EXIT_REFUSED, [], f"data directory {self.data_dir} is in use", "--data-dir")
            self.assertEqual((200, "ready\n"), vigil.http("/-/ready"))

    def test_data_directory_of_another_program(self):
        self.data_dir.mkdir()
        (self.data_dir / "CURRENT").write_text("nonsense")
        self.fails(EXIT_REFUSED, [], f"data directory {self.data_dir} is damaged", "backup", "--data-dir")


if __name__ == "__main__":
    unittest.main()
