#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An hour of a real LLM service, replayed at its own time of years ago: not a token, record or span is missing.

The data are the published traces of Azure's LLM inference: one line a request with its time and its
context and generated tokens. They are looked for in $VIGIL_SHARED_DATA or beside the repository; without
them the test makes a smaller file of the same shape.
"""

import collections
import concurrent.futures
import csv
import datetime
import hashlib
import itertools
import json
import os
import pathlib
import random
import tempfile
import unittest

from vigil_process import REPOSITORY, Vigil

from otlp_client import CUMULATIVE, LOGS, METRICS, NANOS, NANOS_PER_MILLI, TRACES, Client
from otlp_client import logs_request, metrics_request, traces_request

FILES = {"code": "AzureLLMInferenceTrace_code.csv", "conv": "AzureLLMInferenceTrace_conv.csv"}
DATA = pathlib.Path(os.environ.get("VIGIL_SHARED_DATA", REPOSITORY.parent / "shared/data")) / "azure-llm"
GENERATED_ROWS = 2000
KINDS = ("context", "generated")
# Requests of one export request.
BATCH = 1000
NANOS_PER_HOUR = 3600 * NANOS
NANOS_PER_MINUTE = 60 * NANOS
PARALLEL = 4
# The data are older than any retention.
CONFIG = """
storage:
  retention: {metrics: 0s, logs: 0s, traces: 0s}
"""

Request = collections.namedtuple("Request", "file index time_ns context generated")


def time_ns(text):
    """Unix nanoseconds of "2023-11-16 18:17:03.9799600", exactly."""
    seconds, fraction = text.split(".")
    moment = datetime.datetime.fromisoformat(seconds + "+00:00")
    return int(moment.timestamp()) * NANOS + int(fraction.ljust(9, "0"))


def generated_rows(seed):
    """Rows as the published files have them, over the same two hours and often within one millisecond."""
    source = random.Random(seed)
    at = datetime.datetime(2023, 11, 16, 18, 15, 46)
    for _ in range(GENERATED_ROWS):
        at += datetime.timedelta(seconds=source.expovariate(0.6) if source.random() < 0.95 else 0)
        yield f"{at.isoformat(sep=' ', timespec='microseconds')}0", source.randint(1, 7000), source.randint(1, 900)


def read_requests(file):
    path = DATA / FILES[file]
    if path.exists():
        with path.open(encoding="ascii", newline="") as lines:
            rows = [tuple(row) for row in itertools.islice(csv.reader(lines), 1, None)]
    else:
        rows = list(generated_rows(seed=len(file) + ord(file[1])))
    requests = [Request(file, i, time_ns(t), int(c), int(g)) for i, (t, c, g) in enumerate(rows)]
    return sorted(requests, key=lambda request: request.time_ns)


def time_ms(request):
    return request.time_ns // NANOS_PER_MILLI


def hour_of(request):
    return request.time_ns // NANOS_PER_HOUR


def trace_id(request):
    """The requests of one minute of a file make a trace, so that all spans can be asked for one trace at a time."""
    return hashlib.md5(f"{request.file} {request.time_ns // NANOS_PER_MINUTE}".encode()).digest()


def span_id(request):
    return hashlib.md5(f"{request.file} {request.index}".encode()).digest()[:8]


def batches(items):
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


class Replay:
    """Sends requests as metrics, logs and spans.

    Two forms of metrics, for both of which PromQL gives sums over an hour without extrapolation:
    - `azure_<kind>_tokens` is a gauge with one sample a request, for sum_over_time. A series has at most one
      sample a millisecond, so requests that share one are told apart by the label `slot`.
    - `azure_<kind>_tokens_total` is a counter as a server would keep it. Of requests that share a
      millisecond only the last sum is sent, which includes the others.
    """

    def __init__(self, client):
        self._client = client
        self._sums = collections.Counter()

    def send(self, file, requests):
        slots = collections.Counter()
        for batch in batches(requests):
            self._send(METRICS, self._metrics(file, batch, slots))
            self._send(LOGS, self._logs(file, batch))
            self._send(TRACES, self._spans(file, batch))

    def _send(self, signal, request):
        refused, why = self._client.export(signal, request)
        assert refused == 0, why

    def _metrics(self, file, batch, slots):
        message, scope = metrics_request("azure-llm", file)
        for kind in KINDS:
            gauge = scope.metrics.add(name=f"azure_{kind}_tokens").gauge.data_points
            for request in batch:
                at = kind, time_ms(request)
                self._add_point(gauge, request, getattr(request, kind), slot=str(slots[at]))
                slots[at] += 1
            counter = scope.metrics.add(name=f"azure_{kind}_tokens_total").sum
            counter.is_monotonic = True
            counter.aggregation_temporality = CUMULATIVE
            for request, following in itertools.zip_longest(batch, batch[1:]):
                self._sums[file, kind] += getattr(request, kind)
                if following is None or time_ms(following) != time_ms(request):
                    self._add_point(counter.data_points, request, self._sums[file, kind])
        return message

    @staticmethod
    def _add_point(points, request, value, **attributes):
        point = points.add(time_unix_nano=time_ms(request) * NANOS_PER_MILLI, as_int=value)
        for name, text in {"file": request.file, **attributes}.items():
            point.attributes.add(key=name).value.string_value = text

    @staticmethod
    def _logs(file, batch):
        message, scope = logs_request(f"azure-{file}")
        for request in batch:
            record = scope.log_records.add(
                time_unix_nano=request.time_ns,
                severity_number=9,
                trace_id=trace_id(request),
                span_id=span_id(request),
            )
            record.body.string_value = f"request {request.index} served"
            for kind in KINDS:
                record.attributes.add(key=f"{kind}_tokens").value.int_value = getattr(request, kind)
        return message

    @staticmethod
    def _spans(file, batch):
        message, scope = traces_request(f"azure-{file}")
        for request in batch:
            span = scope.spans.add(
                trace_id=trace_id(request),
                span_id=span_id(request),
                name="inference",
                kind=2,
                start_time_unix_nano=request.time_ns,
                end_time_unix_nano=request.time_ns + request.generated * NANOS_PER_MILLI,
            )
            span.attributes.add(key="index").value.int_value = request.index
            for kind in KINDS:
                span.attributes.add(key=f"{kind}_tokens").value.int_value = getattr(request, kind)
        return message


class AzureReplayTest(unittest.TestCase):
    """Everything is asked for twice: as it was received, and from the files of a server that was restarted."""

    @classmethod
    def setUpClass(cls):
        cls.requests = {file: read_requests(file) for file in FILES}
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        config = pathlib.Path(directory) / "vigil.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        cls.vigil = cls.enterClassContext(Vigil("--config", config))
        with Client(cls.vigil.grpc_address) as client:
            for file, requests in cls.requests.items():
                Replay(client).send(file, requests)

    def setUp(self):
        self.hours = sorted({hour_of(request) for requests in self.requests.values() for request in requests})

    def tokens(self, kind):
        """{(file, hour): tokens}, of all hours, from the files."""
        sums = collections.Counter({(file, hour): 0 for file in FILES for hour in self.hours})
        for file, requests in self.requests.items():
            for request in requests:
                sums[file, hour_of(request)] += getattr(request, kind)
        return sums

    @staticmethod
    def last_instant(hour):
        """The last millisecond of an hour: [1h] before it is left-open, thus exactly the hour."""
        return (hour + 1) * 3600 - 0.001

    def check_sums_of_samples(self):
        for kind in KINDS:
            found = {}
            for hour in self.hours:
                sums = self.vigil.values(
                    f"sum by (file) (sum_over_time(azure_{kind}_tokens[1h]))", "file", at=self.last_instant(hour)
                )
                found.update({(file, hour): sums.get((file,), 0) for file in FILES})
            self.assertEqual(self.tokens(kind), found)

    def check_counters(self):
        for kind in KINDS:
            reached = collections.Counter()
            for hour in self.hours:
                for file in FILES:
                    reached[file] += self.tokens(kind)[file, hour]
                counters = self.vigil.values(
                    f"last_over_time(azure_{kind}_tokens_total[1d])", "file", at=self.last_instant(hour)
                )
                expected = {(file,): total for file, total in reached.items() if total}
                self.assertEqual(expected, counters)

    def check_number_of_samples(self):
        count = sum(map(len, self.requests.values()))
        end = self.last_instant(self.hours[-1])
        for kind in KINDS:
            counted = self.vigil.value(f"sum(count_over_time(azure_{kind}_tokens[1d]))", at=end)
            self.assertEqual(count, counted)

    def check_logs(self):
        for file, requests in self.requests.items():
            for hour in self.hours:
                expected = [request for request in requests if hour_of(request) == hour]
                self.assertEqual(sorted(expected), sorted(self.records(file, hour)))

    def records(self, file, hour):
        """The requests that the log records of an hour tell of."""
        start = hour * 3600
        # `--end` names a millisecond, which belongs to the range.
        records = self.vigil.logs(
            f'{{service_name="azure-{file}"}}', "--start", start, "--end", start + 3599.999, "--limit", 10**6
        )
        for stream, at_ns, line in records:
            index = int(line.removeprefix("request ").removesuffix(" served"))
            tokens = int(stream["context_tokens"]), int(stream["generated_tokens"])
            request = Request(file, index, at_ns, *tokens)
            self.assertEqual(trace_id(request).hex(), stream["trace_id"])
            self.assertEqual(span_id(request).hex(), stream["span_id"])
            yield request

    def check_spans(self):
        traces = collections.defaultdict(list)
        for request in itertools.chain.from_iterable(self.requests.values()):
            traces[trace_id(request).hex()].append(request)
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            answers = pool.map(lambda trace: self.vigil.ask("trace", trace)["data"]["spans"], traces)
            for (trace, requests), spans in zip(traces.items(), answers):
                found = [self.request_of(span, trace) for span in spans]
                self.assertEqual(sorted(requests), sorted(found))

    def request_of(self, span, trace):
        """The request that a span tells of."""
        self.assertEqual(trace, span["traceId"])
        attributes = span["attributes"]
        file = span["resource"]["service.name"].removeprefix("azure-")
        tokens = [int(attributes[f"{kind}_tokens"]) for kind in KINDS]
        request = Request(file, int(attributes["index"]), int(span["startTimeUnixNano"]), *tokens)
        self.assertEqual(span_id(request).hex(), span["spanId"])
        length_ns = int(span["endTimeUnixNano"]) - request.time_ns
        self.assertEqual(request.generated * NANOS_PER_MILLI, length_ns)
        return request

    def check_all(self):
        checks = (
            self.check_sums_of_samples,
            self.check_counters,
            self.check_number_of_samples,
            self.check_logs,
            self.check_spans,
        )
        for check in checks:
            with self.subTest(check=check.__name__):
                check()

    def test_1_as_received(self):
        self.check_all()

    def test_2_after_a_restart(self):
        self.assertEqual(0, self.vigil.stop())
        self.vigil.start()
        status = self.vigil.ask("status")["data"]["sections"]
        self.assertGreater(int(status["metrics"]["disk_bytes"]), 0, json.dumps(status))
        self.check_all()


if __name__ == "__main__":
    unittest.main()
