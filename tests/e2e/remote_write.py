# SPDX-License-Identifier: Apache-2.0
"""Prometheus remote write, version 1: the bytes of a request, made by hand so that no package is needed."""

import struct

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

# The NaN that says that a series has ended.
STALE_BITS = 0x7FF0000000000002

UNKNOWN, RESET, NO_RESET, GAUGE = range(4)
CUSTOM_BUCKETS = -53


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint(value << 1 ^ value >> 63)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


class Stale:
    """Stands for the marker, whose bits no float of Python's is sure to keep."""


class Histogram:
    """A native histogram of floats: buckets as {index: count}."""

    def __init__(self, schema=0, total=0.0, zero=0.0, zero_threshold=0.0, positive=None, negative=None, **more):
        self.schema = schema
        self.sum = total
        self.zero = zero
        self.zero_threshold = zero_threshold
        self.positive = dict(positive or {})
        self.negative = dict(negative or {})
        self.bounds = more.get("bounds", ())
        self.hint = more.get("hint", UNKNOWN)

    @property
    def count(self):
        return self.zero + sum(self.positive.values()) + sum(self.negative.values())

    def encode(self, time_ms):
        out = varint(2 << 3 | 1) + struct.pack("<d", self.count) + double(3, self.sum)
        out += varint(4 << 3) + zigzag(self.schema) + double(5, self.zero_threshold) + double(7, self.zero)
        out += self._buckets(8, 10, self.negative) + self._buckets(11, 13, self.positive)
        out += varint(14 << 3) + varint(self.hint) + varint(15 << 3) + varint(time_ms)
        if self.bounds:
            out += field(16, struct.pack(f"<{len(self.bounds)}d", *self.bounds))
        return out

    @staticmethod
    def _buckets(span_field, count_field, buckets):
        out = b""
        end = 0
        indexes = sorted(buckets)
        at = 0
        while at < len(indexes):
            length = 1
            while at + length < len(indexes) and indexes[at + length] == indexes[at] + length:
                length += 1
            offset = indexes[at] - end
            out += field(span_field, varint(1 << 3) + zigzag(offset) + varint(2 << 3) + varint(length))
            end = indexes[at] + length
            at += length
        if indexes:
            out += field(count_field, struct.pack(f"<{len(indexes)}d", *(buckets[i] for i in indexes)))
        return out


def stale_histogram(time_ms):
    out = varint(2 << 3 | 1) + struct.pack("<d", 0) + varint(3 << 3 | 1) + struct.pack("<Q", STALE_BITS)
    return out + varint(15 << 3) + varint(time_ms)


def series(labels, samples):
    """A TimeSeries: labels as a dict, samples as (milliseconds, float, Histogram or Stale)."""
    out = b"".join(
        field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in sorted(labels.items())
    )
    for time_ms, value in samples:
        if isinstance(value, Histogram):
            out += field(4, value.encode(time_ms))
        else:
            bits = struct.pack("<Q", STALE_BITS) if value is Stale else struct.pack("<d", value)
            out += field(2, b"\x09" + bits + b"\x10" + varint(time_ms))
    return field(1, out)


def snappy(data):
    """Snappy's block format, with literals only."""
    out = varint(len(data))
    for at in range(0, len(data), 1 << 16):
        chunk = data[at : at + (1 << 16)]
        out += b"\xf4" + struct.pack("<H", len(chunk) - 1) + chunk
    return out
