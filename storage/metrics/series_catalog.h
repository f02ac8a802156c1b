// SPDX-License-Identifier: Apache-2.0
//
// All series of a shard, tenant by tenant: gives out their numbers and knows what of them is
// journaled and stored. See series_index.h for finding them.
#pragma once

#include <cstdint>
#include <memory>
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
  TenantSeries(TenantId tenant_id, uint8_t shard) : tenant(tenant_id), blocks(tenant_id, shard) {}

  const TenantId tenant;
  SeriesIndex index;
  MetadataTable metadata;
  BlockPresence blocks;
};

// Thread-safe.
class SeriesCatalog {
 public:
  SeriesCatalog(uint32_t shard, const MetricOptions& options)
      : shard_(shard), limits_(options.limits) {}

  // See MetricShard::GetOrCreate.
  absl::StatusOr<uint32_t> GetOrCreate(TenantId tenant, const Labels& labels,
                                       const MetricMetadata& metadata);

  // See MetricShard::SetMetadata.
  absl::Status SetMetadata(TenantId tenant, std::string_view metric,
                           const MetricMetadata& metadata);

  // Takes in a series from its row (`stored`) or from the journal. DataLoss when it contradicts
  // another series.
  absl::Status Restore(TenantId tenant, uint32_t number, const Labels& labels, bool stored);

  // Notes samples; series that come back from retirement count against the limits again.
  void MarkPresent(TenantId tenant, std::span<const SeriesIndex::Presence> marks);
  // The index has retired the series: it no longer counts.
  void CountRetired(const TenantSeries& series, uint32_t number);

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

  // The lowest number that was never given out. Raising it never lowers it.
  uint64_t next_number() const;
  void RaiseNextNumber(uint64_t next);

 private:
  absl::StatusOr<uint32_t> NewNumber(TenantId tenant, const Labels& labels);

  const uint32_t shard_;
  SeriesLimits* const limits_;  // May be null.
  SeriesStates states_;

  mutable SharedMutex mutex_;
  absl::flat_hash_map<TenantId, std::unique_ptr<TenantSeries>> tenants_ ABSL_GUARDED_BY(mutex_);
  mutable Mutex number_mutex_;
  uint64_t next_number_ ABSL_GUARDED_BY(number_mutex_) = 1;
};

}  // namespace vigil::storage
