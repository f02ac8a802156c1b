# SPDX-License-Identifier: Apache-2.0
"""Programs that know Alertmanager beside vigil: amtool works on its alerts, silences and routes, and a Prometheus sends
its alerts to it."""

import json
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

import alertmanager_process
import prometheus_process
from vigil_process import DEADLINE_SECONDS, EXIT_OK, EXIT_REFUSED, Vigil, WebhookReceiver, run_vigil, wait_until

ROUTES = """
global:
  resolve_timeout: 5m
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes:
  - matchers: [severity=page]
    receiver: pager
    continue: true
    routes:
    - matchers: ['service=~"db|cache"']
      receiver: storage
      mute_time_intervals: [never]
  - match:
      team: search
    receiver: search
receivers:
- name: team
  webhook_configs:
  - url: {url}
    http_config:
      authorization:
        credentials: hidden
- name: pager
- name: storage
- name: search
inhibit_rules:
- source_matchers: [severity=page]
  target_matchers: [severity=warn]
  equal: [service]
time_intervals:
- name: never
  time_intervals:
  - years: ["1990:1991"]
"""

# Configurations, and whether they are right.
CONFIGS = (
    ("receivers: [{name: a}]\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\n", True),
    ("route: {receiver: b}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n", False),
    ("route: {receiver: a, matchers: [a=b]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, continue: true}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, group_by: ['...', a]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, group_by: ['a b']}\nreceivers: [{name: a}]\n", True),
    ("route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, group_wait: 1d12h, repeat_interval: 1w}\nreceivers: [{name: a}]\n", True),
    ("route: {receiver: a, foo: b}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, routes: [{matchers: ['', '{}', 'a=b,c!=\"d\"', '{e=~f}']}]}\nreceivers: [{name: a}]", True),
    ("route: {receiver: a, routes: [{matchers: [a]}]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, routes: [{matchers: ['a=~(']}]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, routes: [{match: {a-b: c}}]}\nreceivers: [{name: a}]\n", False),
    ("route: {receiver: a, routes: [{match: {a: c}, match_re: {b: d.*}}]}\nreceivers: [{name: a}]\n", True),
    ("route: {receiver: a, routes: [{mute_time_intervals: [t]}]}\nreceivers: [{name: a}]\n", False),
    *(
        (
            "route: {receiver: a, routes: [{mute_time_intervals: [t], active_time_intervals: [t]}]}\n"
            f"receivers: [{{name: a}}]\ntime_intervals: [{{name: t, time_intervals: [{condition}]}}]\n",
            right,
        )
        for condition, right in (
            ("", True),
            ("{}", True),
            ("{times: [{start_time: 09:00, end_time: '24:00'}]}", True),
            ("{times: [{start_time: '9:00', end_time: '24:00'}]}", False),
            ("{times: [{start_time: '09:00', end_time: '09:00'}]}", False),
            ("{times: [{start_time: '09:00'}]}", False),
            ("{weekdays: ['Monday:friday', sunday]}", True),
            ("{weekdays: ['friday:monday']}", False),
            ("{weekdays: ['1:3']}", False),
            ("{days_of_month: ['1:5', '-3:-1', 31, '18:-10']}", True),
            ("{days_of_month: ['19:-10']}", False),
            ("{days_of_month: ['-5:5']}", False),
            ("{days_of_month: ['0']}", False),
            ("{days_of_month: ['-32']}", False),
            ("{months: [january, '2:3', 'may:December', '1:march']}", True),
            ("{months: [jan]}", False),
            ("{months: ['12:1']}", False),
            ("{years: ['2020:2022', 2030]}", True),
            ("{years: ['2022:2020']}", False),
            ("{location: Europe/Paris}", True),
            ("{location: Nowhere/X}", False),
            ("{foo: 1}", False),
        )
    ),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: a}, {name: a}]\n", False),
    (
        "route: {receiver: a}\nreceivers: [{name: a}]\n"
        "time_intervals: [{name: a}]\nmute_time_intervals: [{name: a}]\n",
        False,
    ),
    ("route: {receiver: a}\nreceivers: [{name: a}]\nmute_time_intervals: [{name: a}]\n", True),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{}]\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: [{}]\n", True),
    (
        "route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: [{source_match: {a: b}, target_match_re: {c: d}, "
        "source_matchers: [e=f], target_matchers: [g!=h], equal: [x, y-z]}]\n",
        True,
    ),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: [{source_match_re: {a: '('}}]\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: [{equal: ['']}]\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules: {}\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: [/nowhere/*.tmpl]\n", True),
    ("route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: x\n", False),
    ("route: {receiver: a}\nreceivers: [{name: a}]\nfoo: x\n", False),
)

RULES = """
groups:
- name: g
  interval: 1s
  rules:
  - alert: Always
    expr: vector(1)
    labels: {severity: page, service: "<web>"}
    annotations: {summary: "it is {{ $value }}"}
"""


def need_amtool(test):
    program = alertmanager_process.find("amtool")
    if program is None:
        test.skipTest("no amtool: apt knows no archive that has it")
    return program


class Amtool(unittest.TestCase):
    def setUp(self):
        self.program = need_amtool(self)
        self.receiver = self.enterContext(WebhookReceiver())
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-amtool-")))
        (self.directory / "routes.yml").write_text(ROUTES.replace("{url}", self.receiver.url), encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--alertmanager-config", self.directory / "routes.yml"))

    def amtool(self, *arguments, code=0):
        done = subprocess.run(
            [self.program, f"--alertmanager.url=http://{self.vigil.http_address}", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        self.assertEqual(code, done.returncode, f"amtool {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def names(self, *arguments):
        """The names of the alerts that a query finds."""
        found = json.loads(self.amtool("-o", "json", "alert", "query", *arguments))
        return sorted(alert["labels"]["alertname"] for alert in found)

    def test_alerts_are_added_and_found(self):
        self.amtool("alert", "add", "Down", "severity=page", "service=db", "--annotation=summary=it is down")
        self.amtool("alert", "add", "Slow", "severity=warn", "service=db")
        self.amtool("alert", "add", "alertname=Other", "team=search", "--generator-url=http://here/")
        self.assertEqual(["Down", "Other"], self.names())
        everything = ("--inhibited", "--active", "--silenced", "--unprocessed")
        self.assertEqual(["Down", "Other", "Slow"], self.names(*everything))
        self.assertEqual(["Slow"], self.names("--inhibited"))
        self.assertEqual(["Down"], self.names("Down"))
        self.assertEqual(["Down"], self.names("severity=~pag."))
        self.assertEqual(["Other"], self.names("--receiver=search"))
        self.assertIn("Down", self.amtool("alert", "query"))
        self.assertIn("it is down", self.amtool("-o", "extended", "alert", "query", "Down"))

    def test_silences_live(self):
        self.amtool("alert", "add", "Down", "severity=page")
        identity = self.amtool("silence", "add", "-a", "me", "-c", "why not", "-d", "1h", "alertname=Down").strip()
        self.assertEqual([], self.names())
        self.assertEqual(["Down"], self.names("--silenced"))
        listed = json.loads(self.amtool("-o", "json", "silence", "query"))
        self.assertEqual([identity], [silence["id"] for silence in listed])
        self.assertEqual("why not", listed[0]["comment"])
        self.assertIn("Down", self.amtool("silence", "query"))
        self.assertEqual(identity, self.amtool("silence", "query", "-q").strip())
        self.assertEqual(identity, self.amtool("silence", "query", "-q", "alertname=Down").strip())
        self.assertEqual("", self.amtool("silence", "query", "-q", "alertname=Up").strip())
        self.amtool("silence", "update", "-d", "2h", "-c", "still", identity)
        updated = json.loads(self.amtool("-o", "json", "silence", "query"))
        self.assertEqual([(identity, "still")], [(silence["id"], silence["comment"]) for silence in updated])
        self.assertLess(listed[0]["endsAt"], updated[0]["endsAt"])
        self.amtool("silence", "expire", identity)
        self.assertEqual("", self.amtool("silence", "query", "-q").strip())
        self.assertEqual(identity, self.amtool("silence", "query", "-q", "--expired").strip())
        self.assertEqual(["Down"], self.names())
        # And over a restart.
        self.vigil.kill()
        self.vigil.start()
        self.assertEqual(identity, self.amtool("silence", "query", "-q", "--expired").strip())
        self.assertEqual(["Down"], self.names())

    def test_silences_are_exported_and_imported(self):
        for number in range(3):
            self.amtool("silence", "add", "-c", "x", "-a", "me", f"alertname=A{number}", "b=~c|d", "e!=f")
        exported = self.amtool("-o", "json", "silence", "query")
        for silence in json.loads(exported):
            self.amtool("silence", "expire", silence["id"])
        (self.directory / "silences.json").write_text(exported, encoding="utf-8")
        self.amtool("silence", "import", "--force", self.directory / "silences.json")
        again = json.loads(self.amtool("-o", "json", "silence", "query"))
        self.assertEqual(
            sorted(json.dumps(silence["matchers"]) for silence in json.loads(exported)),
            sorted(json.dumps(silence["matchers"]) for silence in again),
        )

    def test_wrong_silences_are_refused(self):
        self.amtool("silence", "add", "-c", "x", "alertname=~.*", code=1)
        self.amtool("silence", "expire", "00000000-0000-4000-8000-000000000000", code=1)

    def test_configuration_and_routes(self):
        shown = self.amtool("config", "show")
        self.assertIn("resolve_timeout: 5m", shown)
        self.assertNotIn("hidden", shown)
        self.assertNotIn(self.receiver.url, shown)
        self.assertIn("storage", self.amtool("config", "routes", "show"))
        for labels, receivers in (
            (["a=b"], ["team"]),
            (["severity=page"], ["pager"]),
            (["severity=page", "service=db", "team=search"], ["storage", "search"]),
            (["team=search"], ["search"]),
        ):
            self.assertEqual(",".join(receivers), self.amtool("config", "routes", "test", *labels).strip())
            # vigil's own says the same, of the server and of the file.
            for options in ([], ["--config", self.directory / "routes.yml"]):
                steps = self.vigil.ask("route", "test", *labels, *options)["data"]["routes"]
                self.assertEqual(receivers, [step["receiver"] for step in steps if step["outcome"] == "taken"])


class ConfigurationsAgree(unittest.TestCase):
    """What amtool finds wrong vigil finds wrong, and the other way round."""

    def test_agree(self):
        amtool = alertmanager_process.find("amtool")
        with tempfile.TemporaryDirectory(prefix="vigil-configs-") as directory:
            path = pathlib.Path(directory) / "routes.yml"
            for text, right in CONFIGS:
                path.write_text(text, encoding="utf-8")
                with self.subTest(config=text):
                    done = run_vigil("route", "show", "--config", path)
                    self.assertEqual(EXIT_OK if right else EXIT_REFUSED, done.code, done.err)
                    if not right:
                        self.assertRegex(done.err, rf"{path}:\d+:\d+: ")
                    if amtool is not None:
                        checked = subprocess.run([amtool, "check-config", path], capture_output=True, check=False)
                        self.assertEqual(right, checked.returncode == 0, checked.stdout)
        if amtool is None:
            self.skipTest("no amtool to compare with: apt knows no archive that has it")


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-routes-")))
        (self.directory / "routes.yml").write_text(ROUTES.replace("{url}", "http://127.0.0.1:1/"), encoding="utf-8")
        self.vigil = self.enterContext(Vigil("--alertmanager-config", self.directory / "routes.yml"))

    def test_silences(self):
        options = ("-d", "2h", "-a", "me", "-c", "why")
        identity = self.vigil.ask("silence", "add", "Down", "service=~db|web", *options)["data"]["silenceID"]
        listed = self.vigil.ask("silence", "list")["data"]["silences"]
        self.assertEqual([identity], [silence["id"] for silence in listed])
        self.assertEqual(['alertname="Down"', 'service=~"db|web"'], listed[0]["matchers"])
        self.assertEqual([], self.vigil.ask("silence", "list", "Up")["data"]["silences"])
        self.assertIn("me", self.vigil.run("silence", "list", "Down").out)
        tested = self.vigil.ask("route", "test", "alertname=Down", "service=web")
        self.assertEqual([identity], tested["data"]["silencedBy"])
        self.assertEqual(EXIT_OK, self.vigil.run("silence", "expire", identity).code)
        self.assertEqual([], self.vigil.ask("silence", "list")["data"]["silences"])
        listed = self.vigil.ask("silence", "list", "--expired")["data"]["silences"]
        self.assertEqual(["expired"], [silence["status"]["state"] for silence in listed])

    def test_wrong_silences_are_refused(self):
        for arguments, code in (
            (["add", "a=~.*", "-c", "x"], EXIT_REFUSED),
            (["add", "a=~(", "-c", "x"], EXIT_REFUSED),
            (["add", "a=b", "-c", "x", "--end", "-1h"], EXIT_REFUSED),
            (["add", "a=b", "-c", "x", "-d", "soon"], 2),
            (["add", "a=b"], 2),
            (["expire", "nobody"], EXIT_REFUSED),
        ):
            with self.subTest(arguments=arguments):
                done = self.vigil.run("silence", *arguments)
                self.assertEqual(code, done.code, done.err)
                self.assertTrue(done.err)

    def test_routes_say_why(self):
        done = self.vigil.run("route", "test", "severity=page", "service=web")
        self.assertEqual(EXIT_OK, done.code, done.err)
        self.assertIn("goes to pager\n", done.out)
        self.assertIn('service is "web"', done.out)
        self.assertIn("repeat_interval", self.vigil.run("route", "show").out)
        done = self.vigil.run("route", "test", "severity")
        self.assertEqual(2, done.code)


class PrometheusSends(unittest.TestCase):
    def test_its_alerts_are_told(self):
        program = prometheus_process.find()
        if program is None:
            self.skipTest("no Prometheus: apt knows no archive that has it")
        with WebhookReceiver() as receiver, tempfile.TemporaryDirectory(prefix="vigil-rules-") as directory:
            directory = pathlib.Path(directory)
            (directory / "routes.yml").write_text(ROUTES.replace("{url}", receiver.url), encoding="utf-8")
            (directory / "rules.yml").write_text(RULES.replace("severity: page", "severity: ticket"), encoding="utf-8")
            with Vigil("--alertmanager-config", directory / "routes.yml") as vigil:
                config = (
                    "global: {evaluation_interval: 1s, external_labels: {region: eu}}\n"
                    f"rule_files: [{directory}/rules.yml]\n"
                    f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{vigil.http_address}']}}]}}]}}\n"
                )
                with prometheus_process.Prometheus(program, config):
                    body = receiver.wait_for(1)[0]
                self.assertEqual("firing", body["status"])
                alert = body["alerts"][0]
                self.assertEqual(
                    {"alertname": "Always", "severity": "ticket", "service": "<web>", "region": "eu"}, alert["labels"]
                )
                self.assertEqual({"summary": "it is 1"}, alert["annotations"])
                self.assertIn("/graph?g0.expr=vector", alert["generatorURL"])
                status, text = vigil.http("/api/v2/alerts")
                self.assertEqual(200, status)
                self.assertEqual([alert["fingerprint"]], [shown["fingerprint"] for shown in json.loads(text)])
                figures = vigil.http("/metrics")[1]
                self.assertIn('alertmanager_alerts{state="active"} 1', figures)


class VigilSends(unittest.TestCase):
    def test_what_its_rules_fire_reaches_an_alertmanager(self):
        program = alertmanager_process.find("prometheus-alertmanager")
        if not alertmanager_process.usable(program):
            self.skipTest("no Alertmanager: apt knows no archive that has it, or it cannot be run here")
        outside = self.enterContext(
            alertmanager_process.Alertmanager(program, "route: {receiver: a}\nreceivers: [{name: a}]\n")
        )
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-forward-")))
        (directory / "rules.yml").write_text(RULES, encoding="utf-8")
        (directory / "vigil.yml").write_text(
            "global: {external_labels: {region: eu, replica: '1'}}\n"
            "rule_files: [rules.yml]\n"
            "alerting:\n"
            "  alert_relabel_configs: [{action: labeldrop, regex: replica}]\n"
            f"  alertmanagers: [{{static_configs: [{{targets: ['{outside.http_address}']}}]}}]\n",
            encoding="utf-8",
        )
        vigil = self.enterContext(Vigil("--config", directory / "vigil.yml"))

        def alerts():
            with urllib.request.urlopen(f"http://{outside.http_address}/api/v2/alerts") as answer:
                return json.load(answer)

        alert = wait_until(alerts, "the alert is there")[0]
        self.assertEqual(
            {"alertname": "Always", "severity": "page", "service": "<web>", "region": "eu"}, alert["labels"]
        )
        self.assertEqual({"summary": "it is 1"}, alert["annotations"])
        listed = json.loads(vigil.http("/api/v1/alertmanagers")[1])["data"]["activeAlertmanagers"]
        self.assertEqual([f"http://{outside.http_address}/api/v2/alerts"], [manager["url"] for manager in listed])


if __name__ == "__main__":
    unittest.main()
