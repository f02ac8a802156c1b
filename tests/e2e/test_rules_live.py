# SPDX-License-Identifier: Apache-2.0
"""The same rules over the same samples in vigil and in a real Prometheus, live: the same alerts at the same times.

VIGIL_RULE_SECONDS=3600 runs it for an hour. Both are restarted on the way, vigil by a kill.
"""

import json
import os
import pathlib
import random
import tempfile
import threading
import time
import unittest

import promql_answers
import prometheus_process
import remote_write
from promql_answers import Question
from vigil_process import Vigil

SECONDS = int(os.environ.get("VIGIL_RULE_SECONDS", "60"))
SEED = int(os.environ.get("VIGIL_TEST_SEED", "7"))
RESTART_EVERY_SECONDS = 300
TENANTS = 6
# Rules are evaluated once a second, each server at its own moment within it; an alert that begins with a sample is
# seen within a second by both, and writing takes a moment.
LATE_SECONDS = 2.5
# Evaluations between which an alert has gone on: a second apart, or two where one was missed.
EVALUATIONS_APART_SECONDS = 2.5
# A rule with a `query_offset` writes what belongs to a moment this much later.
QUERY_OFFSET_SECONDS = 3
# What is missing of a rule's samples while a server is away begins before it went, and ends when no window of a rule has
# what was sent meanwhile.
BLIND_BEFORE_SECONDS = LATE_SECONDS + QUERY_OFFSET_SECONDS
BLIND_SECONDS = 22
# Slots of the first evaluations differ.
FIRST_SECONDS = 12

# Thresholds are none that rates of whole numbers can be: where they are met exactly, rounding decides, and that depends on
# the moment within the second at which a server evaluates.
RULES = """
groups:
- name: immediate
  interval: 1s
  rules:
  - {alert: Level, expr: level > 5, labels: {severity: page}, annotations: {summary: "{{ $value }}"}}
  - {alert: LevelWarn, expr: level > 3, for: 3s, labels: {severity: "{{ if gt $value 4.0 }}high{{ else }}low{{ end }}"}}
  - {alert: LevelKept, expr: level > 5, keep_firing_for: 6s}
  - {alert: LevelKeptLater, expr: level > 4, for: 4s, keep_firing_for: 5s}
  - {alert: Gone, expr: 'absent(level{tenant="t0"})', for: 2s}
  - {alert: NoneSuch, expr: 'absent(no_such_metric{a="b"})'}
- name: chained
  interval: 1s
  rules:
  - {record: "tenant:level:max", expr: max by (tenant) (level)}
  - {record: "all:level:sum", expr: sum(level), labels: {origin: rule}}
  - {alert: Recorded, expr: "tenant:level:max > 6", for: 2s}
  - {alert: Sum, expr: 'all:level:sum{origin="rule"} > 20'}
  - {alert: OnAlerts, expr: 'count by (alertname) (ALERTS{alertname="Recorded", alertstate="firing"}) > 1'}
- name: counters
  interval: 1s
  rules:
  - {alert: Rate, expr: "rate(work_total[10s]) > 3.2", for: 3s}
  - {alert: Increase, expr: "sum by (tenant) (increase(work_total[20s])) > 41"}
  - {alert: Changes, expr: "changes(level[15s]) > 4"}
  - {alert: NearMean, expr: "abs(level - on () group_left () avg(level)) < 0.5", for: 1s}
- name: looking_back
  interval: 1s
  query_offset: QUERY_OFFSET
  rules:
  - {alert: Offset, expr: level > 5}
""".replace("QUERY_OFFSET", f"{QUERY_OFFSET_SECONDS}s")


class Feed(threading.Thread):
    """Writes the same samples to all servers, one round a second; waits for those that are away."""

    def __init__(self, addresses):
        super().__init__(daemon=True)
        self.addresses = addresses  # A function, since they change with restarts.
        self.random = random.Random(SEED)
        self.levels = {f"t{i}": 0 for i in range(TENANTS)}
        self.until = dict.fromkeys(self.levels, 0)
        self.work = dict.fromkeys(self.levels, 0)
        self.stopping = threading.Event()
        self.failures = 0

    def round(self, now):
        body = b""
        for tenant, level in self.levels.items():
            if now >= self.until[tenant]:
                level = self.levels[tenant] = self.random.choice((None, 1, 2, 3.5, 4.5, 6, 8))
                # Steady for some seconds, so that both see each level.
                self.until[tenant] = now + self.random.choice((4, 6, 9, 14))
            self.work[tenant] += 0 if level is None else int(level)
            labels = {"job": "feed", "tenant": tenant}
            samples = [(int(now * 1000), remote_write.Stale if level is None else float(level))]
            body += remote_write.series({"__name__": "level", **labels}, samples)
            body += remote_write.series(
                {"__name__": "work_total", **labels}, [(int(now * 1000), float(self.work[tenant]))]
            )
        return remote_write.snappy(body)

    def run(self):
        while not self.stopping.wait(1 - time.time() % 1):
            body = self.round(int(time.time()))
            for address in self.addresses():
                if address is None:  # It is starting again.
                    self.failures += 1
                    continue
                try:
                    server = promql_answers.Server(address)
                    status, _ = server.post("/api/v1/write", body, remote_write.HEADERS)
                    server.close()
                    self.failures += status != 204
                except OSError:
                    self.failures += 1


def spans(address, start, end):
    """{labels: [(from, to) ...]} of the samples of ALERTS, in seconds: series that a restart has left without an end
    would seem to go on for minutes."""
    found = {}
    # A window at a time, since a query has a limited number of samples.
    for begin in range(int(start), int(end) + 1, 5000):
        server = promql_answers.Server(address)
        until = min(int(end), begin + 4999)
        answer = server.ask(Question(f"ALERTS[{until - begin + 1}s]", until * 1000))
        server.close()
        for row in answer["data"]["result"]:
            labels = tuple(sorted(row["metric"].items()))
            for moment, _ in row["values"]:
                runs = found.setdefault(labels, [])
                if runs and moment - runs[-1][1] <= EVALUATIONS_APART_SECONDS:
                    runs[-1][1] = moment
                else:
                    runs.append([moment, moment])
    return found


@unittest.skipUnless(prometheus_process.find(), "no Prometheus is to be had")
class RulesLiveTest(unittest.TestCase):
    def test_alerts_are_the_same_at_every_evaluation(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="vigil-rules-")))
        rules = directory / "rules.yaml"
        rules.write_text(RULES, encoding="ascii")
        config = directory / "vigil.yaml"
        config.write_text(
            json.dumps({"rule_files": [str(rules)], "rules": {"for_grace_period": "0s"}}), encoding="ascii"
        )
        vigil = self.enterContext(Vigil("--config", str(config)))
        prometheus = self.enterContext(
            prometheus_process.Prometheus(
                prometheus_process.find(),
                f"rule_files: ['{rules}']\n",
                flags=("--rules.alert.for-grace-period=0s",),
            )
        )
        feed = Feed(lambda: (vigil.http_address, prometheus.http_address))
        start = time.time()
        blind = [(start - LATE_SECONDS, start + FIRST_SECONDS)]
        feed.start()
        while time.time() < start + SECONDS:
            time.sleep(min(RESTART_EVERY_SECONDS, SECONDS / 2))
            if time.time() < start + SECONDS - BLIND_SECONDS:
                down = time.time()
                vigil.kill()
                vigil.start()
                prometheus.restart()
                blind.append((down - BLIND_BEFORE_SECONDS, time.time() + BLIND_SECONDS))
        end = time.time()
        time.sleep(QUERY_OFFSET_SECONDS + LATE_SECONDS)  # Until everything before the end is written.
        feed.stopping.set()
        feed.join()
        until = end + LATE_SECONDS
        self.compare(
            spans(vigil.http_address, start, until), spans(prometheus.http_address, start, until), blind, end
        )

    def compare(self, ours, theirs, blind, end):
        def seen(moment):
            return moment < end and all(not begin <= moment <= until for begin, until in blind)

        compared, differences = 0, []
        for labels in sorted(set(ours) | set(theirs)):
            left = [edge for span in ours.get(labels, ()) for edge in span]
            right = [edge for span in theirs.get(labels, ()) for edge in span]
            for mine, other, name in ((left, right, "Prometheus"), (right, left, "vigil")):
                for edge in filter(seen, mine):
                    nearest = min((abs(edge - one) for one in other), default=None)
                    compared += 1
                    if nearest is None or nearest > LATE_SECONDS:
                        around = [[one for one in side if abs(one - edge) < 60] for side in (left, right)]
                        differences.append(
                            f"{dict(labels)}: a change at {edge} that {name} does not have; within a minute of it "
                            f"vigil {around[0]}, Prometheus {around[1]}, not compared {blind}"
                        )
        self.assertEqual(differences, [])
        self.assertGreater(compared, SECONDS / 2, "too little happened")


if __name__ == "__main__":
    unittest.main()
