// SPDX-License-Identifier: Apache-2.0
//
// The journal of a shard in the key-value store: an entry a key. Concurrent appends share a sync
// because the store's writes do. The layout is in docs/format/keys.md. Stores in memory use it, and
// what directories of earlier versions, or repaired ones, have in it is moved to blocks when they
// are opened.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/journal/journal.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"

namespace vigil::storage {

// The value under which an entry stands; the entry is `parts` one behind the other.
std::string EncodeJournalEntry(JournalPosition position, std::span<const std::string_view> parts);

// Whether `value` is what was appended under `key`. DataLoss if it is not.
absl::Status VerifyJournalEntry(const JournalKey& key, std::string_view value);

// Thread-safe. Borrows the store. One journal of a shard at a time.
//
// Positions may have gaps: one whose append failed is not used again, and after a crash an append
// may be there while one before it, which was never acknowledged, is not.
class KvJournal final : public Journal {
 public:
  // Finds where the shard's journal ends. DataLoss when what the store says of it makes no sense.
  // `may_lack_entries`: a repair may have left some out.
  static absl::StatusOr<std::unique_ptr<KvJournal>> Open(KeyValueStore* store, uint8_t shard,
                                                         Durability durability,
                                                         bool may_lack_entries = false);

  using Journal::Append;
  absl::StatusOr<JournalPosition> Append(std::span<const std::string_view> parts) override;
  absl::Status Sync() override {
    return durability_ == Durability::kSync ? absl::OkStatus() : store_->SyncLog();
  }
  // DataLoss, which ends it, for an entry whose checksum is wrong.
  absl::Status Replay(
      JournalPosition after,
      absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit) override;
  bool LostEntries() const override { return may_lack_entries_; }
  // Of appends that failed only those count that a later one followed.
  JournalPosition LastPosition() const override { return last_.load(std::memory_order_acquire); }
  void AddTrim(JournalPosition through, WriteBatch* batch) override;
  void Trimmed(JournalPosition through) override {}  // The batch itself removed them.

 private:
  KvJournal(KeyValueStore* store, uint8_t shard, Durability durability, bool may_lack_entries,
            JournalPosition trimmed, JournalPosition last)
      : store_(store),
        shard_(shard),
        durability_(durability),
        may_lack_entries_(may_lack_entries),
        next_(last + 1),
        last_(last),
        trimmed_(trimmed) {}

  // Disjoint runs of positions: the first of each, and the one behind its last.
  using Runs = std::map<JournalPosition, JournalPosition>;

  Runs Failed() ABSL_LOCKS_EXCLUDED(failed_mutex_);
  void AddFailed(JournalPosition position) ABSL_LOCKS_EXCLUDED(failed_mutex_);
  void ForgetFailed(const Runs& removed) ABSL_LOCKS_EXCLUDED(failed_mutex_);

  KeyValueStore* const store_;
  const uint8_t shard_;
  const Durability durability_;
  const bool may_lack_entries_;

  std::atomic<JournalPosition> next_;
  std::atomic<JournalPosition> last_;  // Highest that was appended.

  // Where appends failed, which may have left entries all the same: every append removes them until
  // one has succeeded.
  Mutex failed_mutex_;
  Runs failed_ ABSL_GUARDED_BY(failed_mutex_);

  Mutex trim_mutex_;
  // Everything up to here is known to be gone. Behind what the store holds while a trim's batch is
  // on its way.
  JournalPosition trimmed_ ABSL_GUARDED_BY(trim_mutex_);
};

}  // namespace vigil::storage
