#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules and the past: what they would have fired, and what became of the alerts that they did fire."""

import csv
import io
import json
import pathlib
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from vigil_process import EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Vigil, WebhookReceiver, wait_until

MINUTE = 60
# Samples each 15 s over three hours that end in the past, at a full hour.
END = (int(time.time()) // 3600) * 3600
START = END - 180 * MINUTE

RULES = """
groups:
  - name: queue
    interval: 1m
    rules:
      - record: queue:max
        expr: max by (model) (queue_depth)
      - alert: QueueLong
        expr: queue:max > {threshold}
        for: 5m
        labels: {{severity: page}}
        annotations: {{summary: '{{{{ $labels.model }}}} waits for {{{{ $value }}}}'}}
"""
ROUTES = """
templates: [no/such/file]
route:
  receiver: team
  group_by: [alertname, model]
  group_wait: 0s
  group_interval: {interval}
  repeat_interval: {repeat}
receivers:
  - name: team
    webhook_configs: [{{url: '{url}', http_config: {{authorization: {{credentials_file: no/such/file}}}}}}]
"""
LIVE_RULES = """
groups:
  - name: live
    interval: 1s
    rules:
      - alert: Switch
        expr: switch > 0
        labels: {severity: page}
        annotations: {summary: 'it is {{ $value }}'}
"""


def depth(model, minute):
    """Two models of which one has a long queue from minute 60 to 90, and a very long one from 120 to 130."""
    if model == "small" or not (60 <= minute < 90 or 120 <= minute < 130):
        return 3
    return 20 if minute < 100 else 50


def series_lines():
    times = range(START, END, 15)
    for model in ("small", "large"):
        yield json.dumps({
            "metric": {"__name__": "queue_depth", "model": model},
            "values": [depth(model, (t - START) / MINUTE) for t in times],
            "timestamps": [t * 1000 for t in times],
        })


class BacktestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.hook = cls.enterClassContext(WebhookReceiver())
        # Tells at the first moment and at the end.
        cls.calm = cls.write_routes("calm.yaml", "5m", "12h")
        # Says so again every six minutes.
        cls.noisy = cls.write_routes("noisy.yaml", "1m", "5m")
        cls.vigil = cls.enterClassContext(Vigil("--alertmanager-config", cls.write_routes("live.yaml", "1m", "12h", "")))
        data = cls.directory / "queue.jsonl"
        data.write_text("\n".join(series_lines()) + "\n", encoding="utf-8")
        assert cls.vigil.run("import", str(data)).code == EXIT_OK
        cls.rules = cls.write_rules("rules.yaml", 10)
        cls.stricter = cls.write_rules("stricter.yaml", 30)

    @classmethod
    def write_rules(cls, name, threshold):
        path = cls.directory / name
        path.write_text(RULES.format(threshold=threshold), encoding="utf-8")
        return str(path)

    @classmethod
    def write_routes(cls, name, interval, repeat, templates="templates: [no/such/file]"):
        path = cls.directory / name
        text = ROUTES.format(interval=interval, repeat=repeat, url=cls.hook.url)
        path.write_text(text.replace("templates: [no/such/file]", templates), encoding="utf-8")
        return str(path)

    def backtest(self, *arguments, start=START + 30 * MINUTE, code=EXIT_OK):
        done = self.vigil.run(
            "rules", "backtest", *arguments, "--from", str(start), "--to", str(END - 1)
        )
        self.assertEqual(code, done.code, done.err)
        return done

    def minutes(self, text):
        """Whole minutes since the start of the data."""
        moment = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
        return (int(time.mktime(moment) - time.timezone) - START) // MINUTE

    def test_json_tells_all(self):
        data = json.loads(self.backtest(self.rules, "-o", "json").out)["data"]
        recorded, alert = data["rules"]
        self.assertEqual(("queue:max", "recording", 0), (recorded["name"], recorded["type"], recorded["failures"]))
        self.assertEqual((150, 0), (alert["evaluations"], alert["nearMisses"]))
        first, second = alert["firing"]
        self.assertEqual({"alertname": "QueueLong", "model": "large", "severity": "page"}, first["labels"])
        self.assertEqual({"summary": "large waits for 20"}, first["annotations"])
        self.assertEqual(("20", "50"), (first["value"], second["value"]))
        self.assertIn(self.minutes(first["firedAt"]), (65, 66))
        self.assertIn(self.minutes(first["resolvedAt"]), (90, 91))
        self.assertEqual(25 * MINUTE, first["seconds"])
        self.assertEqual(5 * MINUTE, second["seconds"])

    def test_csv_and_table(self):
        rows = list(csv.DictReader(io.StringIO(self.backtest(self.rules, "-o", "csv").out, newline="")))
        self.assertEqual(["25m", "5m"], [row["for"] for row in rows])
        text = self.backtest(self.rules).out
        self.assertIn("QueueLong", text)
        self.assertIn("large waits for 20", text)
        self.assertIn("\u2588", text, "there is a timeline")

    def test_what_fired_before_is_told(self):
        data = json.loads(self.backtest(self.rules, "-o", "json", start=START + 80 * MINUTE).out)["data"]
        first = data["rules"][1]["firing"][0]
        self.assertTrue(first["firedBefore"])
        self.assertEqual(80, self.minutes(first["firedAt"]))

    def test_two_sets_of_rules(self):
        compare = (self.stricter, "--against", self.rules)
        data = json.loads(self.backtest(*compare, "-o", "json").out)["data"]
        (difference,) = data["comparison"]["differences"]
        self.assertEqual(("only old", 1), (difference["difference"], data["comparison"]["same"]))
        self.assertEqual(25 * MINUTE, difference["old"]["seconds"])
        self.assertIn("only old", self.backtest(*compare).out)
        self.assertIn("no difference", self.backtest(self.rules, "--against", self.rules).out)

    def test_exit_status_for_ci(self):
        self.backtest(self.rules, "--fail-on", "firing", code=EXIT_REFUSED)
        self.backtest(self.stricter, "--fail-on", "firing", start=END - 30 * MINUTE)
        compare = (self.stricter, "--against", self.rules, "--fail-on")
        self.backtest(*compare, "difference", code=EXIT_REFUSED)
        self.backtest(*compare, "difference,failure", start=END - 80 * MINUTE)
        self.backtest(self.rules, "--fail-on", "difference", code=EXIT_USAGE)
        self.backtest("no-such-file.yaml", code=EXIT_USAGE)

    def test_a_bad_file_is_refused_with_its_place(self):
        bad = self.directory / "bad.yaml"
        bad.write_text("groups:\n  - name: g\n    rules:\n      - {alert: A, expr: 'sum('}\n", encoding="utf-8")
        done = self.backtest(str(bad), code=EXIT_REFUSED)
        self.assertRegex(done.err, r"bad\.yaml:4:\d+: group \"g\", rule 1, \"A\"")

    def pages(self, *arguments):
        return json.loads(self.backtest(*arguments, "-o", "json").out)["data"]

    def test_pages(self):
        pages = self.pages(self.rules, "--routes", self.noisy)["pages"]
        total = pages["total"]
        self.assertEqual((8, 4, 2, 8), tuple(total[name] for name in ("pages", "repeats", "resolves", "alerts")))
        self.assertEqual([("team", 8)], [(one["receiver"], one["pages"]) for one in pages["receivers"]])
        self.assertEqual([{"alertname": "QueueLong", "pages": 8, "share": 1.0}], pages["alerts"])
        first = self.minutes(pages["list"][0]["time"])
        self.assertIn(first, (65, 66))
        since = [self.minutes(page["time"]) - first for page in pages["list"]]
        self.assertEqual([0, 6, 12, 18, 24, 26, 60, 66], since)
        self.assertEqual({"alertname": "QueueLong", "model": "large"}, pages["list"][0]["groupLabels"])
        self.assertEqual("first notification", pages["list"][0]["reason"])
        self.assertEqual(0, pages["notListed"])
        # Nobody was told, and it does not look as if somebody had been.
        self.assertEqual([], self.hook.bodies)
        with urllib.request.urlopen(f"http://{self.vigil.http_address}/metrics") as answer:
            self.assertNotRegex(answer.read().decode(), "\nalertmanager_notifications_total.* [1-9]")

    def test_pages_of_two_configurations(self):
        data = self.pages(self.rules, "--routes", self.calm, "--against-routes", self.noisy)
        self.assertEqual((4, 8), (data["pages"]["total"]["pages"], data["againstPages"]["total"]["pages"]))
        self.assertNotIn("comparison", data, "the rules are the same")
        text = self.backtest(self.rules, "--routes", self.calm, "--against-routes", self.noisy).out
        self.assertIn("pages 8 → 4 (−50 %)", text)
        self.assertIn("QueueLong", text)

    def test_pages_of_two_sets_of_rules(self):
        compare = (self.stricter, "--against", self.rules, "--routes", self.noisy)
        data = self.pages(*compare)
        self.assertEqual((2, 8), (data["pages"]["total"]["pages"], data["againstPages"]["total"]["pages"]))
        self.assertIn("pages 8 → 2 (−75 %)", self.backtest(*compare).out)
        both = self.pages(*compare, "--against-routes", self.calm)
        self.assertEqual((2, 4), (both["pages"]["total"]["pages"], both["againstPages"]["total"]["pages"]))

    def test_the_configuration_of_the_server(self):
        data = self.pages(self.rules, "--routes", self.noisy, "--against-routes", "live")
        self.assertEqual((8, 4), (data["pages"]["total"]["pages"], data["againstPages"]["total"]["pages"]))

    def test_exit_status_of_pages(self):
        noisy = (self.rules, "--routes", self.noisy)
        self.backtest(*noisy, "--max-pages", "8")
        self.backtest(*noisy, "--max-pages", "7", code=EXIT_REFUSED)
        self.backtest(*noisy, "--against-routes", self.calm, "--fail-on", "pages", code=EXIT_REFUSED)
        self.backtest(*noisy, "--against-routes", self.noisy, "--fail-on", "pages")
        self.backtest(*noisy, "--fail-on", "pages", code=EXIT_USAGE)
        self.backtest(*noisy, "--time-zone", "Middle/Earth", code=EXIT_USAGE)
        self.backtest(self.rules, "--against-routes", self.calm, code=EXIT_USAGE)
        self.backtest(self.rules, "--max-pages", "7", code=EXIT_USAGE)

    def test_a_bad_configuration_is_refused_with_its_place(self):
        bad = self.directory / "bad-routes.yaml"
        bad.write_text("receivers: [{name: a}]\nroute: {receiver: b}\n", encoding="utf-8")
        done = self.backtest(self.rules, "--routes", str(bad), code=EXIT_REFUSED)
        self.assertRegex(done.err, r"bad-routes\.yaml:2:\d+: ")

    def test_nothing_of_it_is_kept(self):
        self.backtest(self.rules, "--routes", self.noisy)
        for series in ("queue:max", "ALERTS"):
            self.assertEqual([], json.loads(self.vigil.run("series", series, "-o", "json").out)["data"])


class AlertHistoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.data = directory / "switch.jsonl"
        rules = directory / "rules.yaml"
        rules.write_text(LIVE_RULES, encoding="utf-8")
        cls.vigil = cls.enterClassContext(Vigil("--rules", rules))

    def switch(self, value):
        line = {"metric": {"__name__": "switch", "room": "a"}, "values": [value], "timestamps": [int(time.time() * 1000)]}
        self.data.write_text(json.dumps(line) + "\n", encoding="utf-8")
        self.assertEqual(EXIT_OK, self.vigil.run("import", str(self.data)).code)

    def changes(self, *arguments):
        done = self.vigil.run("alerts", "history", *arguments, "-o", "json")
        self.assertEqual((EXIT_OK, ""), (done.code, done.err))
        return json.loads(done.out)["data"]["changes"]

    def alerts(self, *arguments):
        done = self.vigil.run("alerts", *arguments, "-o", "json")
        self.assertEqual((EXIT_OK, ""), (done.code, done.err))
        return json.loads(done.out)["data"]["alerts"]

    def test_changes_are_kept_over_a_crash(self):
        self.switch(5)
        wait_until(self.alerts, "it fires")
        self.assertEqual(1, len(self.alerts("severity=page", "--state", "firing", "--rule", "Switch")))
        self.assertEqual([], self.alerts("severity=info"))
        self.assertEqual([], self.alerts("--state", "pending"))
        self.vigil.kill()
        self.vigil.start()
        self.switch(0)
        wait_until(lambda: len(self.changes()) > 1, "it is resolved")
        firing, resolved = self.changes()
        self.assertEqual(("firing", "5"), (firing["change"], firing["value"]))
        self.assertEqual("resolved", resolved["change"])
        self.assertEqual({"alertname": "Switch", "room": "a", "severity": "page"}, firing["labels"])
        self.assertEqual({"summary": "it is 5"}, firing["annotations"])
        self.assertEqual(firing["firedAt"], resolved["firedAt"])
        self.assertEqual([resolved], self.changes("--change", "resolved", "room=a"))
        self.assertEqual([], self.changes("--to", "2001-01-01T00:00:00Z"))
        self.assertEqual(EXIT_REFUSED, self.vigil.run("alerts", "history", "=").code)
        table = self.vigil.run("alerts", "history").out.splitlines()
        self.assertEqual(3, len(table))
        self.assertRegex(table[2], "resolved +Switch")
        query = urllib.parse.urlencode({"match[]": '{room="a"}', "change[]": "firing"})
        with urllib.request.urlopen(f"http://{self.vigil.http_address}/api/v1/alerts/history?{query}") as answer:
            (change,) = json.load(answer)["data"]["changes"]
        self.assertEqual(("firing", "5"), (change["change"], change["value"]))


if __name__ == "__main__":
    unittest.main()
