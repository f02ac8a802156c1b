# SPDX-License-Identifier: Apache-2.0
"""Random metrics for the comparison of query engines: everything that PromQL treats in a way of its own.

The same seed makes the same bytes. Times are fixed, so that a query found today fails tomorrow as well.
"""

import itertools
import math
import random

import remote_write
from remote_write import CUSTOM_BUCKETS, GAUGE, Histogram, Stale

BEGINS_MS = 1_749_996_420_000  # Of what tells how old a Prometheus is: an hour before all others.
START_MS = 1_750_000_020_000  # A minute's boundary: many scrapes fall onto the steps of queries.
LENGTH_MS = 40 * 60_000
INTERVAL_MS = 15_000
SLICE_MS = 5 * 60_000  # What one request carries: senders go forward in time.

# No subnormal ones: of those Prometheus takes wrong logarithms (Go's, on this processor).
ODD_VALUES = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, -1e300, 2.3e-308, 1e-300, 2.0**53 + 1, 1e16, -1)
BOUNDS = ("0.1", "0.5", "1", "2.5", "10", "+Inf")
LARGE_COUNT = 1 << 24
CUSTOM_BOUNDS = ((0.5, 1.0, 2.5, 10.0), (0.5, 2.5, 25.0), (-1.0, 0.0, 1.0))


def _times(rng, interval_ms=INTERVAL_MS, jitter_ms=0, start=0.0, end=1.0, gaps=0.03):
    """Instants between two shares of the whole time, some missing, now and then many in a row."""
    time_ms = START_MS + int(LENGTH_MS * start)
    last_ms = START_MS + int(LENGTH_MS * end)
    while time_ms <= last_ms:
        if rng.random() < gaps / 10:
            time_ms += interval_ms * rng.randrange(5, 40)
        elif rng.random() >= gaps:
            yield time_ms + (rng.randrange(-jitter_ms, jitter_ms + 1) if jitter_ms else 0)
        time_ms += interval_ms


def _counter(rng, times, scale=10.0, whole=True):
    value = 0.0 if rng.random() < 0.5 else rng.randrange(1000)
    for time_ms in times:
        if rng.random() < 0.02:
            value = 0.0
        if rng.random() < 0.8:
            value += rng.randrange(int(scale)) if whole else rng.random() * scale
        yield time_ms, float(value)


def _gauge(rng, times, level, stale=0.02):
    value = level
    for time_ms in times:
        value += rng.gauss(0, 1 + abs(level) / 10)
        yield time_ms, Stale if rng.random() < stale else (round(value) if rng.random() < 0.3 else value)


def _odd(rng, times):
    for time_ms in times:
        yield time_ms, rng.choice(ODD_VALUES) if rng.random() < 0.6 else rng.gauss(0, 5)


def _classic(rng, labels, name="latency_seconds"):
    """The buckets, sum and count of one histogram; now and then not monotonic."""
    times = list(_times(rng, jitter_ms=0))
    counts = [0.0] * len(BOUNDS)
    columns = [[] for _ in BOUNDS]
    sums, total = [], 0.0
    for time_ms in times:
        if rng.random() < 0.02:
            counts, total = [0.0] * len(BOUNDS), 0.0
        for i in range(len(BOUNDS)):
            if rng.random() < 0.4:
                added = rng.randrange(5)
                total += added * (i + 0.3)
                counts = [count + (added if j >= i else 0) for j, count in enumerate(counts)]
        for i, column in enumerate(columns):
            column.append((time_ms, counts[i] - (1 if i and rng.random() < 0.01 else 0)))
        sums.append((time_ms, total))
    for bound, column in zip(BOUNDS, columns):
        yield dict(labels, __name__=f"{name}_bucket", le=bound), column
    yield dict(labels, __name__=f"{name}_count"), columns[-1]
    yield dict(labels, __name__=f"{name}_sum"), sums


def _grow(rng, buckets, low, high):
    for _ in range(rng.randrange(4)):
        index = rng.randrange(low, high)
        buckets[index] = buckets.get(index, 0) + rng.randrange(1, 5)


def _exponential(rng, times, gauge=False):
    # At least one bucket on each side that is used at all: whether a side has buckets decides how the zero
    # bucket is read, and Prometheus may store empty ones. Counts are large, as early versions let a histogram
    # begin below zero when they extrapolate.
    two_sided = rng.random() < 0.5
    base = LARGE_COUNT
    positive, negative, zero, total = {3: base, 5: base // 2}, {3: base // 4} if two_sided else {}, 0, 0.0
    schema = rng.choice((0, 1, 3))
    threshold = rng.choice((0.001, 0.0, 0.5))
    for time_ms in times:
        if rng.random() < (0.3 if gauge else 0.03):
            base = max(base // 4, 64)
            positive, negative, zero, total = {3: base, 5: base // 2}, {3: base // 4} if two_sided else {}, 0, 0.0
            schema = rng.choice((0, 1, 3))
        _grow(rng, positive, 1 if threshold else -3, 12)
        if two_sided:
            _grow(rng, negative, 1 if threshold else -3, 6)
        zero += rng.randrange(2)
        total += rng.randrange(100) / 4
        yield time_ms, Histogram(
            schema, total, zero, threshold, positive, negative, hint=GAUGE if gauge else remote_write.UNKNOWN
        )


def _custom(rng, times, many_bounds):
    choices = CUSTOM_BOUNDS if many_bounds else CUSTOM_BOUNDS[:1]
    base = LARGE_COUNT
    bounds, buckets, total = rng.choice(choices), {0: base, 2: base // 2}, 0.0
    for time_ms in times:
        if rng.random() < 0.04:
            base = max(base // 4, 64)
            buckets, total = {0: base, 2: base // 2}, 0.0
            bounds = rng.choice(choices)
        _grow(rng, buckets, 0, len(bounds) + 1)
        total += rng.randrange(100) / 4
        yield time_ms, Histogram(CUSTOM_BUCKETS, total, positive=buckets, bounds=bounds)


def _mixed(rng, times):
    """Floats and histograms in turns in one series."""
    histograms = dict(_exponential(rng, times))
    as_histogram = False
    for time_ms in times:
        if rng.random() < 0.15:
            as_histogram = not as_histogram
        yield time_ms, histograms[time_ms] if as_histogram else float(rng.randrange(20))


def _all_series(rng, histograms, many_bounds):
    targets = [(job, instance) for job in ("api", "db") for instance in ("0", "1", "2")]
    for job, instance in targets:
        own = {"job": job, "instance": instance}
        for code in ("200", "500"):
            yield dict(own, __name__="requests_total", code=code), _counter(rng, _times(rng))
        typed = {"__type__": "counter" if job == "api" else "gauge", "__unit__": "bytes"}
        yield dict(own, __name__="typed", **typed), _counter(rng, _times(rng))
        yield dict(own, __name__="bytes"), _counter(rng, _times(rng, jitter_ms=900), 1000, whole=False)
        yield dict(own, __name__="temperature", room="abc"[int(instance)]), _gauge(rng, _times(rng), 20)
        yield dict(own, __name__="queue"), _gauge(rng, _times(rng, 30_000, 2000), 3, 0.05)
        yield dict(own, __name__="odd"), _odd(rng, _times(rng))
        version = rng.choice(("1.0", "1.1"))
        first = {"__name__": "target_info", "version": version, "env": "prod" if job == "api" else "test"}
        yield dict(own, **first), [(time_ms, 1.0) for time_ms in _times(rng, end=0.6, gaps=0)]
        yield dict(own, __name__="build_info", revision=instance + "a"), [(time_ms, 1.0) for time_ms in _times(rng)]
        again = dict(first, version=version + ".1")
        yield dict(own, **again), [(time_ms, 1.0) for time_ms in _times(rng, start=0.601, gaps=0)]
    for job, instance in targets[:4]:
        yield from _classic(rng, {"job": job, "instance": instance})
    for pod in range(8):
        start = rng.random() * 0.8
        times = list(_times(rng, start=start, end=min(1.0, start + 0.3)))
        samples = list(_counter(rng, times))
        if rng.random() < 0.7 and times:
            samples.append((times[-1] + INTERVAL_MS, Stale))
        yield {"__name__": "pod_restarts_total", "job": "api", "pod": f"p{pod}"}, samples
    yield {"__name__": "latency_seconds_bucket", "job": "api", "le": "oops"}, _counter(rng, _times(rng))
    if not histograms:
        return
    for job, instance in targets:
        own = {"job": job, "instance": instance}
        yield dict(own, __name__="native_seconds"), _exponential(rng, _times(rng))
        yield dict(own, __name__="native_gauge"), _exponential(rng, _times(rng), gauge=True)
        yield dict(own, __name__="custom_seconds"), _custom(rng, _times(rng), many_bounds)
    for job in ("api", "db"):
        yield {"__name__": "mixed", "job": job}, _mixed(rng, list(_times(rng)))
    yield {"__name__": "utf8.metric", "label.x": "ä", "job": "api"}, _gauge(rng, _times(rng), 1)


def _runs(samples):
    """Neighbours of one kind."""
    for _, run in itertools.groupby(samples, key=lambda sample: isinstance(sample[1], Histogram)):
        yield list(run)


def requests(seed, histograms=True, many_bounds=False):
    """Bodies of remote writes, to be sent in this order.

    Without `histograms`: what Prometheus 2 knows, too.
    Without `many_bounds`: all histograms with custom buckets have the same.
    """
    rng = random.Random(seed)
    slices = {}
    for labels, samples in _all_series(rng, histograms, many_bounds):
        for time_ms, value in samples:
            slices.setdefault((time_ms - START_MS) // SLICE_MS, {}).setdefault(
                tuple(sorted(labels.items())), {}
            ).setdefault(time_ms, value)
    for at in sorted(slices):
        # A server may take all floats of a request before its histograms: what is mixed goes in turns.
        turns = []
        for labels, samples in slices[at].items():
            for turn, run in enumerate(_runs(sorted(samples.items(), key=lambda sample: sample[0]))):
                turns.extend([] for _ in range(turn + 1 - len(turns)))
                turns[turn].append(remote_write.series(dict(labels), run))
        for messages in turns:
            yield remote_write.snappy(b"".join(messages))
