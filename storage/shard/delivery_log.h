// SPDX-License-Identifier: Apache-2.0
//
// Which batches a shard has stored, so that a batch that is sent again is not stored again.
// Numbered sources are remembered by their last number for good, digests of requests for ten
// minutes.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "base/strings.h"
#include "storage/kv/kv_store.h"
#include "storage/model/batch.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe.
class DeliveryLog {
 public:
  // Senders give up on a request long before this; a digest that is older may be forgotten.
  static constexpr int64_t kDigestLifetimeMs = 10 * 60 * 1000;
  // And a bound on their number, 40 bytes each.
  static constexpr size_t kMaxDigests = 100'000;

  // `shard` and `store` place the rows (Family::kState, "delivery/...").
  DeliveryLog(uint32_t shard, KeyValueStore* store);

  // Reads the rows of an earlier run.
  absl::Status Load();

  // Waits while the same token is being stored by another thread. Then true: not stored yet, the
  // caller stores it and calls End. False: it is stored, or a later number of its source is.
  bool Begin(TenantId tenant, const BatchToken& token);
  // Ends what a true Begin began; `stored` says whether it is durable now.
  void End(TenantId tenant, const BatchToken& token, bool stored, int64_t now_ms);

  // Replay: records the token of a journal entry; false when it was recorded before, which means
  // that the entry's content was, too.
  bool Record(TenantId tenant, const BatchToken& token, int64_t stored_at_ms);

  // The last number stored of a numbered source, 0 if none.
  uint64_t LastNumber(TenantId tenant, std::string_view source) const;

  // Remembers the log as it is now, for AddSealed to write: it must tell of the same journal
  // entries as the blocks it is written with. Requires: no thread is between the append of an entry
  // and the End that tells of it.
  void Seal();
  void AddSealed(WriteBatch* batch) const;

 private:
  struct Digest {
    std::string key;
    int64_t stored_at_ms;
  };

  static absl::StatusOr<std::deque<Digest>> DecodeDigests(std::string_view row);
  bool IsStoredLocked(const BatchToken& token, const std::string& key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RecordLocked(const BatchToken& token, const std::string& key, int64_t now_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string RowKey(std::string_view kind, std::string_view key) const;

  const uint32_t shard_;
  KeyValueStore& store_;
  mutable Mutex mutex_;
  CondVar ended_;
  StringSet in_flight_ ABSL_GUARDED_BY(mutex_);
  StringMap<uint64_t> last_numbers_ ABSL_GUARDED_BY(mutex_);
  StringSet changed_sources_ ABSL_GUARDED_BY(mutex_);  // Since the rows were last written.
  StringSet digests_ ABSL_GUARDED_BY(mutex_);
  std::deque<Digest> digests_by_age_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, std::string>> sealed_rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
