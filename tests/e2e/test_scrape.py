# SPDX-License-Identifier: Apache-2.0
"""Scraping over the network: formats, relabelling, targets in files, TLS and credentials, limits, reload,
and the ends of series.
"""

import json
import pathlib
import tempfile
import time
import unittest

from exporter import OPENMETRICS, PROTOBUF, Exporter, make_certificate
from remote_write import double, field, varint, zigzag
from vigil_process import Vigil, wait_until

GLOBAL = "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"


def family(name, kind, *metrics):
    """A MetricFamily behind its length."""
    body = field(1, name.encode()) + varint(3 << 3) + varint(kind) + b"".join(field(4, one) for one in metrics)
    return varint(len(body)) + body


class ScrapeCase(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.config = self.directory / "vigil.yaml"
        self.config.write_text("", encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--config", self.config))

    def exporter(self, *args, **kwargs):
        return self.enterContext(Exporter(*args, **kwargs))

    def configure(self, *jobs):
        """Jobs as Python values: YAML knows JSON."""
        text = GLOBAL + "scrape_configs: " + json.dumps(jobs) + "\n"
        self.config.write_text(text, encoding="utf-8")
        self.assertEqual((200, "reloaded\n"), self.vigil.http("/-/reload", "POST"))

    @staticmethod
    def job(exporter, **more):
        return {"job_name": "j", "static_configs": [{"targets": [exporter.address]}], **more}

    def targets(self, parameters=""):
        status, text = self.vigil.http(f"/api/v1/targets{parameters}")
        self.assertEqual(200, status)
        return json.loads(text)["data"]

    def wait_up(self, promql="up", value=1):
        wait_until(lambda: self.vigil.value(promql) == value, lambda: f"{promql} is {value}: {self.targets()}")

    def wait_error(self, text):
        def told():
            return any(text in target["lastError"] for target in self.targets()["activeTargets"])

        wait_until(told, lambda: f"{text} in {self.targets()}")


class FormatTest(ScrapeCase):
    def test_openmetrics_of_the_client_library(self):
        from prometheus_client import CollectorRegistry, Counter, Histogram
        from prometheus_client.openmetrics.exposition import generate_latest

        registry = CollectorRegistry()
        requests = Counter("requests", "What was asked.", ["code"], registry=registry)
        seconds = Histogram("latency_seconds", "How long.", buckets=(0.1, 1), unit="seconds", registry=registry)
        requests.labels("200").inc(3, exemplar={"trace_id": "abc"})
        seconds.observe(0.5, exemplar={"trace_id": "def"})
        exporter = self.exporter(lambda: generate_latest(registry), OPENMETRICS)
        self.configure(self.job(exporter))
        self.wait_up()
        self.assertEqual({("200",): 3}, self.vigil.values("requests_total", "code"))
        self.assertEqual({("0.1",): 0, ("1.0",): 1, ("+Inf",): 1}, self.vigil.values("latency_seconds_bucket", "le"))
        self.assertGreater(self.vigil.value("requests_created"), 1.7e9)
        now = time.time()
        status, text = self.vigil.http(
            f"/api/v1/query_exemplars?query=requests_total&start={now - 600}&end={now + 60}"
        )
        self.assertEqual(200, status, text)
        exemplars = json.loads(text)["data"][0]["exemplars"]
        self.assertEqual([{"trace_id": "abc"}], [one["labels"] for one in exemplars])
        self.assertEqual("3", exemplars[0]["value"].rstrip(".0"))
        metadata = json.loads(self.vigil.http("/api/v1/targets/metadata?metric=latency_seconds")[1])["data"]
        self.assertEqual(["histogram", "How long.", "seconds"], [metadata[0][key] for key in ("type", "help", "unit")])

    def test_how_it_asks(self):
        exporter = self.exporter("a 1\n")
        self.configure(self.job(exporter, metrics_path="/m", params={"x": ["1 2"]}))
        self.wait_up()
        path, headers = exporter.requests[-1]
        self.assertEqual("/m?x=1+2", path)
        self.assertEqual("0.5", headers["X-Prometheus-Scrape-Timeout-Seconds"])
        self.assertTrue(headers["User-Agent"].startswith("vigil/"))
        self.assertTrue(headers["Accept"].startswith("application/openmetrics-text;version=1.0.0;"), headers)
        self.assertEqual("gzip", headers["Accept-Encoding"])

    def test_what_comes_packed_is_unpacked(self):
        exporter = self.exporter("a 7\n")
        exporter.always_gzip = True
        self.configure(self.job(exporter, enable_compression=False))
        self.wait_up()
        self.assertEqual("identity", exporter.requests[-1][1]["Accept-Encoding"])
        self.assertEqual(7, self.vigil.value("a"))

    def test_native_histograms_come_as_protobuf(self):
        histogram = varint(1 << 3) + varint(6) + double(2, 12.5)  # Count and sum.
        histogram += varint(5 << 3) + zigzag(0) + double(6, 0.001) + varint(7 << 3) + varint(1)
        histogram += field(12, varint(1 << 3) + zigzag(1) + varint(2 << 3) + varint(2))
        histogram += varint(13 << 3) + zigzag(3) + varint(13 << 3) + zigzag(-1)  # 3 and 2.
        label = field(1, field(1, b"path") + field(2, b"/x"))
        gauge = field(2, double(1, 7))
        body = family("latency", 4, label + field(7, histogram)) + family("my.gauge", 1, gauge)
        exporter = self.exporter(body, PROTOBUF)
        self.configure(self.job(exporter, scrape_protocols=["PrometheusProto"]))
        self.wait_up()
        self.assertIn("application/vnd.google.protobuf", exporter.requests[-1][1]["Accept"])
        self.assertEqual({("/x",): 6}, self.vigil.values("histogram_count(latency)", "path"))
        self.assertEqual({("/x",): 12.5}, self.vigil.values("histogram_sum(latency)", "path"))
        self.assertEqual(7, self.vigil.value('{"my.gauge"}'))
        exporter.body = family("my.gauge", 1, gauge)
        wait_until(lambda: not self.vigil.query("latency"), "the histogram ends")

    def test_what_is_malformed_is_refused_whole(self):
        exporter = self.exporter("good 1\nbad\n")
        self.configure(self.job(exporter))
        self.wait_up(value=0)
        self.wait_error('line 2: "" is not a value')
        self.assertEqual([], self.vigil.query("good"))
        exporter.body, exporter.content_type = "good 1\n", "text/html"
        self.wait_error("fallback_scrape_protocol")
        exporter.content_type = OPENMETRICS
        self.wait_error("# EOF")
        exporter.status = 503
        self.wait_error("HTTP status 503")
        exporter.body, exporter.status = "good 1\n# EOF\n", 200
        self.wait_up()
        self.assertEqual(1, self.vigil.value("good"))


class TargetTest(ScrapeCase):
    def test_relabelling(self):
        exporter = self.exporter('a{code="200"} 1\nb 2\n')
        self.configure(
            self.job(
                exporter,
                static_configs=[{"targets": [exporter.address, "drop.me:1"], "labels": {"env": "test"}}],
                relabel_configs=[
                    {"source_labels": ["__address__"], "regex": "drop.*", "action": "drop"},
                    {"source_labels": ["env"], "target_label": "environment", "action": "uppercase"},
                    {"regex": "env", "action": "labeldrop"},
                ],
                metric_relabel_configs=[
                    {"source_labels": ["__name__"], "regex": "b", "action": "drop"},
                    {"source_labels": ["code"], "regex": "(.)..", "target_label": "class", "replacement": "${1}xx"},
                ],
            )
        )
        self.wait_up()
        labels = {"__name__": "a", "instance": exporter.address, "job": "j", "environment": "TEST", "code": "200",
                  "class": "2xx"}
        self.assertEqual(labels, self.vigil.query("a")[0]["metric"])
        self.assertEqual([], self.vigil.query("b"))
        self.assertEqual(2, self.vigil.value("scrape_samples_scraped"))
        self.assertEqual(1, self.vigil.value("scrape_samples_post_metric_relabeling"))
        data = self.targets()
        self.assertEqual(1, len(data["activeTargets"]))
        self.assertEqual("drop.me:1", data["droppedTargets"][0]["discoveredLabels"]["__address__"])
        self.assertEqual("j", data["droppedTargets"][0]["scrapePool"])
        self.assertEqual({"j": 1}, data["droppedTargetCounts"])
        self.assertEqual([], self.targets("?state=dropped")["activeTargets"])
        self.assertEqual([], self.targets("?scrapePool=other")["activeTargets"])

    def test_targets_in_files_come_and_go(self):
        first, second = self.exporter("a 1\n"), self.exporter("a 2\n")
        file = self.directory / "targets.json"
        file.write_text(json.dumps([{"targets": [first.address], "labels": {"n": "1"}}]), encoding="utf-8")
        self.configure({"job_name": "files", "file_sd_configs": [{"files": ["targets*.json"]}]})
        self.wait_up("a", 1)
        discovered = self.targets()["activeTargets"][0]["discoveredLabels"]
        self.assertEqual(str(file), discovered["__meta_filepath"])
        file.write_text(json.dumps([{"targets": [second.address], "labels": {"n": "2"}}]), encoding="utf-8")
        wait_until(lambda: self.vigil.values("a", "n") == {("2",): 2}, lambda: self.vigil.query("a"))
        self.assertEqual({("2",): 1}, self.vigil.values("up", "n"))
        file.write_text("[{", encoding="utf-8")
        wait_until(lambda: self.vigil.logged("a file of scrape targets is not taken, what it said before goes on"), "the log says so")
        self.assertEqual({("2",): 2}, self.vigil.values("a", "n"))
        file.unlink()
        wait_until(lambda: not self.vigil.query("a") and not self.vigil.query("up"), "all series end")

    def test_reload_ends_what_goes_and_leaves_what_stays(self):
        stays, goes = self.exporter("stays 1\n"), self.exporter("goes 1\n")
        staying = {**self.job(stays), "job_name": "stays"}
        self.configure(staying, {**self.job(goes), "job_name": "goes"})
        self.wait_up("goes")
        self.wait_up("stays")
        self.configure(staying)
        self.assertEqual("up", self.targets()["activeTargets"][0]["health"])
        wait_until(lambda: not self.vigil.query('{job="goes"}'), "the series of the job end")
        self.wait_up('up{job="stays"}')
        self.assertEqual(["stays"], [one["scrapePool"] for one in self.targets()["activeTargets"]])
        # A mistake leaves everything as it was.
        self.config.write_text("scrape_configs: [{job_name: x, kubernetes_sd_configs: []}]\n", encoding="utf-8")
        status, text = self.vigil.http("/-/reload", "POST")
        self.assertEqual(400, status)
        self.assertIn(":1:32: kubernetes_sd_configs is not supported: have a script write", text)
        self.wait_up('up{job="stays"}')

    def test_limits(self):
        exporter = self.exporter("a 1\nb 2\n")
        self.configure(self.job(exporter, sample_limit=1))
        self.wait_error("sample_limit exceeded")
        self.assertEqual(0, self.vigil.value("up"))
        self.assertEqual(2, self.vigil.value("scrape_samples_scraped"))
        self.configure(self.job(exporter, body_size_limit="4B"))
        self.wait_error("body size limit exceeded")
        self.configure(self.job(exporter, target_limit=1, static_configs=[{"targets": [exporter.address, "b:1"]}]))
        self.wait_error("target_limit exceeded")
        self.configure(self.job(exporter))
        self.wait_up(f'up{{instance="{exporter.address}"}}')


class SecurityTest(ScrapeCase):
    def test_tls_and_basic_auth(self):
        certificate, key = make_certificate(self.directory, "exporter.test")
        exporter = self.exporter("a 1\n", tls=(certificate, key), user=("scraper", "s3cret"))
        password = self.directory / "password"
        password.write_text("wrong\n", encoding="utf-8")
        auth = {"username": "scraper", "password_file": "password"}
        tls = {"ca_file": str(certificate), "server_name": "exporter.test"}
        self.configure(self.job(exporter, scheme="https", basic_auth=auth, tls_config=tls))
        self.wait_error("HTTP status 401")
        password.write_text("s3cret\n", encoding="utf-8")
        self.wait_up()
        self.assertEqual(f"https://{exporter.address}/metrics", self.targets()["activeTargets"][0]["scrapeUrl"])
        self.assertEqual(exporter.address, exporter.requests[-1][1]["Host"])
        self.configure(self.job(exporter, scheme="https", basic_auth=auth, tls_config={"ca_file": str(certificate)}))
        self.wait_up(value=0)
        self.configure(self.job(exporter, scheme="https", basic_auth=auth))
        self.wait_error("certificate")
        self.configure(self.job(exporter, scheme="https", basic_auth=auth, tls_config={"insecure_skip_verify": True}))
        self.wait_up()
        self.assertNotIn("s3cret", self.vigil.http("/api/v1/status/config")[1])

    def test_bearer_tokens(self):
        exporter = self.exporter("a 1\n", token="t0ken")
        self.configure(self.job(exporter))
        self.wait_error("HTTP status 401")
        (self.directory / "token").write_text("t0ken", encoding="utf-8")
        self.configure(self.job(exporter, authorization={"credentials_file": "token"}))
        self.wait_up()
        self.configure(self.job(exporter, bearer_token="t0ken"))
        self.wait_up()


if __name__ == "__main__":
    unittest.main()
