// SPDX-License-Identifier: Apache-2.0
//
// The running total of one stream of delta points: what turns increments into the cumulative
// samples that are stored. See delta_accumulator.h for who keeps totals.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/metrics/metric_shard.h"
#include "storage/metrics/querier.h"
#include "storage/model/histogram.h"

namespace vigil::collector {

// The increments of a histogram with explicit bounds.
struct BucketDelta {
  // Buckets (+Inf last), sum, count: as MetricResolver::Histogram gives them.
  std::vector<storage::SeriesRef> series;
  std::vector<double> below;  // One for each bound: observations at or below it.
  double count = 0;
  double sum = 0;
  bool has_sum = false;
};

// A delta point, resolved. Its value is that of `buckets` or `native` where one of them is
// set.
struct DeltaPoint {
  // Names the stream: its series or, of a histogram with explicit bounds, that of its count.
  storage::SeriesRef stream{};
  // Of the instant that the increment ends at; the beginning is 0 if it is not known.
  uint64_t time_ns = 0;
  uint64_t start_ns = 0;
  bool stale = false;  // "No recorded value".
  bool monotonic = false;
  double value = 0;
  std::unique_ptr<BucketDelta> buckets;
  std::shared_ptr<const storage::Histogram> native;
  std::string_view metric;  // For messages. Borrowed.
};

// What became of a delta point.
enum class DeltaVerdict : uint8_t {
  kTaken,
  kDuplicate,     // Ends when the last one did: sent again after a lost acknowledgement.
  kOutOfOrder,    // Ends before the last one did: whether it is in the total cannot be known.
  kOlderStart,    // Begins before the stream did: of another sender, or overlapping.
  kNegative,      // A monotonic sum does not go down.
  kNotFinite,     // Would spoil the total for good.
  kVerdictCount,  // Not one of them.
};

// Rules: the end time of a point decides. A point counts only if it ends after all that are in the
// total, so what is sent twice is added once. Its start is looked at only to refuse what begins
// before the first point did: gaps and restarts of the sender do not end the total, as nothing is
// lost by going on. A total is taken up again from the series' last stored sample, whatever the
// time between; how the stream began is forgotten then. Not thread-safe.
class DeltaTotal {
 public:
  bool loaded() const { return loaded_; }
  // Takes up what is stored of the stream of `point`. What cannot be read counts as not stored (the
  // store reports it).
  void Load(storage::MetricQuerier* querier, const DeltaPoint& point);

  // Adds `point`, and its cumulative sample to `*batch`, if it counts. Requires: loaded.
  DeltaVerdict Add(const DeltaPoint& point, storage::MetricBatch* batch);

 private:
  DeltaVerdict Judge(const DeltaPoint& point) const;
  void AddBuckets(const BucketDelta& delta, int64_t time_ms, storage::MetricBatch* batch);
  void AddNative(const DeltaPoint& point, int64_t time_ms, storage::MetricBatch* batch);
  void LoadBuckets(storage::MetricQuerier* querier, const BucketDelta& delta, int64_t from_ms);

  bool loaded_ = false;
  uint64_t start_ns_ = 0;  // 0: not known.
  uint64_t last_ns_ = 0;   // 0: there was no point yet.
  double value_ = 0;
  std::unique_ptr<BucketDelta> buckets_;
  std::shared_ptr<const storage::Histogram> native_;
};

}  // namespace vigil::collector
