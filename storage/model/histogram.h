// SPDX-License-Identifier: Apache-2.0
//
// Native histograms, in the data model that Prometheus and OpenTelemetry share: exponential buckets
// (schema -4 to 8) or buckets with custom bounds (schema -53).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vigil::storage {

inline constexpr int8_t kCustomBucketsSchema = -53;
inline constexpr int8_t kMinExponentialSchema = -4;
inline constexpr int8_t kMaxExponentialSchema = 8;

// A run of consecutive buckets. The offset of the first span is the index of its first bucket; of a
// later span, the number of buckets skipped since the one before.
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
  friend bool operator==(const BucketSpan&, const BucketSpan&) = default;
};

// What is known about a counter reset between the previous histogram of the series and this one.
enum class CounterResetHint : uint8_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };

// Counts are absolute (not deltas) and doubles, which hold every integer count up to 2^53 exactly.
// Exponential: positive bucket i covers (2^(2^-schema * (i-1)), 2^(2^-schema * i)], negative ones
// mirror it; the zero bucket covers [-zero_threshold, zero_threshold]. Custom: bucket i covers
// (custom_bounds[i-1], custom_bounds[i]], the last one goes to +Inf; there are no negative buckets.
struct Histogram {
  int8_t schema = 0;
  CounterResetHint reset_hint = CounterResetHint::kUnknown;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  // One for each bucket of the spans, in order.
  std::vector<double> positive_counts;
  std::vector<double> negative_counts;
  // Ascending upper bounds without +Inf; only for kCustomBucketsSchema.
  std::vector<double> custom_bounds;

  bool UsesCustomBuckets() const { return schema == kCustomBucketsSchema; }

  // Bit for bit, so that staleness markers compare equal to themselves.
  friend bool operator==(const Histogram& a, const Histogram& b);
};

}  // namespace vigil::storage
