// SPDX-License-Identifier: Apache-2.0
#include "tests/query/exec/result_match.h"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"
#include "query/exec/histogram/histogram_buckets.h"
#include "storage/model/sample.h"

namespace vigil::exec {
namespace {

constexpr double kTolerance = 1e-6;

bool SameBuckets(const std::vector<storage::BucketSpan>& expected_spans,
                 const std::vector<double>& expected_counts,
                 const std::vector<storage::BucketSpan>& actual_spans,
                 const std::vector<double>& actual_counts) {
  IndexedCounts expected = Unpack(expected_spans, expected_counts);
  IndexedCounts actual = Unpack(actual_spans, actual_counts);
  const auto is_empty = [](const IndexedCount& bucket) { return bucket.count == 0; };
  std::erase_if(expected, is_empty);
  std::erase_if(actual, is_empty);
  return std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(),
                    [](const IndexedCount& a, const IndexedCount& b) {
                      return a.index == b.index && AlmostEqual(a.count, b.count);
                    });
}

}  // namespace

bool AlmostEqual(double a, double b) {
  if (storage::IsStale(a) || storage::IsStale(b)) return storage::IsStale(a) && storage::IsStale(b);
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  if (a == 0 || b == 0 || std::isinf(a) || std::isinf(b)) return false;
  return std::fabs(a - b) / (std::fabs(a) + std::fabs(b)) < kTolerance;
}

bool AlmostEqual(const storage::Histogram& expected, const storage::Histogram& actual) {
  const bool hints = expected.reset_hint == storage::CounterResetHint::kUnknown ||
                     expected.reset_hint == actual.reset_hint;
  return hints && expected.schema == actual.schema && AlmostEqual(expected.count, actual.count) &&
         AlmostEqual(expected.sum, actual.sum) &&
         AlmostEqual(expected.zero_threshold, actual.zero_threshold) &&
         AlmostEqual(expected.zero_count, actual.zero_count) &&
         expected.custom_bounds == actual.custom_bounds &&
         SameBuckets(expected.positive_spans, expected.positive_counts, actual.positive_spans,
                     actual.positive_counts) &&
         SameBuckets(expected.negative_spans, expected.negative_counts, actual.negative_spans,
                     actual.negative_counts);
}

bool AlmostEqual(const promql::SeriesValue& expected, const promql::SeriesValue& actual) {
  if (!expected.has_value() || !actual.has_value()) {
    return expected.has_value() == actual.has_value();
  }
  if (expected->index() != actual->index()) return false;
  if (const auto* number = std::get_if<double>(&*expected)) {
    return AlmostEqual(*number, std::get<double>(*actual));
  }
  return AlmostEqual(*std::get<1>(*expected), *std::get<1>(*actual));
}

std::string ValueText(const promql::SeriesValue& value) {
  if (!value.has_value()) return "_";
  if (const auto* number = std::get_if<double>(&*value)) {
    return storage::IsStale(*number) ? "stale" : FormatValue(*number);
  }
  const storage::Histogram& histogram = *std::get<1>(*value);
  return fmt::format("{} schema {} hint {} zero {}@{}", HistogramText(histogram), histogram.schema,
                     static_cast<int>(histogram.reset_hint), FormatValue(histogram.zero_count),
                     FormatValue(histogram.zero_threshold));
}

}  // namespace vigil::exec
