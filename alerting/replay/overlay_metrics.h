// SPDX-License-Identifier: Apache-2.0
//
// A store with what a backtest's own rules wrote laid over it: series that those rules make come
// from the store before the tested time and from memory alone within it, all others from the store.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/strings.h"
#include "storage/metrics/querier.h"
#include "storage/storage.h"

namespace vigil::alerting {

inline constexpr std::string_view kAlertsMetric = "ALERTS";
inline constexpr std::string_view kAlertsForStateMetric = "ALERTS_FOR_STATE";

// The series that a set of rules makes: all of the metrics that it records, and the two series
// about each of its alerts.
struct WrittenSeries {
  StringSet metrics;
  StringSet alerts;

  bool Contains(const storage::Labels& labels) const;
};

// Not thread-safe: nothing is written while a querier is used. One querier may serve several
// threads, as others do.
class OverlayMetrics final : public storage::MetricSource, public storage::MetricSink {
 public:
  // Borrows `store`. `written` come from memory as of `since_ms`. Append is ResourceExhausted when
  // more than `max_samples` are held.
  OverlayMetrics(storage::MetricSource* store, WrittenSeries written, int64_t since_ms,
                 size_t max_samples);

  std::unique_ptr<storage::MetricQuerier> NewQuerier() override;
  // Refuses samples that are older than, or differ from, the newest of their series.
  absl::StatusOr<storage::WriteResult> Append(const std::vector<storage::LabeledSample>& samples,
                                              const storage::MetricMetadata& metadata) override;

  // Drops samples before `time_ms`, but for the last of each series.
  void Forget(int64_t time_ms);

  size_t samples() const { return samples_; }

 private:
  friend class OverlayQuerier;

  struct Series {
    storage::Labels labels;
    storage::SampleColumns samples;
  };

  storage::MetricSource& store_;
  const WrittenSeries written_;
  const int64_t since_ms_;
  const size_t max_samples_;
  std::deque<Series> series_;
  absl::flat_hash_map<storage::Labels, size_t> by_labels_;
  StringMap<std::vector<size_t>> by_metric_;
  size_t samples_ = 0;
};

}  // namespace vigil::alerting
