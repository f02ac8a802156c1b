# SPDX-License-Identifier: Apache-2.0
"""Prometheus remote write over HTTP: what is sent is there, across a crash, and what is refused is named."""

import http.client
import struct
import time
import unittest

from vigil_process import Vigil

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def series(labels, samples):
    """A TimeSeries: labels as a dict, samples as (milliseconds, value)."""
    out = b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels.items())
    for time_ms, value in samples:
        out += field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(time_ms))
    return field(1, out)


def snappy(data):
    """Snappy's block format, with literals only."""
    out = varint(len(data))
    for at in range(0, len(data), 1 << 16):
        chunk = data[at : at + (1 << 16)]
        out += b"\xf4" + struct.pack("<H", len(chunk) - 1) + chunk
    return out


class RemoteWriteTest(unittest.TestCase):
    def setUp(self):
        self.vigil = self.enterContext(Vigil())
        self.now_ms = int(time.time()) * 1000

    def connect(self):
        connection = http.client.HTTPConnection(self.vigil.http_address, timeout=30)
        self.addCleanup(connection.close)
        return connection

    def post(self, body, connection=None, **headers):
        connection = connection or self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/api/v1/write", body, HEADERS | named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_what_was_acknowledged_survives_a_crash(self):
        body = snappy(series({"__name__": "up", "job": "a"}, [(self.now_ms - 1000, 1), (self.now_ms, 0.5)]))
        self.assertEqual(self.post(body), (204, ""))
        self.assertEqual(self.vigil.values("up", "job"), {("a",): 0.5})
        self.vigil.kill()
        self.vigil.start()
        self.assertEqual(self.vigil.value("sum_over_time(up[1h])"), 1.5)

    def test_a_bad_series_costs_only_itself(self):
        body = series({"job": "nameless"}, [(self.now_ms, 1)]) + series({"__name__": "good"}, [(self.now_ms, 7)])
        status, text = self.post(snappy(body))
        self.assertEqual(status, 400)
        self.assertIn("1 samples were refused", text)
        self.assertIn("__name__ is missing", text)
        self.assertEqual(self.vigil.value("good"), 7)

    def test_what_is_no_write_is_refused(self):
        good = snappy(series({"__name__": "x"}, [(self.now_ms, 1)]))
        self.assertEqual(self.post(b"hello")[0], 400)
        self.assertEqual(self.post(snappy(b"\x0a\xff"))[0], 400)
        self.assertEqual(self.post(good, Content_Encoding="gzip")[0], 415)
        self.assertEqual(self.post(good, Content_Type="text/plain")[0], 415)
        self.assertEqual(self.post(good, X_Scope_OrgID="not a name")[0], 400)
        self.assertEqual(self.post(varint(1 << 31) + b"\x00")[0], 413)
        self.assertEqual(self.vigil.http("/api/v1/write")[0], 405)
        self.assertEqual(self.vigil.query("x"), [])

    def test_one_connection_carries_large_requests_of_many_tenants(self):
        connection = self.connect()
        for tenant in ("", "b", ""):
            body = b"".join(
                series({"__name__": "many", "number": str(i), "pad": "x" * 200}, [(self.now_ms, i)])
                for i in range(20_000)
            )
            self.assertEqual(self.post(snappy(body), connection, X_Scope_OrgID=tenant)[0], 204)
        self.assertEqual(self.vigil.value("count(many)"), 20_000)
        self.assertEqual(self.vigil.value("sum(many)"), sum(range(20_000)))


if __name__ == "__main__":
    unittest.main()
