# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there exactly once, however often the process dies.

Senders run without pause while the server is killed at random moments and started again on the same
directory, twenty times. OTLP senders do as SDKs do: a request that failed is sent again with the same bytes.
Some give up instead; such a request may be there or not, but not twice. Native senders number their batches
and go on where the server tells them. Blocks are written all the time, so that the kills fall into flushes.
"""

import collections
import itertools
import os
import queue
import random
import signal
import tempfile
import threading
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI, TRACES
from vigil_process import Vigil
from vigil_stubs import ingest_pb2

import grpc

KILLS = 20
SHORTEST_RUN_SECONDS, LONGEST_RUN_SECONDS = 0.2, 1.5
# Of all kills, how many are followed by one during the recovery.
KILLED_AGAIN = 0.3
# Of failed requests, how many are not sent again.
GIVEN_UP = 0.2
# Of all kills, how many fall into an orderly stop.
KILLED_STOPPING = 0.2
SNAPSHOTS = 5
# Memory is written to blocks all the time.
CONFIG = """
storage:
  flush_interval: 300ms
  flush_bytes: 200000
"""


class Target:
    """The server as senders see it: gone at times, then back at another address."""

    def __init__(self):
        self._condition = threading.Condition()
        self._client = None
        self._generation = 0
        self._stopped = False

    def come(self, address):
        with self._condition:
            self._client = otlp_client.Client(address)
            self._generation += 1
            self._condition.notify_all()

    def stop(self):
        """From now on senders do not begin anything."""
        self._stopped = True

    @property
    def stopped(self):
        return self._stopped

    def client(self, after=0):
        """The client of a generation later than `after`, and its number; waits for it."""
        with self._condition:
            self._condition.wait_for(lambda: self._generation > after)
            return self._client, self._generation


class OtlpSender(threading.Thread):
    """Sends batches of records with numbers that rise; knows which were acknowledged."""

    signal = None

    def __init__(self, target, name, seed):
        super().__init__(name=name, daemon=True)
        self._target = target
        self._random = random.Random(f"{seed} {name}")
        self._numbers = itertools.count(1)
        self.base_ms = int(time.time() * 1000) - 3_600_000
        self._lock = threading.Lock()
        self._acknowledged = set()
        self._unknown = set()
        self.failure = None

    @property
    def acknowledged(self):
        with self._lock:
            return set(self._acknowledged)

    @property
    def unknown(self):
        """What was given up without an answer."""
        with self._lock:
            return set(self._unknown)

    def run(self):
        try:
            client, generation = self._target.client()
            while not self._target.stopped:
                numbers = list(itertools.islice(self._numbers, self._random.randint(1, 30)))
                request = self.request(numbers).SerializeToString()
                client, generation = self._deliver(request, numbers, client, generation)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def _deliver(self, request, numbers, client, generation):
        """Sends until acknowledged or given up; returns the client it ended with."""
        while True:
            try:
                refused, why = client.export(self.signal, request)
                assert refused == 0, f"{refused} of {numbers} refused: {why}"
                with self._lock:
                    self._acknowledged.update(numbers)
                return client, generation
            except grpc.RpcError as error:
                transient = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)
                assert error.code() in transient, error
                with self._lock:
                    self._unknown.update(numbers)
                client, generation = self._target.client(after=generation)
                if self._random.random() < GIVEN_UP:
                    return client, generation
                with self._lock:
                    self._unknown.difference_update(numbers)

    def request(self, numbers):
        raise NotImplementedError

    def stored(self, client):
        """The numbers that the server has, each as often as it has it."""
        raise NotImplementedError


class MetricSender(OtlpSender):
    """A gauge and an exponential histogram; sample n lies n milliseconds after the base."""

    signal = METRICS

    def request(self, numbers):
        request, scope = otlp_client.metrics_request("crash-metrics", self.name)
        samples = [(self.base_ms + number, float(number)) for number in numbers]
        otlp_client.add_gauge(scope, "crash_gauge", samples)
        otlp_client.add_exponential(scope, "crash_histogram", [(t, int(value)) for t, value in samples])
        return request

    def stored(self, client):
        gauge, histogram = (self._stored_of(client, name) for name in ("crash_gauge", "crash_histogram"))
        # What only one has may have come between the two questions.
        return collections.Counter({n: max(gauge[n], histogram[n]) for n in gauge.keys() & histogram.keys()})

    def _stored_of(self, client, name):
        now_ms = int(time.time() * 1000)
        found = client.samples(f'{name}{{instance="{self.name}"}}', now_ms)
        assert len(found) <= 1, f"{name} of {self.name} has {len(found)} series"
        samples = found[0][1] if found else []
        for time_ms, value in samples:
            assert time_ms - self.base_ms == value, f"{value} stands at {time_ms - self.base_ms}"
        return collections.Counter(int(value) for _, value in samples)


class LogSender(OtlpSender):
    signal = LOGS

    def request(self, numbers):
        request, scope = otlp_client.logs_request(self.name)
        for number in numbers:
            otlp_client.add_record(scope, (self.base_ms + number) * NANOS_PER_MILLI, f"record {number}")
        return request

    def stored(self, client):
        records = client.logs(f'{{service_name="{self.name}"}}')
        return collections.Counter(int(record.line.removeprefix("record ")) for record in records)


class SpanSender(OtlpSender):
    """Spans in traces of a hundred: a trace comes in several requests and lies in several blocks."""

    signal = TRACES
    SPANS_PER_TRACE = 100

    def _trace_id(self, number):
        return f"{self.name}{number // self.SPANS_PER_TRACE:08}".encode()[-16:].rjust(16, b"-")

    def request(self, numbers):
        request, scope = otlp_client.traces_request(self.name)
        for number in numbers:
            start_ns = (self.base_ms + number) * NANOS_PER_MILLI
            otlp_client.add_span(
                scope, self._trace_id(number), number.to_bytes(8, "big"), start_ns, f"span {number}"
            )
        return request

    def stored(self, client):
        last = max(self.acknowledged | self.unknown, default=0) + self.SPANS_PER_TRACE
        found = collections.Counter()
        for number in range(0, last + 1, self.SPANS_PER_TRACE):
            spans = client.spans(self._trace_id(number))
            found.update(int(span.name.removeprefix("span ")) for span in spans)
        return found


class NativeSender(threading.Thread):
    """A client of the native stream: numbers its batches, has several in flight, goes on where it is told.

    Record n of a batch k is the number k * RECORDS + n.
    """

    RECORDS = 20
    IN_FLIGHT = 8

    def __init__(self, target, name, seed):
        super().__init__(name=name, daemon=True)
        self._target = target
        self._random = random.Random(f"{seed} {name}")
        self.base_ms = int(time.time() * 1000) - 3_600_000
        self._durable = 0  # The last batch the server said to have.
        self._sent = 0
        self.resent = 0
        self.failure = None

    @property
    def acknowledged(self):
        return set(range(self.RECORDS, (self._durable + 1) * self.RECORDS))

    @property
    def unknown(self):
        return set(range((self._durable + 1) * self.RECORDS, (self._sent + 1) * self.RECORDS))

    def run(self):
        try:
            generation = 0
            # At the end everything sent is to be acknowledged.
            while not self._target.stopped or self._durable < self._sent:
                client, generation = self._target.client(after=generation)
                self._stream(client)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def _stream(self, client):
        """One stream, to its break or to the end of the work."""
        requests = queue.SimpleQueue()
        answers = self.call(client)(iter(requests.get, None))
        try:
            requests.put(self.open())
            opened = next(answers).opened.last_durable_number
            assert self._durable <= opened <= self._sent, f"{self._durable} <= {opened} <= {self._sent}"
            self.resent += self._sent - opened
            self._durable = opened
            first = written = opened + 1
            while True:
                while written <= self._durable + self.IN_FLIGHT and not self._done(written):
                    self._sent = max(self._sent, written)
                    requests.put(self.batch(written, first=written == first))
                    written += 1
                if written == self._durable + 1:
                    return  # Stopped, and all is acknowledged.
                acknowledged = next(answers).acknowledged
                assert acknowledged.rejected_records == 0, acknowledged.error_message
                assert self._durable <= acknowledged.durable_number < written
                self._durable = acknowledged.durable_number
        except grpc.RpcError as error:
            transient = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)
            assert error.code() in transient, error
        finally:
            requests.put(None)

    def _done(self, number):
        """Whether batch `number` is not to be sent any more."""
        return self._target.stopped and number > self._sent

    def numbers(self, batch):
        return range(batch * self.RECORDS, (batch + 1) * self.RECORDS)

    def call(self, client):
        raise NotImplementedError

    def open(self):
        raise NotImplementedError

    def batch(self, number, first):
        """The message of batch `number`, always with the same records; `first` of its stream or not."""
        raise NotImplementedError

    def stored(self, client):
        raise NotImplementedError


class NativeMetricSender(NativeSender):
    """Two series, one for even and one for odd numbers."""

    def call(self, client):
        return client.ingest.StreamMetrics

    def open(self):
        return ingest_pb2.StreamMetricsRequest(open=ingest_pb2.StreamOpen(client_id=self.name))

    def batch(self, number, first):
        request = ingest_pb2.StreamMetricsRequest()
        batch = request.batch
        batch.number = number
        for ref in (0, 1) if first else ():
            series = batch.series.add(ref=ref, type=ingest_pb2.METRIC_TYPE_GAUGE)
            # Their hashes take them to different shards.
            for name, value in (("__name__", "crash_native"), ("instance", f"{self.name}/{ref}")):
                series.labels.add(name=name, value=value)
        for record in self.numbers(number):
            batch.refs.append(record % 2)
            batch.timestamps_ms.append(self.base_ms + record)
            batch.values.append(record)
        return request

    def stored(self, client):
        found = client.samples(f'crash_native{{instance=~"{self.name}/.*"}}', int(time.time() * 1000))
        numbers = collections.Counter()
        for labels, samples in found:
            for time_ms, value in samples:
                assert time_ms - self.base_ms == value and value % 2 == int(labels["instance"][-1])
            numbers.update(int(value) for _, value in samples)
        return numbers


class NativeLogSender(NativeSender):
    """Two streams, one for even and one for odd numbers."""

    def call(self, client):
        return client.ingest.StreamLogs

    def open(self):
        return ingest_pb2.StreamLogsRequest(open=ingest_pb2.StreamOpen(client_id=self.name))

    def batch(self, number, first):
        request = ingest_pb2.StreamLogsRequest()
        request.batch.number = number
        for half in (0, 1):
            stream = request.batch.streams.add()
            stream.labels.add(name="service_name", value=self.name)
            stream.labels.add(name="half", value=str(half))
            for record in self.numbers(number):
                if record % 2 == half:
                    time_ns = (self.base_ms + record) * NANOS_PER_MILLI
                    stream.entries.add(time_unix_nano=time_ns, body=f"record {record}")
        return request

    def stored(self, client):
        records = client.logs(f'{{service_name="{self.name}"}}')
        return collections.Counter(int(record.line.removeprefix("record ")) for record in records)


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("VIGIL_TEST_SEED", random.SystemRandom().randrange(10**6)))
        print(f"seed {self.seed} (VIGIL_TEST_SEED)", flush=True)
        self.random = random.Random(self.seed)
        config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(config.close)
        config.write(CONFIG)
        config.flush()
        self.vigil = Vigil("--config", config.name)
        self.addCleanup(self.vigil.close)
        self.target = Target()
        self.senders = []

    def _start(self, kinds):
        for kind, count in kinds:
            self.senders += [kind(self.target, f"{kind.__name__}-{i}", self.seed) for i in range(count)]
        for sender in self.senders:
            sender.start()

    def _start_server(self):
        self.vigil.start()
        self.target.come(self.vigil.grpc_address)
        self._check_health()

    def _check_health(self):
        """Recovery found nothing broken."""
        _, exposed = self.vigil.http("/metrics")
        for name in (
            "vigil_corrupt_blocks_total",
            "vigil_replay_unknown_series_samples_total",
            "vigil_journal_damages_total",
        ):
            for line in exposed.splitlines():
                self.assertFalse(line.startswith(name) and not line.endswith(" 0"), line)

    def _check(self, sender, acknowledged=None, client=None):
        """What `sender` was told to be kept is kept once, and nothing is there twice."""
        if sender.failure:
            raise AssertionError(f"{sender.name} failed") from sender.failure
        # Before asking: what comes meanwhile is not looked for.
        acknowledged = sender.acknowledged if acknowledged is None else acknowledged
        stored = sender.stored(client or self.target.client()[0])
        twice = sorted(number for number, times in stored.items() if times > 1)
        lost = sorted(acknowledged - stored.keys())
        self.assertEqual([], twice[:10], f"{sender.name}: {len(twice)} records are there more than once")
        self.assertEqual([], lost[:10], f"{sender.name}: {len(lost)} acknowledged records are lost")
        return stored

    def _check_all(self):
        for sender in self.senders:
            stored = self._check(sender)
            invented = stored.keys() - sender.acknowledged - sender.unknown
            self.assertFalse(invented, f"{sender.name}: records that were never sent")

    def _check_flushed(self):
        """Blocks were written while the kills went on: most records are not in memory any more."""
        sections = self.vigil.ask("status")["data"]["sections"]
        names = ("samples_in_memory", "records_in_memory", "spans_in_memory")
        in_memory = sum(int(sections[kind][name]) for kind, name in zip(("metrics", "logs", "spans"), names))
        self.assertLess(in_memory, sum(len(sender.acknowledged) for sender in self.senders) / 2)

    def _crash_and_recover(self):
        """One life of the server: under load, spot checks, killed at a random moment."""
        self._start_server()
        end = time.monotonic() + self.random.uniform(SHORTEST_RUN_SECONDS, LONGEST_RUN_SECONDS)
        self._check(self.random.choice(self.senders))
        # Not a wait for something: the moment of the kill is the test.
        time.sleep(max(0, end - time.monotonic()))
        if self.random.random() < KILLED_STOPPING:
            self.vigil.signal(signal.SIGTERM)
            time.sleep(self.random.uniform(0, 0.1))
        self.vigil.kill()
        if self.random.random() < KILLED_AGAIN:
            self.vigil.start(wait=False)
            time.sleep(self.random.uniform(0, 0.15))
            self.vigil.kill()

    def _run(self, kinds):
        self._start(kinds)
        for _ in range(KILLS):
            self._crash_and_recover()
        self._start_server()
        self.target.stop()
        for sender in self.senders:
            sender.join(otlp_client.CALL_SECONDS)
            self.assertFalse(sender.is_alive(), f"{sender.name} does not end")
        self._check_all()
        self._check_flushed()
        self.assertEqual(0, self.vigil.stop())
        self._start_server()
        self._check_all()
        for sender in self.senders:
            print(f"{sender.name}: {len(sender.acknowledged)} acknowledged, {len(sender.unknown)} given up")
            self.assertGreater(len(sender.acknowledged), KILLS, "too few to tell anything")

    def test_snapshots_while_records_come(self):
        """A copy has what was acknowledged before, once, whatever was moved to blocks meanwhile."""
        self._start([(MetricSender, 2), (LogSender, 2), (SpanSender, 2)])
        self._start_server()
        with tempfile.TemporaryDirectory() as directory:
            for number in range(SNAPSHOTS):
                path = os.path.join(directory, str(number))
                time.sleep(self.random.uniform(0.1, 1))  # The moment is the test.
                before = [(sender, sender.acknowledged) for sender in self.senders]
                done = self.vigil.run("snapshot", path)
                self.assertEqual(0, done.code, done.err)
                with Vigil(data_dir=path) as copy:
                    client = otlp_client.Client(copy.grpc_address)
                    for sender, acknowledged in before:
                        self._check(sender, acknowledged, client)
                    client.close()
        self.target.stop()
        for sender in self.senders:
            sender.join(otlp_client.CALL_SECONDS)
        self._check_all()

    def test_otlp(self):
        self._run([(MetricSender, 2), (LogSender, 2), (SpanSender, 2)])
        self.assertTrue(any(sender.unknown for sender in self.senders))

    def test_native_stream(self):
        self._run([(NativeMetricSender, 2), (NativeLogSender, 2)])
        self.assertGreater(sum(sender.resent for sender in self.senders), 0, "no kill hit a batch in flight")


if __name__ == "__main__":
    unittest.main()
