#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program as its users meet it: commands, formats, exit statuses, signals. Needs no Python package.

The telemetry comes from `vigil demo`.
"""

import csv
import io
import json
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from vigil_process import BINARY, DEADLINE_SECONDS, EXIT_NO_CONNECTION, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from vigil_process import Vigil, run_vigil, wait_until

SELECTOR = '{service_name="llm-gateway"}'
# Nothing can listen there.
NOWHERE = "127.0.0.1:1"

RULES = """
groups:
  - name: test
    interval: 1s
    rules:
      - record: test:one
        expr: vector(1)
      - alert: AlwaysThere
        expr: test:one > 0
        labels: {severity: page}
        annotations: {summary: 'it is {{ $value }}, as ever'}
      - alert: NotYet
        expr: vector(7)
        for: 1h
"""
BAD_RULES = """
groups:
  - name: test
    rules:
      - record: test:one
        expr: sum(
"""


class Demo:
    """`vigil demo` against a server, ended as soon as it has caught up with the present."""

    def __init__(self, vigil, history="2m", seed=1):
        started = time.time()
        before = self._newest(vigil)
        self._process = subprocess.Popen(
            [BINARY, "demo", "--history", history, "--seed", str(seed)],
            env=vigil.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            # Another one may have been here just before.
            wait_until(lambda: self._newest(vigil) > max(before, started - 5), "the demo has caught up")
        finally:
            self._process.terminate()
            _, errors = self._process.communicate(timeout=DEADLINE_SECONDS)
        assert self._process.returncode == EXIT_OK, errors
        self.requests = int(re.fullmatch(r"sent (\d+) requests\n", errors)[1])

    @staticmethod
    def _newest(vigil):
        return vigil.value("max(timestamp(llm_requests_total))") or 0


class Lines:
    """A running client command whose lines are read as they come."""

    def __init__(self, vigil, *arguments):
        self.process = subprocess.Popen(
            [BINARY, *arguments],
            env=vigil.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)

    def next(self):
        """The next line; queue.Empty if none comes."""
        return self._lines.get(timeout=DEADLINE_SECONDS)

    def close(self):
        self.process.kill()
        self.process.wait()
        self._thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


def rows_of(text):
    """CSV as a list of dicts."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


class ClientTest(unittest.TestCase):
    """Client commands against one server with telemetry, rules and alerts."""

    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        rules = directory / "rules.yaml"
        rules.write_text(RULES, encoding="utf-8")
        cls.vigil = cls.enterClassContext(Vigil("--rules", rules))
        cls.requests = Demo(cls.vigil).requests
        wait_until(
            lambda: {alert["state"] for alert in cls.vigil.ask("alerts")["data"]["alerts"]}
            == {"pending", "firing"},
            "one alert is pending, one fires",
        )
        cls.trace_id = cls.vigil.logs(SELECTOR, "--limit", 1)[0][0]["trace_id"]

    def ok(self, *arguments):
        """Standard output of a command that must succeed without a word on standard error."""
        done = self.vigil.run(*arguments)
        self.assertEqual((EXIT_OK, ""), (done.code, done.err), arguments)
        return done.out

    def data(self, *arguments):
        answer = json.loads(self.ok(*arguments, "-o", "json"))
        self.assertEqual("success", answer["status"])
        return answer["data"]

    def assert_same_in_all_formats(self, columns, count, *arguments):
        """CSV has these columns and so many rows, the table the same cells. Returns the rows."""
        text = self.ok(*arguments, "-o", "csv")
        rows = rows_of(text)
        self.assertEqual(columns, text.splitlines()[0].split(","))
        self.assertEqual(count, len(rows), text)
        table = self.ok(*arguments, "-o", "table")
        self.assertEqual(table, self.ok(*arguments), "a table is what one gets unasked")
        self.assertEqual(columns, table.splitlines()[0].split())
        self.assertEqual(1 + count, len(table.splitlines()))
        self.assertNotIn("\x1b", table, "no colours where there is no terminal")
        return rows

    def test_query_of_a_vector(self):
        query = ("query", "sum by (model, status) (llm_requests_total)", "--time", str(time.time()))
        result = self.data(*query)
        self.assertEqual("vector", result["resultType"])
        rows = self.assert_same_in_all_formats(["model", "status", "value"], len(result["result"]), *query)
        of_json = {(e["metric"]["model"], e["metric"]["status"]): e["value"][1] for e in result["result"]}
        self.assertEqual(of_json, {(row["model"], row["status"]): row["value"] for row in rows})
        self.assertEqual(self.requests, sum(map(float, of_json.values())))

    def test_query_names_the_metric(self):
        (row,) = self.assert_same_in_all_formats(["metric", "value"], 1, "query", "test:one")
        self.assertEqual({"metric": "test:one", "value": "1"}, row)

    def test_query_of_a_range(self):
        end = int(time.time())
        query = ("query", "sum(llm_requests_total) > 0", "--start", str(end - 60), "--end", str(end))
        query += ("--step", "20s")
        result = self.data(*query)
        self.assertEqual("matrix", result["resultType"])
        values = result["result"][0]["values"]
        self.assertEqual([end - 60, end - 40, end - 20, end], [value[0] for value in values])
        rows = rows_of(self.ok(*query, "-o", "csv"))
        self.assertEqual([value[1] for value in values], [row["value"] for row in rows])
        self.assertEqual(len(values) + 1, len(self.ok(*query).splitlines()))

    def test_query_of_single_values(self):
        self.assertEqual("scalar", self.data("query", "1 + 1")["resultType"])
        self.assertEqual("2", self.data("query", "1 + 1")["result"][1])
        self.assertEqual("string", self.data("query", '"text"')["resultType"])
        self.assertEqual([{"value": "2"}], rows_of(self.ok("query", "1 + 1", "-o", "csv")))

    def test_query_of_nothing(self):
        self.assertEqual([], self.data("query", "there_is_no_such_metric")["result"])
        self.assertEqual([], rows_of(self.ok("query", "there_is_no_such_metric", "-o", "csv")))

    def test_explain(self):
        query = ("query", "--explain", "sum by (model) (rate(llm_requests_total[1m]))", "--last", "2m")
        told = self.data(*query)
        parts = [(node["depth"], node["text"]) for node in told["nodes"]]
        self.assertEqual(
            [(0, query[2]), (1, "rate(llm_requests_total[1m])"), (2, "llm_requests_total[1m]")], parts
        )
        self.assertEqual(len(self.data("labels", "model")), told["nodes"][0]["series"])
        self.assertGreater(told["samplesRead"], told["nodes"][2]["series"])
        self.assertGreater(told["evaluationSeconds"], 0)
        text = self.ok(*query)
        self.assertIn("\n    llm_requests_total[1m]  ", text)
        self.assertIn(" ms finding series, ", text)
        self.assertEqual(3, len(rows_of(self.ok(*query, "-o", "csv"))))

    def test_plot(self):
        chart = self.ok("query", "sum by (model) (llm_requests_total)", "--last", "2m", "--plot")
        self.assertIn("UTC", chart)
        self.assertRegex(chart, "[\u2801-\u28ff]", "there are dots")
        for model in self.data("labels", "model"):
            self.assertIn(f'{{model="{model}"}}', chart)
        self.assertIn("no data", self.ok("query", "there_is_no_such_metric", "--plot"))

    def test_logs(self):
        query = ("logs", SELECTOR, "--limit", "3")
        result = self.data(*query)
        self.assertEqual("streams", result["resultType"])
        of_json = [value for stream in result["result"] for value in stream["values"]]
        self.assertEqual(3, len(of_json))
        times = [int(value[0]) for value in of_json]
        self.assertEqual(sorted(times, reverse=True), times, "newest first")
        rows = rows_of(self.ok(*query, "-o", "csv"))
        self.assertEqual(["time", "level", "line", "labels"], list(rows[0]))
        self.assertEqual([value[1] for value in of_json], [row["line"] for row in rows])
        lines = self.ok(*query).splitlines()
        self.assertEqual(3, len(lines))
        for line, value in zip(lines, of_json):
            self.assertIn(value[1], line)

    def test_logs_oldest_first_and_all(self):
        everything = self.vigil.logs(SELECTOR, "--forward", "--limit", 10**6)
        self.assertEqual(self.requests, len(everything))
        times = [time_ns for _, time_ns, _ in everything]
        self.assertEqual(sorted(times), times)

    def test_trace(self):
        (span,) = self.data("trace", self.trace_id)["spans"]
        self.assertEqual(self.trace_id, span["traceId"])
        (row,) = rows_of(self.ok("trace", self.trace_id, "-o", "csv"))
        self.assertEqual(span["spanId"], row["span_id"])
        self.assertIn(span["attributes"]["request_id"], self.ok("trace", self.trace_id))
        self.assertEqual(self.ok("trace", self.trace_id), self.ok("trace", self.trace_id.upper()))

    def test_series_and_labels(self):
        selector = 'llm_requests_total{status="ok"}'
        series = self.data("series", selector)
        self.assertGreater(len(series), 1)
        self.assert_same_in_all_formats(["series"], len(series), "series", selector)
        models = self.data("labels", "model", "--match", selector)
        self.assertEqual({one["model"] for one in series}, set(models))
        self.assert_same_in_all_formats(["model"], len(models), "labels", "model", "--match", selector)
        names = self.data("labels")
        self.assertLessEqual({"__name__", "job", "instance", "model", "le"}, set(names))
        self.assert_same_in_all_formats(["label"], len(names), "labels")
        self.assertEqual([], self.data("labels", "model", "--end", "2001-01-01T00:00:00Z"))

    def test_series_up_to_a_limit(self):
        done = self.vigil.run("series", "llm_requests_total", "--limit", "1", "-o", "json")
        self.assertEqual(EXIT_OK, done.code)
        self.assertEqual(1, len(json.loads(done.out)["data"]))
        self.assertIn("--limit", done.err)

    def test_alerts(self):
        firing, pending = sorted(self.data("alerts")["alerts"], key=lambda alert: alert["state"])
        self.assertEqual({"alertname": "AlwaysThere", "severity": "page"}, firing["labels"])
        self.assertEqual({"summary": "it is 1, as ever"}, firing["annotations"])
        self.assertEqual(("firing", "1"), (firing["state"], firing["value"]))
        self.assertEqual(("pending", "7"), (pending["state"], pending["value"]))
        rows = rows_of(self.ok("alerts", "-o", "csv"))
        self.assertEqual(["AlwaysThere", "NotYet"], [row["alert"] for row in rows])
        table = self.ok("alerts").splitlines()
        self.assertEqual(3, len(table))
        self.assertRegex(table[1], "^firing +AlwaysThere .*it is 1, as ever$")

    def test_rules_list(self):
        (group,) = self.data("rules", "list")["groups"]
        self.assertEqual(("test", 1), (group["name"], group["interval"]))
        self.assertEqual({"ok"}, {rule["health"] for rule in group["rules"]})
        rows = rows_of(self.ok("rules", "list", "-o", "csv"))
        told = [(row["rule"], row["type"], row["state"], row["for"]) for row in rows]
        always = ("AlwaysThere", "alerting", "firing", "0s")
        expected = [("test:one", "recording", "", ""), always, ("NotYet", "alerting", "pending", "1h")]
        self.assertEqual(expected, told)
        self.assertEqual(4, len(self.ok("rules", "list").splitlines()))

    def test_status(self):
        status = self.data("status")
        self.assertEqual(self.vigil.grpc_address, status["grpcAddress"])
        self.assertEqual(self.vigil.http_address, status["httpAddress"])
        self.assertEqual(str(self.vigil.data_dir), status["dataDir"])
        self.assertEqual(str(self.requests), status["sections"]["logs"]["records_in_memory"])
        rows = rows_of(self.ok("status", "-o", "csv"))
        self.assertIn({"section": "server", "name": "version", "value": status["version"]}, rows)
        self.assertIn(status["dataDir"], self.ok("status"))

    def test_the_server_is_named_by_flag_or_environment(self):
        address = self.vigil.grpc_address
        self.assertEqual(EXIT_OK, run_vigil("query", "1", "--server", address, env={}).code)
        self.assertEqual(EXIT_OK, run_vigil("query", "1", env={"VIGIL_SERVER": address}).code)
        misled = run_vigil("query", "1", "--server", address, env={"VIGIL_SERVER": NOWHERE})
        self.assertEqual(EXIT_OK, misled.code, "a flag wins")

    def test_nobody_answers(self):
        commands = (
            ("query", "1"),
            ("query", "1", "--last", "1m"),
            ("logs", SELECTOR),
            ("logs", SELECTOR, "--follow"),
            ("trace", self.trace_id),
            ("series", "x"),
            ("labels",),
            ("labels", "x"),
            ("alerts",),
            ("rules", "list"),
            ("status",),
        )
        for command in commands:
            with self.subTest(command=command):
                done = run_vigil(*command, env={"VIGIL_SERVER": NOWHERE})
                self.assertEqual((EXIT_NO_CONNECTION, ""), (done.code, done.out))
                self.assertRegex(done.err, f"^error: .*{NOWHERE}.*VIGIL_SERVER")

    def test_the_server_says_no(self):
        commands = {
            ("query", "sum("): "1:5: parse error",
            ("query", "rate(x)"): "1:6: parse error",
            ("query", "x", "--last", "1m", "--tenant", "no tenant!"): "no tenant!",
            ("logs", "{"): "parse error",
            ("trace", "0123"): "32 hexadecimal digits",
            ("trace", "f" * 32): "no span of trace",
            ("series", "{"): "parse error",
            ("labels", "--match", "{"): "parse error",
        }
        for command, words in commands.items():
            with self.subTest(command=command):
                done = self.vigil.run(*command)
                self.assertEqual((EXIT_REFUSED, ""), (done.code, done.out))
                self.assertIn(words, done.err)
                self.assertTrue(done.err.startswith("error: "), done.err)

    def test_bad_usage(self):
        commands = (
            (),
            ("query",),
            ("bogus",),
            ("rules",),
            ("query", "x", "y"),
            ("query", "x", "--bogus"),
            ("query", "x", "-o", "xml"),
            ("query", "x", "--time", "tea"),
            ("query", "x", "--time", "1", "--last", "5m"),
            ("query", "x", "--last", "5m", "--step", "0s"),
            ("query", "x", "--last", "5m", "--start", "-1h"),
            ("query", "x", "--start", "-1m", "--end", "-2m"),
            ("query", "x", "--timeout", "0"),
            ("logs", SELECTOR, "--limit", "0"),
            ("labels", "--start", "tea"),
            ("serve", "--durability", "hope"),
            ("serve", "--grpc-listen", "nonsense"),
        )
        for command in commands:
            with self.subTest(command=command):
                done = self.vigil.run(*command)
                self.assertEqual((EXIT_USAGE, ""), (done.code, done.out), done.err)
                self.assertTrue(done.err.startswith("error: "), done.err)

    def test_help(self):
        top = self.ok("--help")
        commands = ("serve", "query", "logs", "trace", "series", "labels", "alerts", "rules", "status", "demo")
        for command in commands:
            with self.subTest(command=command):
                self.assertRegex(top, rf"(?m)^  {command} +[A-Z]")
                text = self.ok(command, "--help")
                self.assertIn(f"Usage: vigil {command}", text)
                self.assertIn("Options:", text)
        for command in ("query", "logs", "trace", "series", "labels", "alerts", "status"):
            for option in ("--server", "VIGIL_SERVER", "--output", "table,json,csv"):
                self.assertIn(option, self.ok(command, "--help"))
        self.assertIn("Usage: vigil rules check", self.ok("rules", "check", "--help"))
        self.assertRegex(self.ok("--version"), r"^vigil \d+\.\d+\.\d+\n$")

    def test_http(self):
        self.assertEqual((200, "healthy\n"), self.vigil.http("/-/healthy"))
        self.assertEqual((200, "ready\n"), self.vigil.http("/-/ready"))
        self.assertEqual(404, self.vigil.http("/nowhere")[0])
        self.assertEqual(405, self.vigil.http("/-/ready", "POST")[0])
        status, metrics = self.vigil.http("/metrics")
        self.assertEqual(200, status)
        self.assertRegex(metrics, r"(?m)^vigil_\w+.* \d")


class FollowTest(unittest.TestCase):
    """`vigil logs --follow`."""

    def setUp(self):
        self.vigil = self.enterContext(Vigil())
        self.first = Demo(self.vigil, history="20s", seed=1).requests

    def follow(self, *options):
        lines = Lines(self.vigil, "logs", SELECTOR, "--follow", "--limit", "10000", *options)
        self.addCleanup(lines.close)
        return lines

    def test_records_that_arrive_later_are_seen_once(self):
        lines = self.follow("--forward")
        past = [lines.next() for _ in range(self.first)]
        later = Demo(self.vigil, history="20s", seed=2).requests
        new = [lines.next() for _ in range(later)]
        everything = past + new
        self.assertEqual(len(everything), len(set(everything)))
        kept = self.vigil.run("logs", SELECTOR, "--limit", "10000").out.splitlines(keepends=True)
        self.assertEqual(sorted(kept), sorted(everything))

    def test_filters_hold_for_what_comes(self):
        lines = Lines(self.vigil, "logs", SELECTOR + ' | json | message="request failed"', "-f", "-o", "json")
        self.addCleanup(lines.close)
        seed = 2
        while not self.vigil.logs(SELECTOR + ' | json | message="request failed"'):
            Demo(self.vigil, history="30s", seed=seed)
            seed += 1
        answer = json.loads(lines.next())
        for stream in answer["data"]["result"]:
            self.assertEqual("request failed", stream["stream"]["message"])

    def test_a_follower_does_not_keep_the_server_from_stopping(self):
        lines = self.follow()
        lines.next()
        self.assertEqual(0, self.vigil.stop())
        self.assertIn(lines.process.wait(DEADLINE_SECONDS), (EXIT_REFUSED, EXIT_NO_CONNECTION))
        self.assertIn("the server is stopping", lines.process.stderr.read())


class RulesCheckTest(unittest.TestCase):
    """`vigil rules check` needs no server."""

    def check(self, *texts):
        with tempfile.TemporaryDirectory() as directory:
            files = []
            for number, text in enumerate(texts):
                files.append(pathlib.Path(directory) / f"rules-{number}.yaml")
                files[-1].write_text(text, encoding="utf-8")
            return run_vigil("rules", "check", *files, env={})

    def test_good_files(self):
        done = self.check(RULES)
        self.assertEqual((EXIT_OK, ""), (done.code, done.err))
        self.assertIn("rules-0.yaml", done.out)
        self.assertIn("3 rules", done.out)

    def test_a_bad_file_among_good_ones(self):
        done = self.check(RULES, BAD_RULES)
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertRegex(done.err, r"rules-1\.yaml:\d+:\d+: .*parse error")

    def test_mistakes_of_each_kind(self):
        mistakes = {
            "groups: 3\n": "groups",
            "groups: [\n": "rules-0.yaml",
            RULES.replace("record: test:one", "record: test:one\n        alert: Both"): "record",
            RULES.replace("for: 1h", "for: soon"): "soon",
            RULES.replace("for: 1h", "fore: 1h"): "fore",
            RULES.replace("{{ $value }}", "{{ $value "): "summary",
        }
        for text, words in mistakes.items():
            with self.subTest(words=words):
                done = self.check(text)
                self.assertEqual(EXIT_REFUSED, done.code, done.out)
                self.assertIn(words, done.err)
        self.assertEqual(EXIT_REFUSED, run_vigil("rules", "check", "/there/is/no/such/file", env={}).code)


class ReloadTest(unittest.TestCase):
    """Rules and routes are read anew without a restart; bad files change nothing."""

    def setUp(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.rules = directory / "rules.yaml"
        self.routes = directory / "routes.yaml"
        self.rules.write_text(RULES, encoding="utf-8")
        self.routes.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n", encoding="utf-8")
        self.vigil = self.enterContext(
            Vigil("--rules", self.rules, "--alertmanager-config", self.routes)
        )

    def names(self):
        groups = self.vigil.ask("rules", "list")["data"]["groups"]
        return [rule["name"] for group in groups for rule in group["rules"]]

    def evaluated_at(self):
        return self.vigil.ask("rules", "list")["data"]["groups"][0]["lastEvaluation"]

    def assert_rules_go_on(self):
        before = self.evaluated_at()
        wait_until(lambda: self.evaluated_at() > before, "the rules are evaluated")

    def test_by_signal(self):
        self.assertIn("NotYet", self.names())
        self.rules.write_text(RULES.replace("NotYet", "Later"), encoding="utf-8")
        self.vigil.signal(signal.SIGHUP)
        wait_until(lambda: "Later" in self.names(), "the new rule is there")
        self.assertNotIn("NotYet", self.names())

    def test_by_request(self):
        self.rules.write_text(RULES.replace("NotYet", "Later"), encoding="utf-8")
        self.assertEqual((200, "reloaded\n"), self.vigil.http("/-/reload", "POST"))
        self.assertEqual(["test:one", "AlwaysThere", "Later"], self.names())
        self.assertEqual(405, self.vigil.http("/-/reload")[0])

    def test_alerts_survive(self):
        def firing():
            alerts = self.vigil.ask("alerts")["data"]["alerts"]
            return [alert for alert in alerts if alert["state"] == "firing"]

        before = wait_until(firing, "an alert fires")
        self.rules.write_text(RULES.replace("NotYet", "Later"), encoding="utf-8")
        self.assertEqual(200, self.vigil.http("/-/reload", "POST")[0])
        self.assert_rules_go_on()
        self.assertEqual(before, firing())

    def test_bad_rules_are_refused(self):
        before = self.names()
        self.rules.write_text(BAD_RULES, encoding="utf-8")
        status, text = self.vigil.http("/-/reload", "POST")
        self.assertEqual(400, status)
        self.assertRegex(text, r"rules\.yaml:\d+:\d+: .*parse error")
        self.vigil.signal(signal.SIGHUP)
        said = wait_until(
            lambda: self.vigil.logged("reload failed, the old rules and routes go on")[1:], "it is logged"
        )
        self.assertIn("rules.yaml", said[0]["error"])
        self.assertEqual(before, self.names())
        self.assert_rules_go_on()

    def test_bad_routes_are_refused(self):
        self.routes.write_text("route: {receiver: nobody}\nreceivers: [{name: none}]\n", encoding="utf-8")
        self.rules.write_text(RULES.replace("NotYet", "Later"), encoding="utf-8")
        status, text = self.vigil.http("/-/reload", "POST")
        self.assertEqual(400, status)
        self.assertIn("routes.yaml", text)
        self.assertIn("nobody", text)
        self.assertIn("NotYet", self.names(), "all is changed or nothing")

    def test_a_server_does_not_start_with_bad_files(self):
        self.vigil.stop()
        self.rules.write_text(BAD_RULES, encoding="utf-8")
        self.vigil.start(wait=False)
        self.assertEqual(EXIT_USAGE, self.vigil.wait_exit())
        self.assertRegex(self.vigil.log_text(), r"rules\.yaml:\d+:\d+: ")


class RestartTest(unittest.TestCase):
    """What was there before a stop is there after the next start."""

    def ask_everything(self, vigil, at, trace_id):
        return {
            "metrics": vigil.query('{__name__=~"llm_.*"}[10m]', "--time", at),
            "logs": vigil.logs(SELECTOR, "--start", at - 600, "--end", at, "--limit", 10**6),
            "trace": vigil.ask("trace", trace_id),
            "series": vigil.ask("series", '{__name__=~"llm_.*"}'),
            "labels": vigil.ask("labels", "model"),
        }

    def test_data_survive_stops(self):
        for end in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=end.name), Vigil() as vigil:
                requests = Demo(vigil).requests
                at = int(time.time()) + 1
                trace_id = vigil.logs(SELECTOR, "--limit", 1)[0][0]["trace_id"]
                before = self.ask_everything(vigil, at, trace_id)
                self.assertEqual(requests, len(before["logs"]))
                vigil.signal(end)
                self.assertEqual(0, vigil.wait_exit())
                self.assertEqual(1, len(vigil.logged("stopped")), vigil.log_text())
                vigil.start()
                self.assertEqual((200, "ready\n"), vigil.http("/-/ready"))
                self.assertEqual(before, self.ask_everything(vigil, at, trace_id))

    def test_a_directory_serves_one_server(self):
        with Vigil() as first:
            second = Vigil(data_dir=first.data_dir)
            self.addCleanup(second.close)
            second.start(wait=False)
            self.assertEqual(EXIT_REFUSED, second.wait_exit())
            self.assertIn("in use", second.log_text())
            self.assertEqual((200, "ready\n"), first.http("/-/ready"))

    def test_a_port_that_is_taken(self):
        with Vigil() as first:
            for flag, address in (("--grpc-listen", first.grpc_address), ("--http-listen", first.http_address)):
                with self.subTest(flag=flag), tempfile.TemporaryDirectory() as directory:
                    other = {"--grpc-listen": "127.0.0.1:0", "--http-listen": "127.0.0.1:0", flag: address}
                    flags = [word for pair in other.items() for word in pair]
                    done = run_vigil("serve", "--data-dir", f"{directory}/data", *flags)
                    self.assertEqual(EXIT_REFUSED, done.code)
                    self.assertIn(address, done.err)


if __name__ == "__main__":
    unittest.main()
