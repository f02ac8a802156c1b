// SPDX-License-Identifier: Apache-2.0
//
// The querier of one tenant in one shard: finds series in the index and reads their samples from
// blocks and heads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/metrics/block_reader.h"
#include "storage/metrics/cold_index.h"
#include "storage/metrics/exemplar.h"
#include "storage/metrics/metric_head.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/querier.h"
#include "storage/metrics/series_catalog.h"

namespace vigil::storage {

// The heads of a shard at one moment.
struct HeadPair {
  std::shared_ptr<MetricHead> open;
  std::shared_ptr<MetricHead> sealed;  // May be null.
};

// Sees each record exactly once: it holds on to the heads that it was made with and takes its
// snapshot of the store after that. What had been moved to blocks by then is in the snapshot, all
// else is in these heads, also when they are sealed and dropped meanwhile. Records that are in both
// coincide at their instants. Samples that are applied while it lives may or may not be seen.
class ShardQuerier final : public MetricQuerier {
 public:
  struct Source {
    uint32_t shard;
    TenantId tenant;
    Partitioning partitioning;
    const SeriesCatalog* catalog;
    KeyValueStore* store;
    const std::atomic<int64_t>* expired_before_ms;
    DecodedTimes* recent_times;
  };
  // What `source` points to must outlive the querier. `heads` must have been copied already.
  ShardQuerier(const Source& source, HeadPair heads);

  absl::StatusOr<std::vector<SeriesHandle>> Select(const std::vector<Matcher>& matchers,
                                                   TimeRange range) override;
  void LimitSelection(size_t label_bytes) override { max_label_bytes_ = label_bytes; }
  absl::Status Read(SeriesRef ref, TimeRange range, SampleColumns* columns) override;
  SelectionStamp StampOf(const std::vector<Matcher>& matchers, TimeRange range) override;
  bool HoldsPart(const SelectionStamp::Part& part, TimeRange range) override;
  NewestSample ReadNewest(SeriesRef ref, TimeRange range) override;
  ReadStatistics Statistics() const override { return blocks_.Statistics(); }
  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                      TimeRange range) override;
  std::optional<uint64_t> SeriesAtMost(const std::vector<Matcher>& matchers,
                                       TimeRange range) override;
  absl::StatusOr<std::vector<std::string>> LabelValues(const std::string& name,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) override;

  // See MetricShard.
  absl::StatusOr<std::vector<ExemplarSeries>> Exemplars(const std::vector<Matcher>& matchers,
                                                        TimeRange range);

 private:
  // What is known of the tenant; null for nothing.
  TenantSeries* FindSeries() const;
  // Whether all that can be selected in `range` is in memory.
  static bool IsAllInMemory(const TenantSeries& series, TimeRange range);
  // `range` without what has expired; may be empty then.
  TimeRange Clamp(TimeRange range) const;
  // The partitions that overlap `range`.
  TimeRange PartitionsOf(TimeRange range) const;
  SeriesIndex::Scope ScopeOf(TimeRange range) const;
  // Adds those of `candidates`, which are not in memory, that meet the matchers.
  absl::Status AddCold(const std::vector<Matcher>& matchers, const SeriesSet& candidates,
                       std::vector<SeriesHandle>* handles);
  // MetricHash of the series' metric; nullopt when the series is not known.
  absl::StatusOr<std::optional<uint32_t>> MetricOf(const TenantSeries& series, uint32_t number);
  bool MayBeInBlocks(const TenantSeries& series, uint32_t number, TimeRange range) const;
  absl::Status ReadBlocks(const TenantSeries& series, uint32_t number, TimeRange range,
                          SampleColumns* columns);

  const Source source_;
  mutable std::atomic<TenantSeries*> series_{nullptr};  // Once found; it lives with the catalog.
  const HeadPair heads_;
  BlockReader blocks_;  // After heads_: see the class comment.
  const ColdIndex cold_;
  size_t max_label_bytes_ = std::numeric_limits<size_t>::max();

  Mutex mutex_;
  // Of the series that Select has found outside of memory.
  absl::flat_hash_map<uint32_t, uint32_t> cold_metrics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
