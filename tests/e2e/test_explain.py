# SPDX-License-Identifier: Apache-2.0
"""`vigil alerts explain` and `vigil alerts noise`: one alert that pages and others that do not, each of which must say
what holds it back."""

import json
import pathlib
import shutil
import tempfile
import unittest
import urllib.request

from vigil_process import EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Vigil, WebhookReceiver, run_vigil, wait_until

RULES = """
groups:
- name: g
  interval: 200ms
  rules:
  - {alert: Pages, expr: vector(7) > 5, labels: {severity: page}}
  - {alert: Silenced, expr: vector(1)}
  - {alert: Waits, expr: vector(1), for: 1h}
  - {alert: Inhibited, expr: vector(1), labels: {severity: warning}}
  - {alert: Fails, expr: vector(1), labels: {to: bad}}
  - {alert: Refused, expr: vector(1), labels: {to: gone}}
  - {alert: Quiet, expr: vector(3) > 5}
  - {alert: NoData, expr: missing_metric > 5}
  - {alert: Nowhere, expr: vector(1), labels: {to: nowhere}}
"""

ROUTES = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 500ms
  routes:
  - {{receiver: bad, matchers: [to=bad]}}
  - {{receiver: gone, matchers: [to=gone], group_interval: 1h}}
  - {{receiver: nowhere, matchers: [to=nowhere]}}
receivers:
- name: team
  webhook_configs: [{{url: '{team}'}}]
- name: bad
  webhook_configs: [{{url: '{bad}'}}]
- name: gone
  webhook_configs: [{{url: '{gone}'}}]
- name: nowhere
inhibit_rules:
- {{source_matchers: [severity=page], target_matchers: [severity=warning]}}
"""


class ExplainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-explain-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.team = cls.enterClassContext(WebhookReceiver())
        bad = cls.enterClassContext(WebhookReceiver(status=500))
        gone = cls.enterClassContext(WebhookReceiver(status=404))
        rules = cls.folder / "rules.yml"
        rules.write_text("groups: []\n")
        routes = cls.folder / "routes.yml"
        routes.write_text(ROUTES.format(team=cls.team.url, bad=bad.url, gone=gone.url))
        cls.vigil = cls.enterClassContext(Vigil("--rules", rules, "--alertmanager-config", routes))
        # The silence is there before what it silences.
        done = cls.vigil.run("silence", "add", "alertname=Silenced", "-d", "1h", "-c", "new model", "--author", "alice")
        assert done.code == EXIT_OK, done.err
        cls.silence = done.out.strip()
        rules.write_text(RULES)
        assert cls.vigil.http("/-/reload", method="POST")[0] == 200

    def story(self, alert, *options):
        return self.vigil.ask("alerts", "explain", alert, *options)["data"]["stories"][0]

    def verdict(self, alert, *expected, paged=False):
        """Waits until the verdict has all of the texts; returns the story."""
        last = {}

        def found():
            last.update(self.story(alert))
            right = last["paged"] == paged and all(text in last["verdict"] for text in expected)
            return dict(last) if right else None

        return wait_until(found, lambda: f"{expected} of {alert}: {json.dumps(last, indent=1)}")

    def test_one_that_pages(self):
        story = self.verdict("Pages", "team (webhook) at ", "repeats at", paged=True)
        steps = {step["step"]: step["text"] for step in story["steps"]}
        self.assertEqual("firing", story["state"])
        self.assertIn("vector(7) > 5", steps["rule"])
        self.assertIn("value 7, threshold > 5", steps["read"])
        self.assertIn("first notification", steps["notify"])
        self.assertIn("status 200", steps["delivered"])
        kinds = [step["step"] for step in story["steps"]]
        in_order = [kind for kind in kinds if kind in ("rule", "firing", "route", "notify", "delivered")]
        self.assertEqual(["rule", "firing", "route", "notify", "delivered"], in_order)
        # By selector and by fingerprint, too; and as people read it.
        self.assertTrue(self.story('Pages{severity="page"}')["paged"])
        self.assertTrue(self.story(story["fingerprint"])["paged"])
        text = self.vigil.run("alerts", "explain", "Pages").out
        self.assertTrue(text.splitlines()[-1].startswith("PAGED: team (webhook) at "), text)

    def test_one_that_is_silenced(self):
        story = self.verdict("Silenced", f"silenced by {self.silence} (alice: \"new model\", until ")

        def held():
            return [step["text"] for step in self.story("Silenced")["steps"] if step["step"] == "held"]

        self.assertEqual("firing", story["state"])
        texts = wait_until(held, "a flush holds it back")
        self.assertEqual(1, len(texts), texts)
        self.assertIn(f"not told to team: silenced by {self.silence}", texts[0])

    def test_one_that_is_pending(self):
        story = self.verdict("Waits", "pending: it fires in 59m")
        self.assertEqual("pending", story["state"])

    def test_one_that_is_inhibited(self):
        self.verdict("Inhibited", 'inhibited by Pages{severity="page"}, which fires')

    def test_receivers_that_fail(self):
        self.verdict("Fails", "to bad (webhook) has not arrived: ", "status code 500", "next")
        self.verdict("Refused", "to gone (webhook) was given up at ", "404", "see vigil alerts undelivered")

    def test_nothing_to_tell_and_nobody_to_tell_it_to(self):
        self.verdict("Quiet", "the condition does not hold: value 3, threshold > 5")
        self.verdict("NoData", "there are no data")
        self.verdict("Nowhere", "its receiver nowhere has no channel, so nobody is told")
        self.verdict("Lost", "there is no rule and no alert for Lost")
        self.assertEqual(EXIT_REFUSED, self.vigil.run("alerts", "explain", "{}").code)
        self.assertEqual(EXIT_USAGE, self.vigil.run("alerts", "explain", "Pages", "--at", "soon").code)

    def test_one_from_outside(self):
        alerts = json.dumps([{"labels": {"alertname": "Outside", "host": "a"}}]).encode()
        request = urllib.request.Request(
            f"http://{self.vigil.http_address}/api/v2/alerts", data=alerts, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(200, answer.status)
        story = self.verdict("Outside", "team (webhook) at ", paged=True)
        self.assertEqual("received", story["steps"][0]["step"])

    def test_what_was_the_case_before_anything_was(self):
        self.verdict("Pages", paged=True)
        story = self.story("Pages", "--at", "-1h")
        self.assertFalse(story["paged"], story)

    def test_others_that_match_are_named(self):
        self.verdict("Pages", paged=True)
        answer = self.vigil.ask("alerts", "explain", '{severity=~"page|warning"}')["data"]
        names = [one["labels"]["alertname"] for one in answer["stories"] + answer["others"]]
        self.assertEqual(["Inhibited", "Pages"], sorted(names))
        self.assertEqual(1, len(answer["stories"]))
        self.assertEqual(2, len(self.vigil.ask("alerts", "explain", '{severity=~"page|warning"}', "--all")["data"]["stories"]))

    def test_noise(self):
        self.verdict("Pages", paged=True)
        self.verdict("Fails", "has not arrived")

        def rules():
            noise = self.vigil.ask("alerts", "noise", "--since", "1h")["data"]
            found = {rule["rule"]: rule for rule in noise["rules"]}
            found["total"] = noise["total"]
            enough = found.get("Silenced", {}).get("silenced") and found.get("Inhibited", {}).get("inhibited")
            return found if enough and found.get("Fails", {}).get("failedAttempts") else None

        found = wait_until(rules, "the trail tells of all")
        self.assertEqual((1, 1), (found["Pages"]["fired"], found["Pages"]["notifications"]))
        self.assertEqual((1, 0), (found["Silenced"]["silenced"], found["Silenced"]["notifications"]))
        self.assertEqual((1, 0), (found["Inhibited"]["inhibited"], found["Inhibited"]["notifications"]))
        self.assertNotIn("Waits", found)
        self.assertGreaterEqual(found["total"]["notifications"], 3)
        text = self.vigil.run("alerts", "noise", "--since", "1h").out
        self.assertTrue(text.splitlines()[-1].startswith("in all: "), text)
        self.assertTrue(run_vigil("alerts", "noise", "--help").out)


if __name__ == "__main__":
    unittest.main()
