# SPDX-License-Identifier: Apache-2.0
"""More than the server can take: it asks senders to wait, keeps its memory, loses nothing it acknowledged."""

import collections
import pathlib
import random
import tempfile
import threading
import time
import unittest

import otlp_client
from otlp_client import LOGS, METRICS, NANOS_PER_MILLI
from vigil_process import DEADLINE_SECONDS, Vigil, wait_until

import grpc

MIB = 1 << 20
SENDERS = 16
RECORDS_PER_REQUEST = 20


class Sender(threading.Thread):
    """Sends log records without pause; keeps what was acknowledged, sends again what was refused.

    `padding` makes the bytes of a request larger without making them harder to store; `body` makes bodies.
    """

    def __init__(self, address, name, body, padding=0):
        super().__init__(name=name, daemon=True)
        self._client = otlp_client.Client(address)
        self._body = body
        # A field that OTLP does not have, of length-delimited bytes.
        self._padding = b"\xfa\x3f" + _varint(padding) + b"\0" * padding if padding else b""
        self._stopped = threading.Event()
        self.base_ms = int(time.time() * 1000) - 3_600_000
        self.acknowledged = 0  # Requests, which are numbered from 1.
        self.refusals = []  # (message, seconds to wait)
        self.failure = None

    def stop(self):
        self._stopped.set()

    def run(self):
        try:
            while not self._stopped.is_set():
                self._deliver(self._request(self.acknowledged + 1))
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error
        finally:
            self._client.close()

    def records(self, request):
        return range((request - 1) * RECORDS_PER_REQUEST, request * RECORDS_PER_REQUEST)

    def _request(self, number):
        request, scope = otlp_client.logs_request(self.name)
        for record in self.records(number):
            time_ns = (self.base_ms + record) * NANOS_PER_MILLI
            otlp_client.add_record(scope, time_ns, f"{self.name}/{record}/ {self._body()}")
        return request.SerializeToString() + self._padding

    def _deliver(self, request):
        while not self._stopped.is_set():
            try:
                refused, why = self._client.export(LOGS, request)
                assert refused == 0, why
                self.acknowledged += 1
                return
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
                self.refusals.append((error.details(), otlp_client.retry_delay_seconds(error)))
                # Not as long as it asks for: this is to be too much.
                self._stopped.wait(0.02)


class SeriesSender(threading.Thread):
    """Sends a thousand new series a request, again when refused."""

    def __init__(self, address):
        super().__init__(name="churn", daemon=True)
        self._client = otlp_client.Client(address)
        self._stopped = threading.Event()
        self.acknowledged = 0
        self.failure = None

    def stop(self):
        self._stopped.set()

    def run(self):
        try:
            while not self._stopped.is_set():
                request, scope = otlp_client.metrics_request("churn")
                now_ms = int(time.time() * 1000)
                for number in range(1000):
                    labels = {"id": f"{self.acknowledged}-{number}", "pod": f"pod-{self.acknowledged}"}
                    otlp_client.add_gauge(scope, "churn", [(now_ms, number)], labels)
                self._deliver(request)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error
        finally:
            self._client.close()

    def _deliver(self, request):
        while not self._stopped.is_set():
            try:
                assert self._client.export(METRICS, request) == (0, "")
                self.acknowledged += 1
                return
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
                self._stopped.wait(0.02)


def _varint(value):
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def memory_mib(pid, field):
    """VmRSS (now) or VmHWM (the most so far) of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) // 1024
    raise AssertionError(f"no {field} in /proc/{pid}/status")


def delayed(vigil):
    """How many requests had to wait because memory was short."""
    for line in vigil.http("/metrics")[1].splitlines():
        if line.startswith("vigil_admission_delayed_total "):
            return int(line.split()[1])
    return 0


class OverloadTest(unittest.TestCase):
    def serve(self, config):
        file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(file.close)
        file.write(config)
        file.flush()
        vigil = Vigil("--config", file.name)
        self.addCleanup(vigil.close)
        return vigil.start()

    def overload(self, vigil, senders, enough, what):
        """Lets the senders run until there is enough of everything."""
        for sender in senders:
            sender.start()
        try:
            wait_until(lambda: enough() or any(sender.failure for sender in senders), what)
        finally:
            for sender in senders:
                sender.stop()
            for sender in senders:
                sender.join(DEADLINE_SECONDS)
        for sender in senders:
            if sender.failure:
                raise AssertionError(
                    f"{sender.name} failed; the log:\n{vigil.log_text()}"
                ) from sender.failure

    def check_refusals(self, senders):
        refusals = [refusal for sender in senders for refusal in sender.refusals]
        for message, delay in refusals:
            self.assertIn("try again later", message)
            self.assertIsNotNone(delay, "a refusal says when to try again")
            self.assertGreater(delay, 0)

    def check_recovered(self, vigil, client):
        """Once the flood is over the server takes everything again."""
        request, scope = otlp_client.logs_request("after")
        otlp_client.add_record(scope, int(time.time() * 1000) * NANOS_PER_MILLI, "after the flood")

        def taken():
            try:
                return client.export(LOGS, request) == (0, "")
            except grpc.RpcError as error:
                self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, error.code(), error)
                return False

        wait_until(taken, "a record is taken after the flood")
        self.assertEqual(
            ["after the flood"], [record.line for record in client.logs('{service_name="after"}')]
        )
        self.assertIn("vigil_admission_refused_total", vigil.http("/metrics")[1])

    def test_more_requests_than_may_be_in_flight(self):
        vigil = self.serve("server: {max_inflight_bytes: 4194304}\n")
        senders = [Sender(vigil.grpc_address, f"s{i}", lambda: "short", padding=MIB) for i in range(SENDERS)]
        self.overload(
            vigil,
            senders,
            lambda: sum(len(s.refusals) for s in senders) > 50 and all(s.acknowledged > 3 for s in senders),
            "requests are refused and every sender gets on",
        )
        peak = memory_mib(vigil.pid, "VmHWM")
        self.check_refusals(senders)
        with otlp_client.Client(vigil.grpc_address) as client:
            for sender in senders:
                self.check_all(client, sender)
            self.check_recovered(vigil, client)
        refusals = sum(len(sender.refusals) for sender in senders)
        acknowledged = sum(sender.acknowledged for sender in senders)
        print(f"{acknowledged} requests taken, {refusals} refused, at most {peak} MiB of memory")
        self.assertLess(peak, 400)

    def check_all(self, client, sender):
        stored = collections.Counter(
            int(record.line.split("/")[1]) for record in client.logs(f'{{service_name="{sender.name}"}}')
        )
        acknowledged = set(range(sender.acknowledged * RECORDS_PER_REQUEST))
        self.assertFalse(acknowledged - stored.keys(), f"records of {sender.name} are lost")
        self.assertLessEqual(max(stored.values()), 1, f"records of {sender.name} are there twice")

    def test_more_data_than_memory_may_hold(self):
        """Bodies that do not compress come faster than blocks are written."""
        vigil = self.serve(
            "storage: {flush_bytes: 16777216, max_head_bytes: 33554432}\n"
            "server: {max_inflight_bytes: 33554432}\n"
        )
        generator = random.Random(7)
        noise = generator.randbytes(4 * MIB).hex()

        def body():
            start = generator.randrange(len(noise) - 100_000)
            return noise[start : start + 100_000]

        senders = [Sender(vigil.grpc_address, f"m{i}", body) for i in range(4)]
        self.overload(
            vigil,
            senders,
            lambda: sum(s.acknowledged for s in senders) >= 100 and delayed(vigil) > 0,
            "200 MB are taken while senders wait",
        )
        peak = memory_mib(vigil.pid, "VmHWM")
        self.check_refusals(senders)
        with otlp_client.Client(vigil.grpc_address) as client:
            for sender in senders:
                self.check_some(client, sender, generator)
            self.check_recovered(vigil, client)
        refusals = sum(len(sender.refusals) for sender in senders)
        acknowledged = sum(sender.acknowledged for sender in senders)
        print(f"{acknowledged} requests of 2 MB taken, {refusals} refused, at most {peak} MiB of memory")
        self.assertLess(peak, 800)

    def test_a_flood_stays_under_the_memory_limit(self):
        """Logs that do not compress and series without end, from more senders than fit."""
        vigil = Vigil("--memory-limit", "300MB")
        self.addCleanup(vigil.close)
        vigil.start()
        generator = random.Random(8)
        noise = generator.randbytes(4 * MIB).hex()

        def body():
            start = generator.randrange(len(noise) - 100_000)
            return noise[start : start + 100_000]

        senders = [Sender(vigil.grpc_address, f"f{i}", body) for i in range(8)]
        churn = SeriesSender(vigil.grpc_address)
        self.overload(
            vigil,
            [*senders, churn],
            lambda: sum(s.acknowledged for s in senders) >= 100 and churn.acknowledged >= 10,
            "200 MB of logs and 10,000 series are taken",
        )
        peak = memory_mib(vigil.pid, "VmHWM")
        self.check_refusals(senders)
        with otlp_client.Client(vigil.grpc_address) as client:
            for sender in senders:
                self.check_some(client, sender, generator)
            self.check_recovered(vigil, client)
        self.assertGreaterEqual(vigil.value("count(churn)"), 1000 * churn.acknowledged)
        refusals = sum(len(sender.refusals) for sender in senders)
        print(f"{refusals} refused, {delayed(vigil)} delayed, at most {peak} MiB of memory")
        self.assertLess(memory_mib(vigil.pid, "VmHWM"), 300 * 10**6 // MIB)

    def check_some(self, client, sender, generator):
        """Reading all of it would take longer than the test: the first, the last and some others."""
        last = sender.acknowledged * RECORDS_PER_REQUEST - 1
        for record in {0, last, *(generator.randrange(last) for _ in range(5))}:
            needle = f"{sender.name}/{record}/"
            found = client.logs(f'{{service_name="{sender.name}"}} |= "{needle}"')
            self.assertEqual([needle], [result.line.split(" ")[0] for result in found])


if __name__ == "__main__":
    unittest.main()
