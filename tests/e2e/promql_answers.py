# SPDX-License-Identifier: Apache-2.0
"""Asking two servers with Prometheus's HTTP API the same question, and telling whether they say the same."""

import http.client
import json
import math
import re
import urllib.parse

TOLERANCE = 1e-9
# Of deviations that are nothing but rounding.
ABSOLUTE_TOLERANCE = 1e-16
TIMEOUT_SECONDS = 60

# Where elements that are equal in value may be chosen or ordered one way or another.
ANY_AMONG_EQUALS = re.compile(r"^\W*(topk|bottomk)\b")
ORDERED = re.compile(r"^(sort|sort_desc|sort_by_label|sort_by_label_desc)\(")


class Server:
    """Keeps a connection; not for several threads."""

    def __init__(self, address):
        self._connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)

    def close(self):
        self._connection.close()

    def post(self, path, body, headers):
        """(status, body)"""
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def ask(self, question):
        form = urllib.parse.urlencode(question.parameters())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        _, body = self.post(f"/api/v1/{question.endpoint}", form, headers)
        return json.loads(body)


class Question:
    """A query at an instant or, with a step, over a range. Times in milliseconds."""

    def __init__(self, text, start_ms, end_ms=None, step_ms=None):
        self.text = text
        self.start_ms = start_ms
        self.end_ms = end_ms
        self.step_ms = step_ms

    @property
    def endpoint(self):
        return "query_range" if self.step_ms else "query"

    def parameters(self):
        start = f"{self.start_ms / 1000:.3f}"
        if not self.step_ms:
            return {"query": self.text, "time": start}
        end = f"{self.end_ms / 1000:.3f}"
        return {"query": self.text, "start": start, "end": end, "step": f"{self.step_ms / 1000:.3f}"}

    def __str__(self):
        rest = " ".join(f"{name}={value}" for name, value in self.parameters().items() if name != "query")
        return f"{self.text}   [{rest}]"


def _same_number(left, right):
    a, b = float(left), float(right)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(a - b) <= max(TOLERANCE * max(abs(a), abs(b)), ABSOLUTE_TOLERANCE)


def _counted(histogram):
    """The buckets with counts. Those that were multiplied by NaN say only how they are stored."""
    return [bucket for bucket in histogram.get("buckets", []) if not math.isnan(float(bucket[3]))]


def _same_histogram(left, right):
    if not (_same_number(left["count"], right["count"]) and _same_number(left["sum"], right["sum"])):
        return False
    a, b = _counted(left), _counted(right)
    return len(a) == len(b) and all(
        x[0] == y[0] and all(_same_number(m, n) for m, n in zip(x[1:], y[1:])) for x, y in zip(a, b)
    )


def _samples(series):
    """Of a series of either kind of result: {(kind, time): value}."""
    samples = {}
    for kind, single in (("values", "value"), ("histograms", "histogram")):
        for time, value in series.get(kind, []) + ([series[single]] if single in series else []):
            samples[kind, float(time)] = value
    return samples


def _same_samples(left, right):
    a, b = _samples(left), _samples(right)
    if a.keys() != b.keys():
        return False
    return all(
        _same_number(value, b[at]) if at[0] == "values" else _same_histogram(value, b[at]) for at, value in a.items()
    )


def _key(series):
    return tuple(sorted(series["metric"].items()))


def _by_labels(result):
    by_labels = {}
    for series in result:
        if _key(series) in by_labels:
            return None
        by_labels[_key(series)] = series
    return by_labels


def _only_ranked(result):
    """What ranking leaves no choice about: the values at each time, whichever series they are of."""
    values = {}
    for series in result:
        for (_, time), value in _samples(series).items():
            values.setdefault(time, []).append(float(value))
    return {time: sorted(numbers, key=lambda number: (math.isnan(number), number)) for time, numbers in values.items()}


def _same_ranked(left, right):
    a, b = _only_ranked(left), _only_ranked(right)
    return a.keys() == b.keys() and all(
        len(a[time]) == len(b[time]) and all(map(_same_number, a[time], b[time])) for time in a
    )


def _same_series(question, left, right):
    a, b = _by_labels(left), _by_labels(right)
    if a is None or b is None:
        return "a series is there twice"
    if a.keys() == b.keys() and all(_same_samples(a[key], b[key]) for key in a):
        if question.step_ms and [_key(x) for x in left] != [_key(x) for x in right]:
            return "the series are in another order"
        if ORDERED.match(question.text) and not all(_same_samples(x, y) for x, y in zip(left, right)):
            return "the elements are in another order"
        return None
    if ANY_AMONG_EQUALS.match(question.text) and _same_ranked(left, right):
        return None
    return "the series are others" if a.keys() != b.keys() else "the values are others"


# Texts that changed in the course of Prometheus 3: compared by what all of them have in common.
SAME_TEXTS = (
    (re.compile(r"(input to histogram_quantile needed to be fixed for monotonicity).*"), r"\1"),
)
# A calculated parameter, whose last digit may be another.
NUMBER = re.compile(r"got ([-+]?\d[-+.\de]*)")
# Of many, the first ones are told, in no firm order.
OMITTED = re.compile(r"\d+ more \w+ annotations omitted")
# What came only with the later ones.
NEW_TEXTS = re.compile(r"sort is ineffective for range queries")


SUBQUERY = re.compile(r"\[[^\]]*:[^\]]*\]")
PLACE = re.compile(r" \(\d+:\d+\)$")


def _texts(question, answer, kind):
    texts = set()
    for text in answer.get(kind, []):
        for pattern, replacement in SAME_TEXTS:
            text = pattern.sub(replacement, text)
        text = NUMBER.sub(lambda number: f"got {float(number[1]):.9g}", text)
        # Prometheus does not know where a subquery stands.
        if SUBQUERY.search(question.text):
            text = PLACE.sub("", text)
        if not NEW_TEXTS.search(text):
            texts.add(text)
    return texts


# What only later versions refuse: elements that a comparison filters out match twice.
NEW_ERRORS = re.compile(r"^multiple matches for labels: many-to-one matching must be explicit")


# What only early versions refuse: series of the same labels that are never there together, when names are dropped at
# the end or by a sign.
OLD_ERRORS = re.compile(r"^vector cannot contain metrics with the same labelset")
SIGN = re.compile(r"(^|[(,\s])-\s*[({a-z]")
# What only early versions take: several signs.
OLD_OFFSET = re.compile(r"offset\s*[-+]\s*[-+]")


def difference(question, left, right, annotations=True, delayed=False):
    """What differs between the answers, the left one Prometheus's, or None. `delayed`: names are dropped at the end."""
    if left["status"] == "success" and NEW_ERRORS.match(right.get("error", "")):
        return None
    merged = delayed or (question.step_ms and SIGN.search(question.text))
    if merged and right["status"] == "success" and OLD_ERRORS.match(left.get("error", "")):
        return None
    if left["status"] == "success" and right["status"] == "error" and OLD_OFFSET.search(question.text):
        return None
    if left["status"] != right["status"]:
        return "one is an error"
    if left["status"] == "error":
        return None if left["errorType"] == right["errorType"] else "the errors are of other types"
    a, b = left["data"], right["data"]
    if a["resultType"] != b["resultType"]:
        return "the results are of other types"
    if a["resultType"] == "scalar":
        same = a["result"][0] == b["result"][0] and _same_number(a["result"][1], b["result"][1])
        found = None if same else "the scalars are others"
    elif a["resultType"] == "string":
        found = None if a["result"] == b["result"] else "the strings are others"
    else:
        found = None if a["result"] == b["result"] else _same_series(question, a["result"], b["result"])
    if found or not annotations:
        return found
    if not a["result"]:
        return None  # What is said of a parameter when there is nothing to take it of depends on how a plan was made.
    for kind in ("warnings", "infos"):
        if any(OMITTED.search(text) for answer in (left, right) for text in answer.get(kind, [])):
            continue
        if _texts(question, left, kind) != _texts(question, right, kind):
            return f"the {kind} are others"
    return None


def only_differing(left, right):
    """Both answers without the series that are the same in them."""
    data = [answer.get("data", {}) for answer in (left, right)]
    if any(part.get("resultType") not in ("vector", "matrix") for part in data):
        return left, right
    a, b = (_by_labels(part["result"]) for part in data)
    if a is None or b is None:
        return left, right
    same = {key for key in a if key in b and _same_samples(a[key], b[key])}
    if len(same) == len(a) == len(b):
        return left, right
    shorter = []
    for answer, series in ((left, a), (right, b)):
        result = [series[key] for key in sorted(series) if key not in same]
        shorter.append(dict(answer, data=dict(answer["data"], result=result)))
    return shorter
