// SPDX-License-Identifier: Apache-2.0
#include "query/promql/histogram_notation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/number_literal.h"

namespace vigil::promql {
namespace {

using storage::BucketSpan;
using storage::CounterResetHint;
using storage::Histogram;

// Bucket indexes beyond this are of no use in tests, and keep sums of offsets from overflowing.
constexpr double kMaxOffset = 1 << 20;

// Bucket counts by absolute index.
using Buckets = std::map<int64_t, double>;

absl::Status Bad(std::string_view key, std::string_view value, std::string_view wanted) {
  return absl::InvalidArgumentError(
      fmt::format("histogram: {} must be {}, got \"{}\"", key, wanted, value));
}

absl::StatusOr<double> ToNumber(std::string_view key, std::string_view text) {
  const bool negative = text.starts_with("-");
  const std::optional<double> number = ParseNumber(text.substr(negative ? 1 : 0));
  if (!number.has_value()) return Bad(key, text, "a number");
  return negative ? -*number : *number;
}

absl::StatusOr<int32_t> ToInteger(std::string_view key, std::string_view text, double limit) {
  VIGIL_ASSIGN_OR_RETURN(const double number, ToNumber(key, text));
  if (!(std::fabs(number) <= limit) || number != std::floor(number)) {
    return Bad(key, text, fmt::format("a whole number of at most {}", limit));
  }
  return static_cast<int32_t>(number);
}

absl::StatusOr<std::vector<double>> ToNumbers(std::string_view key, std::string_view text) {
  if (!text.starts_with("[") || !text.ends_with("]")) return Bad(key, text, "numbers in brackets");
  std::vector<double> numbers;
  for (const std::string_view piece : Split(text.substr(1, text.size() - 2), ' ')) {
    if (piece.empty()) continue;
    VIGIL_ASSIGN_OR_RETURN(const double number, ToNumber(key, piece));
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<CounterResetHint> ToHint(std::string_view key, std::string_view text) {
  if (text == "unknown") return CounterResetHint::kUnknown;
  if (text == "reset") return CounterResetHint::kReset;
  if (text == "not_reset") return CounterResetHint::kNotReset;
  if (text == "gauge") return CounterResetHint::kGauge;
  return Bad(key, text, "unknown, reset, not_reset or gauge");
}

// The pieces "key:value" of the text; a value may be a list with blanks in brackets.
absl::StatusOr<std::map<std::string, std::string>> SplitFields(std::string_view text) {
  std::map<std::string, std::string> fields;
  for (text = Trim(text); !text.empty(); text = Trim(text)) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
      return absl::InvalidArgumentError(
          fmt::format("histogram: expected key:value, got \"{}\"", text));
    }
    const std::string key(text.substr(0, colon));
    text.remove_prefix(colon + 1);
    size_t length = std::min(text.find(' '), text.size());
    if (text.starts_with("[")) length = std::min(text.find(']'), text.size() - 1) + 1;
    if (!fields.emplace(key, text.substr(0, length)).second) {
      return absl::InvalidArgumentError(fmt::format("histogram: {} is given twice", key));
    }
    text.remove_prefix(length);
  }
  return fields;
}

// What the fields say before it becomes spans.
struct Draft {
  Histogram histogram;
  int32_t offset = 0;
  int32_t negative_offset = 0;
};

absl::Status SetField(std::string_view key, std::string_view value, Draft* draft) {
  Histogram& histogram = draft->histogram;
  if (key == "schema") {
    VIGIL_ASSIGN_OR_RETURN(histogram.schema, ToInteger(key, value, 127));
  } else if (key == "sum") {
    VIGIL_ASSIGN_OR_RETURN(histogram.sum, ToNumber(key, value));
  } else if (key == "count") {
    VIGIL_ASSIGN_OR_RETURN(histogram.count, ToNumber(key, value));
  } else if (key == "z_bucket") {
    VIGIL_ASSIGN_OR_RETURN(histogram.zero_count, ToNumber(key, value));
  } else if (key == "z_bucket_w") {
    VIGIL_ASSIGN_OR_RETURN(histogram.zero_threshold, ToNumber(key, value));
  } else if (key == "buckets") {
    VIGIL_ASSIGN_OR_RETURN(histogram.positive_counts, ToNumbers(key, value));
  } else if (key == "n_buckets") {
    VIGIL_ASSIGN_OR_RETURN(histogram.negative_counts, ToNumbers(key, value));
  } else if (key == "offset") {
    VIGIL_ASSIGN_OR_RETURN(draft->offset, ToInteger(key, value, kMaxOffset));
  } else if (key == "n_offset") {
    VIGIL_ASSIGN_OR_RETURN(draft->negative_offset, ToInteger(key, value, kMaxOffset));
  } else if (key == "counter_reset_hint") {
    VIGIL_ASSIGN_OR_RETURN(histogram.reset_hint, ToHint(key, value));
  } else if (key == "custom_values") {
    VIGIL_ASSIGN_OR_RETURN(histogram.custom_bounds, ToNumbers(key, value));
  } else {
    return absl::InvalidArgumentError(fmt::format("histogram: unknown key \"{}\"", key));
  }
  return absl::OkStatus();
}

absl::Status CheckDraft(const Draft& draft) {
  const Histogram& histogram = draft.histogram;
  const auto bad = [](std::string_view why) {
    return absl::InvalidArgumentError(fmt::format("histogram: {}", why));
  };
  if (!histogram.UsesCustomBuckets()) {
    if (!histogram.custom_bounds.empty()) return bad("custom_values need schema -53");
    const bool known = histogram.schema >= storage::kMinExponentialSchema &&
                       histogram.schema <= storage::kMaxExponentialSchema;
    return known ? absl::OkStatus() : bad("schema must be -4 to 8, or -53");
  }
  const std::vector<double>& bounds = histogram.custom_bounds;
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return bad("custom_values must ascend and be finite");
    }
  }
  if (!histogram.negative_counts.empty()) return bad("custom buckets have no negative side");
  if (histogram.zero_count != 0) return bad("custom buckets have no zero bucket");
  if (draft.offset < 0 || draft.offset + histogram.positive_counts.size() > bounds.size() + 1) {
    return bad("more buckets than custom_values");
  }
  return absl::OkStatus();
}

void AddBuckets(const std::vector<BucketSpan>& spans, const std::vector<double>& counts,
                double factor, Buckets* buckets) {
  int64_t index = 0;
  auto count = counts.begin();
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i) (*buckets)[index++] += factor * *count++;
  }
}

void StoreBuckets(const Buckets& buckets, std::vector<BucketSpan>* spans,
                  std::vector<double>* counts) {
  spans->clear();
  counts->clear();
  int64_t next = 0;
  for (const auto& [index, count] : buckets) {
    if (spans->empty() || index != next) {
      spans->push_back({static_cast<int32_t>(index - next), 0});
    }
    ++spans->back().length;
    counts->push_back(count);
    next = index + 1;
  }
}

}  // namespace

absl::StatusOr<Histogram> ParseHistogram(std::string_view text) {
  Draft draft;
  VIGIL_ASSIGN_OR_RETURN(const auto fields, SplitFields(text));
  for (const auto& [key, value] : fields) VIGIL_RETURN_IF_ERROR(SetField(key, value, &draft));
  VIGIL_RETURN_IF_ERROR(CheckDraft(draft));
  Histogram& histogram = draft.histogram;
  const auto spans_of = [](int32_t offset, const std::vector<double>& counts) {
    return counts.empty() ? std::vector<BucketSpan>()
                          : std::vector<BucketSpan>{{offset, static_cast<uint32_t>(counts.size())}};
  };
  histogram.positive_spans = spans_of(draft.offset, histogram.positive_counts);
  histogram.negative_spans = spans_of(draft.negative_offset, histogram.negative_counts);
  return std::move(histogram);
}

absl::Status AddHistogram(const Histogram& increment, double factor, Histogram* histogram) {
  if (increment.schema != histogram->schema ||
      increment.zero_threshold != histogram->zero_threshold ||
      increment.custom_bounds != histogram->custom_bounds) {
    return absl::InvalidArgumentError("histogram: the increment has other buckets");
  }
  histogram->count += factor * increment.count;
  histogram->sum += factor * increment.sum;
  histogram->zero_count += factor * increment.zero_count;
  for (const bool positive : {true, false}) {
    auto& spans = positive ? histogram->positive_spans : histogram->negative_spans;
    auto& counts = positive ? histogram->positive_counts : histogram->negative_counts;
    Buckets buckets;
    AddBuckets(spans, counts, 1, &buckets);
    AddBuckets(positive ? increment.positive_spans : increment.negative_spans,
               positive ? increment.positive_counts : increment.negative_counts, factor, &buckets);
    StoreBuckets(buckets, &spans, &counts);
  }
  return absl::OkStatus();
}

}  // namespace vigil::promql
