// SPDX-License-Identifier: Apache-2.0
//
// A shard's journal in the segments that all shards of a data directory share (segment_log.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/journal/journal.h"
#include "storage/journal/segment_log.h"
#include "storage/kv/kv_store.h"

namespace vigil::storage {

// The log in `directory`, trimmed as the rows of `store` say. The store's lock keeps others away.
absl::StatusOr<std::unique_ptr<SegmentLog>> OpenSegmentLog(
    std::unique_ptr<SegmentDirectory> directory, KeyValueStore& store, SegmentLogOptions options);

// Thread-safe. Borrows the log. Positions have gaps: they rise over the shards together.
class SegmentJournal final : public Journal {
 public:
  SegmentJournal(SegmentLog* log, uint8_t shard) : log_(*log), shard_(shard) {}

  using Journal::Append;
  absl::StatusOr<JournalPosition> Append(std::span<const std::string_view> parts) override {
    return log_.Append(shard_, parts);
  }
  absl::Status Sync() override { return log_.Sync(); }
  // Entries that are damaged are logged and counted, and left out.
  absl::Status Replay(
      JournalPosition after,
      absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit) override {
    return log_.Replay(shard_, after, visit);
  }
  bool LostEntries() const override { return log_.damaged(); }
  JournalPosition LastPosition() const override { return log_.LastPosition(shard_); }
  void AddTrim(JournalPosition through, WriteBatch* batch) override;
  void Trimmed(JournalPosition through) override { log_.Trim(shard_, through); }

 private:
  SegmentLog& log_;
  const uint8_t shard_;
};

}  // namespace vigil::storage
