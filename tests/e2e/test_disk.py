# SPDX-License-Identifier: Apache-2.0
"""The disk is full, or gone: writes are refused in words, reads go on, nothing acknowledged is lost."""

import collections
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import otlp_client
from otlp_client import LOGS, NANOS_PER_MILLI
from vigil_process import Vigil, wait_until

import grpc

MIB = 1 << 20
SELECTOR = '{service_name="app"}'


class Writer:
    """Sends records one request each; keeps the numbers that were acknowledged."""

    def __init__(self, vigil):
        self.client = otlp_client.Client(vigil.grpc_address)
        self.base_ms = int(time.time() * 1000)
        self.next = 0
        self.acknowledged = []

    def send(self, padding=""):
        """None when the record was taken, the error otherwise."""
        number, self.next = self.next, self.next + 1
        request, scope = otlp_client.logs_request("app")
        otlp_client.add_record(scope, (self.base_ms + number) * NANOS_PER_MILLI, f"{number}/{padding}")
        try:
            assert self.client.export(LOGS, request) == (0, "")
        except grpc.RpcError as error:
            return error
        self.acknowledged.append(number)
        return None

    def check(self, test):
        """Every acknowledged record is there once."""
        kept = collections.Counter(int(r.line.split("/")[0]) for r in self.client.logs(SELECTOR))
        test.assertEqual([], [number for number in self.acknowledged if kept[number] != 1])

    def reconnect(self, vigil):
        self.client.close()
        self.client = otlp_client.Client(vigil.grpc_address)


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="vigil-disk-")
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", self.disk]
        try:
            mounted = subprocess.run(mount, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError:
            self.skipTest("there is no mount command to make a small disk with")
        if mounted.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=False)
        self.vigil = self.enterContext(Vigil(data_dir=os.path.join(self.disk, "data")))
        self.writer = Writer(self.vigil)
        self.addCleanup(lambda: self.writer.client.close())

    def read_only(self):
        return "\nvigil_store_read_only 1\n" in self.vigil.http("/metrics")[1]

    def fill(self, leave):
        """Takes the disk but for about `leave` bytes; returns the file that does."""
        ballast = pathlib.Path(self.disk) / "ballast"
        free = shutil.disk_usage(self.disk).free
        with ballast.open("wb") as file:
            for _ in range(max(0, free - leave) // MIB):
                file.write(b"\0" * MIB)
        return ballast

    def test_writes_are_refused_in_time_and_taken_again(self):
        for _ in range(20):
            self.assertIsNone(self.writer.send())
        ballast = self.fill(leave=2 * MIB)
        error = wait_until(self.writer.send, "a write is refused")
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, error.code())
        self.assertIn("is full", error.details())
        self.assertIsNotNone(otlp_client.retry_delay_seconds(error))
        wait_until(self.read_only, "the gauge says that nothing is taken in")
        status = self.vigil.ask("status")["data"]["sections"]["store"]["writes"]
        self.assertIn("refused: disk of", status)
        self.assertTrue(self.vigil.logged("writes are refused"))
        self.writer.check(self)
        ballast.unlink()
        wait_until(lambda: self.writer.send() is None, "writes are taken again")
        wait_until(lambda: not self.read_only(), "the gauge says so")
        self.assertEqual("taken", self.vigil.ask("status")["data"]["sections"]["store"]["writes"])
        self.writer.check(self)
        self.assertEqual([], self.vigil.logged("store failed"), "the reserve was never touched")
        self.vigil.kill()
        self.vigil.start()
        self.writer.reconnect(self.vigil)
        self.writer.check(self)

    def test_vigils_own_data_fill_the_disk(self):
        ballast = self.fill(leave=50 * MIB)
        noise = os.urandom(100_000).hex()
        wait_until(lambda: self.writer.send(noise), "the disk is full")
        self.assertGreater(len(self.writer.acknowledged), 50)
        self.assertEqual(0, self.vigil.stop())
        ballast.unlink()  # Opening writes what the log holds to tables.
        self.vigil.start()
        self.writer.reconnect(self.vigil)
        self.writer.check(self)


class VanishedDirectoryTest(unittest.TestCase):
    def test_nothing_is_acknowledged_that_is_not_kept(self):
        with Vigil() as vigil:
            writer = Writer(vigil)
            for _ in range(10):
                self.assertIsNone(writer.send())
            moved = vigil.data_dir.with_name("moved")
            vigil.data_dir.rename(moved)
            error = writer.send()
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, error.code())
            self.assertIn("has vanished", error.details())
            self.assertIn("has vanished", vigil.ask("status")["data"]["sections"]["store"]["writes"])
            writer.check(self)
            self.assertTrue(vigil.running)
            vigil.kill()
            moved.rename(vigil.data_dir)
            vigil.start()
            writer.reconnect(vigil)
            writer.check(self)
            self.assertIsNone(writer.send())
            writer.client.close()


if __name__ == "__main__":
    unittest.main()
