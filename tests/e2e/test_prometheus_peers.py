# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus beside vigil: it reads vigil's samples (remote read), scrapes them (federation) and sends its own
in both versions of remote write."""

import http.server
import json
import random
import threading
import time
import unittest
import urllib.parse

import promql_answers
import promql_data
import promql_grammar
import prometheus_process
import remote_write
from promql_answers import Question
from remote_write import Histogram
from vigil_process import Vigil, wait_until

SEED = 5
RANDOM_QUERIES = 150
OLDEST_WITH_WRITE_V2 = (3, 0)

READ_QUERIES = (
    "requests_total",
    "rate(bytes[5m])",
    '{__name__=~"queue|temperature"}',
    "queue[10m]",
    "count_over_time(pod_restarts_total[20m])",
    "sum by (job, le) (rate(latency_seconds_bucket[5m]))",
    "odd",
    "mixed",
    "native_seconds",
    "native_gauge",
    "custom_seconds",
    "histogram_count(rate(native_seconds[5m]))",
    "resets(native_seconds[20m])",
    "resets(custom_seconds[20m])",
    '{"utf8.metric"}',
)

# What the exposition of remote write's source says.
EXPOSITION = """# HELP jobs Jobs done.
# TYPE jobs counter
jobs_total{queue="a"} 7 # {trace_id="abc"} 1
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="1.0"} 3 # {trace_id="def"} 0.5
took_seconds_bucket{le="+Inf"} 4
took_seconds_sum 9
took_seconds_count 4
# EOF
"""


class Exposed(http.server.ThreadingHTTPServer):
    """Something to scrape."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ExposedHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)


class ExposedHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = EXPOSITION.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PeersTest(unittest.TestCase):
    def setUp(self):
        self.program = prometheus_process.find()
        if self.program is None:
            self.skipTest("there is no Prometheus: neither fetched nor installed")
        self.version = prometheus_process.version_of(self.program)
        self.histograms = self.version >= (3, 0)
        directory = self.enterContext(prometheus_process.temporary_directory())
        config = directory / "vigil.yaml"
        config.write_text("storage:\n  retention: {metrics: 0s}\n", encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--config", str(config)))

    def prometheus(self, config, *features):
        return self.enterContext(prometheus_process.Prometheus(self.program, config, features))

    def write(self, *bodies):
        server = promql_answers.Server(self.vigil.http_address)
        self.addCleanup(server.close)
        for body in bodies:
            status, text = server.post("/api/v1/write", body, remote_write.HEADERS)
            self.assertEqual(status, 204, text)

    def get(self, path):
        status, body = self.vigil.http(path)[:2]
        self.assertEqual(status, 200, body)
        return json.loads(body)["data"]

    def random_questions(self):
        rng = random.Random(SEED)
        # What early versions do not know or know wrongly is for the comparison of languages.
        generator = promql_grammar.Generator(rng, [*promql_grammar.OPTIONAL, *promql_grammar.CORRECTED])
        for _ in range(RANDOM_QUERIES):
            start_ms = promql_data.START_MS + rng.randrange(promql_data.LENGTH_MS)
            yield Question(str(generator.query(False)), start_ms, start_ms + 300_000, 60_000)

    def test_remote_read_answers_from_vigils_samples(self):
        self.write(*promql_data.requests(SEED, self.histograms))
        prometheus = self.prometheus(
            f"remote_read: [{{url: 'http://{self.vigil.http_address}/api/v1/read', read_recent: true}}]\n"
        )
        reader = promql_answers.Server(prometheus.http_address)
        vigil = promql_answers.Server(self.vigil.http_address)
        questions = [
            Question(query, promql_data.START_MS + minutes * 60_000) for query in READ_QUERIES for minutes in (1, 20, 35)
        ]
        with_samples = 0
        for question in [*questions, *self.random_questions()]:
            left, right = reader.ask(question), vigil.ask(question)
            if "limit" in left.get("error", ""):
                continue
            found = promql_answers.difference(question, left, right, annotations=False)
            if found and promql_grammar.BEGINS_AT_ZERO.search(question.text):
                continue
            self.assertIsNone(found, f"{question}\n{left}\n{right}")
            with_samples += left["status"] == "success" and bool(left["data"]["result"])
        self.assertGreater(with_samples, len(questions))
        reader.close()
        vigil.close()

    def test_federation_is_scraped(self):
        now_ms = int(time.time() * 1000)
        histogram = Histogram(schema=1, total=5, zero=2, zero_threshold=0.001, positive={1: 3, 2: 1, 5: 4})
        series = [
            remote_write.series({"__name__": "a_total", "job": "x", "instance": "i"}, [(now_ms, 2.5)]),
            remote_write.series({"__name__": "a_total", "job": "y"}, [(now_ms, 1)]),
            remote_write.series({"__name__": "other", "job": "x"}, [(now_ms, 1)]),
        ]
        if self.histograms:
            series.append(remote_write.series({"__name__": "h", "job": "x"}, [(now_ms, histogram)]))
            series.append(remote_write.series({"__name__": "utf8.name", "job": "x"}, [(now_ms, 4)]))
        self.write(remote_write.snappy(b"".join(series)))
        prometheus = self.prometheus(
            f"""scrape_configs:
- job_name: federate
  honor_labels: true
  scrape_interval: 1s
  metrics_path: /federate
  params: {{'match[]': ['{{__name__=~"a_total|h|utf8.name"}}']}}
  static_configs: [{{targets: ['{self.vigil.http_address}']}}]
"""
        )
        server = promql_answers.Server(prometheus.http_address)
        self.addCleanup(server.close)

        def answer(query):
            return server.ask(Question(query, int(time.time() * 1000)))["data"]["result"]

        rows = wait_until(lambda: answer("a_total"), "the scrape has come")
        self.assertEqual(
            sorted((row["metric"].get("job"), row["metric"].get("instance"), row["value"][1]) for row in rows),
            [("x", "i", "2.5"), ("y", None, "1")],
        )
        self.assertEqual(answer("timestamp(a_total{job='y'})")[0]["value"][1], f"{now_ms / 1000:.3f}".rstrip("0").rstrip("."))
        self.assertEqual(answer("other"), [])
        if self.histograms:
            # Early versions do not say with protobuf that they take such names: they get them with underscores.
            self.assertEqual(answer('{__name__=~"utf8.name"}')[0]["value"][1], "4")
            self.assertEqual(answer("h")[0]["histogram"][1]["count"], "10")

    def sends(self, message):
        exposed = self.enterContext(Exposed())
        self.prometheus(
            f"""global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: source
  static_configs: [{{targets: ['{exposed.address}']}}]
remote_write:
- url: http://{self.vigil.http_address}/api/v1/write
  send_exemplars: true
  send_native_histograms: true
  protobuf_message: {message}
  queue_config: {{batch_send_deadline: 200ms}}
""",
            "exemplar-storage",
            "metadata-wal-records",
        )
        wait_until(lambda: self.vigil.query("took_seconds_count"), "samples have come")
        self.assertEqual(self.vigil.value("jobs_total"), 7)
        self.assertEqual(self.vigil.value('took_seconds_bucket{le="1.0"}'), 3)
        self.assertEqual(self.vigil.value("up"), 1)

        def exemplars(name):
            query = urllib.parse.urlencode({"query": name, "start": time.time() - 600, "end": time.time() + 60})
            return self.get(f"/api/v1/query_exemplars?{query}")

        for name, trace in (("jobs_total", "abc"), ("took_seconds_bucket", "def")):
            found = wait_until(lambda name=name: exemplars(name), f"an exemplar of {name} has come")
            self.assertEqual(found[0]["exemplars"][0]["labels"], {"trace_id": trace})
            self.assertEqual(found[0]["seriesLabels"]["job"], "source")

    def test_remote_write(self):
        self.sends("prometheus.WriteRequest")

    def test_remote_write_2(self):
        if self.version < OLDEST_WITH_WRITE_V2:
            self.skipTest("this Prometheus does not send remote write 2.0")
        self.sends("io.prometheus.write.v2.Request")

        def metadata():
            return self.get("/api/v1/metadata").get("took_seconds")

        found = wait_until(metadata, "metadata have come")
        self.assertEqual(found, [{"type": "histogram", "unit": "seconds", "help": ""}])


if __name__ == "__main__":
    unittest.main()
