# SPDX-License-Identifier: Apache-2.0
"""Random PromQL over the metrics of promql_data: expressions that are well typed, and smaller ones of the same type.

Left out on purpose, as the language does not say what comes out: which of equal elements topk keeps, which ones
limitk keeps (asked for with counts only), and sums whose rounding the order of series decides.
"""

import re

import promql_data

SCALAR, STRING, VECTOR, MATRIX = "scalar", "string", "vector", "matrix"

COUNTERS = ("requests_total", "bytes", "pod_restarts_total", "latency_seconds_count", "latency_seconds_sum", "typed")
GAUGES = ("temperature", "queue", "odd", "temperature", "{'utf8.metric'}")
NATIVE = ("native_seconds", "native_gauge", "custom_seconds", "mixed")
BUCKETS = ("latency_seconds_bucket",)
LABELS = ("job", "instance", "code", "room", "pod", "le", "nosuch")
MATCHERS = (
    'job="api"', 'job!="api"', 'instance=~"0|1"', 'instance!~"1|2"', 'code="200"', 'code=~"5.."', 'pod=~"p[0-4]"',
    'nosuch=""', 'room!=""', 'job=~".*"', 'instance="0",instance!="1"',
)  # fmt: skip
DURATIONS = ("1ms", "15s", "30s", "45s", "1m", "75s", "1m30s", "2m", "5m", "5m", "7m", "10m", "61.5", "0.5")
DURATION_EXPRESSIONS = ("1m+30s", "2*1m", "5m/2", "2m^1", "(7m % 4m)", "5m-(1m+1s)")
NUMBERS = ("0", "1", "-1", "2", "0.5", "0.9", "1.5", "100", "1e3", "-0.1", "NaN", "Inf", "-Inf", "0x1F", "5m", "1e-300")

MATH = (
    "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad", "round",
)  # fmt: skip
DATES = ("minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year")
RANGE = (
    "avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "count_over_time", "present_over_time",
    "last_over_time", "first_over_time", "stddev_over_time", "stdvar_over_time", "mad_over_time", "ts_of_min_over_time",
    "ts_of_max_over_time", "ts_of_first_over_time", "ts_of_last_over_time", "changes", "resets", "deriv", "delta",
    "idelta", "rate", "irate", "increase", "absent_over_time",
)  # fmt: skip
OF_COUNTERS = ("rate", "irate", "increase", "resets")
OF_HISTOGRAMS = ("histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar")
FOLDS = ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
SETS = ("and", "or", "unless")

# What the other side may be too old for: a query that uses it, to find out.
OPTIONAL = {
    "first_over_time": "first_over_time(x[1m])",
    "mad_over_time": "mad_over_time(x[1m])",
    "ts_of_min_over_time": "ts_of_min_over_time(x[1m])",
    "ts_of_max_over_time": "ts_of_max_over_time(x[1m])",
    "ts_of_first_over_time": "ts_of_first_over_time(x[1m])",
    "ts_of_last_over_time": "ts_of_last_over_time(x[1m])",
    "double_exponential_smoothing": "double_exponential_smoothing(x[1m], 0.5, 0.5)",
    "sort_by_label": 'sort_by_label(x, "job")',
    "limitk": "limitk(1, x)",
    "info": "info(x)",
    "histogram_avg": "histogram_avg(x)",
    "histogram_stddev": "histogram_stddev(x)",
    "duration expressions": "x[1m+1m]",
    "quoted names": "{'utf8.metric'}",
    "trim": "x </ 1",
    "step()": "x[step()+1m]",
    "histogram_quantiles": 'histogram_quantiles(x, "q", 0.5)',
    "fill": "x + fill(0) x",
    "anchored": "rate(x[1m] anchored)",
    "smoothed": "rate(x[1m] smoothed)",
}
BOUNDARIES = {
    "anchored": ("rate", "increase", "delta", "changes", "resets"),
    "smoothed": ("rate", "increase", "delta"),
}
# Likewise for what it may answer otherwise than it does today: a query, and today's answer.
CORRECTED = {
    "classic fractions": (
        'histogram_fraction(0, 1, label_replace(vector(1), "le", "1", "", "") '
        'or label_replace(vector(1), "le", "+Inf", "", ""))',
        "1",
    ),
    # Of the samples that are read for it the offset is forgotten.
    "shifted timestamps": (
        f"timestamp(begins @ {promql_data.BEGINS_MS / 1000:.3f} offset -30s) - {promql_data.BEGINS_MS // 1000}",
        "30",
    ),
    "mad_over_time": (f"mad_over_time(sqrt(vector(time() - {promql_data.START_MS // 1000 - 40}))[1m:15s])", "NaN"),
}

# Extrapolated changes of native histograms that are small beside them: early versions let such a histogram begin
# below zero.
BEGINS_AT_ZERO = re.compile(
    r"\b(rate|increase)\(\(*(native_gauge\b|(rate|increase|delta|irate)\(\(*(native|custom)_)"
)


# More than one matcher of a label.
SEVERAL_MATCHERS = re.compile(r"\b(\w+)[!=~]+\"[^\"]*\",\1[!=~]")


class Node:
    """An expression: pieces of text and nodes in turn; `plainer` are nodes that could stand in its place."""

    def __init__(self, kind, *parts, plainer=()):
        self.kind = kind
        self.parts = parts
        self.plainer = tuple(plainer)

    def __str__(self):
        return "".join(map(str, self.parts))

    def descendants(self):
        for part in self.parts:
            if isinstance(part, Node):
                yield part
                yield from part.descendants()

    def smaller(self):
        """Expressions of the same type with something left out, the boldest cuts first."""
        yield from self.plainer
        for node in self.descendants():
            if node.kind == self.kind:
                yield node
        for i, part in enumerate(self.parts):
            if isinstance(part, Node):
                for less in part.smaller():
                    yield Node(self.kind, *self.parts[:i], less, *self.parts[i + 1 :], plainer=self.plainer)


# What may stand in an expression, to be put where it does not belong.
STRAY = (
    "(", ")", "[", "]", "{", "}", ",", ":", "@", "=", "=~", "!=", "==", "+", "-", "^", "offset", "by", "on", "bool", "and",
    "group_left", "sum", "rate", "5m", "1", "0x", "1e", '"x"', "'", "job", "Inf", "ignoring", "without", "or", "5m3h",
)  # fmt: skip
TOKENS = re.compile(r"""\s+|[A-Za-z_:][\w:]*|"[^"]*"|'[^']*'|[\d.]\w*|=~|!~|!=|==|>=|<=|.""")


class Broken:
    """An expression with a token too many, too few or another one: mostly not PromQL any more."""

    def __init__(self, tokens):
        self.tokens = tokens

    @classmethod
    def of(cls, expression, rng):
        tokens = TOKENS.findall(str(expression))
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(tokens))
            change = rng.randrange(4)
            if change == 0:
                del tokens[at : at + rng.randrange(1, 3)]
            elif change == 1:
                tokens.insert(at, f" {rng.choice(STRAY)} ")
            elif change == 2:
                tokens[at] = rng.choice(STRAY)
            else:
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            if not tokens:
                tokens = [rng.choice(STRAY)]
        return cls(tokens)

    def __str__(self):
        return "".join(self.tokens)

    def smaller(self):
        for length in (8, 4, 2, 1):
            for at in range(0, len(self.tokens) - length + 1):
                if len(self.tokens) > length:
                    yield Broken(self.tokens[:at] + self.tokens[at + length :])


class Generator:
    """`missing`: the names out of OPTIONAL that are not to be used."""

    def __init__(self, rng, missing=()):
        self.rng = rng
        self.missing = set(missing)
        self.instant = True
        self.range_functions = [name for name in RANGE if name not in self.missing]
        self.vectors = (
            (3, self.selector), (2, self.math), (1, self.date), (4, self.over_range), (4, self.aggregate),
            (1, self.clamp), (2, self.labels), (2, self.of_histogram), (3, self.scalar_operation),
            (3, self.vector_operation), (2, self.set_operation), (1, self.unary), (1, self.absent),
            (1, self.timestamp), (1, self.from_scalar), (1, self.info), (1, self.counted_sample),
            (1, self.histogram_arithmetic), (1, self.sampled), (1, self.at_boundaries), (1, self.quantiles),
        )  # fmt: skip

    def has(self, name):
        return name not in self.missing

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, share):
        return self.rng.random() < share

    def query(self, instant):
        """The root of a query; range queries may have no range vectors and strings."""
        self.instant = instant
        depth = self.rng.randrange(1, 4)
        if instant and self.chance(0.05):
            return self.matrix(depth)
        if instant and self.chance(0.01):
            return Node(STRING, '"text"')
        if self.chance(0.07):
            return self.scalar(depth)
        if self.chance(0.12):
            return self.ranked(depth)
        return self.vector(depth)

    def vector(self, depth):
        if depth <= 0:
            return self.selector(depth)
        makers = [maker for weight, maker in self.vectors for _ in range(weight)]
        return self.rng.choice(makers)(depth - 1)

    def metric(self, names=None):
        if names is None:
            names = self.pick(COUNTERS, GAUGES, GAUGES, NATIVE, BUCKETS)
        name = self.rng.choice(names)
        if name.startswith("{"):
            return name if self.has("quoted names") else "queue"
        if self.chance(0.03):
            return '{__name__=~"queue|temperature"}'
        matchers = [self.rng.choice(MATCHERS) for _ in range(self.pick(0, 0, 1, 1, 2))]
        return name + ("{" + ",".join(matchers) + "}" if matchers else "")

    def shift(self):
        """`offset` and `@`, mostly neither."""
        offset = f" offset {self.pick('', '', '-')}{self.rng.choice(DURATIONS)}" if self.chance(0.12) else ""
        seconds = (promql_data.START_MS + self.rng.randrange(-60_000, promql_data.LENGTH_MS + 60_000)) / 1000
        at = f" @ {self.pick(f'{seconds:.3f}', 'start()', 'end()')}" if self.chance(0.08) else ""
        return self.pick(offset + at, at + offset)

    def shifted(self, text):
        """`text` with a shift, or as it is."""
        if self.has("duration expressions") and self.chance(0.02):
            # In parentheses: early versions take an operator behind it for a part of the duration.
            return f"({text} offset ({self.duration_expression()}))"
        return text + self.shift()

    def duration(self):
        if self.has("duration expressions") and self.chance(0.1):
            return self.duration_expression()
        return self.rng.choice(DURATIONS)

    def duration_expression(self, depth=2):
        """Mostly of a few minutes; now and then zero, negative or no number at all."""
        if depth == 0 or self.chance(0.3):
            return self.rng.choice(DURATION_EXPRESSIONS)
        if self.has("step()") and self.chance(0.3):
            return self.pick(
                "step()+1m", "range()+1s", "max_of(step(), 1m)", "min_of(range()+1m, 5m)", "2*step()+15s", "step()"
            )
        inner = self.pick(self.rng.choice(DURATIONS), f"({self.duration_expression(depth - 1)})")
        return self.pick(
            lambda: f"{inner}{self.pick('+', '-')}{self.rng.choice(DURATIONS)}",
            lambda: f"{inner}{self.pick('*', '/', '%')}{self.pick('2', '3', '0.5', '1.5', '(1m)', '7s')}",
            lambda: f"{self.pick('2', '15', '1.5')}{self.pick('*', '^', '+', '-')}{self.pick('2', '3s', '(5)')}+{inner}",
            lambda: f"-{inner}+{self.pick('5m', '10m')}",
            lambda: f"+{inner}",
        )()

    def selector(self, _=0, names=None):
        metric = self.metric(names)
        shifted = self.shifted(metric)
        return Node(VECTOR, shifted, plainer=[Node(VECTOR, metric)] if shifted != metric else [])

    def matrix(self, depth, names=None):
        if depth <= 0 or self.chance(0.7):
            plain = f"{self.metric(names)}[{self.duration()}]"
            shifted = self.shifted(plain)
            return Node(MATRIX, shifted, plainer=[Node(MATRIX, plain)] if shifted != plain else [])
        shift = self.shift()
        instant, self.instant = self.instant, False
        inner = self.vector(depth - 1)
        self.instant = instant
        step = self.pick("", "15s", "30s", "1m", "47s")
        length = self.pick("1m", "2m", "5m", "10m")
        if self.has("duration expressions") and self.chance(0.1):
            length, step = self.duration_expression(), self.pick(step, "10s+5s", "2*15s", "(1m/4)")
        brackets = f"[{length}:{step}]"
        plain = [Node(MATRIX, "(", inner, ")" + brackets)] if shift else []
        return Node(MATRIX, "(", inner, ")" + brackets + shift, plainer=plain)

    def number(self):
        return Node(SCALAR, self.rng.choice(NUMBERS), plainer=[])

    def scalar(self, depth):
        if depth <= 0 or self.chance(0.4):
            return self.number()
        return self.pick(
            lambda: Node(SCALAR, self.pick("time()", "pi()")),
            lambda: Node(SCALAR, "scalar(", self.vector(depth - 1), ")"),
            lambda: Node(SCALAR, "scalar(", self.aggregate(depth - 1, grouped=False), ")"),
            lambda: Node(SCALAR, "-", self.scalar(depth - 1)),
            lambda: Node(
                SCALAR, "(", self.scalar(depth - 1), f" {self.rng.choice(ARITHMETIC)} ", self.scalar(depth - 1), ")"
            ),
            lambda: Node(
                SCALAR, self.scalar(depth - 1), f" {self.rng.choice(COMPARISONS)} bool ", self.scalar(depth - 1)
            ),
        )()

    def parameter(self):
        """Of an aggregation: without what is annotated, which Prometheus forgets to tell there."""
        return self.pick(
            self.number,
            self.number,
            lambda: Node(SCALAR, "(time() % 3)"),
            lambda: Node(SCALAR, "(", self.number(), f" {self.pick('+', '*', '-')} ", self.number(), ")"),
        )()

    def math(self, depth):
        return Node(VECTOR, f"{self.rng.choice(MATH)}(", self.vector(depth), ")")

    def date(self, depth):
        name = self.rng.choice(DATES)
        if self.chance(0.3):
            return Node(VECTOR, f"{name}()")
        return Node(VECTOR, f"{name}(", self.vector(depth), self.pick(")", " * 1e6)"))

    def clamp(self, depth):
        name = self.pick("clamp", "clamp_min", "clamp_max", "round")
        bounds = [part for _ in range(2 if name == "clamp" else 1) for part in (", ", self.scalar(depth))]
        return Node(VECTOR, f"{name}(", self.vector(depth), *bounds, ")")

    def over_range(self, depth):
        kind = self.rng.random()
        if kind < 0.1:
            return Node(VECTOR, "quantile_over_time(", self.scalar(depth), ", ", self.matrix(depth), ")")
        if kind < 0.15:
            return Node(VECTOR, "predict_linear(", self.matrix(depth), ", ", self.scalar(depth), ")")
        if kind < 0.2 and self.has("double_exponential_smoothing"):
            factors = f", {self.pick(0.1, 0.5, 0.9)}, {self.pick(0.2, 0.7, 0.7, 1.5)})"
            return Node(VECTOR, "double_exponential_smoothing(", self.matrix(depth), factors)
        if kind < 0.5:
            names = self.pick(COUNTERS, COUNTERS, BUCKETS, NATIVE)
            return Node(VECTOR, f"{self.rng.choice(OF_COUNTERS)}(", self.matrix(0, names), ")")
        return Node(VECTOR, f"{self.rng.choice(self.range_functions)}(", self.matrix(depth), ")")

    def grouping(self):
        labels = ", ".join(self.rng.sample(LABELS, self.rng.randrange(3)))
        return f" {self.pick('by', 'without')} ({labels}) "

    def aggregate(self, depth, grouped=True):
        by = self.grouping() if grouped and self.chance(0.6) else ""
        kind = self.rng.random()
        parameter = self.parameter()
        if kind < 0.1 and "time()" in str(parameter):
            return Node(VECTOR, "quantile", by, "(", parameter, ", ", Node(VECTOR, self.metric()), ")")
        if kind < 0.1:
            head = ["quantile", by, "(", parameter, ", "]
        elif kind < 0.18:
            # Of what was stored: a last digit that is another one makes another label.
            return Node(VECTOR, "count_values", by, "(" + self.pick('"v"', '"job"', '"le"') + ", ", self.selector(), ")")
        else:
            head = [self.rng.choice(FOLDS), by, "("]
        inner = self.vector(depth)
        if self.chance(0.3):
            inner = self.selector(0, self.pick(NATIVE, GAUGES))
        plain = [Node(VECTOR, head[0], *head[2:], inner, ")")] if by else []
        return Node(VECTOR, *head, inner, ")", plainer=plain)

    def counted_sample(self, depth):
        """Samples of series, of which only the number is said."""
        if not self.has("limitk"):
            return self.selector()
        sample = self.pick(
            "limitk(2, ", "limitk(0, ", "limitk by (job) (1, ", "limitk without (instance) (2, ", "topk(3, ",
            "bottomk by (job) (2, ",
        )  # fmt: skip
        return Node(VECTOR, f"count({sample}", self.vector(depth), "))")

    def sampled(self, depth):
        """The share of series whose labels say so."""
        if not self.has("limitk"):
            return self.selector()
        ratio = self.pick("0.5", "-0.5", "0.2", "-0.9", "1", "0", "-1", "1.5", "-3", "(time() % 2) - 0.7")
        # Of what is the same at each step Prometheus takes the first step's parameter for all.
        inner = Node(VECTOR, self.metric()) if "time()" in ratio else self.vector(depth)
        return Node(VECTOR, f"limit_ratio{self.pick('', '', ' by (job) ')}({ratio}, ", inner, ")")

    def at_boundaries(self, _):
        """Of a range whose values are known at its boundaries."""
        word = self.pick("anchored", "smoothed")
        if not self.has(word):
            return self.selector()
        metric = self.metric(self.pick(COUNTERS, GAUGES))
        if word == "smoothed" and self.chance(0.3):
            return Node(VECTOR, f"{metric} smoothed{self.shift()}")
        function = self.rng.choice(BOUNDARIES[word])
        return Node(VECTOR, f"{function}({metric}[{self.duration()}] {word}{self.shift()})")

    def quantiles(self, depth):
        if not self.has("histogram_quantiles"):
            return self.selector()
        histogram = self.selector(0, self.pick(NATIVE, BUCKETS))
        numbers = [part for _ in range(self.pick(1, 2, 3)) for part in (", ", self.number())]
        return Node(VECTOR, "histogram_quantiles(", histogram, ', "q"', *numbers, ")")

    def ranked(self, depth):
        name = self.pick("topk", "bottomk", "topk", "bottomk", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc")
        if name.startswith("sort_by"):
            if not self.has("sort_by_label"):
                return self.vector(depth)
            # Of series that have the labels: early versions have no firm order for others.
            inner = self.selector(0, ("temperature", "queue", "odd", "custom_seconds"))
            return Node(VECTOR, f"{name}(", inner, self.pick(', "instance")', ', "job", "instance")'))
        if name.startswith("sort"):
            return Node(VECTOR, f"{name}(", self.vector(depth), ")")
        by = self.grouping() if self.chance(0.4) else ""
        parameter = self.parameter()
        # Of what is the same at each step Prometheus takes the first step's parameter for all.
        inner = Node(VECTOR, self.metric()) if "time()" in str(parameter) else self.vector(depth)
        return Node(VECTOR, f"{name}{by}(", parameter, ", ", inner, ")")

    def labels(self, depth):
        if self.chance(0.3):
            sources = self.pick(', "job", "instance"', ', "job", "nosuch", "room"', "")
            name = self.pick("job", "new", "__name__")
            separator = self.pick("-", "")
            return Node(VECTOR, "label_join(", self.vector(depth), f', "{name}", "{separator}"{sources})')
        change = self.pick(
            '"new", "$1-x", "job", "(.*)"', '"instance", "", "instance", "0"', '"job", "${a}$a", "job", "(?P<a>a).*"',
            '"__name__", "other", "job", "api"', '"new", "$2$$", "instance", "([0-9])"', '"room", "x", "room", ""',
        )  # fmt: skip
        return Node(VECTOR, "label_replace(", self.vector(depth), f", {change})")

    def of_histogram(self, depth):
        histogram = self.pick(
            lambda: self.selector(0, NATIVE),
            lambda: self.selector(0, BUCKETS),
            lambda: Node(VECTOR, f"rate({self.metric(self.pick(NATIVE, BUCKETS))}[{self.pick('1m', '5m')}])"),
            lambda: Node(VECTOR, f"sum by (job, le) (rate({self.metric(self.pick(NATIVE, BUCKETS))}[2m]))"),
            lambda: self.vector(depth),
        )()
        kind = self.rng.random()
        if kind < 0.5:
            return Node(VECTOR, "histogram_quantile(", self.scalar(depth), ", ", histogram, ")")
        if kind < 0.7:
            if not self.has("classic fractions"):
                histogram = self.selector(0, NATIVE)
            ends = (self.scalar(depth), ", ", self.scalar(depth), ", ")
            return Node(VECTOR, "histogram_fraction(", *ends, histogram, ")")
        names = [name for name in OF_HISTOGRAMS if self.has(name)]
        return Node(VECTOR, f"{self.rng.choice(names)}(", histogram, ")")

    def histogram_arithmetic(self, depth):
        left, right = self.selector(0, NATIVE), self.selector(0, NATIVE)
        return self.pick(
            lambda: Node(VECTOR, left, f" {self.pick('+', '-', '==', '!=', '*')} ", right),
            lambda: Node(VECTOR, left, f" {self.pick('*', '/')} ", self.scalar(depth)),
            lambda: Node(VECTOR, self.scalar(depth), " * ", left),
            lambda: Node(VECTOR, "-", left),
        )()

    def scalar_operation(self, depth):
        comparison = self.chance(0.5)
        op = self.rng.choice(COMPARISONS) + self.pick("", "", " bool") if comparison else self.rng.choice(ARITHMETIC)
        sides = [self.vector(depth), self.scalar(depth)]
        if self.chance(0.3):
            sides.reverse()
        return self.wrap(Node(VECTOR, sides[0], f" {op} ", sides[1]))

    def wrap(self, node):
        return Node(VECTOR, "(", *node.parts, ")", plainer=node.plainer) if self.chance(0.8) else node

    def matching(self):
        labels = ", ".join(self.rng.sample(LABELS[:4], self.rng.randrange(1, 3)))
        return self.pick("", "", f" on({labels})", f" ignoring({labels})", " on(job, instance)")

    def vector_operation(self, depth):
        comparison = self.chance(0.4)
        op = self.rng.choice(COMPARISONS) + self.pick("", "", " bool") if comparison else self.rng.choice(ARITHMETIC)
        matching = self.matching()
        if matching and self.chance(0.5):
            matching += f" {self.pick('group_left', 'group_right')}({self.pick('', 'room', 'nosuch')})"
        left, right = self.vector(depth), self.vector(depth)
        if self.chance(0.4):
            names = self.pick(GAUGES, ("requests_total", "temperature"), ("requests_total", "bytes"))
            left, right = self.selector(0, names), self.selector(0, names)
        plain = [Node(VECTOR, left, f" {op} ", right)] if matching else []
        return self.wrap(Node(VECTOR, left, f" {op}{matching} ", right, plainer=plain))

    def set_operation(self, depth):
        return self.wrap(
            Node(VECTOR, self.vector(depth), f" {self.rng.choice(SETS)}{self.matching()} ", self.vector(depth))
        )

    def unary(self, depth):
        return Node(VECTOR, self.pick("-", "+", "-"), self.vector(depth))

    def absent(self, depth):
        inner = self.pick(self.selector(), self.vector(depth))
        # Prometheus may have looked at several matchers of a label in another order.
        while SEVERAL_MATCHERS.search(str(inner)):
            inner = self.selector()
        return Node(VECTOR, "absent(", inner, ")")

    def timestamp(self, depth):
        # Small, so that the order in which variances are computed does not show.
        inner = self.pick(self.selector(), self.vector(depth))
        if not self.has("shifted timestamps"):
            inner = self.pick(Node(VECTOR, self.metric()), self.aggregate(depth))
        return Node(VECTOR, "(timestamp(", inner, f") - {promql_data.START_MS // 1000})")

    def from_scalar(self, depth):
        return Node(VECTOR, "vector(", self.scalar(depth), ")")

    def info(self, depth):
        """At an instant, without shifts, of metrics that are no info metrics, and without matchers that say only which
        info metrics are not meant: otherwise early versions go astray."""
        if not self.has("info") or not self.instant:
            return self.selector()
        more = self.pick(
            "", "", ', {version=~".+"}', ', {env="prod"}', ', {env!="prod"}', ', {nosuch=~".*"}', ', {nosuch=~".+"}',
            ', {__name__="target_info", env=~".*"}', ', {__name__=~"target_.*"}', ", {version!~'1.*'}",
            ', {__name__=~"target_info|build_info", revision!="", version=~".*"}', ', {__name__="build_info"}',
            ', {version=~".+", env=~"prod|test"}', ", {}",
        )  # fmt: skip
        inner = self.metric(self.pick(GAUGES, COUNTERS, NATIVE))
        base = self.pick(
            inner, f"rate({inner}[2m])", f"-{inner}", f"{inner} * 2", f"sum by (job, instance) ({inner})",
            f"max without (room, code) ({inner})", f"({inner})",
        )  # fmt: skip
        return Node(VECTOR, "info(", base, f"{more})")
