// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/number_sets.h"

#include <fmt/format.h>

#include "base/status.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {

absl::Status NumberSets::Restore(std::string_view key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const NumbersKey row, NumbersKey::Decode(key));
  WriterLock lock(&mutex_);
  SeriesSet& numbers = sets_[row.instant_ms];
  const bool sound = DecodeGroup(value, row.group, &numbers);
  if (!sound) numbers |= WholeGroup(row.group);
  if (numbers.isEmpty()) sets_.erase(row.instant_ms);
  if (sound) return absl::OkStatus();
  return absl::DataLossError(fmt::format("row of series numbers has {} bytes", value.size()));
}

void NumberSets::Add(int64_t instant_ms, uint32_t number) {
  WriterLock lock(&mutex_);
  if (sets_[instant_ms].addChecked(number)) changed_.emplace(instant_ms, GroupOf(number));
}

void NumberSets::AddAll(int64_t instant_ms, const SeriesSet& numbers) {
  for (const uint32_t number : numbers) Add(instant_ms, number);
}

void NumberSets::RemoveAll(int64_t instant_ms, const SeriesSet& numbers) {
  WriterLock lock(&mutex_);
  const auto set = sets_.find(instant_ms);
  if (set == sets_.end()) return;
  for (const uint32_t number : numbers) {
    if (set->second.removeChecked(number)) changed_.emplace(instant_ms, GroupOf(number));
  }
  if (set->second.isEmpty()) sets_.erase(set);
}

std::vector<int64_t> NumberSets::InstantsOf(uint32_t number, TimeRange range) const {
  std::vector<int64_t> found;
  ReaderLock lock(&mutex_);
  for (auto at = sets_.lower_bound(range.start_ms); at != sets_.end() && at->first <= range.end_ms;
       ++at) {
    if (at->second.contains(number)) found.push_back(at->first);
  }
  return found;
}

SeriesSet NumberSets::At(int64_t instant_ms) const {
  ReaderLock lock(&mutex_);
  const auto set = sets_.find(instant_ms);
  return set == sets_.end() ? SeriesSet() : set->second;
}

SeriesSet NumberSets::Union() const {
  SeriesSet all;
  ReaderLock lock(&mutex_);
  for (const auto& [instant, numbers] : sets_) all |= numbers;
  return all;
}

void NumberSets::ForEach(absl::FunctionRef<void(int64_t, const SeriesSet&)> visit) const {
  ReaderLock lock(&mutex_);
  for (const auto& [instant, numbers] : sets_) visit(instant, numbers);
}

bool NumberSets::HasBefore(int64_t instant_ms) const {
  ReaderLock lock(&mutex_);
  return !sets_.empty() && sets_.begin()->first < instant_ms;
}

void NumberSets::DropBefore(int64_t instant_ms) {
  WriterLock lock(&mutex_);
  sets_.erase(sets_.begin(), sets_.lower_bound(instant_ms));
  changed_.erase(changed_.begin(), changed_.lower_bound({instant_ms, 0}));
}

void NumberSets::AddRows(WriteBatch* batch) const {
  ReaderLock lock(&mutex_);
  for (const auto& [instant, group] : changed_) {
    const NumbersKey key = {tenant_, shard_, kind_, instant, group};
    const auto set = sets_.find(instant);
    const bool any = set != sets_.end() && set->second.intersect(WholeGroup(group));
    if (any) {
      batch->Put(Family::kPostings, key.Encode(), EncodeGroup(set->second, group));
    } else {
      batch->Delete(Family::kPostings, key.Encode());
    }
  }
}

void NumberSets::RowsWritten() {
  WriterLock lock(&mutex_);
  changed_.clear();
}

}  // namespace vigil::storage
