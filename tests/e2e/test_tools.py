#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's tools on the built program: snapshot, restore, export, import, delete, doctor, cardinality."""

import gzip
import json
import pathlib
import random
import shutil
import tempfile
import time
import unittest

from vigil_process import EXIT_NO_CONNECTION, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from vigil_process import Vigil, run_vigil

NOW_MS = int(time.time() * 1000)
HISTOGRAM = {
    "schema": 2,
    "reset_hint": "not_reset",
    "zero_threshold": 1e-128,
    "zero_count": 1,
    "count": 7,
    "sum": 12.5,
    "positive_spans": [[-1, 2], [3, 1]],
    "positive_counts": [1, 2, 3],
    "negative_spans": [],
    "negative_counts": [],
    "custom_bounds": [],
}


def line_of(name, job, values, start_ms=NOW_MS - 3_600_000, step_ms=15_000, **more):
    """A line of JSON as `vigil export` writes it."""
    times = [start_ms + i * step_ms for i in range(len(values))]
    return {"metric": {"__name__": name, "job": job}, **more, "values": values, "timestamps": times}


def write_lines(path, lines):
    opened = gzip.open(path, "wt") if str(path).endswith(".gz") else open(path, "w", encoding="utf-8")
    with opened as file:
        for line in lines:
            file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")


def read_lines(text):
    return [json.loads(line) for line in text.splitlines()]


class ToolsTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.vigil = self.enterContext(Vigil())

    def run_ok(self, *arguments):
        done = self.vigil.run(*arguments)
        self.assertEqual(EXIT_OK, done.code, done.err)
        return done

    def import_lines(self, lines, name="in.jsonl"):
        write_lines(self.directory / name, lines)
        return self.vigil.run("import", self.directory / name)

    def export(self, *arguments):
        return self.run_ok("export", *arguments).out

    def test_what_goes_out_comes_in_again(self):
        values = [1, 0.1, -0.0, 1e300, "NaN", "StaleNaN", "+Inf", "-Inf", "NaN:7ff8000000000007"]
        lines = [
            line_of("plain", "a", values, type="gauge"),
            line_of("requests_total", "a", [1, 2, 3], type="counter", help='It\'s "so".'),
            {
                "metric": {"__name__": "took", "job": "a"},
                "type": "histogram",
                "histograms": [HISTOGRAM, {**HISTOGRAM, "sum": "StaleNaN"}],
                "histogram_timestamps": [NOW_MS - 2000, NOW_MS - 1000],
            },
        ]
        done = self.import_lines(lines, "in.jsonl.gz")
        self.assertEqual(EXIT_OK, done.code, done.err)
        self.assertEqual(["in.jsonl.gz"], [path.name for path in self.directory.iterdir()])
        first = self.export()
        self.assertEqual(json.dumps(lines), json.dumps(read_lines(first)))
        self.run_ok("import", self.directory / "in.jsonl.gz")  # Changes nothing.
        self.assertEqual(first, self.export())

        # Into another, by both formats, from memory and from blocks.
        self.vigil.stop()
        self.vigil.start()
        self.assertEqual(first, self.export())
        with Vigil() as other:
            write_lines(self.directory / "out.jsonl", first.splitlines())
            self.assertEqual(EXIT_OK, other.run("import", self.directory / "out.jsonl").code)
            self.assertEqual(first, other.run("export").out)
        done = self.vigil.run("export", "--file", self.directory / "out.om.gz")
        self.assertIn("2 native histograms", done.err)
        with Vigil() as other:
            done = other.run("import", self.directory / "out.om.gz")
            self.assertEqual(EXIT_OK, done.code, done.err)
            self.assertEqual(json.dumps(lines[:2]), json.dumps(read_lines(other.run("export").out)))

    def test_export_takes_selectors_and_times(self):
        start_ms = NOW_MS - 3_600_000
        lines = [line_of("m", job, list(range(10)), start_ms, 60_000) for job in ("a", "b", "c")]
        self.assertEqual(EXIT_OK, self.import_lines(lines).code)
        from_s, to_s = (start_ms + 120_000) / 1000, (start_ms + 240_000) / 1000
        rows = read_lines(self.export('m{job="a"}', 'm{job=~"a|b"}', "--from", from_s, "--to", to_s))
        self.assertEqual(["a", "b"], [row["metric"]["job"] for row in rows])
        self.assertEqual([[2, 3, 4]] * 2, [row["values"] for row in rows])
        self.assertEqual("", self.export("nothing"))
        self.assertEqual(EXIT_USAGE, self.vigil.run("export", "--from", "then").code)
        self.assertEqual(EXIT_REFUSED, self.vigil.run("export", "{").code)

    def test_bad_lines_are_told_and_the_rest_is_stored(self):
        done = self.import_lines([
            line_of("good", "a", [1]),
            "{not json",
            {"metric": {"job": "nameless"}, "values": [1], "timestamps": [NOW_MS]},
            {"metric": {"__name__": "old"}, "values": [1], "timestamps": [1000]},
            line_of("good", "b", [2]),
        ])
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertRegex(done.err, r"in\.jsonl:2:\d+: ")
        self.assertRegex(done.err, r"in\.jsonl:3:1: refused 1 sample: .*name")
        self.assertRegex(done.err, r"in\.jsonl:4:1: refused 1 sample: .*older")
        self.assertEqual(2, len(read_lines(self.export())))
        (self.directory / "cut.om").write_text(f"a 1 {NOW_MS // 1000}\nb x 1\n")
        done = self.vigil.run("import", self.directory / "cut.om")
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertIn('cut.om:2:3: "x" is no value', done.err)
        self.assertIn("# EOF", done.err)
        self.assertEqual(1, self.vigil.value("a"))

    def test_interrupted_import_goes_on(self):
        count, samples = 3000, 40
        lines = [line_of("m", f"job{i}", [i] * samples) for i in range(count)]
        path = self.directory / "in.jsonl"
        write_lines(path, lines)
        progress = self.directory / "in.jsonl.vigil-import"
        done = run_vigil("import", path, env=dict(self.vigil.environment(), VIGIL_SERVER="127.0.0.1:1"))
        self.assertEqual(EXIT_NO_CONNECTION, done.code)
        # As an interrupted run leaves it: everything up to line 2000 is stored.
        half = self.directory / "half.jsonl"
        write_lines(half, lines[:2000])
        self.run_ok("import", half)
        offset = half.stat().st_size
        stat = path.stat()
        destination = f"{self.vigil.grpc_address} "
        seconds, nanos = divmod(stat.st_mtime_ns, 10**9)
        state = {
            "import": f"{stat.st_size} {seconds}.{nanos:09} {destination}",
            "offset": offset,
            "lines": 2000,
            "samples": 2000 * samples,
        }
        progress.write_text(json.dumps(state))
        done = self.run_ok("import", path)
        self.assertIn("going on at line 2001", done.err)
        self.assertIn(f"imported {count * samples} samples", done.err)
        self.assertFalse(progress.exists())
        self.assertEqual(count, self.vigil.value(f"count(last_over_time(m[2h]))"))

    def test_snapshot_is_a_data_directory(self):
        self.import_lines([line_of("m", "a", [1, 2, 3])])
        snapshot = self.directory / "snapshot"
        done = self.run_ok("snapshot", snapshot)
        self.assertIn(str(snapshot), done.out)
        self.import_lines([line_of("later", "a", [1])], "later.jsonl")
        expected = self.export("m")
        self.assertEqual(EXIT_REFUSED, self.vigil.run("snapshot", snapshot).code)
        self.assertEqual(EXIT_REFUSED, self.vigil.run("snapshot", self.vigil.data_dir / "inside").code)
        self.assertEqual(EXIT_REFUSED, self.vigil.run("snapshot", self.directory / "no" / "where").code)

        restored = self.directory / "restored"
        done = run_vigil("restore", snapshot, restored)
        self.assertEqual(EXIT_OK, done.code, done.err)
        self.assertEqual(EXIT_REFUSED, run_vigil("restore", snapshot, restored).code)
        self.assertEqual(EXIT_OK, run_vigil("restore", snapshot, restored, "--overwrite").code)
        for directory in (snapshot, restored):
            with Vigil(data_dir=directory) as copy:
                self.assertEqual(expected, copy.run("export").out)
        # Not while somebody uses it.
        done = run_vigil("restore", snapshot, self.vigil.data_dir, "--overwrite")
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertIn(f"process {self.vigil.pid}", done.err)

    def test_deleted_samples_stay_away(self):
        lines = [line_of("m", job, list(range(10))) for job in ("a", "b")]
        self.import_lines(lines)
        self.vigil.stop()
        self.vigil.start()
        self.import_lines([line_of("n", job, [1, 2]) for job in ("a", "b")], "more.jsonl")
        done = self.run_ok("delete", '{job="a"}')
        self.assertEqual("deleted 12 samples of 2 series\n", done.out)
        rest = self.export()
        self.assertEqual({"b"}, {row["metric"]["job"] for row in read_lines(rest)})
        self.assertEqual([], self.vigil.ask("series", '{job="a"}')["data"])
        self.vigil.kill()
        self.vigil.start()
        self.assertEqual(rest, self.export())
        self.assertEqual([], self.vigil.ask("series", '{job="a"}')["data"])
        until = (NOW_MS - 3_600_000 + 15_000 * 4) / 1000
        self.assertEqual({"series": 1, "samples": 5}, self.vigil.ask("delete", "m", "--to", until)["data"])
        self.assertEqual([5, 6, 7, 8, 9], read_lines(self.export("m"))[0]["values"])
        for selector in ("{}", '{job=~".*"}', ""):
            self.assertEqual(EXIT_REFUSED, self.vigil.run("delete", selector).code, selector)

    def test_doctor_finds_and_repairs(self):
        self.import_lines([line_of("m", f"job{i}", list(range(200))) for i in range(50)])
        self.assertEqual(EXIT_REFUSED, run_vigil("doctor", self.vigil.data_dir).code)  # In use.
        self.vigil.stop()
        done = run_vigil("doctor", self.vigil.data_dir)
        self.assertEqual(EXIT_OK, done.code, done.out + done.err)
        self.assertIn("no damage found", done.out)
        # Tables, which a snapshot writes.
        self.vigil.start()
        expected = read_lines(self.export())
        self.run_ok("snapshot", self.directory / "snapshot")
        self.vigil.kill()
        seed = 20261129
        chance = random.Random(seed)
        tables = sorted(self.vigil.data_dir.glob("*.sst"))
        self.assertTrue(tables)
        table = chance.choice(tables)
        copy = table.with_suffix(".copy")  # The snapshot shares the file.
        shutil.copy(table, copy)
        copy.rename(table)
        with open(table, "r+b") as file:
            file.seek(chance.randrange(table.stat().st_size // 2))
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 0xFF]))
        done = run_vigil("doctor", self.vigil.data_dir)
        self.assertEqual(EXIT_REFUSED, done.code, f"seed {seed}: {done.out}{done.err}")
        self.assertIn(table.name, done.out)
        done = run_vigil("doctor", "--repair", self.vigil.data_dir)
        self.assertEqual(EXIT_REFUSED, done.code)
        self.assertIn("repaired", done.out, f"seed {seed}: {done.out}{done.err}")
        self.assertEqual(EXIT_OK, run_vigil("doctor", self.vigil.data_dir).code)
        self.vigil.start()
        for row in read_lines(self.export()):
            self.assertIn(row, expected)
        # The snapshot is whole, and comes back.
        self.vigil.stop()
        done = run_vigil("restore", self.directory / "snapshot", self.vigil.data_dir, "--overwrite")
        self.assertEqual(EXIT_OK, done.code, done.err)
        self.vigil.start()
        self.assertEqual(expected, read_lines(self.export()))
        shutil.rmtree(f"{self.vigil.data_dir}.damaged")

    def test_cardinality_counts_series(self):
        day_ms = 86_400_000
        lines = [line_of("wide", f"job{i}", [1], NOW_MS - 1000) for i in range(5)]
        lines += [line_of("narrow", "job0", [1], start_ms=NOW_MS - back) for back in (1000, day_ms)]
        self.import_lines(lines)
        data = self.vigil.ask("cardinality")["data"]
        self.assertEqual((6, 5), (data["series"], data["growth"]))
        self.assertEqual(
            [{"name": "wide", "series": 5, "growth": 5}, {"name": "narrow", "series": 1, "growth": 0}],
            data["metrics"],
        )
        self.assertEqual([{"name": "job", "values": 5, "series": 6, "growth": 5}], data["labels"])
        self.assertEqual(
            {"name": "job", "value": "job0", "series": 2, "growth": 1}, data["labelValues"][0]
        )
        table = self.run_ok("cardinality", "wide", "--limit", "1").out
        self.assertTrue(table.startswith("5 series today, +5 since yesterday\n"), table)


if __name__ == "__main__":
    unittest.main()
