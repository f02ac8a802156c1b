# SPDX-License-Identifier: Apache-2.0
"""Random files of rules and their unit tests. All is made of JSON, which is YAML."""

import json

METRICS = ("m0", "m1", "m2")
GROUPINGS = ("i", "j")
DURATIONS = ("0s", "30s", "1m", "90s", "2m", "3m", "5m", "1h")
TEMPLATES = (
    "{{ $value }}",
    "{{ $labels.i }} of {{ $labels.j }}",
    "{{ $value | humanize }}",
    "{{ $value | humanizePercentage }} {{ humanizeDuration $value }}",
    "{{ if gt $value 3.0 }}high{{ else }}low{{ end }}",
    '{{ printf "%.2f" $value }}',
    '{{ with query "sum(m0)" }}{{ . | first | value }}{{ else }}nothing{{ end }}',
    '{{ range query "m1" | sortByLabel "i" }}{{ .Labels.i }}={{ .Value }};{{ end }}',
    "{{ range $k, $v := $labels }}{{ $k }}:{{ $v }} {{ end }}",
    '{{ reReplaceAll "(.)" "<$1>" $labels.i | toUpper }}',
    "{{ $externalLabels.cluster }}{{ $externalURL }}",
    "{{ $labels.nosuch }}",
    "plain",
)


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self.recorded = []

    def chance(self, probability):
        return self.rng.random() < probability

    def selector(self):
        names = [*METRICS, *self.recorded]
        label = self.rng.choice(("", "", '{i="a"}', '{i=~"a|b"}', '{j!="x"}'))
        return self.rng.choice(names) + label

    def vector(self, depth=0):
        kind = self.rng.randrange(9 if depth < 2 else 3)
        if kind < 2:
            return self.selector()
        window = self.rng.choice(("2m", "3m", "5m"))
        if kind == 2:
            return f"{self.rng.choice(('rate', 'increase', 'avg_over_time', 'max_over_time', 'changes', 'last_over_time'))}({self.selector()}[{window}])"
        if kind == 3:
            by = self.rng.choice(("", " by (i)", " by (j)", " without (i)"))
            return f"{self.rng.choice(('sum', 'max', 'min', 'count', 'avg'))}{by} ({self.vector(depth + 1)})"
        if kind == 4:
            return f"absent({self.selector()})"
        if kind == 5:
            return f"({self.vector(depth + 1)} {self.rng.choice(('or', 'unless', 'and'))} {self.vector(depth + 1)})"
        if kind == 6:
            return f"({self.vector(depth + 1)} {self.rng.choice('+-*')} {self.rng.randrange(1, 5)})"
        if kind == 7:
            return f"{self.rng.choice(('avg', 'max', 'sum'))}_over_time(({self.vector(depth + 1)})[{window}:])"
        return f"{self.selector()} offset {window}"

    def condition(self):
        return f"{self.vector()} {self.rng.choice(('>', '<', '==', '!=', '>='))} {self.rng.randrange(6)}"

    def texts(self, names):
        return {name: self.rng.choice(TEMPLATES) for name in names if self.chance(0.6)}

    def rule(self, number):
        if self.chance(0.4):
            name = f"r:{number}"
            rule = {"record": name, "expr": self.vector()}
            if self.chance(0.4):
                rule["labels"] = {"k": self.rng.choice(("a", "b", ""))}
            self.recorded.append(name)
            return rule
        rule = {"alert": f"A{self.rng.randrange(number + 1)}", "expr": self.condition()}
        if self.chance(0.7):
            rule["for"] = self.rng.choice(DURATIONS)
        if self.chance(0.4):
            rule["keep_firing_for"] = self.rng.choice(DURATIONS)
        rule["labels"] = self.texts(("severity", "j"))
        rule["annotations"] = self.texts(("summary", "description"))
        return rule

    def rules(self):
        groups = []
        number = 0
        for index in range(self.rng.randrange(1, 4)):
            group = {"name": f"g{index}", "rules": []}
            if self.chance(0.2):
                group["labels"] = {"team": "t", "severity": "none"}
            if self.chance(0.1):
                group["limit"] = self.rng.randrange(1, 6)
            if self.chance(0.1):
                group["query_offset"] = self.rng.choice(("30s", "1m"))
            for _ in range(self.rng.randrange(1, 5)):
                group["rules"].append(self.rule(number))
                number += 1
            groups.append(group)
        return {"groups": groups}

    def values(self):
        pieces = []
        for _ in range(self.rng.randrange(1, 6)):
            first, step, times = self.rng.randrange(8), self.rng.randrange(1, 4), self.rng.randrange(1, 9)
            pieces.append(self.rng.choice((f"{first}x{times}", f"{first}+{step}x{times}", f"{first}", "_", f"_x{times}", "stale")))
        return " ".join(pieces)

    def test(self, rules):
        series = [
            {"series": f'{name}{{i="{i}",j="{j}"}}', "values": self.values()}
            for name in METRICS
            for i in "abc"
            for j in "xy"
            if self.chance(0.35)
        ]
        names = sorted({rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule})
        test = {"name": f"random {self.rng.randrange(1000)}", "input_series": series}
        if self.chance(0.5):
            test["interval"] = self.rng.choice(("30s", "1m", "2m"))
        if self.chance(0.5):
            test["external_labels"] = {"cluster": "c"}
            test["external_url"] = "http://prometheus/"
        test["alert_rule_test"] = [
            {"eval_time": f"{self.rng.randrange(20)}m{self.rng.choice((0, 30))}s", "alertname": self.rng.choice(names)}
            for _ in range(6 if names else 0)
        ]
        test["promql_expr_test"] = [
            {"eval_time": f"{self.rng.randrange(20)}m", "expr": self.rng.choice((self.vector(), "ALERTS", "ALERTS_FOR_STATE"))}
            for _ in range(4)
        ]
        return test

    def files(self):
        """(rules, tests) as objects; nothing is expected yet."""
        rules = self.rules()
        tests = {"rule_files": ["r.yml"], "group_eval_order": [group["name"] for group in rules["groups"]]}
        if self.chance(0.5):
            tests["evaluation_interval"] = self.rng.choice(("30s", "1m", "90s"))
        tests["tests"] = [self.test(rules) for _ in range(self.rng.randrange(1, 3))]
        return rules, tests

    def expect(self, tests, failures):
        """Puts in what was there instead, at times something else."""
        for test in tests["tests"]:
            for case in test["alert_rule_test"]:
                for failure in failures:
                    if (failure.kind, failure.subject, failure.time) == ("alerts", case["alertname"], canonical(case["eval_time"])):
                        case["exp_alerts"] = [self.expected_alert(*alert) for alert in failure.got]
            for case in test["promql_expr_test"]:
                for failure in failures:
                    if failure.got is not None and (failure.kind, failure.subject, failure.time) == (
                        "expr",
                        case["expr"],
                        canonical(case["eval_time"]),
                    ):
                        case["exp_samples"] = [self.expected_sample(*sample) for sample in failure.got]

    def expected_alert(self, labels, annotations):
        labels, annotations = dict(labels), dict(annotations)
        labels.pop("alertname")
        if self.chance(0.1):
            labels["severity"] = "wrong"
        if annotations and self.chance(0.1):
            annotations.popitem()
        return {"exp_labels": labels, "exp_annotations": annotations}

    def expected_sample(self, labels, value):
        written = ", ".join(f"{json.dumps(name)}={json.dumps(text)}" for name, text in labels)
        return {"labels": f"{{{written}}}", "value": float(value) + (1 if self.chance(0.1) else 0)}


def canonical(duration):
    minutes, seconds = (int(part or 0) for part in duration.removesuffix("s").replace("m", " ").ljust(1).split(" "))
    hours, minutes = divmod(minutes, 60)
    text = "".join(f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count)
    return text or "0s"
