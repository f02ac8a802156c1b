// SPDX-License-Identifier: Apache-2.0
//
// All series of a shard, tenant by tenant: gives out their numbers, and knows which are in memory
// and which in rows only. See series_index.h for finding those in memory, cold_index.h for the
// rest.
//
// Memory holds the series that live: those with samples in a head, and those that had some in the
// hot window before the newest flushed sample (MetricOptions::hot_window_ms). The rules by which
// the others leave, and nothing is lost:
//
//  1. A series is evicted only if its rows are in the store (kSeriesStored, set once the batch of
//     the flush that wrote them is) and it has no mark of the open or the sealed head. Rows of a
//     series never change.
//  2. A ref outlives eviction: it is a number, the head takes every number, and the number's flags
//     stay in memory. An entry need not define an evicted series, its row does.
//  3. Each head marks a series in the index at its first sample. A mark of a series that is not in
//     memory thaws it: its labels are read from its row and it is back under its number. Should the
//     row not be readable just then, the samples are in the head all the same: the flush reads the
//     row again, and queries find the series by its rows as long as they ask beyond the hot window.
//  4. Labels that are not in memory are looked up in the rows before a number is given out, under
//     `slow_mutex`, so a series that comes back has its old number. Those that no series had before
//     (SeenLabels knows) need no look-up.
//  5. Retention makes a series dead when its last partition goes: its number is put into `dead`,
//     durably, before what names the partition is removed. Its rows are removed later, a bounded
//     number at a time, under `slow_mutex`, unless it has come back, is in memory, or was handed
//     out by this process (kSeriesHeld, set under the index's lock, which eviction takes): those
//     wait.
//  6. Postings go with the last series of their group of 65536 numbers.
//  7. After a restart the flags of series in rows are gone: Load sets them for those of the hot
//     window, a journal entry's samples without a definition thaw theirs, everything else comes by
//     rule 4.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/metrics/block_presence.h"
#include "storage/metrics/metadata_table.h"
#include "storage/metrics/metric_payload.h"
#include "storage/metrics/metric_shard.h"
#include "storage/metrics/number_sets.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/recent_series.h"
#include "storage/metrics/seen_labels.h"
#include "storage/metrics/series_numbers.h"
#include "storage/metrics/series_rows.h"
#include "storage/metrics/series_states.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/series_index.h"

namespace vigil::storage {

// Numbers take 32 bits, which the index and the head are built for: a thousand new series a second
// last for 136 years.
inline constexpr uint32_t kMaxSeriesNumber = 0xFFFFFFFF;

// What a shard has of one tenant.
struct TenantSeries {
  TenantSeries(TenantId tenant_id, uint8_t shard, int64_t hot_window_ms, KeyValueStore* store)
      : tenant(tenant_id),
        blocks(tenant_id, shard),
        recent(tenant_id, shard, hot_window_ms),
        dead(tenant_id, shard, NumberKind::kDead),
        rows(store, tenant_id, shard),
        seen(store, tenant_id, shard) {}

  const TenantId tenant;
  SeriesIndex index;
  MetadataTable metadata;
  BlockPresence blocks;
  RecentSeries recent;
  NumberSets dead;  // The set of instant 0. Changed by maintenance only.
  const SeriesRows rows;
  SeenLabels seen;  // Of all series that are in memory or have rows.
  NumberLeases leases;
  // Some series may be in rows only.
  std::atomic<bool> any_cold{false};
  // Held while a series that is not in memory is looked up, made or removed.
  Mutex slow_mutex;
};

// Thread-safe.
class SeriesCatalog {
 public:
  // `store` must outlive the catalog.
  SeriesCatalog(uint32_t shard, const MetricOptions& options, KeyValueStore* store)
      : shard_(shard),
        partitioning_(options.partition_ms),
        hot_window_ms_(options.hot_window_ms),
        limits_(options.limits),
        store_(*store) {}

  // See MetricShard::GetOrCreate.
  absl::StatusOr<uint32_t> GetOrCreate(TenantId tenant, const Labels& labels,
                                       const MetricMetadata& metadata);

  // See MetricShard::SetMetadata.
  absl::Status SetMetadata(TenantId tenant, std::string_view metric,
                           const MetricMetadata& metadata);

  // Takes in a series from its row (`stored`) or from the journal. DataLoss when it contradicts
  // another series.
  absl::Status Restore(TenantId tenant, uint32_t number, const Labels& labels, bool stored);

  // Brings a series back into memory. False when it has no row; DataLoss when that is damaged.
  absl::StatusOr<bool> Thaw(TenantSeries* series, uint32_t number);
  // Notes marks of the open head in the index, and thaws what has gone cold.
  void Mark(TenantId tenant, std::span<const SeriesIndex::Presence> marks);
  // The labels of a series in memory or in rows; nullopt when it is in neither.
  static absl::StatusOr<std::optional<Labels>> LabelsOf(const TenantSeries& series,
                                                        uint32_t number);

  // Takes out of memory what has left the hot window. Called after a flush.
  void EvictExpired(TenantSeries* series);
  // `gone` have no samples left. Takes those of them out of memory that have rows, and puts them
  // all down as dead in `*batch`, which the caller writes.
  void Bury(TenantSeries* series, const SeriesSet& gone, WriteBatch* batch);
  // The first half of that, of series that are put down already.
  void EvictDead(TenantSeries* series, const SeriesSet& gone);
  // Reads which labels there are, if that is not known, until about `deadline_ns` (MonotonicNs).
  // True if there is more to read. One caller at a time.
  absl::StatusOr<bool> LearnSeen(int64_t deadline_ns);
  // Removes rows of dead series, of some thousands at most.
  absl::Status RemoveSomeDead(TenantSeries* series);

  // nullptr when nothing is known of the tenant. Lives as long as the catalog.
  TenantSeries* Find(TenantId tenant) const;
  TenantSeries& FindOrCreate(TenantId tenant);
  // In no particular order.
  std::vector<TenantSeries*> Tenants() const;

  // What an entry with `batch` must define: each series once that may not be defined durably yet,
  // those of a metric together.
  std::vector<SeriesDefinition> Undefined(TenantId tenant, const MetricBatch& batch) const;
  // An entry with `batch` and the definitions that Undefined asked for is durable.
  void MarkJournaled(const MetricBatch& batch);

  SeriesStates& states() { return states_; }
  const Partitioning& partitioning() const { return partitioning_; }

  // See SeriesNumbers.
  uint64_t next_number() const { return numbers_.next(); }
  void RaiseNextNumber(uint64_t next) { numbers_.RaiseNext(next); }

 private:
  absl::StatusOr<uint32_t> NewNumber(TenantSeries* series, const Labels& labels);
  absl::StatusOr<uint32_t> FindOrMake(TenantSeries* series, const Labels& labels);
  // Puts a series with rows back into memory.
  absl::Status Return(TenantSeries* series, uint32_t number, const Labels& labels);
  // Those of `numbers` that have rows.
  SeriesSet StoredOf(const SeriesSet& numbers) const;
  void Evict(TenantSeries* series, const SeriesSet& numbers);
  void RelearnSeen(TenantSeries* series) const;
  absl::Status DropEmptyGroups(const TenantSeries& series, const SeriesSet& removed);

  const uint32_t shard_;
  const Partitioning partitioning_;
  const int64_t hot_window_ms_;
  SeriesLimits* const limits_;  // May be null. Counts the series in memory.
  KeyValueStore& store_;
  SeriesStates states_;

  mutable SharedMutex mutex_;
  absl::flat_hash_map<TenantId, std::unique_ptr<TenantSeries>> tenants_ ABSL_GUARDED_BY(mutex_);
  SeriesNumbers numbers_{kMaxSeriesNumber};
};

}  // namespace vigil::storage
