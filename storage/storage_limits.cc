// SPDX-License-Identifier: Apache-2.0
//
// What StorageImpl refuses because a tenant has too much, and what it tells of limits.
#include <algorithm>
#include <string>
#include <utility>

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "storage/limits/refusals.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

// Tenants that `vigil status` shows: those that have most.
constexpr size_t kTenantsShown = 10;

std::string OutOf(uint64_t count, uint64_t limit) {
  return limit == 0 ? fmt::to_string(count) : fmt::format("{} of {}", count, limit);
}

}  // namespace

void StorageImpl::FilterNewStreams(TenantId tenant, const TenantLimits& limits, LogBatch* batch,
                                   WriteResult* result) {
  const auto count_streams = [&] {
    uint64_t count = 0;
    for (const auto& shard : shards_) count += shard->logs().StreamCount(tenant);
    return count;
  };
  uint64_t streams = 0;
  bool counted = false;
  absl::flat_hash_set<Labels> added;  // Many resources of a batch may share a stream.
  std::erase_if(batch->streams, [&](const LogStreamBatch& stream) {
    // Nearly always the stream is there. Batches that come at once are not told of each other's new
    // streams: a tenant may get a few more than the limit.
    if (shards_[ShardOfStream(stream.labels)]->logs().HasStream(tenant, stream.labels)) {
      return false;
    }
    if (!std::exchange(counted, true)) streams = count_streams();
    const uint64_t with_added = streams + added.size();
    if (added.contains(stream.labels)) return false;
    if (!Exceeds(with_added + 1, limits.max_log_streams)) {
      added.insert(stream.labels);
      return false;
    }
    const auto records = static_cast<int64_t>(stream.records.size());
    CountRefused(Refusal::kLogStreams, records);
    result->rejected += records;
    if (result->rejection_reason.empty()) {
      result->rejection_reason =
          fmt::format("the tenant has {} log streams; the limit (limits.max_log_streams) is {}",
                      with_added, limits.max_log_streams);
    }
    return true;
  });
}

void StorageImpl::AddLimitFigures(std::vector<StatusFigure>* figures) const {
  std::vector<SeriesLimits::Usage> usages = series_limits_.Usages();
  usages.resize(std::min(usages.size(), kTenantsShown));
  for (const SeriesLimits::Usage& usage : usages) {
    const TenantLimits limits = limit_book_.Of(usage.tenant);
    const std::string name = tenants_.NameOf(usage.tenant);
    uint64_t streams = 0;
    for (const auto& shard : shards_) streams += shard->logs().StreamCount(usage.tenant);
    const std::string section =
        name.empty() ? std::string("limits") : fmt::format("limits of {}", name);
    figures->push_back({section, "series", OutOf(usage.series, limits.max_series)});
    figures->push_back({section, "log_streams", OutOf(streams, limits.max_log_streams)});
  }
  if (series_limits_.max_bytes() != 0) {
    figures->push_back(
        {"limits", "series_bytes", OutOf(series_limits_.Bytes(), series_limits_.max_bytes())});
  }
  for (const auto& [reason, count] : RefusedSoFar()) {
    figures->push_back({"refused", std::string(reason), fmt::to_string(count)});
  }
}

}  // namespace vigil::storage
