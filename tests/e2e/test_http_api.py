# SPDX-License-Identifier: Apache-2.0
"""The Prometheus HTTP API as its clients use it: every endpoint, forms, compression, pages of other origins,
large answers, a client that goes away; and promtool, where there is one.

promtool is found as prometheus_process.py says.
"""

import gzip
import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import prometheus_process
from test_remote_write import HEADERS, series, snappy
from vigil_process import REPOSITORY, Vigil, wait_until


RULES = """
groups:
  - name: g
    interval: 1s
    rules:
      - record: job:requests:sum
        expr: sum by(job) (requests_total)
      - alert: Requests
        expr: requests_total > 0
        labels: {severity: page}
        annotations: {summary: "there are {{ $value }}"}
"""

CONFIG = """
server: {slow_query: 1ms}
scrape_configs:
  - job_name: nobody
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{targets: ['127.0.0.1:1']}]
rule_files: [rules.yaml]
"""


# What is wrong with a request, and how Prometheus says so.
UNPARSED = 'invalid parameter "query": 1:3: parse error: unclosed left parenthesis'
NO_TIME = "invalid parameter \"{0}\": invalid time value for '{0}': cannot parse \"x\" to a valid timestamp"
MISTAKES = (
    ("query", 400, "bad_data", 'invalid parameter "query": unknown position: parse error: no expression found in input'),
    ("query?query=a(", 400, "bad_data", UNPARSED),
    ("query?query=1&time=x", 400, "bad_data", NO_TIME.format("time")),
    ("query?query=a&timeout=x", 400, "bad_data", 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
    ("query?query=a&lookback_delta=x", 400, "bad_data",
     'error parsing lookback delta duration: cannot parse "x" to a valid duration'),
    ("query?query=a&limit=-1", 400, "bad_data", 'invalid parameter "limit": limit must be non-negative'),
    ("query?query=a&limit=x", 400, "bad_data", 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'),
    ("query?query=a[5m-5m]", 400, "bad_data", 'invalid parameter "query": 2:7: duration must be greater than 0'),
    ("query?query=a[5m/0]", 400, "bad_data", 'invalid parameter "query": 1:5: parse error: division by zero'),
    ("query?query=topk(1e30,+vector(1))", 422, "execution", "Scalar value 1e+30 overflows int64"),
    ("query_range?query=a", 400, "bad_data", 'invalid parameter "start": cannot parse "" to a valid timestamp'),
    ("query_range?query=a&start=1", 400, "bad_data", 'invalid parameter "end": cannot parse "" to a valid timestamp'),
    ("query_range?query=a&start=1&end=2", 400, "bad_data", 'invalid parameter "step": cannot parse "" to a valid duration'),
    ("query_range?query=a&start=1&end=2&step=0", 400, "bad_data",
     'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'),
    ("query_range?query=a&start=2&end=1&step=1", 400, "bad_data",
     'invalid parameter "end": end timestamp must not be before start time'),
    ("query_range?query=a&start=0&end=11001&step=1", 400, "bad_data",
     "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"),
    ("query_range?query=a[5m]&start=1&end=2&step=1", 400, "bad_data",
     'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector'),
    ('query_range?query="x"&start=1&end=2&step=1', 400, "bad_data",
     'invalid parameter "query": invalid expression type "string" for range query, must be Scalar or instant Vector'),
    ("query_exemplars?query=a(&start=1&end=2", 400, "bad_data", "1:3: parse error: unclosed left parenthesis"),
    ("query_exemplars?query=a&start=2&end=1", 400, "bad_data", "end timestamp must not be before start timestamp"),
    ("format_query?query=a(", 400, "bad_data", UNPARSED),
    ("parse_query?query=a(", 400, "bad_data", UNPARSED),
    ("labels?limit=-1", 400, "bad_data", 'invalid parameter "limit": limit must be non-negative'),
    ("labels?match[]=a(", 400, "bad_data", '1:2: parse error: unexpected "("'),
    ("labels?match[]={}", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
    ("labels?start=x", 400, "bad_data", NO_TIME.format("start")),
    ("label/k/values?end=x", 400, "bad_data", NO_TIME.format("end")),
    ('label/k/values?match[]={k=""}', 400, "bad_data", "match[] must contain at least one non-empty matcher"),
    ("series", 400, "bad_data", "no match[] parameter provided"),
    ("series?match[]=a(", 400, "bad_data", 'invalid parameter "match[]": 1:2: parse error: unexpected "("'),
    ("series?match[]=", 400, "bad_data",
     'invalid parameter "match[]": unknown position: parse error: unexpected end of input'),
    ("series?match[]={}", 400, "bad_data",
     'invalid parameter "match[]": match[] must contain at least one non-empty matcher'),
    ("metadata?limit=x", 400, "bad_data", "limit must be a number"),
    ("metadata?limit_per_metric=x", 400, "bad_data", "limit_per_metric must be a number"),
    ("targets/metadata?limit=x", 400, "bad_data", "limit must be a number"),
    ("targets/metadata?match_target=x(", 400, "bad_data",
     'invalid parameter "match_target": 1:2: parse error: unexpected "("'),
    ("rules?type=x", 400, "bad_data", 'invalid parameter "type": not supported value "x"'),
    ("rules?group_limit=0", 400, "bad_data", 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
    ("status/tsdb?limit=0", 400, "bad_data", "limit must be a positive number"),
)  # fmt: skip


class Answer:
    """What an endpoint said."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()

    @property
    def text(self):
        return self.bytes.decode()

    @property
    def data(self):
        body = json.loads(self.bytes)
        assert body["status"] == "success", body
        return body["data"]

    @property
    def error(self):
        body = json.loads(self.bytes)
        assert body["status"] == "error", body
        return self.status, body["errorType"], body["error"]


class HttpApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        with open(os.path.join(directory, "vigil.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        with open(os.path.join(directory, "rules.yaml"), "w", encoding="utf-8") as file:
            file.write(RULES)
        cls.vigil = cls.enterClassContext(Vigil("--config", os.path.join(directory, "vigil.yaml")))
        cls.now = int(time.time())
        times = [(cls.now - 300 + at) * 1000 for at in range(0, 301, 15)]
        body = b"".join(
            series(
                {"__name__": "requests_total", "instance": str(instance), "job": job},
                [(at, step * (1 + instance) + 0.5) for step, at in enumerate(times)],
            )
            for instance, job in [(0, "a<b"), (1, "c")]
        )
        body += b"".join(
            series({"__name__": "wide", "i": f"{i:05}"}, [(at, 1.25) for at in times]) for i in range(2000)
        )
        assert cls.ask("/api/v1/write", "POST", snappy(body), HEADERS).status == 204

    @classmethod
    def ask(cls, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection(cls.vigil.http_address, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    @classmethod
    def get(cls, endpoint, /, *repeated, headers=None, **parameters):
        """GET below /api/v1; `repeated` are parameters as (name, value)."""
        query = urllib.parse.urlencode([*parameters.items(), *repeated])
        return cls.ask(f"/api/v1/{endpoint}?{query}", headers=headers)

    @classmethod
    def post(cls, endpoint, /, *repeated, **parameters):
        form = urllib.parse.urlencode([*parameters.items(), *repeated])
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls.ask(f"/api/v1/{endpoint}", "POST", form, kind)

    def test_instant_query(self):
        expected = (
            '{"status":"success","data":{"resultType":"vector","result":['
            '{"metric":{"__name__":"requests_total","instance":"0","job":"a<b"},'
            f'"value":[{self.now}.500,"20.5"]}},'
            '{"metric":{"__name__":"requests_total","instance":"1","job":"c"},'
            f'"value":[{self.now}.500,"40.5"]}}]}}}}'
        )
        for answer in (
            self.get("query", query="requests_total", time=self.now + 0.5),
            self.post("query", query="requests_total", time=self.now + 0.5),
        ):
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertEqual(answer.text, expected)
        self.assertEqual(self.get("query", query="1+1", time=5).data, {"resultType": "scalar", "result": [5, "2"]})
        status, kind, text = self.get("query", query="sum(requests_total").error
        self.assertEqual((status, kind), (400, "bad_data"))
        self.assertIn('invalid parameter "query": 1:', text)
        self.assertEqual(self.get("query", query="requests_total * on() requests_total").error[:2], (422, "execution"))
        self.assertIn("timings", self.get("query", query="1", stats="all").data["stats"])
        limited = json.loads(self.get("query", query="wide", limit=3).bytes)
        self.assertEqual(len(limited["data"]["result"]), 3)
        self.assertEqual(limited["warnings"], ["results truncated due to limit"])

    def test_range_query(self):
        steps = {"start": self.now - 30, "end": self.now, "step": "15s"}
        self.assertEqual(
            self.post("query_range", query='requests_total{job="c"}', **steps).data,
            {
                "resultType": "matrix",
                "result": [
                    {
                        "metric": {"__name__": "requests_total", "instance": "1", "job": "c"},
                        "values": [[self.now - 30, "36.5"], [self.now - 15, "38.5"], [self.now, "40.5"]],
                    }
                ],
            },
        )
        self.assertEqual(
            self.get("query_range", query="up", start=2, end=1, step=1).error,
            (400, "bad_data", 'invalid parameter "end": end timestamp must not be before start time'),
        )
        self.assertEqual(self.get("query_range", query="up", start=0, end=20000, step=1).error[:2], (400, "bad_data"))

    def test_mistakes_are_told_as_prometheus_tells_them(self):
        for path, status, kind, text in MISTAKES:
            with self.subTest(path):
                answer = self.ask(f"/api/v1/{urllib.parse.quote(path, safe='/?=&+%')}")
                self.assertEqual(answer.status, status, answer.text)
                told = json.loads(answer.text)
                self.assertEqual((told["status"], told["errorType"], told["error"]), ("error", kind, text))

    def test_large_answers_come_in_chunks(self):
        asked = {"query": "wide", "start": self.now - 300, "end": self.now, "step": 15}
        answer = self.get("query_range", **asked)
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        result = answer.data["result"]
        self.assertEqual(len(result), 2000)
        self.assertEqual(result[1999]["metric"], {"__name__": "wide", "i": "01999"})
        self.assertEqual([value for _, value in result[1999]["values"]], ["1.25"] * 21)
        packed = self.get("query_range", headers={"Accept-Encoding": "gzip"}, **asked)
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.bytes), answer.bytes)
        self.assertLess(len(packed.bytes) * 5, len(answer.bytes))
        # Whoever speaks HTTP/1.0 gets it whole, until the connection ends.
        with socket.create_connection(self.vigil.http_address.split(":"), timeout=60) as connection:
            path = "/api/v1/query_range?" + urllib.parse.urlencode(asked)
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            head, _, body = b"".join(iter(lambda: connection.recv(1 << 16), b"")).partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertEqual(body, answer.bytes)

    def test_series_labels_and_values(self):
        selector = ("match[]", "requests_total")
        self.assertEqual(
            self.post("series", selector).data,
            [
                {"__name__": "requests_total", "instance": "0", "job": "a<b"},
                {"__name__": "requests_total", "instance": "1", "job": "c"},
            ],
        )
        self.assertEqual(self.get("series").error, (400, "bad_data", "no match[] parameter provided"))
        self.assertEqual(self.get("labels", selector).data, ["__name__", "instance", "job"])
        self.assertEqual(self.post("labels", selector).data, ["__name__", "instance", "job"])
        self.assertEqual(self.get("label/job/values", selector).data, ["a<b", "c"])
        self.assertEqual(self.get("label/U__job/values", selector).data, ["a<b", "c"])
        self.assertIn("wide", self.get("label/__name__/values").data)
        self.assertEqual(self.get("label/none/values").data, [])

    def test_rules_and_alerts(self):
        def evaluated():
            groups = self.get("rules").data["groups"]
            return groups if groups and groups[0]["rules"][1]["state"] == "firing" else None

        group = wait_until(evaluated, "the alert fires")[0]
        self.assertEqual([group["name"], group["interval"], group["limit"]], ["g", 1, 0])
        record, alert = group["rules"]
        self.assertEqual(
            [record["name"], record["query"], record["health"], record["type"]],
            ["job:requests:sum", "sum by (job) (requests_total)", "ok", "recording"],
        )
        self.assertEqual([alert["type"], len(alert["alerts"])], ["alerting", 2])
        alerts = self.get("alerts").data["alerts"]
        self.assertEqual({alert["state"] for alert in alerts}, {"firing"})
        self.assertEqual({alert["value"] for alert in alerts}, {"2.05e+01", "4.05e+01"})
        self.assertEqual(
            self.get("alertmanagers").data, {"activeAlertmanagers": [], "droppedAlertmanagers": []}
        )

    def test_targets(self):
        def scraped():
            target = self.get("targets", state="active").data["activeTargets"][0]
            return target if target["health"] == "down" else None

        target = wait_until(scraped, "the target is found to be down")
        self.assertEqual(target["scrapePool"], "nobody")
        self.assertEqual(target["scrapeUrl"], "http://127.0.0.1:1/metrics")
        self.assertEqual(target["labels"], {"instance": "127.0.0.1:1", "job": "nobody"})
        self.assertEqual([target["scrapeInterval"], target["scrapeTimeout"]], ["1s", "1s"])
        self.assertNotEqual(target["lastError"], "")
        self.assertEqual(self.get("targets/metadata").data, [])
        self.assertEqual(self.get("scrape_pools").data, {"scrapePools": ["nobody"]})

    def test_status(self):
        self.assertEqual(self.get("status/buildinfo").data["version"], "3.5.0")
        self.assertTrue(self.get("status/runtimeinfo").data["reloadConfigSuccess"])
        self.assertIn("job_name: nobody", self.get("status/config").data["yaml"])
        self.assertEqual(self.get("status/flags").data["query.timeout"], "2m")
        tsdb = self.get("status/tsdb", limit=1).data
        self.assertEqual(tsdb["seriesCountByMetricName"], [{"name": "wide", "value": 2000}])
        self.assertEqual(self.get("status/walreplay").data, {"min": 0, "max": 0, "current": 0})
        self.assertEqual(self.get("notifications").data, [])
        self.assertEqual(self.get("metadata", limit=0).data, {})
        self.assertEqual(self.get("query_exemplars", query="wide").data, [])
        self.assertEqual(self.get("query_exemplars", query="1").status, 204)

    def test_texts_of_queries(self):
        self.assertEqual(self.post("format_query", query="sum(a)by(b)/c").data, "sum by (b) (a) / c")
        self.assertEqual(self.get("parse_query", query="a/b").data["type"], "binaryExpr")

    def test_tenants(self):
        asked = self.get("query", query="requests_total", headers={"X-Scope-OrgID": "someone"})
        self.assertEqual(asked.data, {"resultType": "vector", "result": []})

    def test_pages_of_other_origins(self):
        origin = {"Origin": "http://grafana.example"}
        answer = self.get("query", query="1", headers=origin)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "http://grafana.example")
        answer = self.ask("/api/v1/query", "OPTIONS", headers=origin)
        self.assertEqual((answer.status, answer.text), (204, ""))
        self.assertEqual(answer.headers["Access-Control-Allow-Methods"], "GET, POST, OPTIONS")
        self.assertEqual(self.ask("/api/v1/label/job/values", "POST", b"").status, 405)
        self.assertEqual(self.ask("/api/v1/none").status, 404)

    def test_a_client_that_goes_away_ends_its_query(self):
        # Far more than can be computed in the time that the test waits.
        query = "count_over_time((sum(wide * 2 ^ 1.5 + wide))[10d:1s])"
        with socket.create_connection(self.vigil.http_address.split(":"), timeout=60) as connection:
            path = "/api/v1/query?" + urllib.parse.urlencode({"query": query})
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            wait_until(lambda: self.running() == 1, "the query runs")
        wait_until(lambda: self.running() == 0, "the query has ended", deadline_seconds=30)

    def running(self):
        _, text = self.vigil.http("/metrics")
        lines = [line for line in text.splitlines() if line.startswith("vigil_queries_running ")]
        return int(lines[0].split()[1]) if lines else 0

    def test_slow_queries_are_logged(self):
        query = "sum(wide) + sum(rate(wide[5m]))"
        self.get("query", query=query)
        entry = wait_until(
            lambda: next((e for e in self.vigil.logged("slow query") if e["query"] == query), None),
            "the query is in the log",
        )
        self.assertEqual(entry["path"], "/api/v1/query")
        self.assertGreater(entry["seconds"], 0)

    def test_promtool(self):
        program = prometheus_process.find("promtool")
        if program is None:
            self.skipTest("there is no promtool: neither fetched nor installed")
        server = f"http://{self.vigil.http_address}"

        def promtool(*arguments):
            done = subprocess.run(
                [program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=60, cwd=REPOSITORY, check=False,
            )
            self.assertEqual(done.returncode, 0, done.stdout)
            return done.stdout

        at = ("--time", self.now)
        self.assertEqual(
            promtool("query", "instant", *at, server, 'requests_total{job="c"}'),
            f'requests_total{{instance="1", job="c"}} => 40.5 @[{self.now}]\n',
        )
        steps = ("--start", self.now - 15, "--end", self.now, "--step", "15s")
        self.assertEqual(
            promtool("query", "range", *steps, server, 'requests_total{job="c"}'),
            f'requests_total{{instance="1", job="c"}} =>\n38.5 @[{self.now - 15}]\n40.5 @[{self.now}]\n',
        )
        matched = ("--match", 'requests_total{job="c"}')
        span = ("--start", self.now - 300, "--end", self.now)
        self.assertEqual(
            promtool("query", "series", *matched, *span, server),
            '{__name__="requests_total", instance="1", job="c"}\n',
        )
        wait_until(lambda: self.vigil.value('up{job="nobody"}') is not None, "nobody is scraped")
        self.assertIn("nobody\n", promtool("query", "labels", server, "job"))
        with tempfile.NamedTemporaryFile("w", suffix=".prom") as metrics:
            metrics.write("# TYPE pushed_total counter\npushed_total 3\n")
            metrics.flush()
            self.assertIn("SUCCESS", promtool("push", "metrics", f"{server}/api/v1/write", metrics.name))
        self.assertIn('pushed_total{job="promtool"} => 3 @', promtool("query", "instant", server, "pushed_total"))
        analyzed = promtool("query", "analyze", "--server", server, "--type", "histogram", "--match", "wide")
        self.assertIn("Bucket stats for each histogram series over time", analyzed)
        self.assertIn("SUCCESS", promtool("check", "healthy", "--url", server).upper())
        self.assertIn("SUCCESS", promtool("check", "ready", "--url", server).upper())


if __name__ == "__main__":
    unittest.main()
