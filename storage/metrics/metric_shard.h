// SPDX-License-Identifier: Apache-2.0
//
// The metrics of one shard: which series there are, their open columns in memory and their blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/metrics/metric_batch.h"
#include "storage/metrics/querier.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"
#include "storage/shard/shard_part.h"

namespace vigil::storage {

class SeriesLimits;

struct MetricOptions {
  // Length of a time partition; retention drops whole ones.
  int64_t partition_ms = 24 * 3600 * 1000;
  // Series without a sample for so long, by the time of the samples, leave memory. Queries that
  // begin later ask memory alone. Four times what the rarest scrapes are apart.
  int64_t hot_window_ms = 20 * 60 * 1000;
  // Asked before a series is made, told what became of it; shared by the shards, and must outlive
  // them. Null: labels keep to the default limits, and nothing is counted.
  SeriesLimits* limits = nullptr;
};

struct MetricShardStats {
  uint64_t series = 0;
  uint64_t head_samples = 0;
  uint64_t head_bytes = 0;
};

// Metrics of one tenant in one shard whose metadata may be set apart from series, which have a
// limit of their own.
inline constexpr size_t kMaxMetadata = 100'000;
// What a deletion removed.
struct MetricDeletion {
  uint64_t series = 0;  // That lost samples.
  uint64_t samples = 0;
};

// Thread-safe.
class MetricShard : public ShardPart {
 public:
  // `store` must outlive the shard.
  static std::unique_ptr<MetricShard> Create(uint32_t shard_number, KeyValueStore* store,
                                             const MetricOptions& options);

  // The series of `tenant` with those labels, made if it is new. InvalidArgument when the labels
  // break a rule (no name, not UTF-8, too many, too long), ResourceExhausted when the tenant has
  // too many series; the message says which limit.
  virtual absl::StatusOr<SeriesRef> GetOrCreate(TenantId tenant, const Labels& labels,
                                                const MetricMetadata& metadata) = 0;

  // The metric name of a series of this shard, "" if there is no such series.
  virtual std::string MetricOf(TenantId tenant, SeriesRef ref) const = 0;

  // Appends to `*payload` the journal form of `batch`: definitions of the series that are not yet
  // known to be journaled, then the samples as columns. Requires: every ref came from GetOrCreate
  // of this shard for `tenant`.
  virtual void Encode(TenantId tenant, const MetricBatch& batch, std::string* payload) = 0;

  // The entry that Encode wrote is durable: puts the samples into the open head. Of two samples for
  // one instant of a series the later applied wins. Never fails: what the rules of time refuse is
  // refused before (see Storage::WriteMetrics).
  virtual void Apply(TenantId tenant, const MetricBatch& batch) = 0;

  // Removes the samples in `range` that series meeting `matchers` have in blocks; what a head holds
  // stays. Series that have no sample left are not found any more. A crash leaves each sample
  // removed or as it was; so does a failure. Requires: no sealed head, and no flush before it
  // returns.
  virtual absl::StatusOr<MetricDeletion> Delete(TenantId tenant,
                                                const std::vector<Matcher>& matchers,
                                                TimeRange range) = 0;

  virtual std::unique_ptr<MetricQuerier> NewQuerier(TenantId tenant) = 0;

  // Sets the metadata of a metric or family apart from its series. Kept with the next flush, so a
  // kill before may lose it. InvalidArgument for a name that no metric could have,
  // ResourceExhausted beyond kMaxMetadata names.
  virtual absl::Status SetMetadata(TenantId tenant, std::string_view metric,
                                   const MetricMetadata& metadata) = 0;

  // See Storage::ReadExemplars.
  virtual absl::StatusOr<std::vector<ExemplarSeries>> Exemplars(
      TenantId tenant, const std::vector<Matcher>& matchers, TimeRange range) = 0;

  // Metadata by metric name; nullopt if none was given.
  virtual std::vector<std::pair<std::string, MetricMetadata>> Metadata(TenantId tenant) = 0;

  virtual MetricShardStats Stats() const = 0;

  // Merges short blocks into long ones where that is due at `now_ms`, for about `budget_ns`. True
  // if there is more to do. Damaged blocks are reported and stay as they are.
  virtual absl::StatusOr<bool> Compact(int64_t now_ms, int64_t budget_ns) = 0;
  // Merges all blocks for good.
  virtual absl::Status CompactAll() = 0;
};

}  // namespace vigil::storage
