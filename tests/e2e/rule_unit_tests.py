# SPDX-License-Identifier: Apache-2.0
"""Unit tests of rules, run by `promtool test rules` and by `vigil rules test`, and what the two say."""

import dataclasses
import json
import pathlib
import re
import subprocess

from vigil_process import BINARY, DEADLINE_SECONDS

TEST_FILE = "t.yml"


@dataclasses.dataclass(frozen=True)
class Failure:
    """A case that failed. Of an expression that failed, or a rule, `exp` and `got` are None."""

    kind: str
    subject: str
    time: str
    exp: tuple | None = None
    got: tuple | None = None


@dataclasses.dataclass
class Outcome:
    ok: bool
    failures: list
    other: str  # What keeps tests from running.
    text: str

    def without_template_errors(self):
        """The same where it only counts that templates fail."""

        def cut(pairs):
            return tuple((name, re.sub("(?s)^<error expanding template: .*", "<error>", text)) for name, text in pairs)

        failures = [
            dataclasses.replace(
                failure,
                exp=tuple((cut(labels), cut(notes)) for labels, notes in failure.exp),
                got=tuple((cut(labels), cut(notes)) for labels, notes in failure.got),
            )
            for failure in self.failures
        ]
        return Outcome(self.ok, failures, self.other, self.text)


def read_cases(path):
    """(name, {file name: text}) of each case of a script."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    for name, body in re.findall(r"^test (\S+)\n(.*?)^----$", text, re.DOTALL | re.MULTILINE):
        parts = re.split(r"^=== (\S+)\n", body, flags=re.MULTILINE)[1:]
        yield name, dict(zip(parts[::2], parts[1::2], strict=True))


def read_rule_files(path):
    """(arguments, YAML) of each case "parse" of a script."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    # Line ends that are something else to Python are none to the script's reader.
    return re.findall(r"^parse(.*)\n((?:(?!----$).*\n)*)----$", text, re.MULTILINE)


def write_files(directory, files):
    for name, text in files.items():
        path = pathlib.Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# What Go prints: `{a="b", "c.d"="e\n"}`.
LABEL = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^={,\s"]+))="((?:[^"\\]|\\.)*)"(?:, )?')
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)")
NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def unquote(text):
    def replace(match):
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        return NAMED_ESCAPES.get(escape, escape)

    return ESCAPE.sub(replace, text)


def labels_of(text):
    return tuple(sorted((unquote(quoted or plain), unquote(value)) for quoted, plain, value in LABEL.findall(text)))


def number(text):
    return text if text in ("NaN",) else repr(float(text))


def value_of(text):
    """A sample's value in one spelling."""
    if not text.startswith("{{"):
        return number(text)
    return re.sub(r"(?<![\w.])[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?![\w.])", lambda match: number(match[0]), text)


ALERT = re.compile(r"Labels:\{(.*)\}\n\s*Annotations:\{(.*)\}")
ALERTS_FAILURE = re.compile(
    r"^    alertname: (?P<name>[^\n]*), time: (?P<time>\S+), \n        exp:(?P<exp>.*?), \n        got:(?P<got>.*?)(?=\n\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
EXPR_FAILURE = re.compile(
    r'^    expr: "(?P<expr>(?:[^"\\]|\\.)*)", time: (?P<time>\w+),'
    r"(?: err: (?P<error>.*)|\n        exp: (?P<exp>.*)\n        got: (?P<got>.*))",
    re.MULTILINE,
)
RULE_FAILURE = re.compile(r"^    rule: (?P<rule>.*), time: (?P<time>\S+), err: .*", re.MULTILINE)
SAMPLE = re.compile(r'(\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}) (\{\{.*?\}\}|[^\s,]+)')


def alerts_in(text):
    return tuple(sorted((labels_of(labels), labels_of(notes)) for labels, notes in ALERT.findall(text)))


def samples_in(text):
    return tuple(sorted((labels_of(labels), value_of(value)) for labels, value in SAMPLE.findall(text)))


def go_duration(text):
    """Go's "1m0s" as a Prometheus duration."""
    return re.sub(r"(?<=[a-z])0[ms]", "", text) if text != "0s" else "0s"


def promtool(program, directory):
    done = subprocess.run(
        [program, "test", "rules", TEST_FILE], cwd=directory, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    # Failures go to one stream and empty lines to the other.
    text = done.stderr
    rest = re.sub(r"^  (FAILED:|WARNING:.*)\n", "", text, flags=re.MULTILINE)
    # What follows an alert is told from it by its indentation.
    rest = re.sub(r"^(    (?:name|alertname|expr|rule): )", r"\n\1", rest, flags=re.MULTILINE)
    rest = re.sub(r"^(    name: .*,\n)\n(    alertname)", r"\1\2", rest, flags=re.MULTILINE)
    failures = []

    def take(pattern, read):
        nonlocal rest
        failures.extend(read(match) for match in pattern.finditer(rest))
        rest = pattern.sub("", rest)

    take(ALERTS_FAILURE, lambda m: Failure("alerts", m["name"], m["time"], alerts_in(m["exp"]), alerts_in(m["got"])))
    take(RULE_FAILURE, lambda m: Failure("rule", m["rule"], go_duration(m["time"])))
    take(
        EXPR_FAILURE,
        lambda m: Failure("expr", unquote(m["expr"]), m["time"])
        if m["exp"] is None
        else Failure("expr", unquote(m["expr"]), m["time"], samples_in(m["exp"]), samples_in(m["got"])),
    )
    rest = re.sub(r"^    name: .*,$", "", rest, flags=re.MULTILINE)
    return Outcome(done.returncode == 0, failures, rest.strip(), text)


def pairs(mapping):
    return tuple(sorted(mapping.items()))


def vigil_failure(failure):
    subject = failure.get("alertname") or failure.get("rule") or failure.get("expr", "")
    if "exp" not in failure:
        return Failure(failure["kind"], subject, failure["time"])
    if failure["kind"] == "alerts":
        sides = (
            tuple(sorted((pairs(alert["labels"]), pairs(alert["annotations"])) for alert in failure[side]))
            for side in ("exp", "got")
        )
    else:
        sides = (
            tuple(sorted((pairs(one["labels"]), value_of(one.get("value") or one["histogram"])) for one in failure[side]))
            for side in ("exp", "got")
        )
    return Failure(failure["kind"], subject, failure["time"], *sides)


def vigil(directory, *arguments):
    done = subprocess.run(
        [BINARY, "rules", "test", TEST_FILE, "-o", "json", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    answer = json.loads(done.stdout)
    if answer["ok"] != (done.returncode == 0):
        raise AssertionError(f"exit status {done.returncode} with\n{done.stdout}")
    (file,) = answer["files"]
    found = [failure for test in file["tests"] for failure in test["failures"]]
    failures = [vigil_failure(failure) for failure in found if failure["kind"] != "setup"]
    other = [file.get("error", ""), *(failure["message"] for failure in found if failure["kind"] == "setup")]
    return Outcome(answer["ok"], failures, "\n".join(filter(None, other)), done.stdout)


def difference(left, right):
    """What promtool and vigil do not agree on, None if they do."""
    if left.ok != right.ok:
        return "one passes"
    if bool(left.other) != bool(right.other):
        return "tests run with one of them only"
    if left.other:
        # Where tests could not run, both say what keeps them; what ran is compared all the same.
        only = [failure for failure in left.failures if failure not in right.failures]
        return f"only promtool says {only}" if only else None
    # Rules that fail with the one fail with the other; the order does not matter.
    lefts, rights = sorted(left.failures, key=repr), sorted(right.failures, key=repr)
    for one, other in zip(lefts, rights, strict=False):
        if one != other:
            return f"promtool: {one}\nvigil:    {other}"
    return None if len(lefts) == len(rights) else f"{len(lefts)} failures with promtool, {len(rights)} with vigil"
