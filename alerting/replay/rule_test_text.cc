// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_text.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"
#include "query/exec/histogram/histogram_buckets.h"
#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

using storage::CounterResetHint;
using storage::Histogram;

// A longer row of empty buckets is not written out.
constexpr int64_t kMaxGap = 1'000;

std::string_view HintName(CounterResetHint hint) {
  switch (hint) {
    case CounterResetHint::kUnknown:
      return "";
    case CounterResetHint::kReset:
      return "reset";
    case CounterResetHint::kNotReset:
      return "not_reset";
    case CounterResetHint::kGauge:
      return "gauge";
  }
  return "";
}

// The fields that tell of the buckets, in the order in which they are written.
class NotationWriter {
 public:
  void Number(std::string_view name, double value) {
    if (value != 0) Field(name, fmt::format("{}", value));
  }

  void Field(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : " ", name, value);
  }

  // `prefix` is "n_" for negative buckets.
  void Buckets(std::string_view prefix, exec::IndexedCounts buckets) {
    std::erase_if(buckets, [](const exec::IndexedCount& bucket) { return bucket.count == 0; });
    if (buckets.empty()) return;
    const int32_t first = buckets.front().index;
    std::string counts;
    int64_t next = first;
    for (const exec::IndexedCount& bucket : buckets) {
      if (bucket.index - next > kMaxGap) {
        counts += "... ";
        next = bucket.index;
      }
      for (; next < bucket.index; ++next) counts += "0 ";
      counts += fmt::format("{} ", bucket.count);
      ++next;
    }
    counts.pop_back();
    Number(fmt::format("{}offset", prefix), first);
    Field(fmt::format("{}buckets", prefix), fmt::format("[{}]", counts));
  }

  std::string Take() && { return fmt::format("{{{{{}}}}}", text_); }

 private:
  std::string text_;
};

}  // namespace

std::string TextOf(const TextMap& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, storage::Quote(value));
  }
  return fmt::format("{{{}}}", text);
}

std::string TextOf(const TestSample& sample) {
  return fmt::format("{} {}", sample.labels.ToString(), ValueText(sample));
}

std::string ValueText(const TestSample& sample) {
  return sample.histogram == nullptr ? FormatValue(sample.value)
                                     : HistogramNotation(*sample.histogram);
}

std::string HistogramNotation(const Histogram& histogram) {
  NotationWriter writer;
  writer.Number("schema", histogram.schema);
  writer.Number("count", histogram.count);
  writer.Number("sum", histogram.sum);
  writer.Number("z_bucket", histogram.zero_count);
  writer.Number("z_bucket_w", histogram.zero_threshold);
  if (!histogram.custom_bounds.empty()) {
    writer.Field("custom_values", fmt::format("[{}]", fmt::join(histogram.custom_bounds, " ")));
  }
  const std::string_view hint = HintName(histogram.reset_hint);
  if (!hint.empty()) writer.Field("counter_reset_hint", hint);
  writer.Buckets("", exec::Unpack(histogram.positive_spans, histogram.positive_counts));
  writer.Buckets("n_", exec::Unpack(histogram.negative_spans, histogram.negative_counts));
  return std::move(writer).Take();
}

}  // namespace vigil::alerting
