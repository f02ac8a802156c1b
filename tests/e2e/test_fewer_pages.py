# SPDX-License-Identifier: Apache-2.0
"""Budgets and flap detection in the whole program: what a spent budget holds comes as one digest, over a kill too."""

import json
import pathlib
import shutil
import tempfile
import time
import unittest

from vigil_process import EXIT_OK, Vigil, WebhookReceiver, run_vigil, wait_until

LIMIT = 2
GROUPS = 5
PER_SECONDS = 6

ROUTES = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 500ms
  repeat_interval: 1h
  flap_detection: {{changes: 3, within: 1h, calm: 10m}}
  notification_budget: {{limit: {limit}, per: {per}s}}
  routes:
  - {{matchers: [severity=page], flap_detection: off, notification_budget: off}}
receivers:
- name: team
  webhook_configs: [{{url: '{url}'}}]
"""


class FewerPagesTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-fewer-pages-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.receiver = self.enterContext(WebhookReceiver())
        self.routes = self.folder / "routes.yml"
        self.routes.write_text(ROUTES.format(limit=LIMIT, per=PER_SECONDS, url=self.receiver.url))

    def test_what_is_held_comes_as_one_digest(self):
        rules = [{"alert": f"Held{number}", "expr": "vector(1)"} for number in range(GROUPS)]
        rules.append({"alert": "Always", "expr": "vector(1)", "labels": {"severity": "page"}})
        path = self.folder / "rules.yml"
        path.write_text(json.dumps({"groups": [{"name": "g", "interval": "200ms", "rules": rules}]}))
        vigil = Vigil("--rules", path, "--alertmanager-config", self.routes)
        self.addCleanup(vigil.close)
        vigil.start()
        wait_until(lambda: len(self.receiver.bodies) >= LIMIT + 1, "the budget is spent")
        held = wait_until(
            lambda: [alert for alert in self.explained(vigil) if "budget" in alert["verdict"]],
            "explain tells of the budget",
        )
        self.assertTrue(held)
        vigil.kill()
        vigil.start()
        wait_until(lambda: len(self.receiver.bodies) >= LIMIT + 2, "the digest comes")
        time.sleep(1.5)  # Some more ticks of the groups.
        bodies = self.receiver.bodies
        digests = [body for body in bodies if body["notification_reason"] == "digest"]
        singles = [body for body in bodies if body["notification_reason"] != "digest"]
        self.assertEqual(1, len(digests), bodies)
        self.assertEqual({}, digests[0]["groupLabels"])
        told = [alert["labels"]["alertname"] for body in bodies for alert in body["alerts"]]
        self.assertEqual(sorted([rule["alert"] for rule in rules]), sorted(set(told)))
        self.assertEqual(GROUPS - LIMIT, len(digests[0]["alerts"]))
        self.assertEqual(1, sum(body["groupLabels"] == {"alertname": "Always"} for body in singles))

    def explained(self, vigil):
        stories = vigil.ask("alerts", "explain", '{alertname=~"Held.*"}', "--all")["data"]["stories"]
        return [story for story in stories if not story["paged"]]

    def test_routes_tell_their_options(self):
        done = run_vigil("route", "show", "--config", self.routes, "-o", "json")
        self.assertEqual(EXIT_OK, done.code, done.err)
        root, child = json.loads(done.out)["data"]["routes"]
        self.assertEqual("3 within 1h, calm 10m", root["flap_detection"])
        self.assertEqual(f"{LIMIT} per {PER_SECONDS}s", root["notification_budget"])
        self.assertNotIn("flap_detection", child)
        self.assertNotIn("notification_budget", child)
        self.assertIn(f"{LIMIT} per {PER_SECONDS}s", run_vigil("route", "show", "--config", self.routes).out)


if __name__ == "__main__":
    unittest.main()
