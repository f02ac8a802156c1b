# SPDX-License-Identifier: Apache-2.0
"""The alert manager's live scripts in real time, with vigil and, where it is within reach, with Alertmanager: both send
what the scripts say."""

import concurrent.futures
import pathlib
import tempfile
import unittest

import alertmanager_process
import manager_script
from vigil_process import REPOSITORY, Vigil

SCRIPTS = REPOSITORY / "tests/alerting/manager/testdata/live"
# Each waits most of the time.
SCRIPTS_AT_ONCE = 4


class Scenarios(unittest.TestCase):
    maxDiff = None

    def play_all(self, serve):
        """Plays every script to what `serve(config, directory)` serves, several at a time."""
        scripts = sorted(SCRIPTS.glob("*.txt"))
        self.assertTrue(scripts)
        with concurrent.futures.ThreadPoolExecutor(SCRIPTS_AT_ONCE) as pool:
            outcomes = list(pool.map(lambda script: self.play(script, serve), scripts))
        for script, (expected, told) in zip(scripts, outcomes):
            with self.subTest(script=script.stem):
                self.assertEqual(expected, told)

    @staticmethod
    def play(script, serve):
        cases = manager_script.parse(script.read_text(encoding="utf-8"))
        receivers = {}
        try:
            config = manager_script.config_of(cases, receivers)
            with tempfile.TemporaryDirectory(prefix="vigil-script-") as directory:
                with serve(config, pathlib.Path(directory)) as server:
                    manager_script.Runner(server.http_address, cases).run()
            return manager_script.expected_of(cases), manager_script.told_of(receivers)
        finally:
            for receiver in receivers.values():
                receiver.close()

    def test_vigil_sends_what_the_scripts_say(self):
        def serve(config, directory):
            (directory / "routes.yml").write_text(config, encoding="utf-8")
            return Vigil("--alertmanager-config", directory / "routes.yml")

        self.play_all(serve)

    def test_alertmanager_sends_the_same(self):
        program = alertmanager_process.find("prometheus-alertmanager")
        if not alertmanager_process.usable(program):
            self.skipTest("no Alertmanager: apt knows no archive that has it, or it cannot be run here")
        self.play_all(lambda config, directory: alertmanager_process.Alertmanager(program, config))


if __name__ == "__main__":
    unittest.main()
