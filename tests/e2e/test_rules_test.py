# SPDX-License-Identifier: Apache-2.0
"""`vigil rules test` and `vigil rules check` beside the newest promtool: the same files pass and fail, and the same is
said of alerts."""

import json
import pathlib
import random
import subprocess
import tempfile
import unittest
import urllib.request

import prometheus_process
import rule_unit_grammar
import rule_unit_tests
from vigil_process import BINARY, DEADLINE_SECONDS, REPOSITORY, Vigil

TESTDATA = REPOSITORY / "tests/alerting/replay/testdata"
RULE_SCRIPTS = [
    REPOSITORY / f"tests/alerting/rules/testdata/rule_{name}.txt" for name in ("file", "mistakes", "styles")
]
PACKS = REPOSITORY / "examples/rules/packs"
# promtool refuses a map that overrides what it merges in, here alone.
TAKEN_BY_VIGIL_ALONE = {"a-map-overrides-what-it-merges"}
# What functions say of arguments that they cannot take is worded otherwise.
OTHER_WORDS = {"errors-in-templates"}
# What a text file cannot hold well.
ODD_RULE_FILES = (
    b"\xef\xbb\xbfgroups: [{name: g}]",
    b"groups:\r\n- name: g\r\n  rules:\r\n  - record: a\r\n    expr: |\r\n      up\r\n",
    "groups: [{name: g}]".encode("utf-16"),
    b"groups: []\0",
    b"groups: [{name: \xff}]",
    b"groups: [{name: \xe9}]",
    b"groups: [{name: g}] # \x7f",
    b"",
    b"\n\n",
)
SCRIPTS = ("alerts", "groups", "histograms", "mistakes", "series", "templates")
RANDOM_FILES = 60
SEED = 11


class RulesTestTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-rules-"))

    def promtool(self):
        program = prometheus_process.find("promtool")
        if program is None:
            self.skipTest("there is no promtool: neither fetched nor installed")
        return program

    def run_both(self, program, files):
        rule_unit_tests.write_files(self.directory, files)
        return rule_unit_tests.promtool(program, self.directory), rule_unit_tests.vigil(self.directory)

    def test_cases_agree_with_promtool(self):
        program = self.promtool()
        count = 0
        for script in SCRIPTS:
            for name, files in rule_unit_tests.read_cases(TESTDATA / f"{script}.txt"):
                count += 1
                with self.subTest(script=script, case=name), tempfile.TemporaryDirectory() as self.directory:
                    left, right = self.run_both(program, files)
                    if name in TAKEN_BY_VIGIL_ALONE:
                        self.assertTrue(left.other and not right.other)
                        continue
                    if name in OTHER_WORDS:
                        left, right = left.without_template_errors(), right.without_template_errors()
                    found = rule_unit_tests.difference(left, right)
                    self.assertIsNone(found, f"{found}\n{left.text}\n{right.text}")
        self.assertGreaterEqual(count, 80)

    def test_random_files_agree_with_promtool(self):
        program = self.promtool()
        passed = 0
        for number in range(RANDOM_FILES):
            generator = rule_unit_grammar.Generator(random.Random(SEED * 1000 + number))
            rules, tests = generator.files()
            for _ in range(2):
                files = {"r.yml": json.dumps(rules), "t.yml": json.dumps(tests, indent=1)}
                with self.subTest(number=number):
                    left, right = self.run_both(program, files)
                    found = rule_unit_tests.difference(left, right)
                    self.assertIsNone(found, f"{found}\n{files['r.yml']}\n{files['t.yml']}\n{left.text}\n{right.text}")
                passed += left.ok
                generator.expect(tests, left.failures)
        # With what was there as what is expected, many pass.
        self.assertGreater(passed, RANDOM_FILES / 4)

    def accepts(self, path, *program):
        done = subprocess.run([*program, path], capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode == 0, done.stdout + done.stderr

    def test_rule_files_are_taken_and_refused_as_by_promtool(self):
        promtool = (self.promtool(), "check", "rules", "--lint=none")
        vigil = (BINARY, "rules", "check")
        path = f"{self.directory}/f.yml"
        taken = refused = 0
        files = [("", yaml) for yaml in ODD_RULE_FILES]
        for script in RULE_SCRIPTS:
            files += [(note, yaml.encode()) for note, yaml in rule_unit_tests.read_rule_files(script)]
        for note, yaml in files:
            with open(path, "wb") as file:
                file.write(yaml)
            left, right = self.accepts(path, *promtool), self.accepts(path, *vigil)
            with self.subTest(yaml=yaml.decode("utf-8", "replace")):
                self.assertEqual(left[0] != right[0], "promtool=" in note, f"{left[1]}\n{right[1]}")
            taken += right[0]
            refused += not right[0]
        self.assertGreater(taken, 100)
        self.assertGreater(refused, 100)

    @staticmethod
    def rules_of(address):
        """What a server says of its rules, by file."""
        with urllib.request.urlopen(f"http://{address}/api/v1/rules", timeout=DEADLINE_SECONDS) as answer:
            groups = json.load(answer)["data"]["groups"]
        kept = ("name", "query", "labels", "annotations", "duration", "keepFiringFor", "type")
        files = {}
        for group in groups:
            rules = [{key: rule.get(key) or None for key in kept} for rule in group["rules"]]
            name = pathlib.Path(group["file"]).name
            files.setdefault(name, []).append((group["name"], group["interval"], group["limit"], rules))
        return {name: sorted(groups, key=lambda group: group[0]) for name, groups in files.items()}

    def test_rule_files_are_read_as_prometheus_reads_them(self):
        program = prometheus_process.find()
        if program is None:
            self.skipTest("there is no Prometheus: neither fetched nor installed")
        directory = pathlib.Path(self.directory)
        files = [("", yaml) for yaml in ODD_RULE_FILES[:3]]
        files += [("", pack.read_bytes()) for pack in PACKS.glob("*.y*ml")]
        for script in RULE_SCRIPTS:
            files += [(note, yaml.encode()) for note, yaml in rule_unit_tests.read_rule_files(script)]
        (directory / "rules").mkdir()
        for number, (note, yaml) in enumerate(files):
            path = directory / f"rules/{number}.yml"
            path.write_bytes(yaml)
            if "promtool=" in note or not self.accepts(path, BINARY, "rules", "check")[0]:
                path.unlink()
        rules = f"{directory}/rules/*.yml"
        config = f"global: {{evaluation_interval: 1m}}\nrule_files: ['{rules}']\n"
        with prometheus_process.Prometheus(program, config) as prometheus, Vigil("--rules", rules) as vigil:
            left, right = self.rules_of(prometheus.http_address), self.rules_of(vigil.http_address)
        self.assertGreater(len(left), 100)
        for name in sorted({*left, *right}):
            with self.subTest(yaml=(directory / "rules" / name).read_text(encoding="utf-8", errors="replace")):
                self.assertEqual(left.get(name), right.get(name))

    def test_packs_are_taken_by_both(self):
        packs = sorted(PACKS.glob("*.y*ml"))
        self.assertGreaterEqual(len(packs), 60)
        done = subprocess.run([BINARY, "rules", "check", *packs], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        listed = (PACKS / "README.md").read_text(encoding="utf-8")
        for pack in packs:
            self.assertIn(f"({pack.name})", listed)
        program = self.promtool()
        done = subprocess.run([program, "check", "rules", *packs], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def run_vigil(self, *arguments):
        return subprocess.run(
            [BINARY, "rules", "test", *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def test_command_line(self):
        rule_unit_tests.write_files(
            self.directory,
            {
                "r.yml": "groups: [{name: g, rules: [{alert: A, expr: x > 1, annotations: {s: 'is {{ $value }}'}}]}]",
                "t.yml": """rule_files: [r.yml]
tests:
- name: good
  input_series: [{series: x, values: 1 2}]
  alert_rule_test: [{eval_time: 0, alertname: A}]
- name: bad
  input_series: [{series: x, values: 1 2}]
  alert_rule_test:
  - {eval_time: 1m, alertname: A, exp_alerts: [{exp_annotations: {s: is 3}}]}
""",
            },
        )
        done = self.run_vigil("t.yml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("t.yml: FAILED (1 of 2 tests)\n", done.stdout)
        self.assertIn('t.yml:9:5: test "bad", alert A at 1m\n', done.stdout)
        self.assertIn('exp: "is 3"\n', done.stdout)
        self.assertEqual(done.stderr, "")
        done = self.run_vigil("*.yml", "--run", "^go")
        self.assertEqual(done.returncode, 1, "r.yml holds no tests")
        done = self.run_vigil("t.yml", "--run", "^go", "--run", "nosuch", "--junit", "out.xml")
        self.assertEqual((done.returncode, done.stdout), (0, "t.yml: SUCCESS (1 test)\n"))
        with open(f"{self.directory}/out.xml", encoding="utf-8") as report:
            self.assertIn('<testcase name="good"', report.read())
        for arguments in (("nosuch.yml",), (), ("t.yml", "--run", "("), ("t.yml", "--bogus"), ("t.yml", "-o", "csv")):
            self.assertEqual(self.run_vigil(*arguments).returncode, 2, arguments)


if __name__ == "__main__":
    unittest.main()
