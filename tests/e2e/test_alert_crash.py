# SPDX-License-Identifier: Apache-2.0
"""However often the process dies, no alert is lost or begins anew, and nobody is told twice what is not marked as the same.

In each round more alerts begin to fire, and the process is killed a moment later: while their groups wait, or while
notifications are on their way to a receiver that is slow, answers 500 or hangs up. VIGIL_KILLS says how often.
"""

import collections
import datetime
import http.server
import json
import os
import pathlib
import random
import shutil
import tempfile
import threading
import time
import unittest

from vigil_process import Vigil, wait_until

KILLS = int(os.environ.get("VIGIL_KILLS", 10))
ALERTS_PER_GROUP = 3
# The group waits fall into the first part of a life, deliveries into the rest.
LONGEST_LIFE_SECONDS = 1.2
SLOWEST_ANSWER_SECONDS = 0.3

ROUTES = """
route: {{receiver: team, group_by: [alertname], group_wait: 300ms, group_interval: 1s, repeat_interval: 10h}}
receivers:
- name: team
  webhook_configs: [{{url: '{url}', timeout: 5s}}]
"""


class FickleReceiver:
    """Takes notifications slowly, refuses some and hangs up on others. Knows what it took, by the idempotency key."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.good = False  # From now on all is well.
        self._lock = threading.Lock()
        self.taken = []  # (key, group, status, alerts)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                data = self.rfile.read(length)
                if len(data) < length:
                    return  # The sender died.
                with owner._lock:
                    mood = 1.0 if owner.good else owner.random.random()
                    delay = 0 if owner.good else owner.random.uniform(0, SLOWEST_ANSWER_SECONDS)
                time.sleep(delay)
                if mood < 0.15:
                    self.close_connection = True
                    return
                if mood >= 0.3:
                    body = json.loads(data)
                    alerts = sorted(alert["labels"]["n"] for alert in body["alerts"])
                    with owner._lock:
                        owner.taken.append(
                            (self.headers["X-Vigil-Notification-Id"], body["groupKey"], body["status"], alerts))
                self.send_response(200 if mood >= 0.3 else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # Senders that die are what this is about.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/"

    def all_taken(self):
        with self._lock:
            return list(self.taken)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class AlertCrashTest(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("VIGIL_TEST_SEED", random.SystemRandom().randrange(10**6)))
        print(f"seed {self.seed} (VIGIL_TEST_SEED)", flush=True)
        self.random = random.Random(self.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-alert-crash-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.receiver = FickleReceiver(self.seed)
        self.addCleanup(self.receiver.close)
        (self.folder / "routes.yml").write_text(ROUTES.format(url=self.receiver.url))
        self.vigil = Vigil("--rules", self.folder / "rules.yml", "--alertmanager-config",
                           self.folder / "routes.yml")
        self.addCleanup(self.vigil.close)

    def write_rules(self, rounds):
        groups = [
            {
                "name": f"round{number}",
                "interval": "200ms",
                "rules": [
                    {"alert": f"Round{number}", "expr": "vector(1)", "labels": {"n": str(n)}}
                    for n in range(ALERTS_PER_GROUP)
                ],
            }
            for number in range(rounds)
        ]
        (self.folder / "rules.yml").write_text(json.dumps({"groups": groups}))

    def test_kills(self):
        for number in range(KILLS):
            self.write_rules(number + 1)
            self.vigil.start()
            # Not a wait for something: the moment of the kill is the test.
            time.sleep(self.random.uniform(0, LONGEST_LIFE_SECONDS))
            self.vigil.kill()
        self.receiver.good = True
        self.write_rules(KILLS)
        self.vigil.start()
        expected = {f'{{}}:{{alertname="Round{number}"}}' for number in range(KILLS)}

        def told():
            # The last word about a group names all of its alerts.
            last = {group: alerts for _, group, _, alerts in self.receiver.all_taken()}
            return {group for group, alerts in last.items() if len(alerts) == ALERTS_PER_GROUP} == expected

        wait_until(told, lambda: f"every group is told: {self.receiver.all_taken()}")
        # Nothing new comes once all is told, over some ticks of the groups. What was taken by the receiver in the moment
        # of a kill may come once more under its key.
        before = {key for key, *_ in self.receiver.all_taken()}
        time.sleep(2.5)
        taken = self.receiver.all_taken()
        self.assertEqual(before, {key for key, *_ in taken}, "told again, though nothing is new")
        keys = collections.defaultdict(set)
        for key, group, status, alerts in taken:
            keys[(group, status, tuple(alerts))].add(key)
        twice = {what: ids for what, ids in keys.items() if len(ids) > 1}
        self.assertEqual({}, twice, "the same was told under several keys")
        repeated = len(taken) - len({key for key, *_ in taken})
        print(f"{KILLS} kills, {len(keys)} notifications, {repeated} deliveries more, all marked as repetitions")


class RuleCrashTest(unittest.TestCase):
    """The rules' half: what is pending keeps its age over kills, what fires goes on firing since then."""

    KILLS_OF_EACH = max(3, KILLS // 5)
    FOR_SECONDS = 3 * KILLS_OF_EACH  # Lives of up to two seconds each leave some.
    # The process writes down once a second that it is alive; time that it was away is no age.
    PRECISION_SECONDS = 1

    def setUp(self):
        seed = int(os.environ.get("VIGIL_TEST_SEED", random.SystemRandom().randrange(10**6)))
        print(f"seed {seed} (VIGIL_TEST_SEED)", flush=True)
        self.random = random.Random(seed)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-rule-crash-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        rules = [
            {"alert": f"Held{number}", "expr": "vector(1)", "for": f"{self.FOR_SECONDS}s"}
            for number in range(ALERTS_PER_GROUP)
        ]
        (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "interval": "200ms", "rules": rules}]}))
        (folder / "vigil.json").write_text(
            json.dumps({"rule_files": [str(folder / "rules.yml")], "rules": {"for_grace_period": "0s"}})
        )
        self.vigil = Vigil("--config", folder / "vigil.json")
        self.addCleanup(self.vigil.close)

    def since(self, state, field):
        """Since when all alerts, which began together, are in that state."""

        def known():
            alerts = self.vigil.ask("alerts")["data"]["alerts"]
            return alerts if [alert["state"] for alert in alerts] == [state] * ALERTS_PER_GROUP else None

        alerts = wait_until(known, lambda: f"all are {state}: {self.vigil.ask('alerts')}")
        (moment,) = {alert[field] for alert in alerts}
        return datetime.datetime.fromisoformat(moment).timestamp()

    def kill(self):
        """How long the process was away at most."""
        killed = time.time()
        self.vigil.kill()
        self.vigil.start()
        return time.time() - killed

    def test_age_is_kept(self):
        self.vigil.start()
        active = self.since("pending", "activeAt")
        for _ in range(self.KILLS_OF_EACH):
            time.sleep(self.random.uniform(0, 2))
            away = self.kill()
            moved = self.since("pending", "activeAt") - active
            self.assertLess(-0.001, moved)
            self.assertLess(moved, away + self.PRECISION_SECONDS + 0.5)
            active += moved
        fired = self.since("firing", "firedAt")
        self.assertGreaterEqual(fired - active, self.FOR_SECONDS)
        self.assertLess(fired - active, self.FOR_SECONDS + 2)
        for _ in range(self.KILLS_OF_EACH):
            time.sleep(self.random.uniform(0, 1))
            self.kill()
            self.assertEqual(fired, self.since("firing", "firedAt"))


if __name__ == "__main__":
    unittest.main()
