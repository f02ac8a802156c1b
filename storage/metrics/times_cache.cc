// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/times_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Beyond this it starts anew: a query over very many exporters reads some columns again rather than
// holding all.
constexpr size_t kMaxBytes = 64 << 20;
// Likewise; of a shard. A day at 15 s takes 45 kB.
constexpr size_t kMaxRecentBytes = 8 << 20;

size_t SizeOf(const std::vector<int64_t>& times) { return times.size() * sizeof(int64_t); }

}  // namespace

TimesPtr RecentTimes::Find(uint64_t column) {
  MutexLock lock(&mutex_);
  const auto known = columns_.find(column);
  return known == columns_.end() ? nullptr : known->second;
}

void RecentTimes::Put(uint64_t column, const TimesPtr& times) {
  const size_t size = SizeOf(*times);
  MutexLock lock(&mutex_);
  if (size_bytes_ + size > kMaxRecentBytes) {
    columns_.clear();
    size_bytes_ = 0;
  }
  if (columns_.emplace(column, times).second) size_bytes_ += size;
}

absl::StatusOr<TimesPtr> TimesCache::Load(const TimestampColumnKey& key) {
  if (recent_ != nullptr) {
    if (TimesPtr times = recent_->Find(key.column); times != nullptr) return times;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store_.Get(Family::kBlocks, key.Encode(), snapshot_));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<int64_t> times_ms, DecodeTimesColumn(*bytes),
                              "column of times");
  auto times = std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
  if (recent_ != nullptr) recent_->Put(key.column, times);
  return times;
}

absl::StatusOr<TimesPtr> TimesCache::Get(const TimestampColumnKey& key) {
  {
    MutexLock lock(&mutex_);
    if (const auto known = columns_.find(key.column); known != columns_.end()) return known->second;
  }
  VIGIL_ASSIGN_OR_RETURN(TimesPtr times, Load(key));
  const size_t size = SizeOf(*times);
  MutexLock lock(&mutex_);
  if (size_bytes_ + size > kMaxBytes) {
    columns_.clear();
    size_bytes_ = 0;
  }
  if (columns_.emplace(key.column, times).second) size_bytes_ += size;
  return times;
}

}  // namespace vigil::storage
