#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules beyond Prometheus as their users meet them: expanded, checked, loaded. Needs no Python package.

promtool, where there is one, must take what `vigil rules expand` prints; it is found as prometheus_process.py says.
"""

import pathlib
import subprocess
import tempfile
import unittest

import prometheus_process
from vigil_process import EXIT_OK, EXIT_REFUSED, REPOSITORY, Vigil, run_vigil, wait_until

EXAMPLES = sorted((REPOSITORY / "examples/rules").glob("*.yaml"))

RULES = """
groups:
  - name: g
    interval: 1s
    rules:
      - slo: {name: api, objective: 99, errors: 'sum(rate(e[$window]))', total: 'sum(rate(t[$window]))'}
      - alert: Level
        expr: vector(0.1)
        levels: {warning: 0.05, critical: 0.2}
"""


def without_comments(path):
    return [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]


class ExpandTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def expand(self, path):
        done = run_vigil("rules", "expand", path)
        self.assertEqual((EXIT_OK, ""), (done.code, done.err))
        return self.write("expanded.yaml", done.out)

    def test_what_is_expanded_is_plain(self):
        for example in EXAMPLES:
            with self.subTest(example.name):
                expanded = self.expand(example)
                done = run_vigil("rules", "check", expanded)
                self.assertEqual((EXIT_OK, ""), (done.code, done.err))
                self.assertNotIn("warning", done.out)
                # What plain rules cannot say stands in comments.
                self.assertEqual(without_comments(expanded), without_comments(self.expand(expanded)))

    def test_promtool_takes_it(self):
        promtool = prometheus_process.find("promtool")
        if promtool is None:
            self.skipTest("there is no promtool: neither fetched nor installed")
        for example in EXAMPLES:
            with self.subTest(example.name):
                done = subprocess.run(
                    [promtool, "check", "rules", self.expand(example)], capture_output=True, text=True, check=False
                )
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_what_is_wrong_is_refused(self):
        done = run_vigil("rules", "expand", self.write("bad.yaml", RULES.replace("objective: 99", "objective: 101")))
        self.assertEqual((EXIT_REFUSED, ""), (done.code, done.out))
        self.assertRegex(done.err, r'bad\.yaml:6:\d+: group "g", rule 1, slo: "objective" is a percentage')

    def test_what_can_never_be_true_is_a_warning(self):
        rules = RULES + '      - {alert: Never, expr: \'up{a="x",a="y"} == 2\'}\n'
        done = run_vigil("rules", "check", self.write("never.yaml", rules))
        self.assertEqual(EXIT_OK, done.code)
        self.assertRegex(done.out, r'never\.yaml:10: warning: group "g", "Never": .* matches nothing')

    def test_the_server_evaluates_them(self):
        with Vigil("--rules", self.write("rules.yaml", RULES)) as vigil:
            def severities():
                return [alert["labels"].get("severity") for alert in vigil.ask("alerts")["data"]["alerts"]]

            wait_until(severities, "an alert is there")
            self.assertEqual(["warning"], severities())
            rules = vigil.ask("rules", "list")["data"]["groups"][0]["rules"]
            self.assertIn("SloBurnRate", [rule["name"] for rule in rules])
            self.assertTrue(all(rule["health"] == "ok" for rule in rules), rules)


if __name__ == "__main__":
    unittest.main()
