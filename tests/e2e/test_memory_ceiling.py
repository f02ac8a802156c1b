# SPDX-License-Identifier: Apache-2.0
"""New series without end, log records and queries at once: the server refuses before it takes more than it may."""

import random
import threading
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI
from test_overload import MIB, delayed, memory_mib
from vigil_process import Vigil, wait_until
from vigil_stubs import query_pb2, query_pb2_grpc

import grpc

LIMIT_MB = 300
SERIES_SENDERS = 4
SERIES_PER_REQUEST = 1000
# Of all senders. They have what they could not deliver by then.
WANTED_SERIES = 300_000
FLOOD_SECONDS = 30
# How long a refused sender waits. Not as long as it is asked to: this is to be too much.
PAUSE_SECONDS = 0.05
QUERY_SECONDS = 10
LOG_BODY_BYTES = 50_000
QUERIES = (
    "count(ceiling)",
    "sum by (sender, tenant_name) (ceiling)",
    "topk(10, max_over_time(ceiling[5m]))",
    'count by (path) (ceiling{pod=~".*7"})',
)


class Worker(threading.Thread):
    """Does its work over and over until told to stop. What the server cannot do for want of memory is counted."""

    REFUSALS = (grpc.StatusCode.RESOURCE_EXHAUSTED,)

    def __init__(self, address, name):
        super().__init__(name=name, daemon=True)
        self.client = otlp_client.Client(address)
        self._stopped = threading.Event()
        self.done = 0
        self.refused = 0
        self.failure = None

    def stop(self):
        self._stopped.set()

    def run(self):
        try:
            while not self._stopped.is_set():
                try:
                    if not self.work():
                        return
                    self.done += 1
                except grpc.RpcError as error:
                    assert error.code() in self.REFUSALS, error
                    self.refused += 1
                    self._stopped.wait(PAUSE_SECONDS)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error
        finally:
            self.client.close()

    def work(self):
        """One request; the same again if it is refused. False when nothing is left to do."""
        raise NotImplementedError


class SeriesFlood(Worker):
    """A thousand new series a request, about 600 bytes of labels each.

    The request is made once: a mark of eight letters stands where its number goes, in each series' labels.
    """

    MARK = b"@@NUMB@@"

    def __init__(self, address, name, number):
        super().__init__(address, name)
        self._first = number * 10**7
        self.taken = 0  # Series.
        request, scope = otlp_client.metrics_request(name, instance=self.MARK.decode())
        now_ms = int(time.time() * 1000)
        mark = self.MARK.decode()
        for number in range(SERIES_PER_REQUEST):
            labels = {
                "sender": name,
                "pod": f"inference-gateway-{'x' * 60}-{mark}-{number:04}",
                "container_id": f"containerd://{mark}{'0123456789abcdef' * 4}{number:04}",
                "path": f"/v1/organisations/{number % 50}/projects/{'y' * 100}/chat/completions",
                "tenant_name": f"tenant-{number % 20}-{'z' * 80}",
                "session": f"{mark}-{number:04}-{'s' * 120}",
            }
            otlp_client.add_gauge(scope, "ceiling", [(now_ms, number)], labels)
        self._template = request.SerializeToString()

    def work(self):
        if self.done * SERIES_PER_REQUEST >= WANTED_SERIES // SERIES_SENDERS:
            return False
        refused, why = self.send(self.done)
        assert refused == 0 or "--memory-limit" in why, why
        self.refused += min(refused, 1)
        self.taken += SERIES_PER_REQUEST - refused
        return True

    def send(self, number):
        """A request by its number: how many of its series were refused, and why."""
        return self.client.export(METRICS, self._template.replace(self.MARK, b"%08d" % (self._first + number)))


class LogFlood(Worker):
    """Records whose bodies do not compress."""

    def __init__(self, address, name, noise):
        super().__init__(address, name)
        self._noise = noise
        self._random = random.Random(name)

    def work(self):
        request, scope = otlp_client.logs_request(self.name)
        for _ in range(20):
            start = self._random.randrange(len(self._noise) - LOG_BODY_BYTES)
            body = self._noise[start : start + LOG_BODY_BYTES]
            otlp_client.add_record(scope, time.time_ns() // NANOS_PER_MILLI * NANOS_PER_MILLI, body)
        refused, why = self.client.export(LOGS, request)
        assert refused == 0, why
        return True


class Asker(Worker):
    """One query after another over the last minutes. What is not answered in time is no failure: memory is asked for."""

    REFUSALS = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)

    def work(self):
        now_ms = int(time.time() * 1000)
        request = query_pb2.QueryRangeRequest(
            query=QUERIES[(self.done + self.refused) % len(QUERIES)],
            start_ms=now_ms - 300_000,
            end_ms=now_ms,
            step_ms=60_000,
        )
        query_pb2_grpc.QueryServiceStub(self.client.channel).QueryRange(request, timeout=QUERY_SECONDS)
        return True


def answer_of(call):
    """What a call gives, or None when it is to be tried again."""
    try:
        return call()
    except grpc.RpcError as error:
        assert error.code() in Worker.REFUSALS, error
        return None


class MemoryCeilingTest(unittest.TestCase):
    def flood(self, vigil, workers, series):
        for worker in workers:
            worker.start()
        try:
            deadline = time.monotonic() + FLOOD_SECONDS
            wait_until(
                lambda: time.monotonic() > deadline
                or not any(sender.is_alive() for sender in series)
                or any(worker.failure for worker in workers),
                "the flood ends",
            )
        finally:
            for worker in workers:
                worker.stop()
            for worker in workers:
                worker.join(otlp_client.CALL_SECONDS)
        for worker in workers:
            if worker.failure:
                raise AssertionError(f"{worker.name} failed; the log:\n{vigil.log_text()}") from worker.failure

    def kept_of(self, vigil, sender):
        """Counted in parts: the labels of all are more than one query may hold under this limit."""
        rows = (
            vigil.query(f'count(ceiling{{sender="{sender.name}",path=~"/v1/organisations/.?{digit}/.*"}})')
            for digit in range(10)
        )
        return sum(float(row["value"][1]) for part in rows for row in part)

    def test_series_records_and_queries_stay_under_the_limit(self):
        vigil = Vigil("--memory-limit", f"{LIMIT_MB}MB")
        self.addCleanup(vigil.close)
        vigil.start()
        noise = random.Random(9).randbytes(2 * MIB).hex()
        series = [SeriesFlood(vigil.grpc_address, f"series-{i}", i) for i in range(SERIES_SENDERS)]
        logs = [LogFlood(vigil.grpc_address, f"logs-{i}", noise) for i in range(2)]
        askers = [Asker(vigil.grpc_address, f"asker-{i}") for i in range(2)]
        self.flood(vigil, [*series, *logs, *askers], series)
        peak = memory_mib(vigil.pid, "VmHWM")
        taken = sum(sender.taken for sender in series)
        waited = delayed(vigil)
        refused = sum(worker.refused for worker in [*series, *logs])
        print(
            f"{taken} series and {sum(w.done for w in logs)} MB of records taken, {waited} requests delayed, "
            f"{refused} refused; {sum(w.done for w in askers)} queries answered, {sum(w.refused for w in askers)} "
            f"refused; at most {peak} MiB of memory, {memory_mib(vigil.pid, 'VmRSS')} MiB now"
        )
        self.assertTrue(vigil.running)
        self.assertGreater(waited + refused, 0, "the flood was not too much: the test shows nothing")
        self.assertGreater(taken, 0)
        self.assertGreater(sum(worker.done for worker in logs), 0)
        self.assertEqual((200, "ready\n"), vigil.http("/-/ready"))
        # New series are refused before samples of known ones.
        refusals = vigil.ask("status")["data"]["sections"]["refused"]
        self.assertGreater(int(refusals["series_memory"]), 0)
        again = SeriesFlood(vigil.grpc_address, "series-0", 0)
        wait_until(lambda: answer_of(lambda: again.send(0)) == (0, ""), "samples of known series are taken")
        again.client.close()
        # What was acknowledged is there; a request whose answer was not waited for may be, too.
        kept = sum(self.kept_of(vigil, sender) for sender in series)
        self.assertGreaterEqual(kept, taken)
        self.assertLessEqual(kept, taken + SERIES_SENDERS * SERIES_PER_REQUEST)
        self.assertLess(memory_mib(vigil.pid, "VmHWM"), LIMIT_MB * 10**6 // MIB)


if __name__ == "__main__":
    unittest.main()
