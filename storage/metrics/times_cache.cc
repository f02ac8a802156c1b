// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/times_cache.h"

#include <optional>
#include <string>
#include <utility>

#include "base/status.h"

namespace vigil::storage {
namespace {

// A query over very many exporters reads some columns again rather than holding all.
constexpr size_t kMaxBytes = 64 << 20;

}  // namespace

std::optional<TimesPart> DecodedTimes::Find(uint64_t column, TimeRange range) {
  MutexLock lock(&mutex_);
  const auto known = columns_.find(column);
  if (known == columns_.end() || !known->second.Covers(range)) return std::nullopt;
  return known->second;
}

void DecodedTimes::Put(uint64_t column, const TimesPart& times) {
  const auto bytes_of = [](const TimesPart& part) { return part.size() * sizeof(int64_t); };
  MutexLock lock(&mutex_);
  if (const auto known = columns_.find(column); known != columns_.end()) {
    size_bytes_ -= bytes_of(known->second);
    columns_.erase(known);
  }
  if (size_bytes_ + bytes_of(times) > max_bytes_) {
    columns_.clear();
    size_bytes_ = 0;
  }
  columns_.emplace(column, times);
  size_bytes_ += bytes_of(times);
}

TimesCache::TimesCache(KeyValueStore* store, const KeyValueSnapshot* snapshot, DecodedTimes* recent)
    : store_(*store), snapshot_(snapshot), recent_(recent), own_(kMaxBytes) {}

absl::StatusOr<TimesPart> TimesCache::Load(const TimestampColumnKey& key, TimeRange range) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store_.Get(Family::kBlocks, key.Encode(), snapshot_));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(TimesPart times, DecodeTimesPart(*bytes, range), "column of times");
  return times;
}

absl::StatusOr<TimesPart> TimesCache::Get(const TimestampColumnKey& key, TimeRange range) {
  if (std::optional<TimesPart> times = own_.Find(key.column, range); times.has_value()) {
    return *std::move(times);
  }
  std::optional<TimesPart> times;
  if (recent_ != nullptr) times = recent_->Find(key.column, range);
  if (!times.has_value()) {
    VIGIL_ASSIGN_OR_RETURN(times, Load(key, range));
    const bool whole = times->size() == times->count;
    if (recent_ != nullptr && whole) recent_->Put(key.column, *times);
  }
  own_.Put(key.column, *times);
  return *std::move(times);
}

}  // namespace vigil::storage
