# SPDX-License-Identifier: Apache-2.0
"""The same data and the same random queries to a real Prometheus and to vigil: the answers are the same.

As a test it asks a fixed set of questions. By hand, for as long as one likes:

    tests/e2e/test_promql_differential.py --queries 100000 --seed 7

A question that is answered differently is made smaller as long as the answers still differ, and shown with both.
"""

import argparse
import contextlib
import json
import random
import sys
import time
import unittest

import promql_answers
import promql_data
import promql_grammar
import prometheus_process
import remote_write
from promql_answers import Question
from remote_write import Histogram
from vigil_process import Vigil

TEST_SEEDS = (1, 2, 3)
TEST_QUERIES = 1200  # Of each seed.
TEST_SECONDS = 70  # For all of them, beyond which the rest is left out: the machine may be busy.
BROKEN_SHARE = 0.08
SMALLER_TRIES = 400
SHOWN_CHARACTERS = 1500
# From here on Prometheus has the metrics and the language that the grammar knows.
OLDEST_WITH_HISTOGRAMS = (3, 0)
# From here on it adds histograms whose custom bounds differ.
OLDEST_WITH_RECONCILED_BOUNDS = (3, 8)


class Peers:
    """Both servers with the data of a seed."""

    def __init__(self, prometheus_address, vigil_address, version, delayed=False):
        self.prometheus = promql_answers.Server(prometheus_address)
        self.vigil = promql_answers.Server(vigil_address)
        self.histograms = version >= OLDEST_WITH_HISTOGRAMS
        self.many_bounds = version >= OLDEST_WITH_RECONCILED_BOUNDS
        self.begins_below_zero = False
        self.delayed = delayed

    def load(self, seed):
        self.begins_below_zero = self._begins_below_zero()  # First, as its samples are older.
        for body in promql_data.requests(seed, self.histograms, self.many_bounds):
            for server in (self.prometheus, self.vigil):
                status, text = server.post("/api/v1/write", body, remote_write.HEADERS)
                if status // 100 != 2:
                    raise AssertionError(f"a write was refused with {status}: {text.decode()}")

    def _begins_below_zero(self):
        """Whether this Prometheus lets a native histogram begin below zero when it extrapolates."""
        if not self.histograms:
            return False
        begin_ms = promql_data.BEGINS_MS
        samples = [(begin_ms + i * 15_000, Histogram(positive={1: count})) for i, count in enumerate((1, 10, 20))]
        body = remote_write.snappy(remote_write.series({"__name__": "begins"}, samples))
        self.prometheus.post("/api/v1/write", body, remote_write.HEADERS)
        answer = self.prometheus.ask(Question("histogram_count(increase(begins[45s]))", begin_ms + 30_000))
        return float(answer["data"]["result"][0]["value"][1]) > 20

    def missing(self):
        """What this Prometheus does not know, or not rightly."""

        def answer(query):
            return self.prometheus.ask(Question(query, promql_data.START_MS))

        missing = [
            name for name, query in promql_grammar.OPTIONAL.items() if answer(query)["status"] != "success"
        ]
        missing += [
            name
            for name, (query, today) in promql_grammar.CORRECTED.items()
            if name not in missing and answer(query)["data"]["result"][0]["value"][1] != today
        ]
        return missing

    def differ(self, question):
        """(what differs or None, Prometheus's answer, vigil's)"""
        left, right = self.prometheus.ask(question), self.vigil.ask(question)
        # Texts and positions of notes are those of Prometheus 3.
        found = promql_answers.difference(question, left, right, annotations=self.histograms, delayed=self.delayed)
        return found, left, right


def random_question(rng, generator):
    """(expression, question)"""
    instant = rng.random() < 0.5
    expression = generator.query(instant)
    if rng.random() < BROKEN_SHARE:
        expression = promql_grammar.Broken.of(expression, rng)
    start_ms = promql_data.START_MS + rng.randrange(-60, promql_data.LENGTH_MS // 1000 + 300) * 1000
    if rng.random() < 0.5:
        start_ms = start_ms // 60_000 * 60_000
    if rng.random() < 0.2:
        start_ms += rng.randrange(1000)
    if instant:
        return expression, Question(str(expression), start_ms)
    step_ms = rng.choice((1000, 15_000, 30_000, 60_000, 61_500))
    return expression, Question(str(expression), start_ms, start_ms + rng.randrange(12) * step_ms, step_ms)


def smaller_questions(expression, question):
    """(expression, question), each with something left out."""
    for less in expression.smaller():
        yield less, Question(str(less), question.start_ms, question.end_ms, question.step_ms)
    if question.step_ms and question.end_ms > question.start_ms:
        for start_ms in range(question.start_ms, question.end_ms + 1, question.step_ms):
            yield expression, Question(question.text, start_ms, start_ms, question.step_ms)
        yield expression, Question(question.text, question.start_ms)


def minimise(peers, expression, question, found):
    """The smallest question of which a difference of the same kind is known."""
    tries = SMALLER_TRIES
    progress = True
    while progress and tries > 0:
        progress = False
        for less, smaller in smaller_questions(expression, question):
            tries -= 1
            if tries <= 0:
                break
            if peers.differ(smaller)[0] == found:
                expression, question, progress = less, smaller, True
                break
    return question


def shown(answer):
    text = json.dumps(answer, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} ..."


def report(peers, seed, number, small, question, found):
    left, right = promql_answers.only_differing(*peers.differ(small)[1:])
    return (
        f"seed {seed}, query {number}: {found}\n  {small}\n  out of {question}\n"
        f"  Prometheus: {shown(left)}\n  vigil:      {shown(right)}"
    )


class Counts:
    asked = 0
    errors = 0
    empty = 0

    def add(self, answer):
        self.asked += 1
        if answer["status"] != "success":
            self.errors += 1
        elif not answer["data"]["result"]:
            self.empty += 1

    def __str__(self):
        return f"{self.asked} queries, {self.errors} of them errors, {self.empty} empty"


def compare(peers, seed, queries, deadline=None, first=0, most_reports=10):
    """(reports of differences, counts)"""
    missing = peers.missing()
    reports, counts = [], Counts()
    for number in range(first, queries):
        if deadline and time.monotonic() > deadline:
            break
        # Of each number its own, so that one query can be repeated alone.
        rng = random.Random(f"{seed}/{number}")
        expression, question = random_question(rng, promql_grammar.Generator(rng, missing))
        found, left, _ = peers.differ(question)
        counts.add(left)
        if not found:
            continue
        small = minimise(peers, expression, question, found)
        text = report(peers, seed, number, small, question, found)
        if peers.begins_below_zero and promql_grammar.BEGINS_AT_ZERO.search(str(small)):
            continue
        print(f"{text}\n", flush=True)
        reports.append(text)
        if len(reports) >= most_reports:
            break
    return reports, counts


def vigil_options(directory, delayed):
    config = directory / "vigil.yaml"
    text = f"storage:\n  retention: {{metrics: 0s}}\nserver:\n  delayed_name_removal: {str(delayed).lower()}\n"
    config.write_text(text, encoding="utf-8")
    return ["--config", str(config)]


def run_seed(program, seed, queries, deadline=None, delayed=False, **options):
    version = prometheus_process.version_of(program)
    features = ["promql-delayed-name-removal"] if delayed else []
    with contextlib.ExitStack() as stack:
        prometheus = stack.enter_context(prometheus_process.Prometheus(program, features=features))
        directory = stack.enter_context(prometheus_process.temporary_directory())
        with Vigil(*vigil_options(directory, delayed)) as vigil:
            if vigil.http("/api/v1/query?query=1")[0] == 404:
                raise unittest.SkipTest("this vigil does not speak Prometheus's HTTP API")
            peers = Peers(prometheus.http_address, vigil.http_address, version, delayed)
            peers.load(seed)
            return compare(peers, seed, queries, deadline, **options)


class DifferentialTest(unittest.TestCase):
    def test_random_queries_are_answered_as_prometheus_answers_them(self):
        program = prometheus_process.find()
        if program is None:
            self.skipTest("there is no Prometheus: neither fetched nor installed")
        deadline = time.monotonic() + TEST_SECONDS
        for seed in TEST_SEEDS:
            # One of them where names are dropped at the end.
            reports, counts = run_seed(program, seed, TEST_QUERIES, deadline, delayed=seed == TEST_SEEDS[-1])
            print(f"seed {seed}: {counts}", file=sys.stderr)
            self.assertEqual(reports, [], "\n\n".join(reports))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, required=True, help="how many to ask")
    parser.add_argument("--seed", type=int, default=1, help="of the data and the queries")
    parser.add_argument("--first", type=int, default=0, help="the number of the first query")
    parser.add_argument("--delayed", action="store_true", help="with names dropped at the end of queries")
    parser.add_argument("--reports", type=int, default=10, help="end after so many differences")
    options = parser.parse_args()
    program = prometheus_process.find()
    if program is None:
        parser.error("there is no Prometheus: neither fetched nor installed")
    reports, counts = run_seed(
        program,
        options.seed,
        options.queries,
        delayed=options.delayed,
        first=options.first,
        most_reports=options.reports,
    )
    print(f"seed {options.seed}: {counts}, {len(reports)} differences")
    return 1 if reports else 0


if __name__ == "__main__":
    if "--queries" in sys.argv:
        sys.exit(main())
    unittest.main()
