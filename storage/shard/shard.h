// SPDX-License-Identifier: Apache-2.0
//
// A shard: one journal and the metrics, logs and spans that it feeds. See shard_part.h for the life
// of a record and the flush protocol, which this class runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "storage/journal/journal.h"
#include "storage/kv/kv_store.h"
#include "storage/logs/log_shard.h"
#include "storage/metrics/metric_shard.h"
#include "storage/model/batch.h"
#include "storage/shard/delivery_log.h"
#include "storage/spans/span_shard.h"

namespace vigil::storage {

// Which part a journal entry is for.
enum class EntryKind : uint8_t { kToken = 0, kMetrics = 1, kLogs = 2, kSpans = 3 };

// Thread-safe.
class Shard {
 public:
  struct Parts {
    std::unique_ptr<Journal> journal;
    std::unique_ptr<MetricShard> metrics;
    std::unique_ptr<LogShard> logs;
    std::unique_ptr<SpanShard> spans;
  };

  // Takes over the parts and recovers: loads what is in blocks and replays the journal. `store` and
  // `clock` must outlive the shard.
  static absl::StatusOr<std::unique_ptr<Shard>> Open(uint32_t number, KeyValueStore* store,
                                                     Parts parts, const Clock* clock);

  // Journals an entry and, once it is durable, calls `apply`. False, and nothing done, when the
  // token says that the batch is stored already. An entry of kToken has no payload: it only records
  // its token.
  absl::StatusOr<bool> Write(EntryKind kind, TenantId tenant, const BatchToken& token,
                             std::string_view payload, absl::FunctionRef<void()> apply);

  // Moves what the heads hold into blocks. Concurrent calls do it one after the other.
  absl::Status Flush();
  // The same if the heads hold `max_bytes`, their oldest record came `max_age_ms` ago, or a flush
  // failed before.
  absl::Status FlushIfDue(size_t max_bytes, int64_t max_age_ms);

  // Removes samples that were written before the call from heads and blocks; see
  // MetricShard::Delete. No flush runs meanwhile.
  absl::StatusOr<MetricDeletion> DeleteMetrics(TenantId tenant,
                                               const std::vector<Matcher>& matchers,
                                               TimeRange range);

  MetricShard& metrics() { return *parts_.metrics; }
  LogShard& logs() { return *parts_.logs; }
  SpanShard& spans() { return *parts_.spans; }
  const DeliveryLog& deliveries() const { return deliveries_; }
  size_t HeadBytes() const;

 private:
  Shard(uint32_t number, KeyValueStore* store, Parts parts, const Clock* clock);
  absl::Status Recover();
  absl::Status ReplayEntry(std::string_view entry);
  // OK instead of the failure to replay an entry that follows from the loss of another.
  absl::Status Excuse(absl::Status status) const;
  ShardPart* PartOf(EntryKind kind);
  // Seals all heads at one journal position; false if there is nothing in them.
  bool Seal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex_);
  absl::Status FlushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(flush_mutex_);

  KeyValueStore& store_;
  const Clock& clock_;
  const Parts parts_;
  DeliveryLog deliveries_;

  // Writers hold it shared from append to apply; sealing holds it exclusively.
  SharedMutex gate_;
  Mutex flush_mutex_;
  bool sealed_ ABSL_GUARDED_BY(flush_mutex_) = false;  // A seal whose blocks are not written yet.
  JournalPosition sealed_through_ ABSL_GUARDED_BY(flush_mutex_) = 0;
  std::atomic<int64_t> oldest_open_ms_{0};  // When the open heads got their first entry; 0: empty.
};

}  // namespace vigil::storage
