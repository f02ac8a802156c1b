# SPDX-License-Identifier: Apache-2.0
"""The alert manager's scripts (tests/alerting/manager/testdata/live), run in real time against anything that speaks
Alertmanager's API: what it sends must be what the script says, which the unit tests check on a virtual clock."""

import datetime
import json
import re
import time
import urllib.request

from vigil_process import DEADLINE_SECONDS, WebhookReceiver

FOREVER_SECONDS = 1000 * 3600
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
MATCHER = re.compile(r'^(\w+)(=~|!~|!=|=)"?(.*?)"?$')


class Case:
    """A command, its input, and what it is to put out."""

    def __init__(self, words, text, expected):
        self.command, *self.arguments = words
        self.text = text
        self.expected = expected

    def options(self):
        return dict(argument.split("=", 1) for argument in self.arguments if "=" in argument)


def parse(script):
    """The cases of a script."""
    cases = []
    lines = iter(script.splitlines())
    for line in lines:
        if not line or line.startswith("#"):
            continue
        words = line.split()
        text, expected = [], []
        for line in lines:
            if line == "----":
                break
            text.append(line)
        for line in lines:
            if not line:
                break
            expected.append(line)
        cases.append(Case(words, "\n".join(text), expected))
    return cases


def seconds(text):
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h)", text))


def instant(offset=0.0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def config_of(cases, receivers):
    """The script's configuration with the addresses of `receivers`, which is filled, by name."""

    def address(match):
        name = match.group(1)
        if name not in receivers:
            receivers[name] = WebhookReceiver()
        return receivers[name].url

    return re.sub(r"http://(\w+)/", address, next(case.text for case in cases if case.command == "config"))


def expected_of(cases):
    """What each receiver is to be sent for each group, in order: {(receiver, group): [text]}."""
    told = {}
    for case in cases:
        if case.command != "webhooks":
            continue
        for line in case.expected:
            name, status, reason, group, alerts = re.match(
                r"http://(\w+)/ #\d+ (\w+) \((.*?)\) (\{.*?\}) \[(.*)\] -> 200$", line
            ).groups()
            del reason
            told.setdefault((name, group), []).append(f"{status} [{alerts}]")
    return told


def told_of(receivers):
    """The same, as it was received."""
    told = {}
    for name, receiver in receivers.items():
        for body in receiver.bodies:
            told.setdefault((name, body["groupKey"]), []).append(f"{body['status']} [{_alerts(body)}]")
    return told


def _alerts(body):
    texts = []
    for alert in body["alerts"]:
        labels = dict(alert["labels"])
        text = labels.pop("alertname", "")
        text += "".join(f" {name}={value}" for name, value in sorted(labels.items()))
        texts.append(text + (" resolved" if alert["status"] == "resolved" else ""))
    if body["truncatedAlerts"]:
        texts.append(f"{body['truncatedAlerts']} more")
    return ", ".join(texts)


class Runner:
    """Plays the cases of a script to a server at `address`."""

    def __init__(self, address, cases):
        self._root = f"http://{address}/api/v2"
        self._cases = cases
        self._silences = []

    def run(self):
        begin = time.monotonic()
        elapsed = 0.0
        for case in self._cases:
            if case.command in ("alert", "resolve"):
                self._send(case)
            elif case.command == "silence":
                self._silence(case)
            elif case.command == "expire":
                number = int(case.arguments[0].removeprefix("s"))
                self._ask("DELETE", f"/silence/{self._silences[number - 1]}")
            elif case.command == "advance":
                elapsed += seconds(case.arguments[0])
                # The script's clock is the only one: what a command took does not add up.
                time.sleep(max(0.0, begin + elapsed - time.monotonic()))
            else:
                assert case.command in ("config", "webhooks"), case.command

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.read()

    def _send(self, case):
        options = case.options()
        alert = {"labels": {"alertname": options.pop("name")}}
        valid = options.pop("valid", None)
        started = options.pop("started", "")
        alert["labels"].update(options)
        if case.command == "resolve":
            alert["endsAt"] = instant()
        else:
            alert["startsAt"] = instant(-seconds(started))
            if valid != "none":
                alert["endsAt"] = instant(seconds(valid) if valid else FOREVER_SECONDS)
        self._ask("POST", "/alerts", [alert])

    def _silence(self, case):
        matchers, begin, lasts = [], 0.0, 0.0
        for argument in case.arguments:
            name, operator, value = MATCHER.match(argument).groups()
            if name == "for":
                lasts = seconds(value)
            elif name == "in":
                begin = seconds(value)
            else:
                matchers.append(
                    {"name": name, "value": value, "isRegex": "~" in operator, "isEqual": "!" not in operator}
                )
        silence = {"matchers": matchers, "startsAt": instant(begin), "endsAt": instant(begin + lasts)}
        answer = self._ask("POST", "/silences", silence | {"createdBy": "test", "comment": "script"})
        self._silences.append(json.loads(answer)["silenceID"])
