# SPDX-License-Identifier: Apache-2.0
"""Prometheus remote write over HTTP: what is sent is there, across a crash, and what is refused is named."""

import http.client
import time
import unittest

from remote_write import HEADERS, series, snappy, varint
from vigil_process import Vigil


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
