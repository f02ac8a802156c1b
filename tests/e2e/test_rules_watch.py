# SPDX-License-Identifier: Apache-2.0
"""Rule files that are changed under a running server are taken, or refused as a whole."""

import json
import pathlib
import tempfile
import unittest

from vigil_process import Vigil, wait_until

RULES = "groups: [{{name: g, interval: 1s, rules: [{}]}}]"


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-watch-")))
        (self.directory / "rules").mkdir()
        self.write("a.yml", "{record: a, expr: vector(1)}")

    def write(self, name, *rules):
        path = self.directory / "rules" / name
        new = path.with_suffix(".new")
        new.write_text(RULES.format(", ".join(rules)), encoding="utf-8")
        new.rename(path)

    def start(self, config="{}"):
        path = self.directory / "vigil.yaml"
        path.write_text(config, encoding="utf-8")
        return self.enterContext(Vigil("--config", str(path), "--rules", str(self.directory / "rules/*.yml")))

    @staticmethod
    def rule_names(vigil):
        status, body = vigil.http("/api/v1/rules")[:2]
        assert status == 200, body
        return sorted(rule["name"] for group in json.loads(body)["data"]["groups"] for rule in group["rules"])

    @staticmethod
    def refusals(vigil):
        return vigil.logged("rule files have changed and are refused, the old rules go on")

    def test_changes_are_taken_and_bad_files_refused(self):
        vigil = self.start()
        self.assertEqual(self.rule_names(vigil), ["a"])
        self.write("a.yml", "{record: a, expr: vector(1)}", "{alert: B, expr: a > 0}")
        wait_until(lambda: self.rule_names(vigil) == ["B", "a"], "the changed file is taken")
        self.write("c.yml", "{record: c, expr: vector(2)}")
        wait_until(lambda: self.rule_names(vigil) == ["B", "a", "c"], "the new file is taken")
        # One bad file refuses all, and is told once.
        self.write("a.yml", "{record: x, expr: vector(1)}")
        self.write("c.yml", "{record: c, expr: 'vector('}")
        wait_until(lambda: self.refusals(vigil), "the bad file is told")
        self.assertIn("c.yml:1:", json.dumps(self.refusals(vigil)[0]))
        self.write("unwatched.txt", "{}")
        wait_until(lambda: vigil.query("a"), "the old rules go on")
        self.assertEqual(self.rule_names(vigil), ["B", "a", "c"])
        self.assertEqual(len(self.refusals(vigil)), 1)
        (self.directory / "rules/c.yml").unlink()
        wait_until(lambda: self.rule_names(vigil) == ["x"], "what is good again is taken")
        self.assertEqual(len(self.refusals(vigil)), 1)

    def test_it_can_be_switched_off(self):
        vigil = self.start("rules: {watch: false}")
        self.write("a.yml", "{record: b, expr: vector(1)}")
        wait_until(lambda: (vigil.value("count_over_time(a[1m])") or 0) > 4, "some seconds have passed")
        self.assertEqual(self.rule_names(vigil), ["a"])
        self.assertEqual(vigil.http("/-/reload", method="POST")[0], 200)
        self.assertEqual(self.rule_names(vigil), ["b"])


if __name__ == "__main__":
    unittest.main()
