// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/recent_series.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status.h"
#include "storage/kv/index_keys.h"

namespace vigil::storage {
namespace {

// The window is rounded up to whole hours, which are a third of it at most: more of them take
// memory, fewer keep series longer than need be.
constexpr int64_t kHoursInWindow = 3;
constexpr int64_t kBeginningOfTime = std::numeric_limits<int64_t>::min();

}  // namespace

RecentSeries::RecentSeries(TenantId tenant, uint8_t shard, int64_t window_ms)
    : tenant_(tenant),
      shard_(shard),
      window_ms_(window_ms),
      hour_(std::max<int64_t>(window_ms / kHoursInWindow, 1)),
      hours_(tenant, shard, NumberKind::kRecent),
      newest_hour_ms_(kBeginningOfTime),
      lost_before_ms_(kBeginningOfTime) {}

absl::Status RecentSeries::Restore(std::string_view key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const NumbersKey row, NumbersKey::Decode(key));
  newest_hour_ms_.store(std::max(newest_hour_ms_.load(), row.instant_ms));
  return hours_.Restore(key, value);
}

void RecentSeries::Note(uint32_t number, int64_t last_ms) {
  const int64_t hour_ms = hour_.StartOf(last_ms);
  if (hour_ms < WindowStart()) {
    late_.add(number);
    return;
  }
  newest_hour_ms_.store(std::max(newest_hour_ms_.load(), hour_ms));
  hours_.Add(hour_ms, number);
}

void RecentSeries::NoteThawed(uint32_t number) {
  MutexLock lock(&mutex_);
  thawed_.add(number);
}

bool RecentSeries::Empty() const { return newest_hour_ms_.load() == kBeginningOfTime; }

int64_t RecentSeries::CertainFrom() const { return std::max(WindowStart(), lost_before_ms_); }

int64_t RecentSeries::WindowStart() const {
  int64_t start_ms = 0;
  return __builtin_sub_overflow(newest_hour_ms_.load(), window_ms_, &start_ms)
             ? kBeginningOfTime
             : hour_.StartOf(start_ms);
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
  hours_.ForEach([&expired, start_ms](int64_t hour_ms, const SeriesSet& numbers) {
    if (hour_ms < start_ms) expired |= numbers;
  });
  old_rows_ |= hours_.HasBefore(start_ms);
  hours_.DropBefore(start_ms);
  expired -= hours_.Union();
  return expired;
}

void RecentSeries::AddRows(WriteBatch* batch) {
  if (WindowStart() < lost_before_ms_) return;
  if (old_rows_) {
    batch->DeleteRange(Family::kPostings, NumbersKey::Prefix(tenant_, shard_, NumberKind::kRecent),
                       NumbersKey::Prefix(tenant_, shard_, NumberKind::kRecent, WindowStart()));
  }
  hours_.AddRows(batch);
}

void RecentSeries::RowsWritten() {
  if (WindowStart() < lost_before_ms_) return;
  hours_.RowsWritten();
  old_rows_ = false;
}

}  // namespace vigil::storage
