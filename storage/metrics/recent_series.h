// SPDX-License-Identifier: Apache-2.0
//
// When the series of one tenant in one shard were last seen, by slots of some minutes, for as
// far back as they stay in memory. Time is that of the samples; nobody looks at a clock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <absl/status/status.h>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/metrics/number_sets.h"
#include "storage/metrics/partitioning.h"
#include "storage/model/ids.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// The hot window reaches from the newest slot that has a series back over `window_ms`. Thread-safe,
// but for the calls that flushes make, which come one after the other.
class RecentSeries {
 public:
  RecentSeries(TenantId tenant, uint8_t shard, int64_t window_ms);

  // Takes in a row, see NumberSets::Restore.
  absl::Status Restore(std::string_view key, std::string_view value);

  // A flush has found that the last of the series' samples in a head is at `last_ms`.
  void Note(uint32_t number, int64_t last_ms);
  // The series came back into memory without a sample. It gets time until the next flush but one.
  void NoteThawed(uint32_t number);

  // Nothing was restored.
  bool Empty() const;
  // The rows are lost that told which series had samples before `end_ms`: none of those series need
  // be in memory. Until the window has moved on to there no rows are written, so that a restart
  // finds the same.
  void NoteLost(int64_t end_ms) {
    lost_before_ms_ = end_ms;
    RaiseNewest(end_ms);
  }

  // No block has a sample behind that instant, but for those that replay has put into a head again.
  // Thread-safe.
  int64_t newest_ms() const { return newest_ms_.load(std::memory_order_acquire); }

  // Every series with a sample in a block at that instant or later is in the window, unless it was
  // lost.
  int64_t WindowStart() const;
  // The same of an instant from which on none was lost.
  int64_t CertainFrom() const;
  // Forgets the slots before the window; returns the series that were in these alone, or came back
  // long ago and got no samples in the window.
  SeriesSet TakeExpired();
  SeriesSet All() const { return slots_.Union(); }

  void AddRows(WriteBatch* batch);
  void RowsWritten();

 private:
  void RaiseNewest(int64_t time_ms) { newest_ms_.store(std::max(newest_ms_.load(), time_ms)); }

  const TenantId tenant_;
  const uint8_t shard_;
  const int64_t window_ms_;
  const Partitioning slot_;
  NumberSets slots_;
  std::atomic<int64_t> newest_slot_ms_;
  std::atomic<int64_t> newest_ms_;
  int64_t lost_before_ms_;
  SeriesSet late_;           // Noted in slots before the window.
  SeriesSet thawed_before_;  // Thawed before the last flush.
  bool old_rows_ = false;    // There may be rows of slots before the window.

  Mutex mutex_;
  SeriesSet thawed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
