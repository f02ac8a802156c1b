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

}  // namespace

absl::StatusOr<TimesPtr> TimesCache::Get(const TimestampColumnKey& key) {
  {
    MutexLock lock(&mutex_);
    if (const auto known = columns_.find(key.column); known != columns_.end()) return known->second;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store_.Get(Family::kBlocks, key.Encode(), snapshot_));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<int64_t> times_ms, DecodeTimesColumn(*bytes),
                              "column of times");
  auto times = std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
  const size_t size = times->size() * sizeof(int64_t);
  MutexLock lock(&mutex_);
  if (size_bytes_ + size > kMaxBytes) {
    columns_.clear();
    size_bytes_ = 0;
  }
  if (columns_.emplace(key.column, times).second) size_bytes_ += size;
  return times;
}

}  // namespace vigil::storage
