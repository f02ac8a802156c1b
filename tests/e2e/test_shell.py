#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What client commands do in a terminal: the interactive shell, watching, charts. Needs no Python package."""

import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from terminal import Terminal
from vigil_process import BINARY, DEADLINE_SECONDS, EXIT_NO_CONNECTION, EXIT_OK, EXIT_REFUSED, Vigil, run_vigil

PROMPT = r"vigil>$"
# Perhaps with a signature at the right edge.
GO_ON = r"  \.\.\.>( +\w+\([^()]*\))?$"

SERIES = """\
{"metric":{"__name__":"llm_requests_total","model":"claude-haiku","status":"ok"},"type":"counter","values":%s,"timestamps":%s}
{"metric":{"__name__":"llm_requests_total","model":"claude-opus","status":"error"},"type":"counter","values":%s,"timestamps":%s}
{"metric":{"__name__":"memory_bytes","host":"a"},"type":"gauge","values":%s,"timestamps":%s}
"""


def import_series(vigil, directory):
    """The last hour of three series, which stay as they are for some minutes to come."""
    now = int(time.time())
    times = [(now - 3600 + i * 15) * 1000 for i in range(276)]
    steps = [min(i, 240) for i in range(276)]
    counts = [i * 30 for i in steps]
    halves = [i * 15 for i in steps]
    memory = [1e9 + 1e6 * (i % 60) for i in steps]
    file = pathlib.Path(directory) / "series.jsonl"
    file.write_text(SERIES % (counts, times, halves, times, memory, times), encoding="utf-8")
    done = vigil.run("import", file)
    assert done.code == EXIT_OK, done.err


class TerminalTest(unittest.TestCase):
    """Everything against one server."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.vigil = cls.enterClassContext(Vigil())
        import_series(cls.vigil, cls.directory)

    def setUp(self):
        self.state = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def terminal(self, *arguments, env=None, **options):
        env = dict({"XDG_STATE_HOME": str(self.state), "HOME": str(self.state)}, **(env or {}))
        return self.enterContext(Terminal(self.vigil, *arguments, env=env, **options))

    def shell(self, *arguments, **options):
        shell = self.terminal("shell", *arguments, **options)
        shell.expect(PROMPT)
        return shell

    def ask(self, shell, line, prompt=PROMPT):
        """Types a line; returns what comes until the next prompt, without the line itself."""
        shell.type(line + "\r")
        return shell.expect(r"\n" + prompt)

    # The shell.

    def test_questions_are_answered(self):
        shell = self.shell()
        answer = self.ask(shell, "sum by (model) (llm_requests_total)")
        self.assertRegex(answer, r"model +value")
        self.assertRegex(answer, r"claude-haiku +7200")
        self.assertRegex(self.ask(shell, "1 + 1"), r"value\s+2\s")
        self.assertIn("no data at this time", self.ask(shell, "there_is_no_such_metric"))
        shell.type("\\q\r")
        self.assertEqual(EXIT_OK, shell.wait())

    def test_ctrl_d_leaves(self):
        shell = self.shell()
        shell.type("\x04")
        self.assertEqual(EXIT_OK, shell.wait())

    def test_errors_point_at_the_place(self):
        shell = self.shell()
        answer = self.ask(shell, "rate(memory_bytes)")
        self.assertIn("error: 1:6: parse error", answer)
        self.assertIn("  rate(memory_bytes)\n       ^\n", answer)
        self.assertRegex(self.ask(shell, "1 + 1"), r"\s2\s", "the session goes on")
        self.assertIn("there is no command \\bogus", self.ask(shell, "\\bogus"))

    def test_open_brackets_go_on_in_the_next_line(self):
        shell = self.shell()
        self.ask(shell, "sum(", GO_ON)
        self.ask(shell, "  llm_requests_total", GO_ON)
        self.assertRegex(self.ask(shell, ")"), r"value\s+10800")

    def test_an_empty_line_ends_an_open_bracket(self):
        shell = self.shell()
        self.ask(shell, "sum(", GO_ON)
        self.assertIn("parse error", self.ask(shell, ""))

    def test_ctrl_c_gives_up_the_line_and_not_the_session(self):
        shell = self.shell()
        self.ask(shell, "sum(", GO_ON)
        shell.type("nonsense")
        shell.expect("nonsense")
        shell.interrupt()
        shell.expect(r"\^C.*\n" + PROMPT)
        self.assertRegex(self.ask(shell, "1 + 1"), r"\s2\s")

    def test_tab_completes_metrics_labels_values_and_functions(self):
        shell = self.shell()
        shell.type("memo\t")
        shell.expect("memory_bytes")
        shell.interrupt()
        shell.expect(r"\n" + PROMPT)
        shell.type('count_v\t"x", llm_r\t{mod\tclaude-h\t})\r')
        answer = shell.expect(r"\n" + PROMPT)
        self.assertIn('count_values("x", llm_requests_total{model="claude-haiku"})', answer)
        self.assertRegex(answer, r"7200 +1")

    def test_tab_lists_what_there_is(self):
        shell = self.shell()
        shell.type('llm_requests_total{model="\t')
        shell.expect('model="claude-')
        shell.type("\t")
        listed = shell.expect(r"claude-opus\n")
        self.assertIn("claude-haiku", listed)
        shell.type('opus"}\r')
        self.assertRegex(shell.expect(r"\n" + PROMPT), r"claude-opus +error +3600")

    def test_labels_in_by(self):
        shell = self.shell()
        shell.type("sum by (st\t) (llm_requests_total)\r")
        self.assertRegex(shell.expect(r"\n" + PROMPT), r"status +value")

    def test_the_signature_of_a_function_is_shown(self):
        shell = self.shell()
        shell.type("histogram_quantile(")
        shell.expect(r"histogram_quantile\(scalar, instant vector\)")

    def test_history_outlives_the_session(self):
        shell = self.shell()
        self.ask(shell, "40 + 2")
        self.ask(shell, "sum(", GO_ON)
        self.ask(shell, "vector(7))")
        shell.type("\\q\r")
        shell.wait()
        kept = (self.state / "vigil/history").read_text(encoding="utf-8")
        self.assertEqual("40 + 2\nsum( vector(7))\n\\q\n", kept)
        shell = self.shell()
        shell.type("\x1b[A\x1b[A\x1b[A\r")
        self.assertRegex(shell.expect(r"\n" + PROMPT), r"value\s+42")

    def test_settings(self):
        shell = self.shell()
        self.assertIn("questions are about the last 1h", self.ask(shell, "\\range 1h"))
        self.assertIn("20m apart", self.ask(shell, "\\step 20m"))
        answer = self.ask(shell, "memory_bytes")
        self.assertEqual(4, len(re.findall(r"memory_bytes +a", answer)), answer)
        self.assertIn("as csv", self.ask(shell, "\\format csv"))
        self.assertIn("memory_bytes,a,", self.ask(shell, "memory_bytes"))
        self.assertIn("as table", self.ask(shell, "\\format table"))
        self.assertIn("are drawn", self.ask(shell, "\\plot on"))
        self.assertRegex(self.ask(shell, "memory_bytes"), "[\u2801-\u28ff]")
        self.assertIn("about now", self.ask(shell, "\\range off"))
        self.assertRegex(self.ask(shell, "\\plot memory_bytes"), "[\u2801-\u28ff]")
        self.assertIn("not a duration", self.ask(shell, "\\range tea"))
        self.assertIn("\\metrics", self.ask(shell, "\\help"))
        metrics = self.ask(shell, "\\metrics llm")
        self.assertIn("llm_requests_total", metrics)
        self.assertNotIn("memory_bytes", metrics)
        self.assertRegex(self.ask(shell, "\\labels memory_bytes"), r"label\s+host")

    def test_no_server(self):
        done = run_vigil("shell", env={"VIGIL_SERVER": "127.0.0.1:1"})
        self.assertEqual((EXIT_NO_CONNECTION, ""), (done.code, done.out))

    def test_questions_from_a_file(self):
        def shell(text):
            done = subprocess.run(
                [BINARY, "shell", "-o", "csv"], input=text, env=self.vigil.environment(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_SECONDS, check=False,
            )
            return done.returncode, done.stdout, done.stderr

        self.assertEqual((EXIT_OK, "value\n2\nvalue\n7\n", ""), shell("1 + 1\n3 +\n4"))
        code, out, err = shell("sum(x))\n1 + 1\n")
        self.assertEqual((EXIT_REFUSED, "value\n2\n"), (code, out))
        self.assertIn("parse error", err)

    # Tables and charts.

    def test_tables_fit_the_terminal(self):
        for width in (60, 100, 250):
            with self.subTest(width=width):
                table = self.terminal("query", "llm_requests_total", width=width)
                self.assertEqual(EXIT_OK, table.wait())
                self.assertTrue(table.output.startswith(b"\x1b[1mmetric"), "the header is bold")
                for line in table.text.splitlines():
                    self.assertLessEqual(len(line), width)

    def test_no_color(self):
        table = self.terminal("query", "llm_requests_total", env={"NO_COLOR": "1"})
        self.assertEqual(EXIT_OK, table.wait())
        self.assertNotIn(b"\x1b", table.output)

    def test_charts_fit_the_terminal(self):
        for width in (60, 100, 250):
            with self.subTest(width=width):
                chart = self.terminal("query", "llm_requests_total", "--last", "50m", "--plot", width=width)
                self.assertEqual(EXIT_OK, chart.wait())
                text = chart.text
                self.assertRegex(text, "[\u2801-\u28ff]")
                self.assertRegex(text, r"last +min +max")
                self.assertRegex(text, r"UTC +\d\d:\d\d")
                lines = text.splitlines()
                self.assertLess(len(lines), 40)
                self.assertGreater(max(map(len, lines)), width - 3)
                self.assertLessEqual(max(map(len, lines)), width)

    def test_charts_in_plain_characters(self):
        chart = self.terminal(
            "query", "llm_requests_total", "--last", "50m", "--plot",
            env={"LC_ALL": "C", "LANG": "C", "NO_COLOR": "1"},
        )
        self.assertEqual(EXIT_OK, chart.wait())
        self.assertTrue(chart.output.isascii())
        self.assertIn("*", chart.text)
        self.assertIn("+", chart.text)
        self.assertNotIn(b"\x1b", chart.output)

    def test_charts_have_units(self):
        chart = self.terminal("query", "memory_bytes", "--last", "50m", "--plot")
        chart.expect("GiB|MiB")
        self.assertEqual(EXIT_OK, chart.wait())
        chart = self.terminal("query", "memory_bytes", "--last", "50m", "--plot", "--unit", "none")
        chart.expect(r"\dG")
        self.assertEqual(EXIT_OK, chart.wait())


class WatchTest(unittest.TestCase):
    """`--watch`, over a restart of the server too."""

    def setUp(self):
        self.vigil = self.enterContext(Vigil())

    def watch(self, *arguments, **options):
        return self.enterContext(Terminal(self.vigil, *arguments, **options))

    def test_it_redraws_until_ctrl_c(self):
        watch = self.watch("query", "--watch", "0.2", "vector(41) + 1")
        for _ in range(3):
            watch.expect_output(r"every 200ms: vector\(41\) \+ 1 .*\n(.*\n)*.*42")
        watch.interrupt()
        self.assertEqual(EXIT_OK, watch.wait())
        self.assertIn(b"\x1b[3F", watch.output, "each frame goes over the one before")
        self.assertTrue(watch.output.endswith(b"\x1b[?25h"), "the cursor is back")

    def test_charts_and_lists(self):
        for command in (("query", "vector(3)", "--plot", "--last", "5m"), ("status",), ("alerts",), ("rules", "list")):
            with self.subTest(command=command):
                watch = self.watch(*command, "-w", "200ms", height=20)
                watch.expect_output("every 200ms")
                watch.expect_output("every 200ms")
                watch.interrupt()
                self.assertEqual(EXIT_OK, watch.wait())
                for frame in watch.text.split("every 200ms")[1:]:
                    self.assertLessEqual(frame.count("\n"), 20)

    def test_it_goes_on_over_a_restart(self):
        self.vigil.grpc_listen = self.vigil.grpc_address
        watch = self.watch("query", "--watch", "0.2", "vector(41) + 1")
        watch.expect("42")
        self.vigil.stop()
        text = watch.expect_output(r"no new answer since .*; trying again\r\n.*no vigil answers(.*\n)*.*42")
        self.assertIn("42", text, "the last answer stays")
        self.vigil.start()
        watch.expect_output(r"every 200ms.*\nvalue\r\n +42")
        watch.interrupt()
        self.assertEqual(EXIT_OK, watch.wait())

    def test_a_first_answer_that_fails_ends_it(self):
        self.assertEqual(EXIT_REFUSED, self.vigil.run("query", "--watch", "0.2", "sum(").code)
        done = run_vigil("query", "-w", "1s", "up", env={"VIGIL_SERVER": "127.0.0.1:1"})
        self.assertEqual(EXIT_NO_CONNECTION, done.code)

    def test_into_a_file_frames_follow_each_other(self):
        process = subprocess.Popen(
            [BINARY, "query", "--watch", "0.1", "1 + 1", "-o", "csv"],
            env=self.vigil.environment(), stdout=subprocess.PIPE, text=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(["value\n", "2\n", "value\n", "2\n"], [process.stdout.readline() for _ in range(4)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
