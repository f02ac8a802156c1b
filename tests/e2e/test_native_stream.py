# SPDX-License-Identifier: Apache-2.0
"""The native stream's rules: numbers, reconnects, one stream a client, what a bad batch costs.

What crashes do to it is in test_crash.py.
"""

import collections
import queue
import time
import unittest

import otlp_client
from otlp_client import NANOS_PER_MILLI
from vigil_process import Vigil
from vigil_stubs import ingest_pb2

import grpc


class Stream:
    """One open stream. Each batch that is sent is answered."""

    def __init__(self, call, request_type, client_id, tenant=None):
        self._request_type = request_type
        self._requests = queue.SimpleQueue()
        self._answers = call(
            iter(self._requests.get, None),
            timeout=otlp_client.CALL_SECONDS,
            metadata=[(otlp_client.TENANT_HEADER, tenant)] if tenant else None,
        )
        self.put(open=ingest_pb2.StreamOpen(client_id=client_id))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def put(self, **message):
        self._requests.put(self._request_type(**message))

    def answer(self):
        return next(self._answers)

    def opened(self):
        """The number that the server told at the opening."""
        return self.answer().opened.last_durable_number

    def send(self, batch):
        """Sends a batch and waits for its acknowledgement."""
        self.put(batch=batch)
        return self.answer().acknowledged

    def close(self):
        """Ends the sending side; returns the call's status once the server has ended it, too."""
        self._requests.put(None)
        return self._answers.code()


class NativeStreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vigil = Vigil()
        cls.addClassCleanup(cls.vigil.close)
        cls.vigil.start()
        cls.client = otlp_client.Client(cls.vigil.grpc_address)
        cls.addClassCleanup(cls.client.close)

    def setUp(self):
        self.now_ms = int(time.time() * 1000)
        self.name = self.id().rsplit(".", 1)[1]

    def metrics(self, client_id=None, tenant=None):
        stream = Stream(
            self.client.ingest.StreamMetrics, ingest_pb2.StreamMetricsRequest, client_id or self.name, tenant
        )
        self.addCleanup(stream.close)
        return stream

    def logs(self, client_id=None):
        stream = Stream(self.client.ingest.StreamLogs, ingest_pb2.StreamLogsRequest, client_id or self.name)
        self.addCleanup(stream.close)
        return stream

    def metric_batch(self, number, values, define=(1,)):
        """A batch with samples (ref, value), a second apart from one another; defines series for refs."""
        batch = ingest_pb2.MetricBatch(number=number)
        for ref in define:
            series = batch.series.add(ref=ref, type=ingest_pb2.METRIC_TYPE_GAUGE, unit="s", help="for a test")
            series.labels.add(name="__name__", value="native")
            series.labels.add(name="test", value=self.name)
            series.labels.add(name="ref", value=str(ref))
        for ref, value in values:
            batch.refs.append(ref)
            batch.timestamps_ms.append(self.now_ms - 60_000 + 1000 * int(value))
            batch.values.append(value)
        return batch

    def log_batch(self, number, bodies):
        batch = ingest_pb2.LogBatch(number=number)
        stream = batch.streams.add()
        stream.labels.add(name="service_name", value=self.name)
        for body in bodies:
            stream.entries.add(time_unix_nano=self.now_ms * NANOS_PER_MILLI, severity_number=17, body=body)
        return batch

    def kept_values(self, tenant=None):
        found = self.client.samples(f'native{{test="{self.name}"}}', self.now_ms + 1000, tenant=tenant)
        return {int(labels["ref"]): [value for _, value in samples] for labels, samples in found}

    def kept_bodies(self):
        return collections.Counter(
            record.line for record in self.client.logs(f'{{service_name="{self.name}"}}')
        )

    def ends(self, stream, code, *words):
        """The stream's next answer is its end."""
        with otlp_client.refused(self, code, *words):
            stream.answer()

    def test_numbers_go_on_over_reconnects(self):
        with self.metrics() as stream:
            self.assertEqual(0, stream.opened())
            for number in (1, 2, 3):
                acknowledged = stream.send(
                    self.metric_batch(number, [(1, number)], define=(1,) if number == 1 else ())
                )
                self.assertEqual((number, 0, ""), self.fields(acknowledged))
            self.assertEqual(grpc.StatusCode.OK, stream.close())
        with self.metrics() as stream:
            self.assertEqual(3, stream.opened())
            # Series are defined anew: refs belong to the stream.
            self.assertEqual((4, 0, ""), self.fields(stream.send(self.metric_batch(4, [(1, 4)]))))
        self.assertEqual({1: [1, 2, 3, 4]}, self.kept_values())

    @staticmethod
    def fields(acknowledged):
        return acknowledged.durable_number, acknowledged.rejected_records, acknowledged.error_message

    def test_many_batches_in_flight(self):
        stream = self.logs()
        self.assertEqual(0, stream.opened())
        count = 200
        for number in range(1, count + 1):
            stream.put(batch=self.log_batch(number, [f"body {number}"]))
        durable = [0]
        while durable[-1] < count:
            durable.append(stream.answer().acknowledged.durable_number)
        self.assertEqual(sorted(durable), durable)
        self.assertEqual({f"body {number}": 1 for number in range(1, count + 1)}, self.kept_bodies())

    def test_a_batch_sent_again_is_acknowledged_and_not_stored_again(self):
        stream = self.logs()
        stream.opened()
        stream.send(self.log_batch(1, ["first"]))
        stream.send(self.log_batch(2, ["second"]))
        # In the same stream, and with other content: the number decides.
        self.assertEqual((2, 0, ""), self.fields(stream.send(self.log_batch(1, ["first, again"]))))
        self.assertEqual((2, 0, ""), self.fields(stream.send(self.log_batch(2, ["second"]))))
        stream.close()
        stream = self.logs()
        self.assertEqual(2, stream.opened())
        self.assertEqual((2, 0, ""), self.fields(stream.send(self.log_batch(2, ["second"]))))
        self.assertEqual((3, 0, ""), self.fields(stream.send(self.log_batch(3, ["third"]))))
        self.assertEqual({"first": 1, "second": 1, "third": 1}, self.kept_bodies())

    def test_metric_batch_sent_again_still_defines_its_series(self):
        stream = self.metrics()
        stream.opened()
        stream.send(self.metric_batch(1, [(1, 1)]))
        stream.close()
        stream = self.metrics()
        self.assertEqual(1, stream.opened())
        stream.send(self.metric_batch(1, [(1, 7)]))
        self.assertEqual((2, 0, ""), self.fields(stream.send(self.metric_batch(2, [(1, 2)], define=()))))
        self.assertEqual({1: [1, 2]}, self.kept_values())

    def test_second_stream_of_a_client_ends_the_first(self):
        first = self.metrics()
        first.opened()
        first.send(self.metric_batch(1, [(1, 1)]))
        second = self.metrics()
        self.assertEqual(1, second.opened())
        self.ends(first, grpc.StatusCode.ABORTED, "another stream with the same id")
        self.assertEqual((2, 0, ""), self.fields(second.send(self.metric_batch(2, [(1, 2)]))))
        self.assertEqual({1: [1, 2]}, self.kept_values())

    def test_clients_kinds_and_tenants_are_apart(self):
        streams = [self.metrics(), self.metrics("another client"), self.metrics(tenant="other"), self.logs()]
        self.assertEqual([0, 0, 0, 0], [stream.opened() for stream in streams])
        self.assertEqual((1, 0, ""), self.fields(streams[0].send(self.metric_batch(1, [(1, 1)]))))
        self.assertEqual((1, 0, ""), self.fields(streams[1].send(self.metric_batch(1, [(1, 2)]))))
        self.assertEqual((1, 0, ""), self.fields(streams[2].send(self.metric_batch(1, [(1, 3)]))))
        self.assertEqual((1, 0, ""), self.fields(streams[3].send(self.log_batch(1, ["line"]))))
        self.assertEqual({1: [1, 2]}, self.kept_values())
        self.assertEqual({1: [3]}, self.kept_values(tenant="other"))

    def test_gap_in_the_numbers(self):
        for wrong in (0, 2, 2**64 - 1):
            with self.subTest(number=wrong):
                stream = self.logs(f"{self.name} {wrong}")
                stream.opened()
                stream.put(batch=self.log_batch(wrong, ["never"]))
                self.ends(stream, grpc.StatusCode.INVALID_ARGUMENT, f"batch {wrong}", "1 was expected")
        self.assertEqual({}, self.kept_bodies())

    def test_unequal_columns(self):
        stream = self.metrics()
        stream.opened()
        stream.send(self.metric_batch(1, [(1, 1)]))
        batch = self.metric_batch(2, [(1, 2), (1, 3)])
        del batch.values[-1]
        stream.put(batch=batch)
        self.ends(stream, grpc.StatusCode.INVALID_ARGUMENT, "batch 2", "2 refs, 2 timestamps and 1 values")
        stream = self.metrics()
        self.assertEqual(1, stream.opened())
        stream.send(self.metric_batch(2, [(1, 2)]))
        self.assertEqual({1: [1, 2]}, self.kept_values())

    def test_undefined_ref_costs_only_its_samples(self):
        stream = self.metrics()
        stream.opened()
        acknowledged = stream.send(self.metric_batch(1, [(1, 1), (99, 2), (1, 3), (99, 4)]))
        self.assertEqual((1, 2), self.fields(acknowledged)[:2])
        self.assertIn("series ref 99 was not defined", acknowledged.error_message)
        # Refusals are told once.
        self.assertEqual((2, 0, ""), self.fields(stream.send(self.metric_batch(2, [(1, 5)]))))
        self.assertEqual({1: [1, 3, 5]}, self.kept_values())

    def test_bad_series_costs_only_its_samples(self):
        stream = self.metrics()
        stream.opened()
        batch = self.metric_batch(1, [(1, 1), (2, 2), (3, 3)])
        batch.series.add(ref=2).labels.add(name="test", value="no metric name")
        long = batch.series.add(ref=3)
        long.labels.add(name="__name__", value="native")
        long.labels.add(name="long", value="x" * 10_000)
        acknowledged = stream.send(batch)
        self.assertEqual((1, 2), self.fields(acknowledged)[:2])
        self.assertIn("no metric name", acknowledged.error_message)
        self.assertIn("10000 bytes", acknowledged.error_message)
        self.assertEqual({1: [1]}, self.kept_values())

    def test_times_out_of_bounds_cost_only_their_samples(self):
        stream = self.metrics()
        stream.opened()
        batch = self.metric_batch(1, [(1, 1), (1, 2), (1, 3)])
        batch.timestamps_ms[1] = -5
        batch.timestamps_ms[2] = self.now_ms + 3_600_000
        acknowledged = stream.send(batch)
        self.assertEqual((1, 2), self.fields(acknowledged)[:2])
        self.assertIn("before 1970", acknowledged.error_message)
        self.assertEqual({1: [1]}, self.kept_values())

    def test_streams_that_do_not_open_well(self):
        too_long, none = self.metrics("x" * 257), self.metrics()
        self.ends(too_long, grpc.StatusCode.INVALID_ARGUMENT, "client_id must have 1 to 256 bytes")
        none.opened()
        none.put(open=ingest_pb2.StreamOpen(client_id="again"))
        self.ends(none, grpc.StatusCode.INVALID_ARGUMENT, "open already")
        tenant = self.metrics(tenant="a/b")
        self.ends(tenant, grpc.StatusCode.INVALID_ARGUMENT, 'tenant name "a/b"')
        requests = iter([ingest_pb2.StreamLogsRequest(batch=self.log_batch(1, ["unopened"]))])
        with otlp_client.refused(self, grpc.StatusCode.INVALID_ARGUMENT, "first message", "`open`"):
            next(self.client.ingest.StreamLogs(requests, timeout=otlp_client.CALL_SECONDS))
        self.assertEqual({}, self.kept_bodies())


if __name__ == "__main__":
    unittest.main()
