// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/histogram_text.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/template/go_format.h"

namespace vigil::text_template {
namespace {

using storage::BucketSpan;
using storage::Histogram;

// A bucket's index within its side, and its count.
struct Bucket {
  int64_t index;
  double count;
};

std::vector<Bucket> ListBuckets(const std::vector<BucketSpan>& spans,
                                const std::vector<double>& counts) {
  std::vector<Bucket> buckets;
  int64_t index = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < counts.size(); ++i) {
      buckets.push_back({index++, counts[next++]});
    }
  }
  return buckets;
}

std::string Number(double value) { return FormatFloat(value, 'g', kShortest); }

// The upper bound of a bucket of the positive side.
double UpperBound(const Histogram& histogram, int64_t index) {
  if (!histogram.UsesCustomBuckets()) {
    return std::exp2(std::ldexp(static_cast<double>(index), -histogram.schema));
  }
  const auto& bounds = histogram.custom_bounds;
  if (index < 0) return -std::numeric_limits<double>::infinity();
  if (static_cast<size_t>(index) >= bounds.size()) return std::numeric_limits<double>::infinity();
  return bounds[index];
}

std::string Describe(const Histogram& histogram) {
  std::string text =
      fmt::format("{{count:{}, sum:{}", Number(histogram.count), Number(histogram.sum));
  std::vector<Bucket> negative = ListBuckets(histogram.negative_spans, histogram.negative_counts);
  for (auto bucket = negative.rbegin(); bucket != negative.rend(); ++bucket) {
    if (bucket->count == 0) continue;
    text += fmt::format(", [{},{}):{}", Number(-UpperBound(histogram, bucket->index)),
                        Number(-UpperBound(histogram, bucket->index - 1)), Number(bucket->count));
  }
  if (histogram.zero_count != 0) {
    text += fmt::format(", [{},{}]:{}", Number(-histogram.zero_threshold),
                        Number(histogram.zero_threshold), Number(histogram.zero_count));
  }
  for (const Bucket& bucket : ListBuckets(histogram.positive_spans, histogram.positive_counts)) {
    if (bucket.count == 0) continue;
    text += fmt::format(", ({},{}]:{}", Number(UpperBound(histogram, bucket.index - 1)),
                        Number(UpperBound(histogram, bucket.index)), Number(bucket.count));
  }
  return text + "}";
}

class HistogramObject final : public Object {
 public:
  explicit HistogramObject(const Histogram& histogram)
      : count_(histogram.count), sum_(histogram.sum), text_(Describe(histogram)) {}

  std::string TypeName() const override { return "*histogram.FloatHistogram"; }
  std::string ToText() const override { return text_; }
  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    if (name == "String" && args.empty()) return Value(text_);
    if (name == "Count" && args.empty()) return Value(count_);
    if (name == "Sum" && args.empty()) return Value(sum_);
    return absl::NotFoundError(fmt::format("no field {} in a histogram", name));
  }

 private:
  const double count_;
  const double sum_;
  const std::string text_;
};

}  // namespace

Value MakeHistogram(const Histogram& histogram) {
  return Value(std::shared_ptr<const Object>(std::make_shared<HistogramObject>(histogram)));
}

}  // namespace vigil::text_template
