// SPDX-License-Identifier: Apache-2.0
//
// The entries of all shards of a data directory, in files: one order, so that appends of all shards
// share a sync. A shard's side of it is segment_journal.h; the format is docs/format/journal.md.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/journal/journal.h"
#include "storage/journal/segment_directory.h"
#include "storage/journal/segment_list.h"
#include "storage/kv/kv_store.h"

namespace vigil::storage {

struct SegmentLogOptions {
  Durability durability = Durability::kSync;
  uint64_t segment_bytes = uint64_t{64} << 20;
};

// Thread-safe.
//
// A write or sync that fails ends its segment where the last success ended; what lies behind is cut
// off, and the next append begins a new one, whose head says so. So nothing is ever written over,
// and what was not synced is not taken for synced because a later sync succeeded.
class SegmentLog {
 public:
  // By shard: everything up to there is in blocks.
  using Trims = std::array<JournalPosition, 256>;

  // Finds what the directory holds. What a crash left at the end is made durable before anyone can
  // be told that it is there; damage is logged. Appends go to a segment of their own.
  static absl::StatusOr<std::unique_ptr<SegmentLog>> Open(
      std::unique_ptr<SegmentDirectory> directory, const Trims& trimmed, SegmentLogOptions options);
  ~SegmentLog();

  // See Journal. `shard` says whose entry it is.
  absl::StatusOr<JournalPosition> Append(uint8_t shard, std::span<const std::string_view> parts);
  absl::Status Sync();
  absl::Status Replay(uint8_t shard, JournalPosition after,
                      absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit);
  // Whether damage was found, other than an end that a crash has torn.
  bool damaged() const { return damaged_.load(); }
  JournalPosition LastPosition(uint8_t shard) const {
    return last_[shard].load(std::memory_order_acquire);
  }
  JournalPosition TrimmedPosition(uint8_t shard) const;
  // The shard needs nothing up to `through` any more. Removes files that nobody needs.
  void Trim(uint8_t shard, JournalPosition through);

  // What the files take, bytes.
  uint64_t Bytes() const;
  // The shards whose entries keep the oldest file, if all files take more than `max_bytes`.
  std::vector<uint8_t> ShardsBehind(uint64_t max_bytes) const;

  // While it lives no file is removed. Begins at the moment it is made.
  class Hold {
   public:
    explicit Hold(SegmentLog* log);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // Puts a copy of the log as it was when the hold began into the directory `target`.
    absl::Status CopyTo(const std::string& target) const;

   private:
    SegmentLog& log_;
    std::vector<Segment> segments_;
  };

 private:
  struct Entry;
  using Group = std::vector<Entry*>;

  SegmentLog(std::unique_ptr<SegmentDirectory> directory, const Trims& trimmed,
             SegmentLogOptions options);
  void TakeOver(SegmentList found);
  void NoteDamage(const JournalDamage& damage);

  // Waits until the entry is done, then false; or until nobody leads, then the caller does.
  bool AwaitTurn(const Entry* entry) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes what is queued, for all who wait meanwhile, and steps down.
  void Lead() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status WriteGroup(const Group& group);
  absl::Status WriteRecords(const Group& group, uint64_t bytes);
  absl::Status WriteAll(SegmentFile* file, std::vector<iovec> pieces);
  absl::Status StartSegment();
  void EndSegment();
  void Accept(const Group& group, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // After a flush of all shards nothing is left, also of the open segment.
  void EndIfTrimmed() ABSL_LOCKS_EXCLUDED(mutex_);
  void RemoveTrimmed() ABSL_LOCKS_EXCLUDED(mutex_);
  // Closed segments and the open one.
  std::vector<Segment> SegmentsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsTrimmedLocked(const Segment& segment) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<SegmentDirectory> directory_;
  const SegmentLogOptions options_;
  std::array<std::atomic<JournalPosition>, 256> last_{};
  std::atomic<bool> damaged_{false};

  // The leader's.
  uint64_t next_number_ = 1;
  JournalPosition next_position_ = 1;
  uint64_t last_number_ = 0;  // The last segment that counts and its end, for the next one's head.
  uint64_t last_end_ = 0;
  uint64_t written_ = 0;   // Of the open segment; the next write goes there.
  uint64_t reserved_ = 0;  // Room in it that was taken ahead.
  std::string head_;       // Of the open segment, as long as it is not written.
  bool name_synced_ = false;

  mutable Mutex mutex_;
  CondVar turn_;
  bool leading_ ABSL_GUARDED_BY(mutex_) = false;
  Group queue_ ABSL_GUARDED_BY(mutex_);
  Trims trimmed_ ABSL_GUARDED_BY(mutex_);
  std::deque<Segment> closed_ ABSL_GUARDED_BY(mutex_);
  // The open segment: changed by the leader, under the lock.
  Segment open_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<SegmentFile> file_ ABSL_GUARDED_BY(mutex_);  // Null: there is none.
  // A sync of the open segment beside the leader has failed.
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  // What the sync of a segment said when it was closed; the next Sync tells.
  absl::Status close_status_ ABSL_GUARDED_BY(mutex_);
  int holds_ ABSL_GUARDED_BY(mutex_) = 0;
  // One at a time removes files: oldest first.
  Mutex remove_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
};

}  // namespace vigil::storage
