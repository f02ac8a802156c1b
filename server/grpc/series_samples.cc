// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/series_samples.h"

#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::server {
namespace {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;
using storage::BucketSpan;
using storage::Histogram;
using storage::MetricType;

void AddSpans(const std::vector<BucketSpan>& spans, RepeatedPtrField<v1::BucketSpan>* messages) {
  for (const BucketSpan& span : spans) {
    v1::BucketSpan* const message = messages->Add();
    message->set_offset(span.offset);
    message->set_length(span.length);
  }
}

// Spans whose buckets are counted by `counts`, and whose indexes have 32 bits.
absl::StatusOr<std::vector<BucketSpan>> Spans(const RepeatedPtrField<v1::BucketSpan>& messages,
                                              size_t counts) {
  std::vector<BucketSpan> spans;
  uint64_t buckets = 0;
  int64_t index = 0;
  for (const v1::BucketSpan& message : messages) {
    if (!spans.empty() && message.offset() < 0) {
      return absl::InvalidArgumentError("spans of a histogram overlap");
    }
    index += int64_t{message.offset()} + message.length();
    if (index > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError("bucket of a histogram out of range");
    }
    buckets += message.length();
    spans.push_back({message.offset(), message.length()});
  }
  if (buckets != counts) {
    return absl::InvalidArgumentError(fmt::format(
        "spans of a histogram have {} buckets, but there are {} counts", buckets, counts));
  }
  return spans;
}

absl::Status CheckBounds(const Histogram& histogram) {
  const std::vector<double>& bounds = histogram.custom_bounds;
  if (!histogram.UsesCustomBuckets()) {
    return bounds.empty() ? absl::OkStatus()
                          : absl::InvalidArgumentError("only schema -53 has custom bounds");
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return absl::InvalidArgumentError("custom bounds of a histogram do not ascend");
    }
  }
  return absl::OkStatus();
}

}  // namespace

void ToMessage(const Histogram& histogram, v1::NativeHistogram* message) {
  message->set_schema(histogram.schema);
  message->set_reset_hint(static_cast<uint32_t>(histogram.reset_hint));
  message->set_zero_threshold(histogram.zero_threshold);
  message->set_zero_count(histogram.zero_count);
  message->set_count(histogram.count);
  message->set_sum(histogram.sum);
  AddSpans(histogram.positive_spans, message->mutable_positive_spans());
  AddSpans(histogram.negative_spans, message->mutable_negative_spans());
  message->mutable_positive_counts()->Assign(histogram.positive_counts.begin(),
                                             histogram.positive_counts.end());
  message->mutable_negative_counts()->Assign(histogram.negative_counts.begin(),
                                             histogram.negative_counts.end());
  message->mutable_custom_bounds()->Assign(histogram.custom_bounds.begin(),
                                           histogram.custom_bounds.end());
}

absl::StatusOr<Histogram> FromMessage(const v1::NativeHistogram& message) {
  const int32_t schema = message.schema();
  if (schema != storage::kCustomBucketsSchema &&
      (schema < storage::kMinExponentialSchema || schema > storage::kMaxExponentialSchema)) {
    return absl::InvalidArgumentError(fmt::format("schema {} of a histogram is not known", schema));
  }
  if (message.reset_hint() > static_cast<uint32_t>(storage::CounterResetHint::kGauge)) {
    return absl::InvalidArgumentError(
        fmt::format("reset hint {} of a histogram is not known", message.reset_hint()));
  }
  Histogram histogram;
  histogram.schema = static_cast<int8_t>(schema);
  histogram.reset_hint = static_cast<storage::CounterResetHint>(message.reset_hint());
  histogram.zero_threshold = message.zero_threshold();
  histogram.zero_count = message.zero_count();
  histogram.count = message.count();
  histogram.sum = message.sum();
  VIGIL_ASSIGN_OR_RETURN(histogram.positive_spans,
                         Spans(message.positive_spans(), message.positive_counts_size()));
  VIGIL_ASSIGN_OR_RETURN(histogram.negative_spans,
                         Spans(message.negative_spans(), message.negative_counts_size()));
  histogram.positive_counts.assign(message.positive_counts().begin(),
                                   message.positive_counts().end());
  histogram.negative_counts.assign(message.negative_counts().begin(),
                                   message.negative_counts().end());
  histogram.custom_bounds.assign(message.custom_bounds().begin(), message.custom_bounds().end());
  VIGIL_RETURN_IF_ERROR(CheckBounds(histogram));
  return histogram;
}

absl::StatusOr<storage::MetricMetadata> MetadataOf(const v1::SeriesSamples& message) {
  storage::MetricMetadata metadata;
  metadata.unit = message.unit();
  metadata.help = message.help();
  if (message.type().empty()) return metadata;
  for (int type = 0; type <= static_cast<int>(MetricType::kStateSet); ++type) {
    if (storage::MetricTypeName(static_cast<MetricType>(type)) != message.type()) continue;
    metadata.type = static_cast<MetricType>(type);
    return metadata;
  }
  return absl::InvalidArgumentError(fmt::format("\"{}\" is no type of a metric", message.type()));
}

}  // namespace vigil::server
