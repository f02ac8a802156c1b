// SPDX-License-Identifier: Apache-2.0
//
// A log shard with the part of a shard's work that it relies on: a journal (in memory), flushes and
// restarts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/logs/log_shard.h"

namespace vigil::storage::testing {

// A record as a visitor got it.
struct SeenLog {
  std::string stream;  // Labels as text.
  uint64_t number = 0;
  LogRecord record;
};

// Not thread-safe.
class LogHarness {
 public:
  static constexpr uint32_t kShard = 3;

  // `store` must outlive the harness.
  explicit LogHarness(KeyValueStore* store, const LogOptions& options = {});

  // Encodes, journals and applies. Returns the first number of each stream of the batch.
  std::vector<uint64_t> Append(TenantId tenant, LogBatch batch);
  std::vector<uint64_t> Append(LogBatch batch) { return Append(kDefaultTenant, std::move(batch)); }
  // The same for one stream with the label {name="stream"}.
  uint64_t Append(std::string_view stream, std::vector<LogRecord> records);

  // The steps of a flush, and all of them.
  void Seal();
  absl::Status WriteSealed();
  void DropSealed();
  void Flush();

  // A restart: a new shard that loads what is in the store and replays the journal.
  absl::Status Restart();

  std::vector<SeenLog> Read(TenantId tenant, const LogSelection& selection,
                            size_t limit = SIZE_MAX);
  // Everything, oldest first: "stream#number body" each.
  std::vector<std::string> ReadTexts();

  LogShard& shard() { return *shard_; }
  // Payloads that no flush has trimmed.
  std::vector<std::pair<TenantId, std::string>>& journal() { return journal_; }

 private:
  KeyValueStore& store_;
  const LogOptions options_;
  std::unique_ptr<LogShard> shard_;
  std::vector<std::pair<TenantId, std::string>> journal_;
  size_t sealed_entries_ = 0;
};

LogBatch OneStream(std::string_view stream, std::vector<LogRecord> records);

// Everything of all time.
LogSelection Everything();

}  // namespace vigil::storage::testing
