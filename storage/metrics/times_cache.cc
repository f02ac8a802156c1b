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

// A query over very many exporters reads some columns again rather than holding all.
constexpr size_t kMaxBytes = 64 << 20;

}  // namespace

TimesPtr DecodedTimes::Find(uint64_t column) {
  MutexLock lock(&mutex_);
  const auto known = columns_.find(column);
  return known == columns_.end() ? nullptr : known->second;
}

void DecodedTimes::Put(uint64_t column, const TimesPtr& times) {
  const size_t size = times->size() * sizeof(int64_t);
  MutexLock lock(&mutex_);
  if (size_bytes_ + size > max_bytes_) {
    columns_.clear();
    size_bytes_ = 0;
  }
  if (columns_.emplace(column, times).second) size_bytes_ += size;
}

TimesCache::TimesCache(KeyValueStore* store, const KeyValueSnapshot* snapshot, DecodedTimes* recent)
    : store_(*store), snapshot_(snapshot), recent_(recent), own_(kMaxBytes) {}

absl::StatusOr<TimesPtr> TimesCache::Load(const TimestampColumnKey& key) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store_.Get(Family::kBlocks, key.Encode(), snapshot_));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<int64_t> times_ms, DecodeTimesColumn(*bytes),
                              "column of times");
  return std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
}

absl::StatusOr<TimesPtr> TimesCache::Get(const TimestampColumnKey& key) {
  if (TimesPtr times = own_.Find(key.column); times != nullptr) return times;
  TimesPtr times = recent_ == nullptr ? nullptr : recent_->Find(key.column);
  if (times == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(times, Load(key));
    if (recent_ != nullptr) recent_->Put(key.column, times);
  }
  own_.Put(key.column, times);
  return times;
}

}  // namespace vigil::storage
