// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/delta_total.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/duration.h"
#include "collector/otlp/exponential.h"
#include "storage/model/sample.h"

namespace vigil::collector {
namespace {

// How far before a point its stream is looked for in the store. Most were written to a moment ago;
// what has rested for longer than the last of them begins anew, which reads as a counter reset.
constexpr int64_t kLookBackMs[] = {kMillisPerHour, kMillisPerDay, 31 * kMillisPerDay};

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

int64_t ToMillis(uint64_t time_ns) { return static_cast<int64_t>(time_ns / kNanosPerMilli); }

// The last sample of a series that is no staleness marker, and when it was last written to.
struct LastSample {
  int64_t last_ms = 0;  // Of any sample.
  std::optional<double> value;
  std::shared_ptr<const storage::Histogram> histogram;
};

std::optional<LastSample> ReadLast(storage::MetricQuerier* querier, storage::SeriesRef series,
                                   int64_t from_ms) {
  storage::SampleColumns columns;
  if (!querier->Read(series, {from_ms, kForever}, &columns).ok() || columns.Empty()) {
    return std::nullopt;
  }
  LastSample last;
  if (!columns.times_ms.empty()) last.last_ms = columns.times_ms.back();
  if (!columns.histogram_times_ms.empty()) {
    last.last_ms = std::max(last.last_ms, columns.histogram_times_ms.back());
  }
  for (size_t i = columns.values.size(); i > 0 && !last.value.has_value(); --i) {
    if (!storage::IsStale(columns.values[i - 1])) last.value = columns.values[i - 1];
  }
  for (size_t i = columns.histograms.size(); i > 0 && last.histogram == nullptr; --i) {
    if (!storage::IsStale(*columns.histograms[i - 1])) last.histogram = columns.histograms[i - 1];
  }
  return last;
}

bool IsFinite(const DeltaPoint& point) {
  if (point.buckets != nullptr) return std::isfinite(point.buckets->sum);
  if (point.native != nullptr) return std::isfinite(point.native->sum);
  return std::isfinite(point.value);
}

// Exponential buckets can be brought together, custom ones must be the same.
bool CanAdd(const storage::Histogram& a, const storage::Histogram& b) {
  return a.UsesCustomBuckets() == b.UsesCustomBuckets() && a.custom_bounds == b.custom_bounds;
}

void AppendStale(const DeltaPoint& point, int64_t time_ms, storage::MetricBatch* batch) {
  if (point.buckets != nullptr) {
    for (const storage::SeriesRef series : point.buckets->series) {
      batch->Add(series, time_ms, storage::StaleNan());
    }
  } else if (point.native != nullptr) {
    batch->histograms.push_back({point.stream, time_ms, point.native});
  } else {
    batch->Add(point.stream, time_ms, storage::StaleNan());
  }
}

}  // namespace

void DeltaTotal::Load(storage::MetricQuerier* querier, const DeltaPoint& point) {
  loaded_ = true;
  const int64_t time_ms = ToMillis(point.time_ns);
  for (const int64_t look_back_ms : kLookBackMs) {
    const int64_t from_ms = time_ms - look_back_ms;
    const std::optional<LastSample> last = ReadLast(querier, point.stream, from_ms);
    if (!last.has_value()) continue;
    // A sample has milliseconds: all of its last one may be in the total.
    last_ns_ = static_cast<uint64_t>(last->last_ms + 1) * kNanosPerMilli - 1;
    if (point.buckets != nullptr) {
      if (last->value.has_value()) LoadBuckets(querier, *point.buckets, from_ms);
    } else {
      value_ = last->value.value_or(0);
      native_ = last->histogram;
    }
    return;
  }
}

void DeltaTotal::LoadBuckets(storage::MetricQuerier* querier, const BucketDelta& delta,
                             int64_t from_ms) {
  const std::vector<storage::SeriesRef>& series = delta.series;
  auto total = std::make_unique<BucketDelta>();
  total->series = delta.series;
  const std::optional<LastSample> count = ReadLast(querier, series.back(), from_ms);
  if (!count.has_value()) return;
  total->count = count->value.value_or(0);
  for (size_t i = 0; i + 3 < series.size(); ++i) {
    const std::optional<LastSample> bucket = ReadLast(querier, series[i], from_ms);
    // Points with other bounds came since: they began a total of their own.
    if (!bucket.has_value() || bucket->last_ms != count->last_ms) return;
    total->below.push_back(bucket->value.value_or(0));
  }
  if (const auto sum = ReadLast(querier, series[series.size() - 2], from_ms); sum.has_value()) {
    total->sum = sum->value.value_or(0);
  }
  buckets_ = std::move(total);
}

DeltaVerdict DeltaTotal::Judge(const DeltaPoint& point) const {
  if (last_ns_ != 0 && point.time_ns <= last_ns_) {
    return ToMillis(point.time_ns) == ToMillis(last_ns_) ? DeltaVerdict::kDuplicate
                                                         : DeltaVerdict::kOutOfOrder;
  }
  if (point.stale) return DeltaVerdict::kTaken;
  if (point.start_ns != 0 && point.start_ns < start_ns_) return DeltaVerdict::kOlderStart;
  if (!IsFinite(point)) return DeltaVerdict::kNotFinite;
  if (point.monotonic && point.value < 0) return DeltaVerdict::kNegative;
  return DeltaVerdict::kTaken;
}

DeltaVerdict DeltaTotal::Add(const DeltaPoint& point, storage::MetricBatch* batch) {
  const DeltaVerdict verdict = Judge(point);
  if (verdict != DeltaVerdict::kTaken) return verdict;
  const int64_t time_ms = ToMillis(point.time_ns);
  last_ns_ = point.time_ns;
  if (point.stale) {
    AppendStale(point, time_ms, batch);
    return verdict;
  }
  if (start_ns_ == 0) start_ns_ = point.start_ns != 0 ? point.start_ns : point.time_ns;
  if (point.buckets != nullptr) {
    AddBuckets(*point.buckets, time_ms, batch);
  } else if (point.native != nullptr) {
    AddNative(point, time_ms, batch);
  } else {
    value_ += point.value;
    batch->Add(point.stream, time_ms, value_);
  }
  return verdict;
}

void DeltaTotal::AddBuckets(const BucketDelta& delta, int64_t time_ms,
                            storage::MetricBatch* batch) {
  if (buckets_ == nullptr || buckets_->series != delta.series) {
    // With other bounds a new total begins, which readers see as a counter reset.
    buckets_ = std::make_unique<BucketDelta>();
    buckets_->series = delta.series;
    buckets_->below.resize(delta.below.size());
  }
  BucketDelta& total = *buckets_;
  const std::vector<storage::SeriesRef>& series = total.series;
  for (size_t i = 0; i < total.below.size(); ++i) {
    total.below[i] += delta.below[i];
    batch->Add(series[i], time_ms, total.below[i]);
  }
  total.count += delta.count;
  batch->Add(series[series.size() - 3], time_ms, total.count);
  if (delta.has_sum) {
    total.sum += delta.sum;
    batch->Add(series[series.size() - 2], time_ms, total.sum);
  }
  batch->Add(series[series.size() - 1], time_ms, total.count);
}

void DeltaTotal::AddNative(const DeltaPoint& point, int64_t time_ms, storage::MetricBatch* batch) {
  if (native_ == nullptr || !CanAdd(*native_, *point.native)) {
    native_ = point.native;
  } else {
    auto total = std::make_shared<storage::Histogram>(*native_);
    AddHistogram(*point.native, total.get());
    native_ = std::move(total);
  }
  batch->histograms.push_back({point.stream, time_ms, native_});
}

}  // namespace vigil::collector
