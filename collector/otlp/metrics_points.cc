// SPDX-License-Identifier: Apache-2.0
//
// The data points of metrics_walk.h: checked, resolved, appended. They are read in metrics_read.cc.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/otlp/custom_buckets.h"
#include "collector/otlp/metrics_walk.h"

namespace vigil::collector {
namespace {

// target_info is written this often along the points of a resource, and no further back than this
// from the latest: back-filling in small requests gets all of it, a stray instant does not cost
// millions of samples.
constexpr int64_t kTargetInfoStepMs = 150 * kMillisPerSecond;
constexpr int64_t kMaxTargetInfoMs = 31 * kMillisPerDay;

// What is wrong with a histogram's buckets, "" if nothing.
std::string_view BucketFault(const std::vector<double>& bounds, const std::vector<double>& counts) {
  const bool no_buckets = bounds.empty() && counts.empty();
  if (!no_buckets && counts.size() != bounds.size() + 1) {
    return "the number of buckets is not that of its bounds plus one";
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return "its bucket bounds do not rise strictly";
    }
  }
  return "";
}

// Of a point without a recorded value nothing counts but which series end: those of its bounds, if
// they make sense.
void MendStaleBuckets(std::vector<double>* bounds, std::vector<double>* counts) {
  counts->assign(bounds->size() + 1, 0);
  if (BucketFault(*bounds, *counts).empty()) return;
  bounds->clear();
  counts->assign(1, 0);
}

double Total(const std::vector<double>& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0);
}

}  // namespace

void MetricsWalk::WalkPoints() {
  const bool is_number = metric_.kind == DataKind::kGauge || metric_.kind == DataKind::kSum;
  const bool plain = is_number && !metric_.delta;
  seen_temporality_ = 0;
  seen_monotonic_ = false;
  for (const std::string_view piece : data_) {
    WireReader reader(piece);
    while (!malformed_ && reader.NextField()) {
      if (reader.Is(1, WireType::kBytes)) {
        const std::string_view bytes = reader.Bytes();
        if (!reader.ok()) break;
        ++points_;
        if (plain && TakePlainNumber(bytes)) continue;
        malformed_ |= !ReadPoint(bytes);
        if (!malformed_) TakePoint();
      } else if (reader.Is(2, WireType::kVarint)) {
        seen_temporality_ = reader.Varint();
      } else if (reader.Is(3, WireType::kVarint)) {
        seen_monotonic_ = reader.Varint() != 0;
      } else {
        reader.Skip();
      }
    }
    malformed_ |= !reader.ok();
  }
}

bool MetricsWalk::WalkPointsGuessed() {
  const int64_t points_before = points_;
  const storage::MetricBatch::Mark batch_before = batch_.mark();
  const Rejections rejections_before = rejections_;
  WalkPoints();
  if (!HasTemporality() || malformed_) return true;
  if (seen_temporality_ == kCumulative && seen_monotonic_ == metric_.monotonic) return true;
  points_ = points_before;
  batch_.Rewind(batch_before);
  rejections_ = rejections_before;
  return false;
}

int64_t MetricsWalk::CheckPoints() {
  int64_t count = 0;
  for (const std::string_view piece : data_) {
    malformed_ |= !ForEachMessage(piece, 1, [this, &count](std::string_view bytes) {
      malformed_ |= !ReadPoint(bytes);
      ++count;
    });
  }
  return count;
}

void MetricsWalk::TakePoint() {
  switch (metric_.kind) {
    case DataKind::kGauge:
    case DataKind::kSum:
      return TakeNumber(point_.attributes.Hash(metric_key_, seed_));
    case DataKind::kHistogram:
      return TakeHistogram();
    case DataKind::kExponential:
      return TakeExponential();
    case DataKind::kSummary:
      return TakeSummary();
  }
}

std::string MetricsWalk::ShownName() const {
  constexpr size_t kMaxShownBytes = 256;
  return ReplaceInvalidUtf8(metric_.name.substr(0, kMaxShownBytes));
}

std::optional<int64_t> MetricsWalk::TimeMs() {
  if (point_.time_ns == admitted_ns_ && admitted_ns_ != 0) return admitted_ms_;
  if (point_.time_ns == 0) {
    rejections_.Add(1, fmt::format("metric \"{}\" has a point without a time", ShownName()));
    return std::nullopt;
  }
  const auto time_ms = static_cast<int64_t>(point_.time_ns / kNanosPerMilli);
  if (!time_rules_.Admits(time_ms)) {
    rejections_.Add(1, time_rules_.Reason(time_ms));
    return std::nullopt;
  }
  admitted_ns_ = point_.time_ns;
  admitted_ms_ = time_ms;
  if (latest_ms_ == 0 || time_ms < earliest_ms_) earliest_ms_ = time_ms;
  latest_ms_ = std::max(latest_ms_, time_ms);
  return time_ms;
}

absl::StatusOr<storage::Attributes> MetricsWalk::ParsePointAttributes() const {
  storage::Attributes attributes;
  for (const std::string_view run : point_.attributes.runs()) {
    WireReader reader(run);
    while (reader.NextField()) {
      VIGIL_ASSIGN_OR_RETURN_WITH(storage::Attribute attribute, ParseAttribute(reader.Bytes()),
                                  fmt::format("metric \"{}\"", ShownName()));
      attributes.push_back(std::move(attribute));
    }
  }
  return attributes;
}

template <typename Resolve>
std::optional<PointLane::Found> MetricsWalk::FindTarget(const PointKey& key,
                                                        const Resolve& resolve) {
  const std::optional<PointLane::Found> known = cursor_->Find(key);
  if (known.has_value()) return known;
  const auto resolved = [&]() -> absl::StatusOr<PointTarget> {
    VIGIL_ASSIGN_OR_RETURN(const PointOrigin* const origin, Origin());
    VIGIL_ASSIGN_OR_RETURN(const storage::Attributes attributes, ParsePointAttributes());
    return resolve(*origin, attributes);
  }();
  for (const std::string& label : resolver_.TakeJoined()) {
    rejections_.Warn(
        fmt::format("several attributes become label \"{}\": their values are joined", label));
  }
  if (!resolved.ok()) {
    rejections_.Add(1, MessageOf(resolved.status()));
    return std::nullopt;
  }
  cursor_->Insert(key, *resolved);
  resolved_family_ = resolved->more;
  return PointLane::Found{resolved->first, resolved_family_.get()};
}

void MetricsWalk::AppendStale(const PointLane::Found& target, int64_t time_ms) {
  if (target.more == nullptr) return batch_.Add(target.first, time_ms, storage::StaleNan());
  for (const storage::SeriesRef ref : *target.more) batch_.Add(ref, time_ms, storage::StaleNan());
}

void MetricsWalk::TakeNumber(const PointKey& key) {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  if (!point_.has_value && !point_.stale) {
    return rejections_.Add(1,
                           fmt::format("metric \"{}\" has a point without a value", ShownName()));
  }
  const std::optional<PointLane::Found> target =
      FindTarget(key, [this](const PointOrigin& origin, const storage::Attributes& attributes) {
        return resolver_.Number(origin, metric_, attributes);
      });
  if (!target.has_value()) return;
  if (!point_.exemplars.empty()) TakeExemplars(target->first, *time_ms);
  if (metric_.delta) return TakeDeltaNumber(target->first);
  if (point_.stale) return AppendStale(*target, *time_ms);
  batch_.Add(target->first, *time_ms, point_.value);
}

void MetricsWalk::WarnOfTotal(double total) {
  // Producers count while they are read out. What they say of the count is taken for +Inf.
  if (total == point_.count) return;
  rejections_.Warn(
      fmt::format("histogram \"{}\" has buckets that do not add up to its count", ShownName()));
}

void MetricsWalk::TakeHistogram() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  if (point_.stale) MendStaleBuckets(&point_.bounds, &point_.values);
  if (const std::string_view fault = BucketFault(point_.bounds, point_.values); !fault.empty()) {
    return rejections_.Add(1, fmt::format("histogram \"{}\": {}", ShownName(), fault));
  }
  if (!point_.stale && !point_.values.empty()) WarnOfTotal(Total(point_.values));
  if (options_.convert_histograms_to_nhcb) {
    return TakeNative(*time_ms, ToCustomHistogram(point_.bounds, point_.values, point_.count,
                                                  point_.stale ? storage::StaleNan() : point_.sum));
  }
  // Points with other bounds have other series.
  const PointKey key = point_.attributes.Hash(HashBounds(metric_key_, point_.bounds, seed_), seed_);
  const std::optional<PointLane::Found> target =
      FindTarget(key, [this](const PointOrigin& origin, const storage::Attributes& attributes) {
        return resolver_.Histogram(origin, metric_, attributes, point_.bounds);
      });
  if (!target.has_value()) return;
  if (!point_.exemplars.empty()) TakeBucketExemplars(*target->more, *time_ms);
  if (metric_.delta) return TakeDeltaHistogram(*target->more);
  if (point_.stale) return AppendStale(*target, *time_ms);
  const SeriesFamily& refs = *target->more;
  double below = 0;
  for (size_t i = 0; i < point_.bounds.size(); ++i) {
    below += point_.values[i];
    batch_.Add(refs[i], *time_ms, below);
  }
  batch_.Add(refs[refs.size() - 3], *time_ms, point_.count);
  if (point_.has_sum) batch_.Add(refs[refs.size() - 2], *time_ms, point_.sum);
  batch_.Add(refs[refs.size() - 1], *time_ms, point_.count);
}

void MetricsWalk::TakeExponential() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  ExponentialPoint& exponential = point_.exponential;
  if (point_.stale) {
    storage::Histogram stale;
    stale.sum = storage::StaleNan();
    return TakeNative(*time_ms, std::move(stale));
  }
  exponential.count = point_.count;
  exponential.sum = point_.sum;
  absl::StatusOr<storage::Histogram> histogram = ToNativeHistogram(exponential);
  if (!histogram.ok()) {
    return rejections_.Add(
        1, fmt::format("metric \"{}\": {}", ShownName(), MessageOf(histogram.status())));
  }
  WarnOfTotal(exponential.zero_count + Total(exponential.positive_counts) +
              Total(exponential.negative_counts));
  TakeNative(*time_ms, *std::move(histogram));
}

void MetricsWalk::TakeNative(int64_t time_ms, storage::Histogram histogram) {
  const std::optional<PointLane::Found> target =
      FindTarget(point_.attributes.Hash(metric_key_, seed_),
                 [this](const PointOrigin& origin, const storage::Attributes& attributes) {
                   return resolver_.Number(origin, metric_, attributes);
                 });
  if (!target.has_value()) return;
  if (!point_.exemplars.empty()) TakeExemplars(target->first, time_ms);
  if (metric_.delta) return TakeDeltaNative(target->first, std::move(histogram));
  batch_.histograms.push_back(
      {target->first, time_ms, std::make_shared<const storage::Histogram>(std::move(histogram))});
}

void MetricsWalk::TakeSummary() {
  const std::optional<int64_t> time_ms = TimeMs();
  if (!time_ms.has_value()) return;
  const PointKey key = point_.attributes.Hash(HashBounds(metric_key_, point_.bounds, seed_), seed_);
  const std::optional<PointLane::Found> target =
      FindTarget(key, [this](const PointOrigin& origin, const storage::Attributes& attributes) {
        return resolver_.Summary(origin, metric_, attributes, point_.bounds);
      });
  if (!target.has_value()) return;
  if (point_.stale) return AppendStale(*target, *time_ms);
  const SeriesFamily& refs = *target->more;
  for (size_t i = 0; i < point_.values.size(); ++i) batch_.Add(refs[i], *time_ms, point_.values[i]);
  batch_.Add(refs[refs.size() - 2], *time_ms, point_.sum);
  batch_.Add(refs[refs.size() - 1], *time_ms, point_.count);
}

void MetricsWalk::TakeTargetInfo() {
  // Any constant that metrics' hashes are not made with.
  constexpr uint64_t kTargetInfo = 0x74617267;
  point_.Clear();
  const int64_t rejected_before = rejections_.count();
  const std::optional<PointLane::Found> target =
      FindTarget(CombineKeys(resource_key_, {}, kTargetInfo, seed_),
                 [this](const PointOrigin& origin, const storage::Attributes&) {
                   return resolver_.TargetInfo(origin);
                 });
  // No point of the sender's is lost with it.
  if (!target.has_value()) return rejections_.Forget(rejections_.count() - rejected_before);
  if (target->first == storage::SeriesRef{}) return;
  // Readers look back five minutes: all along the points there is one to be found.
  int64_t time_ms = std::max(earliest_ms_, latest_ms_ - kMaxTargetInfoMs);
  for (; time_ms < latest_ms_; time_ms += kTargetInfoStepMs) batch_.Add(target->first, time_ms, 1);
  batch_.Add(target->first, latest_ms_, 1);
}

}  // namespace vigil::collector
