// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/recent_series.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "storage/kv/index_keys.h"

namespace vigil::storage {
namespace {

// The window is rounded up to whole slots, which are a third of it: more of them take memory, fewer
// keep series longer than need be.
constexpr int64_t kSlotsInWindow = 3;
constexpr int64_t kBeginningOfTime = std::numeric_limits<int64_t>::min();

}  // namespace

RecentSeries::RecentSeries(TenantId tenant, uint8_t shard, int64_t window_ms)
    : tenant_(tenant),
      shard_(shard),
      window_ms_(window_ms),
      slot_(std::max<int64_t>(window_ms / kSlotsInWindow, 1)),
      slots_(tenant, shard, NumberKind::kRecent),
      newest_slot_ms_(kBeginningOfTime),
      newest_ms_(kBeginningOfTime),
      lost_before_ms_(kBeginningOfTime) {}

absl::Status RecentSeries::Restore(std::string_view key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const NumbersKey row, NumbersKey::Decode(key));
  newest_slot_ms_.store(std::max(newest_slot_ms_.load(), row.instant_ms));
  // Whoever wrote the row may have had other slots.
  RaiseNewest(
      std::max(slot_.EndOf(row.instant_ms), Partitioning(kMillisPerHour).EndOf(row.instant_ms)));
  return slots_.Restore(key, value);
}

void RecentSeries::Note(uint32_t number, int64_t last_ms) {
  RaiseNewest(last_ms);
  const int64_t slot_ms = slot_.StartOf(last_ms);
  if (slot_ms < WindowStart()) {
    late_.add(number);
    return;
  }
  newest_slot_ms_.store(std::max(newest_slot_ms_.load(), slot_ms));
  slots_.Add(slot_ms, number);
}

void RecentSeries::NoteThawed(uint32_t number) {
  MutexLock lock(&mutex_);
  thawed_.add(number);
}

bool RecentSeries::Empty() const { return newest_slot_ms_.load() == kBeginningOfTime; }

int64_t RecentSeries::CertainFrom() const { return std::max(WindowStart(), lost_before_ms_); }

int64_t RecentSeries::WindowStart() const {
  int64_t start_ms = 0;
  return __builtin_sub_overflow(newest_slot_ms_.load(), window_ms_, &start_ms)
             ? kBeginningOfTime
             : slot_.StartOf(start_ms);
}

SeriesSet RecentSeries::TakeExpired() {
  const int64_t start_ms = WindowStart();
  SeriesSet expired;
  std::swap(expired, late_);
  expired |= thawed_before_;
  {
    MutexLock lock(&mutex_);
    thawed_before_ = std::exchange(thawed_, SeriesSet());
  }
  slots_.ForEach([&expired, start_ms](int64_t slot_ms, const SeriesSet& numbers) {
    if (slot_ms < start_ms) expired |= numbers;
  });
  old_rows_ |= slots_.HasBefore(start_ms);
  slots_.DropBefore(start_ms);
  expired -= slots_.Union();
  return expired;
}

void RecentSeries::AddRows(WriteBatch* batch) {
  if (WindowStart() < lost_before_ms_) return;
  if (old_rows_) {
    batch->DeleteRange(Family::kPostings, NumbersKey::Prefix(tenant_, shard_, NumberKind::kRecent),
                       NumbersKey::Prefix(tenant_, shard_, NumberKind::kRecent, WindowStart()));
  }
  slots_.AddRows(batch);
}

void RecentSeries::RowsWritten() {
  if (WindowStart() < lost_before_ms_) return;
  slots_.RowsWritten();
  old_rows_ = false;
}

}  // namespace vigil::storage
