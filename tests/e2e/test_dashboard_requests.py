# SPDX-License-Identifier: Apache-2.0
"""A dashboard's requests as Grafana's Prometheus data source sends them, kept in testdata/dashboard_requests.json:
each is answered, compressed, in the shape that the data source reads.

Each request has what it is for, how it is sent, its parameters ($start and $end stand for the dashboard's times) and
the shape of its answer.
"""

import gzip
import http.client
import json
import pathlib
import tempfile
import time
import unittest
import urllib.parse

import remote_write
from vigil_process import Vigil, wait_until

REQUESTS = json.loads((pathlib.Path(__file__).parent / "testdata/dashboard_requests.json").read_text(encoding="utf-8"))

HEADERS = {
    "User-Agent": "Grafana/12.1.0",
    "Accept-Encoding": "gzip",
    "X-Dashboard-Title": "Requests",
    "X-Dashboard-Uid": "f00",
    "X-Panel-Id": "2",
    "X-Grafana-Org-Id": "1",
    "X-Datasource-Uid": "d00",
    "X-Query-Group-Id": "q00",
    "Fromalert": "false",
}

MINUTES = 15

RULES = """
groups:
  - name: service
    interval: 1s
    rules:
      - {record: "job:up:sum", expr: "sum by (job) (up)"}
      - {alert: Down, expr: "up == 0", labels: {severity: page}, annotations: {summary: "it is down"}}
"""


def samples(now_s):
    """The metrics of a small service."""
    times = [(now_s - MINUTES * 60 + at) * 1000 for at in range(0, MINUTES * 60 + 1, 15)]
    for instance, (job, up) in enumerate((("api", 1), ("api", 0), ("db", 1))):
        own = {"job": job, "instance": f"host-{instance}:80"}
        yield remote_write.series(dict(own, __name__="up"), [(at, up) for at in times])
        for code in ("200", "500"):
            values = [(at, step * (instance + int(code) / 100)) for step, at in enumerate(times)]
            yield remote_write.series(dict(own, __name__="requests_total", code=code), values)
        for bound in ("0.1", "1.0", "+Inf"):
            values = [(at, step * (3 if bound == "+Inf" else 2)) for step, at in enumerate(times)]
            yield remote_write.series(dict(own, __name__="latency_seconds_bucket", le=bound), values)


def exemplar(now_s):
    """One of a bucket, as remote write has it, and what its metric is."""
    labels = {"__name__": "latency_seconds_bucket", "instance": "host-0:80", "job": "api", "le": "1.0"}
    label = lambda name, value: remote_write.field(1, remote_write.field(1, name) + remote_write.field(2, value))
    time_field = b"\x18" + remote_write.varint(now_s * 1000)
    message = label(b"trace_id", b"4bf92f3577b34da6") + remote_write.double(2, 0.5) + time_field
    series = b"".join(label(name.encode(), value.encode()) for name, value in sorted(labels.items()))
    metadata = b"\x08\x03" + remote_write.field(2, b"latency_seconds") + remote_write.field(4, b"How long it took.")
    return remote_write.field(1, series + remote_write.field(3, message)) + remote_write.field(3, metadata)


class DashboardRequestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (directory / "rules.yaml").write_text(RULES, encoding="utf-8")
        cls.vigil = cls.enterClassContext(Vigil("--rules", str(directory / "rules.yaml")))
        cls.end = int(time.time())
        cls.start = cls.end - MINUTES * 60
        for message in (b"".join(samples(cls.end)), exemplar(cls.end)):
            status, _, body = cls.send("POST", "/api/v1/write", remote_write.snappy(message), remote_write.HEADERS)
            assert status == 204, body
        wait_until(lambda: cls.vigil.query("job:up:sum"), "the rules have been evaluated")

    @classmethod
    def send(cls, method, path, body, headers):
        connection = http.client.HTTPConnection(cls.vigil.http_address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, request):
        """(status, body) of a stored request."""
        times = {"$start": str(self.start), "$end": str(self.end)}
        values = {name: times.get(value, value) for name, value in request["parameters"].items()}
        form = urllib.parse.urlencode(values)
        if request["method"] == "POST":
            headers = HEADERS | {"Content-Type": "application/x-www-form-urlencoded"}
            status, headers, body = self.send("POST", request["path"], form, headers)
        else:
            status, headers, body = self.send("GET", f"{request['path']}?{form}", None, HEADERS)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        return status, json.loads(gzip.decompress(body))

    def test_each_request_is_answered(self):
        for request in REQUESTS:
            with self.subTest(request["what"]):
                status, body = self.ask(request)
                if request["shape"] == "bad_data":
                    self.assertEqual((status, body["status"], body["errorType"]), (400, "error", "bad_data"))
                    continue
                self.assertEqual((status, body["status"]), (200, "success"), body)
                getattr(self, f"check_{request['shape']}")(request, body["data"])

    def test_again_as_a_reload_of_the_dashboard(self):
        answers = [[self.ask(request) for request in REQUESTS if request["shape"] == "matrix"] for _ in range(2)]
        self.assertEqual(*answers)

    def check_scalar(self, _, data):
        self.assertEqual(data, {"resultType": "scalar", "result": [self.end, "2"]})

    def check_buildinfo(self, _, data):
        major, minor, _ = data["version"].split(".")
        self.assertGreaterEqual((int(major), int(minor)), (2, 24), "from there on it takes match[] for label values")

    def check_texts(self, request, data):
        self.assertEqual(data, sorted(data))
        self.assertTrue(data, request["what"])
        self.assertTrue(all(isinstance(text, str) for text in data))

    def check_labels(self, _, data):
        self.assertEqual(len(data), 6)
        self.assertEqual({labels["__name__"] for labels in data}, {"requests_total"})

    def check_metadata(self, _, data):
        self.assertEqual(data["latency_seconds"], [{"type": "histogram", "help": "How long it took.", "unit": ""}])

    def check_vector(self, _, data):
        self.assertEqual(data["resultType"], "vector")
        self.assertTrue(data["result"])
        for row in data["result"]:
            self.check_point(row["value"])
            self.assertIsInstance(row["metric"], dict)

    def check_matrix(self, request, data):
        self.assertEqual(data["resultType"], "matrix")
        empty = "no data" in request["what"] or request["what"] == "annotations"
        self.assertEqual(not data["result"], empty, request["what"])
        step = int(request["parameters"]["step"])
        for row in data["result"]:
            for point in row["values"]:
                self.check_point(point)
                self.assertEqual((point[0] - self.start) % step, 0)

    def check_point(self, point):
        self.assertIsInstance(point[0], (int, float))
        self.assertIsInstance(point[1], str)
        float(point[1])

    def check_exemplars(self, _, data):
        self.assertEqual(data[0]["seriesLabels"]["le"], "1.0")
        self.assertEqual(
            data[0]["exemplars"], [{"labels": {"trace_id": "4bf92f3577b34da6"}, "value": "0.5", "timestamp": self.end}]
        )

    def check_rules(self, _, data):
        (group,) = data["groups"]
        self.assertEqual([rule["type"] for rule in group["rules"]], ["recording", "alerting"])
        self.assertEqual(group["rules"][1]["state"], "firing")

    def check_alerts(self, _, data):
        (alert,) = data["alerts"]
        self.assertEqual((alert["state"], alert["labels"]["severity"]), ("firing", "page"))


if __name__ == "__main__":
    unittest.main()
